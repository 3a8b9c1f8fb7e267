from __future__ import annotations

import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from densepose_labeler import decoding_ahead
from densepose_labeler.decoding_ahead import Wanted, decode_ahead
from manifests.decoding import decode

HEIGHT, WIDTH = 100, 80
SIZE = HEIGHT * WIDTH * 3


@pytest.fixture
def wanted(tmp_path: Path) -> list[Wanted]:
    made = []
    for number in range(24):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), number, np.uint8)).save(path)
        made.append(Wanted(str(number), path, HEIGHT, WIDTH))
    return made


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_the_order_asked_for(wanted: list[Wanted], workers: int) -> None:
    decoded = list(decode_ahead(wanted, workers=workers))
    assert [one.image_id for one in decoded] == [one.image_id for one in wanted]
    for number, one in enumerate(decoded):
        assert one.image is not None
        assert one.image.shape == (HEIGHT, WIDTH, 3)
        assert (one.image == number).all()
        assert one.error == ""


def test_memory_is_bounded_however_slow_the_consumer(wanted: list[Wanted], monkeypatch: pytest.MonkeyPatch) -> None:
    lock, alive, most = threading.Lock(), 0, 0

    def gone() -> None:
        nonlocal alive
        with lock:
            alive -= 1

    def watched(path: Path) -> np.ndarray:
        nonlocal alive, most
        image = decode(path)
        weakref.finalize(image, gone)
        with lock:
            alive += 1
            most = max(most, alive)
        return image

    monkeypatch.setattr(decoding_ahead, "decode", watched)
    for one in decode_ahead(wanted, workers=4, memory=5 * SIZE):
        time.sleep(0.01)
        del one
    assert 2 <= most <= 6  # five ahead, and the one that the consumer holds
    assert alive == 0


def test_a_picture_larger_than_the_limit_is_decoded_alone(wanted: list[Wanted]) -> None:
    assert len(list(decode_ahead(wanted, workers=2, memory=10))) == len(wanted)


def test_bad_files_are_results_not_errors(tmp_path: Path, wanted: list[Wanted]) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    asked = [
        Wanted("broken", tmp_path / "broken.jpg"),
        Wanted("never stored", None),
        Wanted("deleted", tmp_path / "nothing.jpg"),
        wanted[0],
    ]
    errors = {one.image_id: (one.image is None, one.error.split(":")[0]) for one in decode_ahead(asked)}
    assert errors == {
        "broken": (True, "undecodable"),
        "never stored": (True, "missing"),
        "deleted": (True, "missing"),
        "0": (False, ""),
    }


def test_closing_early_ends_the_threads(wanted: list[Wanted]) -> None:
    stream = decode_ahead(wanted, workers=3)
    next(stream)
    assert any(one.name.startswith("decode") for one in threading.enumerate())
    stream.close()
    assert not any(one.name.startswith("decode") for one in threading.enumerate())


def test_nothing_wanted_nothing_yielded() -> None:
    assert list(decode_ahead([])) == []
