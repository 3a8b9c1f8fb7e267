from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from densepose_labeler.service.metrics import Metrics
from densepose_labeler.service.problems import Problem, Reason
from densepose_labeler.service.scheduling import Found, Lanes, Limits, Order, Scheduler
from manifests.instances import Instance

ORDER = Order("small", 0.5, False)
LIMITS = Limits(queue=64, decoded_memory=1 << 20, max_pixels=10_000)
HOUR = 3600.0


def picture(width: int, height: int = 4) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (10, 20, 30)).save(buffer, "PNG")
    return buffer.getvalue()


class Network:
    """Finds one person as wide as the picture. It waits at `gate`, and notes the widths of every batch it was given."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[int]] = []

    def infer(self, order: Order) -> Callable[[Sequence[np.ndarray]], list[tuple[Instance, ...]]]:
        def run(images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
            self.batches.append([image.shape[1] for image in images])
            self.entered.release()
            self.gate.wait(60)
            if any(image.shape[1] == 13 for image in images):
                raise RuntimeError("unlucky")
            return [(person(image.shape[1]),) for image in images]

        return run

    async def taken(self) -> None:
        """Return once the network has been given another batch."""
        await asyncio.to_thread(self.entered.acquire)


def person(width: int) -> Instance:
    return Instance((0.0, 0.0, float(width), 2.0), 0.9, (0, 0, width, 2), np.ones((2, width, 3), np.uint8))


@contextmanager
def scheduler(network: Network, lanes: int = 1, batch: int = 1, limits: Limits = LIMITS) -> Iterator[Scheduler]:
    with ThreadPoolExecutor(lanes) as executor, ThreadPoolExecutor(2) as helpers:
        try:
            yield Scheduler(network.infer, Lanes(executor, lanes, batch), helpers, limits, Metrics(), 0.001)
        finally:
            network.gate.set()


def soon() -> float:
    return asyncio.get_running_loop().time() + HOUR


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(work)


def test_each_caller_gets_the_labels_of_its_own_picture() -> None:
    async def work() -> None:
        with scheduler(Network(), lanes=3) as one:
            found = await asyncio.gather(*(one.label(picture(width), ORDER, soon()) for width in range(1, 13)))
            assert [(f.width, f.height, f.instances[0].iuv_box[2]) for f in found] == [(w, 4, w) for w in range(1, 13)]
            assert one.waiting == 0

    run(work())


def test_a_lone_picture_waits_for_no_batch_and_those_that_wait_go_together() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network, batch=4) as one:
            network.gate.clear()
            first = asyncio.create_task(one.label(picture(1), ORDER, soon()))
            await network.taken()  # it did not wait for company
            others = [asyncio.create_task(one.label(picture(width), ORDER, soon())) for width in (2, 3, 4)]
            other_order = asyncio.create_task(one.label(picture(5), Order("small", 0.9, False), soon()))
            await until(lambda: len(one._ready) == 4)
            network.gate.set()
            await asyncio.gather(first, other_order, *others)
            assert network.batches[0] == [1]
            assert sorted(map(sorted, network.batches[1:])) == [[2, 3, 4], [5]]  # one order a batch

    run(work())


def test_a_cancelled_picture_never_reaches_the_network() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network) as one:
            network.gate.clear()
            first = asyncio.create_task(one.label(picture(1), ORDER, soon()))
            await network.taken()
            others = [asyncio.create_task(one.label(picture(width), ORDER, soon())) for width in range(2, 9)]
            await until(lambda: one.waiting + one._inferring == 8)
            for task in others[:-1]:
                task.cancel()
            await asyncio.gather(*others[:-1], return_exceptions=True)
            network.gate.set()
            await asyncio.gather(first, others[-1])
            assert network.batches == [[1], [8]]
            await until(lambda: one._running == 0 and one.waiting == 0)  # a decoder may still finish in vain
            assert one._decoded_bytes == 0

    run(work())


def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network, limits=Limits(2, 1 << 20, 10_000)) as one:
            network.gate.clear()
            tasks = [asyncio.create_task(one.label(picture(1), ORDER, soon()))]
            await network.taken()
            tasks += [asyncio.create_task(one.label(picture(2), ORDER, soon()))]
            await until(lambda: one._inferring == 2)
            tasks += [asyncio.create_task(one.label(picture(2), ORDER, soon())) for _ in range(2)]
            await until(lambda: one.waiting == 2)
            with pytest.raises(Problem) as caught:
                await one.label(picture(3), ORDER, soon())
            assert (caught.value.status, caught.value.reason) == (503, Reason.BUSY)
            assert int(caught.value.response().headers["Retry-After"]) >= 1
            network.gate.set()
            await asyncio.gather(*tasks)

    run(work())


def test_what_cannot_be_in_time_is_refused_at_once() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network) as one:
            one.seconds_a_picture = 100.0
            with pytest.raises(Problem) as caught:
                await one.label(picture(3), ORDER, asyncio.get_running_loop().time() + 50)
            assert caught.value.reason is Reason.BUSY
            assert int(caught.value.response().headers["Retry-After"]) in (60, 61)
            assert network.batches == []

    run(work())


def test_the_deadline_ends_the_wait_and_costs_no_inference() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network) as one:
            network.gate.clear()
            first = asyncio.create_task(one.label(picture(1), ORDER, soon()))
            await network.taken()
            with pytest.raises(Problem) as caught:
                await one.label(picture(2), ORDER, asyncio.get_running_loop().time() + 2)
            assert (caught.value.status, caught.value.reason) == (503, Reason.DEADLINE)
            network.gate.set()
            await first
            await one.label(picture(3), ORDER, soon())
            assert network.batches == [[1], [3]]

    run(work())


def test_a_picture_that_the_network_cannot_take_costs_only_itself() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network, batch=4) as one:
            network.gate.clear()
            first = asyncio.create_task(one.label(picture(1), ORDER, soon()))
            await network.taken()
            others = [asyncio.create_task(one.label(picture(width), ORDER, soon())) for width in (12, 13, 14)]
            await until(lambda: len(one._ready) == 3)
            network.gate.set()
            await first
            good, bad, also_good = await asyncio.gather(*others, return_exceptions=True)
            assert isinstance(good, Found) and isinstance(also_good, Found)
            assert isinstance(bad, Problem) and (bad.status, bad.reason) == (500, Reason.FAILED)
            assert "unlucky" not in bad.detail

    run(work())


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", 415, Reason.NOT_IMAGE),
        (b"<html>", 415, Reason.NOT_IMAGE),
        (picture(50)[:40], 422, Reason.UNDECODABLE),
        (picture(200, 100), 413, Reason.TOO_MANY_PIXELS),
    ],
)
def test_what_is_no_usable_picture_is_told_apart(data: bytes, status: int, reason: Reason) -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network) as one:
            with pytest.raises(Problem) as caught:
                await one.label(data, ORDER, soon())
            assert (caught.value.status, caught.value.reason) == (status, reason)
            assert network.batches == [] and one._decoded_bytes == 0

    run(work())


def test_decoded_pictures_stay_within_their_memory() -> None:
    async def work() -> None:
        network = Network()
        with scheduler(network, lanes=2, limits=Limits(64, 3 * 4 * 100, 10_000)) as one:  # one picture of 100 x 4
            network.gate.clear()
            tasks = [asyncio.create_task(one.label(picture(100), ORDER, soon())) for _ in range(4)]
            await network.taken()
            await until(lambda: one.waiting + one._inferring == 4)
            assert one._decoded_bytes == 3 * 4 * 100 and one._inferring == 1
            network.gate.set()
            await asyncio.gather(*tasks)
            assert len(network.batches) == 4

    run(work())
