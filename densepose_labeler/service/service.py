"""The service itself, without HTTP: its models, its queue, its roots and its limits."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import torch

from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import choose_device
from densepose_labeler.service.config import ServiceConfig
from densepose_labeler.service.memory import Memory
from densepose_labeler.service.metrics import Metrics
from densepose_labeler.service.models import Models, Served
from densepose_labeler.service.problems import Problem, Reason
from densepose_labeler.service.roots import Roots
from densepose_labeler.service.scheduling import Found, Lanes, Limits, Order, Scheduler
from densepose_labeler.side_by_side import available_cores
from manifests.decoding import decode

STATIC = files("densepose_labeler.service") / "static"
_log = logging.getLogger(__name__)


class Service:
    """Everything that requests share. Construct, serve, `warm_up`, and in the end `close`.

    Attributes:
        example: what the default model finds on the example picture, once warm.
    """

    def __init__(self, config: ServiceConfig, label_config: LabelConfig) -> None:
        """Load the networks and open the roots.

        Raises:
            What `Models` and `Roots` raise: the message is meant for whoever started the service.
        """
        self.config = config
        self.metrics = Metrics()
        self.uploads = Memory(config.upload_memory)
        device = choose_device(label_config.device)
        self.models = Models(config.models, label_config, device)
        self.roots = Roots(config.roots, config.max_bytes)
        self.helpers = ThreadPoolExecutor(min(8, max(2, available_cores() // 2)), thread_name_prefix="help")
        self._lanes = _lanes(device, label_config)
        self._scheduler: Scheduler | None = None
        self.example: Found | None = None
        for one in self.models.served.values():
            self.metrics.model.labels(one.name, one.weights_sha256).set(1)

    @property
    def scheduler(self) -> Scheduler:
        """The queue.

        Raises:
            Problem: 503, the models are not warm yet.
        """
        if self._scheduler is None:
            raise Problem(503, Reason.STARTING, "the models are warming up", retry_after=2)
        return self._scheduler

    @property
    def is_ready(self) -> bool:
        return self._scheduler is not None

    async def warm_up(self) -> None:
        """Run every model in every lane, so that no caller waits for what happens on first use; then accept work."""
        picture = decode(STATIC.joinpath("example.jpg").read_bytes())
        loop = asyncio.get_running_loop()
        seconds = 0.0
        for one in self.models.served.values():
            infer = self.models.infer(one.order())
            for _ in range(2):  # the second time is as fast as it will be
                begun = time.perf_counter()
                runs = (
                    loop.run_in_executor(self._lanes.executor, infer, [picture] * self._lanes.batch)
                    for _ in range(self._lanes.count)
                )
                found = await asyncio.gather(*runs)
                took = (time.perf_counter() - begun) / self._lanes.batch
            seconds = max(seconds, took)
            if one is self.models.default:
                self.example = Found(found[0][0], picture.shape[0], picture.shape[1])
        limits = Limits(self.config.queue, self.config.decoded_memory, self.config.max_pixels)
        self._scheduler = Scheduler(self.models.infer, self._lanes, self.helpers, limits, self.metrics, seconds)
        self.metrics.ready.set(1)
        _log.info(
            "ready", extra={"fields": {"models": list(self.models.served), "seconds_a_picture": round(seconds, 4)}}
        )

    async def label(self, data: bytes, served: Served, order: Order, deadline: float) -> Found:
        """Labels of one picture file, counted."""
        found = await self.scheduler.label(data, order, deadline)
        self.metrics.outcomes.labels(served.name, "ok" if found.instances else "no_person").inc()
        return found

    def close(self) -> None:
        self._scheduler = None
        self.metrics.ready.set(0)
        self._lanes.executor.shutdown(wait=True, cancel_futures=True)
        self.helpers.shutdown(wait=True, cancel_futures=True)
        self.roots.close()


def _lanes(device: str, config: LabelConfig) -> Lanes:
    if device != "cpu":
        return Lanes(ThreadPoolExecutor(1, thread_name_prefix="infer"), 1, config.batch_size)
    count = config.threads or available_cores()
    pool = ThreadPoolExecutor(
        count, thread_name_prefix="infer", initializer=torch.set_num_threads, initargs=(1,)
    )  # as `densepose_labeler.side_by_side`: a picture has one thread, and pictures run side by side
    return Lanes(pool, count, 1)
