from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from curation.cache import WorkCache
from curation.part_maps import Published, read_back, read_part_map
from curation.progress import silent
from manifests.labels import LabelSet
from manifests.palettes import PARULA, colourise
from manifests.reasons import LabelStatus

SIZE = (96, 128)


def parts(seed: int = 0) -> npt.NDArray[np.uint8]:
    """A body of all 24 parts as blocks, on nothing: uint8 [128, 96]."""
    found = np.zeros(SIZE[::-1], np.uint8)
    order = np.random.default_rng(seed).permutation(np.arange(1, 25, dtype=np.uint8))
    found[16:112, 16:80] = np.kron(order.reshape(6, 4), np.ones((16, 16), np.uint8))
    return found


def painted(path: Path, part_map: npt.NDArray[np.uint8], quality: int = 95, subsampling: int = 0) -> Path:
    buffer = io.BytesIO()
    Image.fromarray(colourise(part_map, PARULA)).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    path.write_bytes(buffer.getvalue())
    return path


def run(tmp_path: Path, published: list[Published]) -> int:
    with WorkCache(tmp_path / "cache.sqlite") as cache:
        return read_back(LabelSet(tmp_path / "labels" / "hr-viton-densepose"), published, cache, 1, silent)


def test_clean_colours_are_read_whole() -> None:
    truth = parts()
    found, exact = read_part_map(colourise(truth, PARULA))
    assert np.array_equal(found, truth) and exact.all()


@pytest.mark.parametrize(("quality", "subsampling", "least"), [(95, 0, 0.9), (95, 2, 0.6), (75, 2, 0.4)])
def test_what_is_called_exact_is_right_in_a_jpeg(tmp_path: Path, quality: int, subsampling: int, least: float) -> None:
    """Far more edges than on a person: the blocks are 16 pixels wide."""
    truth = parts()
    picture = np.asarray(Image.open(painted(tmp_path / "map.jpg", truth, quality, subsampling)))
    found, exact = read_part_map(picture)
    wrong = found != truth
    assert exact[truth > 0].mean() >= least
    assert wrong[exact].mean() < 0.003 and (wrong & exact).sum() <= 0.2 * wrong.sum()


def test_a_label_set_is_made_with_what_was_not_exact(tmp_path: Path) -> None:
    truth = parts()
    published = [
        Published("a" * 64, painted(tmp_path / "a.jpg", truth, 95, 2), SIZE),
        Published("b" * 64, None, SIZE),
        Published("c" * 64, painted(tmp_path / "c.jpg", truth), (48, 64)),
        Published("d" * 64, painted(tmp_path / "d.jpg", np.zeros_like(truth)), SIZE),
        Published("e" * 64, tmp_path / "e.jpg", SIZE),
    ]
    (tmp_path / "e.jpg").write_bytes(b"no picture")
    assert run(tmp_path, published) == 5
    labels = LabelSet(tmp_path / "labels" / "hr-viton-densepose")
    assert labels.charts == "none"
    rows = {one: labels.read(one * 64) for one in "abcde"}
    assert [row.status for row in rows.values()] == [
        LabelStatus.OK, LabelStatus.ERROR, LabelStatus.ERROR, LabelStatus.NO_PERSON, LabelStatus.ERROR,
    ]  # fmt: skip
    assert rows["b"].error == "no part map was published with it"
    assert rows["c"].error == "the part map is 96x128, unlike the picture"
    assert rows["e"].error is not None and "cannot be read" in rows["e"].error
    (person,) = rows["a"].instances
    x, y, width, height = person.iuv_box
    assert x <= 16 and y <= 16 and x + width >= 80 and y + height >= 112
    exact = person.confidences["fine_segm_confidence"]
    assert set(np.unique(exact).tolist()) == {0.0, 1.0}
    inside = truth[y : y + height, x : x + width]
    assert (person.iuv[..., 0] == inside)[exact == 1].mean() > 0.99 and not person.iuv[..., 1:].any()
    body = (person.iuv[..., 0] > 0) | (exact == 0)
    assert person.score == pytest.approx(float((exact[body] == 1).mean()), abs=1e-6) and 0.5 < person.score < 1


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    published = [Published(f"{n:064}", painted(tmp_path / f"{n}.jpg", parts(n)), SIZE) for n in range(35)]
    assert run(tmp_path, published) == 35
    first = {path: path.read_bytes() for _, path in LabelSet(tmp_path / "labels" / "hr-viton-densepose").parts()}
    assert len(first) == 2 and run(tmp_path, published) == 0
    painted(tmp_path / "34.jpg", parts(99), quality=90)
    assert run(tmp_path, published) == 3  # the second part: pictures 32 to 34
    painted(tmp_path / "34.jpg", parts(34))
    run(tmp_path, published)
    assert {path: path.read_bytes() for path in first} == first
    assert run(tmp_path, published[:20]) == 20
    assert [number for number, _ in LabelSet(tmp_path / "labels" / "hr-viton-densepose").parts()] == [0]
