from __future__ import annotations

import threading
import time

import pytest

from densepose_labeler.writing_behind import WritingBehind


def test_every_write_is_done_at_the_end_of_the_block() -> None:
    done: list[int] = []
    with WritingBehind(workers=2) as writer:
        for number in range(10):
            writer.submit(lambda number=number: done.append(number))
    assert sorted(done) == list(range(10))
    assert not any(one.name.startswith("write") for one in threading.enumerate())


def test_submit_waits_while_the_writes_under_way_fill_the_memory() -> None:
    held = threading.Event()
    with WritingBehind(workers=1, memory=100) as writer:
        writer.submit(held.wait, 60)  # type: ignore[arg-type]
        writer.submit(lambda: None, 40)
        third = threading.Thread(target=writer.submit, args=(lambda: None, 1))
        third.start()
        third.join(0.1)
        assert third.is_alive()
        held.set()
        third.join(60)
        assert not third.is_alive()


def test_a_write_larger_than_the_memory_goes_alone() -> None:
    done: list[int] = []
    with WritingBehind(workers=2, memory=100) as writer:
        for number in range(4):
            writer.submit(lambda number=number: done.append(number), 1000)
            assert set(range(number)) <= set(done)


def _fail() -> None:
    raise OSError("no space left")


def test_a_failed_write_raises() -> None:
    with pytest.raises(OSError, match="no space"), WritingBehind() as writer:
        writer.submit(_fail)


def test_a_failed_write_does_not_hide_the_first_error() -> None:
    with pytest.raises(ZeroDivisionError) as caught, WritingBehind() as writer:
        writer.submit(_fail)
        raise ZeroDivisionError
    assert any("no space" in note for note in caught.value.__notes__)


def test_writes_are_finished_when_the_block_is_interrupted() -> None:
    done: list[int] = []

    def slow() -> None:
        time.sleep(0.05)
        done.append(1)

    with pytest.raises(KeyboardInterrupt), WritingBehind(workers=1) as writer:
        writer.submit(slow)
        writer.submit(slow)
        raise KeyboardInterrupt
    assert done == [1, 1]
    assert writer.seconds >= 0.1
