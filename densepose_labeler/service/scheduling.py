"""Pictures to labels for many callers at once: one queue, decoding beside inference, batches of what waits.

All state belongs to the event loop; threads are handed pictures and hand back results. On a CPU there is a lane (a
thread in which torch runs unthreaded) for each core and a picture goes through alone; on CUDA there is one lane, and
what waits for the same model and options when it gets free goes through together. Nothing waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from densepose_labeler.service.metrics import Metrics
from densepose_labeler.service.problems import Problem, Reason
from manifests.decoding import ImageError, decode, probe
from manifests.instances import Instance
from manifests.reasons import FetchReason, ImageReason

Image = npt.NDArray[np.uint8]
Infer = Callable[[Sequence[Image]], list[tuple[Instance, ...]]]
_T = TypeVar("_T")

_MEMORY_OF_RATE = 0.1  # weight of the newest batch in the average of seconds a picture
_HEADROOM = 0.8  # of the time left may be expected to pass with waiting: the rest is for the answer, and for error
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is asked of a picture. Orders that are equal may share a batch."""

    model: str
    score_threshold: float
    largest_only: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The people of one picture of height x width, surest first."""

    instances: tuple[Instance, ...]
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where networks run: `count` threads of `executor`, each with up to `batch` pictures at one time."""

    executor: Executor
    count: int
    batch: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait: pictures, bytes of decoded pictures, and the pixels of one."""

    queue: int
    decoded_memory: int
    max_pixels: int


@dataclass(eq=False, slots=True)
class _Ticket:
    data: bytes
    order: Order
    deadline: float
    bytes: int  # of the decoded picture
    future: asyncio.Future[Found]
    entered: float = field(default_factory=time.perf_counter)
    image: Image | None = None


class Scheduler:
    """Give it pictures with `label`. `seconds_a_picture` starts as the warm-up measured it and follows the load."""

    def __init__(
        self,
        infer: Callable[[Order], Infer],
        lanes: Lanes,
        helpers: ThreadPoolExecutor,
        limits: Limits,
        metrics: Metrics,
        seconds_a_picture: float,
    ) -> None:
        self._infer, self._lanes, self._helpers, self._limits, self._metrics = infer, lanes, helpers, limits, metrics
        self.seconds_a_picture = seconds_a_picture
        self._waiting: deque[_Ticket] = deque()
        self._ready: deque[_Ticket] = deque()
        self._decoding = 0
        self._decoded_bytes = 0
        self._running = 0  # batches handed to lanes
        self._inferring = 0  # pictures in them
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Pictures that no lane has taken yet."""
        return len(self._waiting) + self._decoding + len(self._ready)

    def expected_wait(self) -> float:
        """Seconds until a picture that came now would have its labels."""
        ahead = self.waiting + self._inferring
        return (ahead / self._lanes.count + 1) * self.seconds_a_picture

    def admit(self, deadline: float) -> None:
        """Refuse a picture that would wait in vain; `deadline` is in the event loop's time.

        Raises:
            Problem: 503, with the time after which there will be room.
        """
        wait = self.expected_wait()
        if self.waiting >= self._limits.queue:
            raise Problem(503, Reason.BUSY, f"{self.waiting} pictures wait already", retry_after=wait)
        left = deadline - asyncio.get_running_loop().time()
        if wait > _HEADROOM * left:
            detail = f"the labels would take {wait:.1f} s, and {max(left, 0):.1f} s are left until the deadline"
            raise Problem(503, Reason.BUSY, detail, retry_after=wait - _HEADROOM * left)

    async def label(self, data: bytes, order: Order, deadline: float) -> Found:
        """Labels of one picture file. Cancelling drops the picture, wherever it waits.

        Raises:
            Problem: 413, 415 or 422 for what is no usable picture; 503 where `admit` refuses it or the deadline passes;
                500 where the network fails.
        """
        size = await self.helped(_decoded_bytes, data, self._limits.max_pixels)
        self.admit(deadline)
        ticket = _Ticket(data, order, deadline, size, asyncio.get_running_loop().create_future())
        self._waiting.append(ticket)
        self._pump()
        try:
            async with asyncio.timeout_at(deadline):
                return await ticket.future
        except TimeoutError:
            raise _too_late() from None
        finally:
            self._drop(ticket)

    async def helped(self, work: Callable[..., _T], *arguments: object) -> _T:
        """Run `work` in a thread beside inference."""
        return await asyncio.get_running_loop().run_in_executor(self._helpers, work, *arguments)

    def _drop(self, ticket: _Ticket) -> None:
        """Forget a ticket that nobody waits for any more; a lane or decoder that has it finishes in vain."""
        ticket.future.cancel()
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif ticket in self._ready:
            self._ready.remove(ticket)
            self._decoded_bytes -= ticket.bytes
        self._pump()

    def _pump(self) -> None:
        """Start whatever can start now."""
        ahead = self._lanes.count * self._lanes.batch + 1
        while self._waiting and self._decoding + len(self._ready) < ahead:
            first = self._waiting[0]
            if self._decoded_bytes and self._decoded_bytes + first.bytes > self._limits.decoded_memory:
                break
            self._decoding += 1
            self._decoded_bytes += first.bytes
            self._start(self._decode(self._waiting.popleft()))
        # On a CPU one picture more than there are lanes is handed over, for the first lane that gets free.
        while self._ready and self._running < self._lanes.count + (self._lanes.batch == 1):
            batch = self._next_batch()
            self._running += 1
            self._inferring += len(batch)
            self._start(self._run(batch))
        self._metrics.waiting.set(self.waiting)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next_batch(self) -> list[_Ticket]:
        """The picture that has waited longest, and others of the same order."""
        order = self._ready[0].order
        batch = [ticket for ticket in self._ready if ticket.order == order][: self._lanes.batch]
        for ticket in batch:
            self._ready.remove(ticket)
        return batch

    async def _decode(self, ticket: _Ticket) -> None:
        begun = time.perf_counter()
        try:
            ticket.image = await self.helped(decode, ticket.data, self._limits.max_pixels)
        except ImageError as error:
            _settle(ticket, image_problem(error))
        except Exception as error:
            _log.exception("decoding failed")
            _settle(ticket, Problem(500, Reason.FAILED, f"the picture could not be decoded: {type(error).__name__}"))
        self._metrics.seconds("decode", time.perf_counter() - begun)
        self._decoding -= 1
        if ticket.image is not None and not ticket.future.done():
            self._ready.append(ticket)
        else:
            self._decoded_bytes -= ticket.bytes
        self._pump()

    async def _run(self, batch: list[_Ticket]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._lanes.executor, self._infer_batch, batch, loop)
        finally:
            self._running -= 1
            self._inferring -= len(batch)
            self._decoded_bytes -= sum(ticket.bytes for ticket in batch)
            self._pump()

    def _infer_batch(self, batch: list[_Ticket], loop: asyncio.AbstractEventLoop) -> None:
        """In a lane: labels for the tickets of a batch that somebody still waits for and that can be had in time."""
        live = []
        for ticket in batch:
            if loop.time() + self.seconds_a_picture > ticket.deadline:
                loop.call_soon_threadsafe(_settle, ticket, _too_late())
            elif not ticket.future.done():
                live.append(ticket)
        if not live:
            return
        begun = time.perf_counter()
        for ticket in live:
            self._metrics.seconds("wait", begun - ticket.entered)
        results = self._infer_each(live)
        seconds = time.perf_counter() - begun
        self.seconds_a_picture += _MEMORY_OF_RATE * (seconds / len(live) - self.seconds_a_picture)
        self._metrics.seconds("inference", seconds)
        self._metrics.batch_size.observe(len(live))
        for ticket, result in zip(live, results, strict=True):
            loop.call_soon_threadsafe(_settle, ticket, result)

    def _infer_each(self, batch: list[_Ticket]) -> list[Found | Problem]:
        images = [ticket.image for ticket in batch if ticket.image is not None]
        try:
            found = self._infer(batch[0].order)(images)
        except Exception as error:
            if len(batch) > 1:  # a picture that the network cannot take must not cost its neighbours their labels
                return [result for ticket in batch for result in self._infer_each([ticket])]
            _log.exception("inference failed")
            return [Problem(500, Reason.FAILED, f"the network failed on this picture: {type(error).__name__}")]
        return [Found(people, image.shape[0], image.shape[1]) for people, image in zip(found, images, strict=True)]


