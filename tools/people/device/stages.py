"""Where the time of a batch goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stages:
    """Seconds by stage while `measuring`; waits for the device around each stage then, and costs nothing otherwise."""

    def __init__(self, device: torch.device) -> None:
        self.measuring = False
        self.seconds: dict[str, float] = {}
        self._device = device

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        if not self.measuring:
            yield
            return
        self._wait()
        begin = time.perf_counter()
        yield
        self._wait()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def _wait(self) -> None:
        if self._device.type != "cpu":
            getattr(torch, self._device.type).synchronize()
