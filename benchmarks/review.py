"""How well a review finds the best models: simulated experts, by the pairing that is used and by random pairing.

A simulated expert sees a quality in each map, the model's strength (drawn from N(0, 1)) plus an effect of model and
image (normal, with `--image-deviation`), prefers the higher one, and says the opposite in 15 % of the verdicts; never
a tie. 27 models, 220 images, 900 verdicts, of which one in ten is a hidden repeat.

    python benchmarks/review.py --runs 100

Counts the runs in which the true best three are among the first five of the ranking, and how often the 95 % intervals
hold the truth: the true rank by strength, and the share of its verdicts that a model wins when every pair is judged on
every image without end, slips included.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np

from densepose_labeler.review.intervals import intervals
from densepose_labeler.review.pairing import Pairing
from densepose_labeler.review.ranking import LEFT, RIGHT, Floats, Ranking, Verdicts, fit

MODELS, IMAGES, STRATA = 27, 220, 5
REFIT = 5
"""Verdicts between two fits; the application fits after each one."""


@dataclass
class Expert:
    """Someone with an opinion on every map: `quality` is float64 [images, models]."""

    strengths: Floats
    quality: Floats
    noise: float
    random: np.random.Generator

    @classmethod
    def drawn(cls, seed: int, image_deviation: float, noise: float) -> Expert:
        random = np.random.default_rng(seed)
        strengths = random.normal(size=MODELS)
        effects = image_deviation * random.normal(size=(IMAGES, MODELS))
        return cls(strengths, strengths + effects, noise, random)

    def judge(self, image: int, left: int, right: int) -> int:
        prefers_left = self.quality[image, left] > self.quality[image, right]
        return LEFT if prefers_left != (self.random.random() < self.noise) else RIGHT

    def win_shares(self) -> Floats:
        """What each model wins of all verdicts on it without end."""
        better = (self.quality[:, :, None] > self.quality[:, None, :]).mean(axis=0)
        wins = better * (1 - self.noise) + (1 - better) * self.noise
        np.fill_diagonal(wins, 0)
        return np.asarray(wins.sum(axis=1) / (MODELS - 1))


def review(expert: Expert, verdicts: int, seed: int, at_random: bool) -> tuple[Verdicts, Ranking]:
    """Let the expert judge so many questions."""
    pairing = Pairing(np.full((IMAGES, MODELS, MODELS), 0.1), np.arange(IMAGES) % STRATA, seed)
    random = np.random.default_rng((seed, 1))
    columns = np.zeros((4, verdicts), np.int64)
    ranking = None
    for number in range(verdicts):
        so_far = Verdicts(*columns[:, :number])
        if at_random:
            left, right = random.choice(MODELS, 2, replace=False)
            image = int(random.integers(IMAGES))
        else:
            if number % REFIT == 0 or ranking is None:
                ranking = fit(so_far, MODELS, start=ranking)
            question = pairing.next(so_far, ranking, range(number))
            assert question is not None
            left, right, image = question.left, question.right, question.image
        columns[:, number] = left, right, expert.judge(image, left, right), image
    judged = Verdicts(*columns)
    return judged, fit(judged, MODELS)


def run(seed: int, at_random: bool, options: argparse.Namespace) -> tuple[bool, float, float]:
    """One expert: whether the best three were found, and the shares of ranks and of win shares that intervals hold."""
    expert = Expert.drawn(seed, options.image_deviation, options.noise)
    judged, ranking = review(expert, options.verdicts, seed, at_random)
    best, truth = np.argsort(-expert.strengths), expert.win_shares()
    bounds = intervals(judged, ranking, replicates=options.replicates, seed=seed)
    true_rank = np.argsort(best) + 1
    return (
        set(best[:3]) <= set(bounds.order[:5]),
        float(((bounds.best_rank <= true_rank) & (true_rank <= bounds.worst_rank)).mean()),
        float(((bounds.low <= truth) & (truth <= bounds.high)).mean()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="simulated experts")
    parser.add_argument("--first-seed", type=int, default=0, help="of the first expert; the others' follow")
    parser.add_argument("--verdicts", type=int, default=900)
    parser.add_argument("--image-deviation", type=float, default=0.5, help="of the effects of model and image")
    parser.add_argument("--noise", type=float, default=0.15, help="share of verdicts that say the opposite")
    parser.add_argument("--replicates", type=int, default=50, help="of the bootstrap")
    parser.add_argument("--jobs", type=int, default=1, help="experts at a time, each in a process of its own")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.runs)
    with Pool(options.jobs) as pool:
        for name, at_random in (("as used", False), ("random", True)):
            begun = time.perf_counter()
            recovered, ranks, shares = zip(
                *pool.starmap(run, [(seed, at_random, options) for seed in seeds], chunksize=1), strict=True
            )
            print(
                f"{name}: best three among the first five in {sum(recovered)} of {options.runs} runs; 95 % intervals "
                f"hold {np.mean(ranks):.1%} of the ranks and {np.mean(shares):.1%} of the win shares "
                f"({time.perf_counter() - begun:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