def image_problem(error: ImageError) -> Problem:
    """415 for what is no picture, 413 for one with too many pixels, 422 for one that cannot be decoded."""
    if error.reason is FetchReason.NOT_IMAGE:
        return Problem(415, Reason.NOT_IMAGE, str(error))
    if error.reason is ImageReason.TOO_LARGE:
        return Problem(413, Reason.TOO_MANY_PIXELS, str(error))
    return Problem(422, Reason.UNDECODABLE, str(error))


def _too_late() -> Problem:
    return Problem(503, Reason.DEADLINE, "the deadline passed while the picture waited", retry_after=1)


def _decoded_bytes(data: bytes, max_pixels: int) -> int:
    """How large the decoded picture will be, by its header.

    Raises:
        Problem: it is no picture, or has more than `max_pixels`.
    """
    try:
        header = probe(data)
    except ImageError as error:
        raise image_problem(error) from error
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height}"
        raise Problem(413, Reason.TOO_MANY_PIXELS, f"{size} is more than {max_pixels:,} pixels: send a smaller copy")
    return header.width * header.height * 3


def _settle(ticket: _Ticket, result: Found | Problem) -> None:
    if ticket.future.done():
        return
    if isinstance(result, Problem):
        ticket.future.set_exception(result)
    else:
        ticket.future.set_result(result)
