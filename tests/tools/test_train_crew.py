from functools import partial
from pathlib import Path

import torch
from torch import nn

from tools.train.crew import Crew, work_together


def _one_step(folder: Path, crew: Crew) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(3, 1), nn.Linear(1, 1))
    network.to(memory_format=torch.channels_last)
    for weight in network[3].parameters():
        weight.grad = torch.ones_like(weight) if crew.rank == 0 else None
    network[:3](torch.full((1, 2, 3, 3), float(crew.rank + 1))).sum().backward()
    weights = list(network.parameters())
    own = [None if weight.grad is None else weight.grad.clone() for weight in weights]
    crew.share_gradients(weights)
    told = crew.follow(crew.rank + 5, 0.25)
    torch.save((own, [weight.grad for weight in weights], told), folder / f"{crew.rank}.pt")


def test_two_workers_take_the_mean_of_their_gradients(tmp_path: Path) -> None:
    work_together(partial(_one_step, tmp_path), 2)
    (first, shared, told), (second, other_shared, other_told) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)
    )
    assert told == other_told == (5.0, 0.25)
    assert any(not torch.equal(a, b) for a, b in zip(first[:4], second[:4], strict=True))
    for mine, theirs, mean, other_mean in zip(first, second, shared, other_shared, strict=True):
        assert torch.equal(mean, other_mean)
        assert torch.allclose(mean, (mine + (torch.zeros_like(mine) if theirs is None else theirs)) / 2)


def test_one_worker_needs_no_other(tmp_path: Path) -> None:
    work_together(partial(_one_step, tmp_path), 1)
    own, shared, told = torch.load(tmp_path / "0.pt", weights_only=True)
    assert all(torch.equal(a, b) for a, b in zip(own, shared, strict=True)) and told == (5.0, 0.25)
