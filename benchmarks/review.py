"""How well a review finds the best models: simulated experts, by the pairing that is used and by random pairing.

A simulated expert sees a quality in each map, the model's strength (drawn from N(0, 1)) plus an effect of model and
image (normal, with `--image-deviation`), prefers the higher one, and says the opposite in 15 % of the verdicts; never
a tie. 27 models, 220 images, 900 verdicts, of which one in ten is a hidden repeat.

    python benchmarks/review.py --runs 100

Counts the runs in which the true best three are among the first five of the ranking, and how often the 95 % intervals
hold the truth: for ranks the true rank, for strengths the value that the same model takes when every pair is judged on
every image without end.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

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

    def strengths_without_end(self) -> Floats:
        """What `fit` tends to when every pair is judged on every image again and again."""
        left, right = (side.ravel() for side in np.triu_indices(MODELS, 1))
        better = (self.quality[:, left] > self.quality[:, right]).mean(axis=0)
        share = better * (1 - self.noise) + (1 - better) * self.noise
        zeros = np.zeros_like(left)
        both = Verdicts(
            np.tile(left, 2), np.tile(right, 2), np.concatenate([zeros + LEFT, zeros + RIGHT]), np.tile(zeros, 2)
        )
        return fit(both, MODELS, 1e4 * np.concatenate([share, 1 - share])).strengths


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="simulated experts, seeds 0 to runs - 1")
    parser.add_argument("--verdicts", type=int, default=900)
    parser.add_argument("--image-deviation", type=float, default=0.5, help="of the effects of model and image")
    parser.add_argument("--noise", type=float, default=0.15, help="share of verdicts that say the opposite")
    options = parser.parse_args()
    for name, at_random in (("as used", False), ("random", True)):
        begun = time.perf_counter()
        recovered, ranks, strengths = [], [], []
        for seed in range(options.runs):
            expert = Expert.drawn(seed, options.image_deviation, options.noise)
            judged, ranking = review(expert, options.verdicts, seed, at_random)
            best = np.argsort(-expert.strengths)
            recovered.append(set(best[:3]) <= set(ranking.order[:5]))
            bounds = intervals(judged, ranking, replicates=100, seed=seed)
            true_rank = np.argsort(best) + 1
            ranks.append(((bounds.best_rank <= true_rank) & (true_rank <= bounds.worst_rank)).mean())
            truth = expert.strengths_without_end()
            strengths.append(((bounds.low <= truth) & (truth <= bounds.high)).mean())
        print(
            f"{name}: best three among the first five in {sum(recovered)} of {options.runs} runs; 95 % intervals hold "
            f"{np.mean(ranks):.1%} of the ranks and {np.mean(strengths):.1%} of the strengths "
            f"({time.perf_counter() - begun:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
