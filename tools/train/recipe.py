"""What decides a training run: the recipe, and which pictures it draws how often."""

from __future__ import annotations

import queue
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


def batches(
    pool: ShardPool, framing: Framing, recipe: Recipe, start: tuple[int, ...], ready: queue.Queue[list[Sample]]
) -> None:
    """Fill `ready` with augmented batches for ever, taking in new shards on the way. Runs in a thread of its own."""
    rng = np.random.default_rng((recipe.seed, *start))
    shares = draw_shares(pool, recipe)
    for number in range(1 << 60):
        if number % 50 == 0 and pool.refresh():
            shares = draw_shares(pool, recipe)
        chosen = rng.choice(len(pool), recipe.batch, p=shares)
        ready.put([augment(pool[int(index)], framing, rng) for index in chosen])
