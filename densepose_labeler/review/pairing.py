"""Which pair an expert should see next: the one from which most is learnt about who belongs at the top.

Models: top-two Thompson sampling for the set of the best (Russo, "Simple Bayesian Algorithms for Best-Arm
Identification", Operations Research 68 (2020), section 3, for sets instead of a single arm). Strengths are drawn twice
from what the verdicts leave possible; a model that is among the best in one draw and not in the other is compared with
one for which it is the other way round. Verdicts so gather where the border of the best is unsure, and models that are
clearly good or clearly bad are left in peace.

Images: from the stratum that has been judged least for its size, more likely where the two maps differ more.

What comes next depends on the seed and on the verdicts so far alone, so that a session that is killed and started again
goes on with the very question that was open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from densepose_labeler.review.ranking import TIE, Floats, Ints, Ranking, Verdicts

BEST = 4
"""Size of the set whose border is sought: one more than the three that are usually wanted, as found by simulation. Of
fewer than eight models it is the better half, lest verdicts be spent on telling the last from the last but one."""
SAME = 0.005
"""Maps that differ on less than this share of the foreground are one map to the eye: a tie that is never shown."""
REPEATED = 0.1
"""Share of questions that are earlier ones with the sides swapped, from which an expert's consistency is known."""
_DRAWS = 400
_FIRST_REPEAT = 10
_LEAST_DISTANCE = 8
"""A repeat comes at least so many questions after its first showing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Two models on one image, as indices; the sides are as they will be shown.

    Attributes:
        image, left, right: indices.
        repeat_of: position in the verdicts of the judgment that this one repeats; None if it is new.
        answer: TIE where the maps are the same to the eye, so that nobody needs to look; None where somebody has to.
        pair_probability: with which these two models were drawn for a new question; 0 for a repeat.
    """

    image: int
    left: int
    right: int
    repeat_of: int | None = None
    answer: int | None = None
    pair_probability: float = 0.0


class Pairing:
    """Draws questions.

        pairing = Pairing(difference, strata, seed=0)
        question = pairing.next(verdicts, fit(verdicts, models), judged_by_the_expert)

    Args:
        difference: float [images, models, models], share of the foreground in which two models' part maps differ;
            NaN where one of the two has no label.
        strata: int [images], the stratum of each image.
        seed: another seed gives another order of questions.
    """

    def __init__(self, difference: Floats, strata: Ints, seed: int = 0) -> None:
        self.difference = difference
        self.strata = np.asarray(strata)
        self.seed = seed
        self.models = difference.shape[1]
        self._sizes = np.bincount(self.strata).astype(float)
        self._comparable = np.isfinite(difference).any(axis=0) & ~np.eye(self.models, dtype=bool)
        if not self._comparable.any():
            raise ValueError("no image is labelled by two of the models: label the same images with each of them first")

    def next(self, verdicts: Verdicts, ranking: Ranking, shown: Sequence[int]) -> Question | None:
        """The next question; None when every pair has been judged on every image.

        Args:
            verdicts: all so far, ties that nobody had to look at too.
            ranking: fitted on (nearly) all of them.
            shown: positions in `verdicts` of this expert's own judgments that may be repeated, oldest first.
        """
        random = np.random.default_rng((self.seed, len(verdicts)))
        weights = self._pair_weights(ranking, random)
        if len(shown) >= _FIRST_REPEAT and random.random() < REPEATED:
            return self._repeat(verdicts, shown[:-_LEAST_DISTANCE], weights, random)
        open_images = self._open_images(verdicts)
        weights = weights * open_images.any(axis=0)
        if not weights.any():
            weights = (self._comparable & open_images.any(axis=0)).astype(float)
        if not weights.any():
            return None
        probabilities = weights / weights.sum()
        left, right = divmod(int(random.choice(weights.size, p=probabilities.ravel())), self.models)
        image = self._image(verdicts, np.flatnonzero(open_images[:, left, right]), left, right, random)
        same = self.difference[image, left, right] < SAME
        drawn = float(probabilities[left, right] + probabilities[right, left])
        return Question(image, left, right, answer=TIE if same else None, pair_probability=drawn)

    def _pair_weights(self, ranking: Ranking, random: np.random.Generator) -> Floats:
        """How likely two draws of the strengths disagree about just these two models [models, models]; symmetric."""
        draws = ranking.samples(_DRAWS, random)
        size = min(BEST, max(self.models // 2, 1))
        best = np.zeros(draws.shape, bool)
        np.put_along_axis(best, np.argpartition(-draws, size - 1, axis=1)[:, :size], True, axis=1)
        other = np.roll(best, 1, axis=0)
        entered, left = (best & ~other).astype(float), (other & ~best).astype(float)
        entered /= np.maximum(entered.sum(axis=1, keepdims=True), 1)
        left /= np.maximum(left.sum(axis=1, keepdims=True), 1)
        weights = entered.T @ left
        return np.asarray((weights + weights.T) * self._comparable)

    def _open_images(self, verdicts: Verdicts) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether a pair can still be judged on an image [images, models, models]."""
        still_open = np.isfinite(self.difference)
        still_open[verdicts.image, verdicts.left, verdicts.right] = False
        still_open[verdicts.image, verdicts.right, verdicts.left] = False
        return still_open

    def _image(self, verdicts: Verdicts, candidates: Ints, left: int, right: int, random: np.random.Generator) -> int:
        judged = np.bincount(self.strata[verdicts.image], minlength=len(self._sizes)) / self._sizes
        strata = self.strata[candidates]
        candidates = candidates[judged[strata] == judged[strata].min()]
        weights = self.difference[candidates, left, right] + SAME
        return int(random.choice(candidates, p=weights / weights.sum()))

    def _repeat(
        self, verdicts: Verdicts, shown: Sequence[int], weights: Floats, random: np.random.Generator
    ) -> Question:
        """An earlier question, sides swapped: rather one whose models are in question, as it counts a second time."""
        positions = np.asarray(shown)
        relevance = weights[verdicts.left[positions], verdicts.right[positions]] + 1e-3 / weights.size
        chosen = int(random.choice(positions, p=relevance / relevance.sum()))
        return Question(
            int(verdicts.image[chosen]), int(verdicts.right[chosen]), int(verdicts.left[chosen]), repeat_of=chosen
        )
