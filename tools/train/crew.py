"""Processes that train one network together: on a CPU quicker than one process with several threads."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Crew:
    """Worker `rank` of `size`: each learns from pictures of its own, all take the same step from the same weights."""

    rank: int = 0
    size: int = 1

    def follow(self, *numbers: float) -> tuple[float, ...]:
        """The numbers of the first worker, whatever the others give."""
        told = torch.tensor(numbers, dtype=torch.float64)
        if self.size > 1:
            distributed.broadcast(told, 0)
        return tuple(told.tolist())

    def share_gradients(self, weights: Sequence[Tensor]) -> None:
        """Replace every worker's gradients by the mean of all; one that is absent counts as zero."""
        if self.size == 1:
            return
        gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        parts = torch.split(together / self.size, [weight.numel() for weight in weights])
        for weight, part in zip(weights, parts, strict=True):
            weight.grad = part.view(weight.shape).contiguous(memory_format=_order(weight))


ALONE = Crew()


def work_together(task: Callable[[Crew], None], workers: int) -> None:
    """Run `task` (one that can be pickled) in this process and in `workers` - 1 others of this machine."""
    if workers == 1:
        task(ALONE)
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="crew-") as folder:
        meeting = Path(folder) / "meeting"
        crews = [Crew(rank, workers) for rank in range(workers)]
        others = [context.Process(target=_join, args=(task, crew, meeting)) for crew in crews[1:]]
        for other in others:
            other.start()
        try:
            _join(task, crews[0], meeting)
        finally:
            for other in others:
                other.join(60)
                other.kill()


def _join(task: Callable[[Crew], None], crew: Crew, meeting: Path) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=crew.rank, world_size=crew.size)
    try:
        task(crew)
    finally:
        distributed.destroy_process_group()


def _order(weight: Tensor) -> torch.memory_format:
    channels_last = weight.ndim == 4 and weight.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format
