"""What decides a training run: the recipe, and which pictures it draws how often."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.train.augment import Framing, augment
from tools.train.evaluate import group_names
from tools.train.shards import Sample, ShardPool

FAVOUR = {"view: back": 2.8, "view: side": 1.6, "nobody": 3.0}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run but its data and time."""

    batch: int = 6
    backbone_rate: float = 2.5e-4
    head_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up_steps: int = 150
    largest_gradient: float = 5.0
    average_decay: float = 0.998
    seed: int = 0
    only: str | tuple[str, ...] = ""  # train the parameters of these prefixes alone
    nobody: float = FAVOUR["nobody"]  # how much more often a picture without people is drawn
    group: str = ""  # draw people of this group of `evaluate.group_names` alone
    most: int = 0  # draw from the first so many pictures alone


def draw_shares(pool: ShardPool, recipe: Recipe) -> NDArray[np.float64]:
    """How often each picture is drawn [N]: backs, sides and clothes without a wearer, rare in the pool, more often."""
    favour = {**FAVOUR, "nobody": recipe.nobody}

    def share(names: list[str]) -> float:
        if recipe.group and not {"nobody", recipe.group} & set(names):
            return 0.0
        return max((favour.get(name, 1.0) for name in names), default=1.0)

    weights = np.array([share(group_names(pool.notes(index))) for index in range(len(pool))])
    weights[recipe.most or len(weights) :] = 0
    return weights / weights.sum()


def draw(pool: ShardPool, recipe: Recipe, rng: np.random.Generator) -> Iterator[Sample]:
    """Pictures of a pool without end, new shards taken in on the way."""
    shares = draw_shares(pool, recipe)
    while True:
        for index in rng.choice(len(pool), 50 * recipe.batch, p=shares):
            yield pool[int(index)]
        if pool.refresh():
            shares = draw_shares(pool, recipe)


def fill(
    ready: queue.Queue[list[Sample]], pictures: Iterator[Sample], batch: int, framing: Framing, rng: np.random.Generator
) -> None:
    """Fill `ready` with augmented batches for ever. Runs in a thread of its own."""
    while True:
        ready.put([augment(next(pictures), framing, rng) for _ in range(batch)])
