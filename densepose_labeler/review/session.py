"""One review: the models, the images, the verdicts so far, and the question that each expert has open."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from densepose_labeler.compare.agreement import Agreement
from densepose_labeler.review.intervals import Intervals, Outlook, intervals, outlook
from densepose_labeler.review.pairing import Pairing, Question
from densepose_labeler.review.ranking import LEFT, RIGHT, TIE, Ranking, Verdicts, fit
from densepose_labeler.review.store import SAME_MAPS, Grade, Judgment, JudgmentStore, Outcome, Rating

_NUMBERS = {Outcome.LEFT: LEFT, Outcome.RIGHT: RIGHT, Outcome.TIE: TIE, Outcome.BOTH_BAD: TIE}


class ReviewError(Exception):
    """A request that does not fit the review; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What one expert is looking at; sides as shown.

    Attributes:
        id: a new one each time a question is asked.
    """

    id: str
    image_id: str
    model_left: str
    model_right: str
    repeat_of: int | None
    pair_probability: float


@dataclass(frozen=True, slots=True)
class OpenRating:
    """One map to grade."""

    id: str
    image_id: str
    model: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A ranking with its models' names, over all images or those of one stratum."""

    stratum: str | None
    models: tuple[str, ...]
    ranking: Ranking
    bounds: Intervals
    outlook: Outlook


class Session:
    """Serves questions and takes answers; safe to call from several threads.

    Args:
        agreement: of the models under review, on the images under review.
        strata: image id -> name of its stratum; images left out form one of their own.
        store: where judgments are kept; those of models or images that are not under review are left alone.
        seed: another seed gives another order of questions.

    Raises:
        ReviewError: fewer than two models, or no image labelled by two of them.
    """

    def __init__(self, agreement: Agreement, strata: Mapping[str, str], store: JudgmentStore, seed: int = 0) -> None:
        if len(agreement.models) < 2:
            raise ReviewError("a review needs two label sets at least: label the images with another model first")
        self.models, self.image_ids = agreement.models, agreement.image_ids
        self.store = store
        self.seed = seed
        self._lock = threading.RLock()
        self._model = {name: index for index, name in enumerate(self.models)}
        self._image = {image_id: index for index, image_id in enumerate(self.image_ids)}
        names = [strata.get(image_id, "") for image_id in self.image_ids]
        self.strata = tuple(sorted(set(names)))
        numbers = np.array([self.strata.index(name) for name in names], np.int64)
        try:
            self._pairing = Pairing(agreement.difference.astype(np.float64), numbers, seed)
        except ValueError as error:
            raise ReviewError(str(error)) from error
        self._labelled = np.isfinite(agreement.difference).any(axis=1)
        self._open: dict[str, OpenQuestion] = {}
        self._open_ratings: dict[str, OpenRating] = {}
        self._standings: dict[str | None, Standing] = {}
        self._read()

    # -- side by side

    def question(self, rater: str) -> OpenQuestion | None:
        """What this expert has open, or else the next question; None when everything has been judged."""
        with self._lock:
            while rater not in self._open:
                mine = [place for place, one in enumerate(self._judgments) if one.rater == rater and not one.repeat_of]
                question = self._pairing.next(self._verdicts, self._ranking, mine)
                if question is None:
                    return None
                opened = self._name(question)
                if question.answer is None:
                    self._open[rater] = opened
                else:
                    self._keep(opened, SAME_MAPS, Outcome.TIE, 0.0)
            return self._open[rater]

    def judge(self, rater: str, question_id: str, outcome: Outcome, seconds: float) -> None:
        """Keep a verdict, durably. The same answer sent twice counts once.

        Raises:
            ReviewError: the question is not the one that the expert has open.
        """
        with self._lock:
            opened = self.question(rater)
            if opened is not None and opened.id == question_id:
                self._keep(opened, rater, outcome, seconds)
                del self._open[rater]
            elif not any(one.question == question_id for one in self.store.judgments()):
                raise ReviewError("this question is no longer open: reload the page to see the present one")

    def undo(self, rater: str) -> bool:
        """Take back the expert's latest verdict and ask the same again; False if there is none."""
        with self._lock:
            taken_back = self.store.undo(Judgment, rater)
            if taken_back is None:
                return False
            one = next((one for one in self._judgments if one.id == taken_back), None)
            self._read()
            self._open.pop(rater, None)
            if one is not None:
                self._open[rater] = OpenQuestion(
                    uuid.uuid4().hex, one.image_id, one.model_left, one.model_right, one.repeat_of, one.pair_probability
                )
            return True

    def maps(self, question_id: str) -> tuple[str, str, str]:
        """Image id, left and right label set of an open question.

        Raises:
            ReviewError: nobody has it open.
        """
        with self._lock:
            for opened in self._open.values():
                if opened.id == question_id:
                    return opened.image_id, opened.model_left, opened.model_right
            for graded in self._open_ratings.values():
                if graded.id == question_id:
                    return graded.image_id, graded.model, graded.model
        raise ReviewError("this question is no longer open: reload the page to see the present one")

    # -- one by one

    def rating_question(self, rater: str) -> OpenRating | None:
        """A map that this expert has not graded; maps that fewest have graded come first."""
        with self._lock:
            if rater not in self._open_ratings:
                ratings = self.store.ratings()
                mine = {(one.image_id, one.model) for one in ratings if one.rater == rater}
                counts = dict.fromkeys(self._gradable() - mine, 0)
                for one in ratings:
                    if (one.image_id, one.model) in counts:
                        counts[one.image_id, one.model] += 1
                if not counts:
                    return None
                image_id, model = min(counts, key=lambda pair: (counts[pair], self._shuffled(pair)))
                self._open_ratings[rater] = OpenRating(uuid.uuid4().hex, image_id, model)
            return self._open_ratings[rater]

    def rate(self, rater: str, question_id: str, grade: Grade, wrong_parts: Sequence[int], seconds: float) -> None:
        """Keep a grade, durably.

        Raises:
            ReviewError: the question is not open, or a part is not in 1-24.
        """
        if any(not 1 <= part <= 24 for part in wrong_parts):
            raise ReviewError("parts are numbers from 1 to 24")
        with self._lock:
            opened = self.rating_question(rater)
            if opened is not None and opened.id == question_id:
                parts = tuple(sorted(set(wrong_parts)))
                self.store.add(Rating(opened.id, rater, opened.image_id, opened.model, grade, parts, seconds))
                del self._open_ratings[rater]
            elif not any(one.question == question_id for one in self.store.ratings()):
                raise ReviewError("this question is no longer open: reload the page to see the present one")

    def undo_rating(self, rater: str) -> bool:
        """Take back the expert's latest grade; the map will be asked again. False if there is none."""
        with self._lock:
            last = next((one for one in reversed(self.store.ratings()) if one.rater == rater), None)
            if last is None:
                return False
            self.store.undo(Rating, rater)
            self._open_ratings[rater] = OpenRating(uuid.uuid4().hex, last.image_id, last.model)
            return True

    # -- what follows

    @property
    def judgments(self) -> tuple[Judgment, ...]:
        """Those that count, oldest first, ties that nobody looked at too."""
        with self._lock:
            return tuple(self._judgments)

    def count(self, rater: str | None = None) -> int:
        """Verdicts that somebody (or this expert) gave."""
        return sum(one.rater == rater if rater else one.rater != SAME_MAPS for one in self.judgments)

    def standing(self, stratum: str | None = None) -> Standing:
        """The ranking with its intervals; by the verdicts on one stratum's images, or on all."""
        with self._lock:
            if stratum not in self._standings:
                verdicts, ranking = self._verdicts, self._ranking
                if stratum is not None:
                    number = self.strata.index(stratum)
                    chosen = self._pairing.strata[verdicts.image] == number
                    columns = (verdicts.left, verdicts.right, verdicts.outcome, verdicts.image)
                    verdicts = Verdicts(*(column[chosen] for column in columns))
                    ranking = fit(verdicts, len(self.models))
                bounds = intervals(verdicts, ranking)
                self._standings[stratum] = Standing(stratum, self.models, ranking, bounds, outlook(ranking))
            return self._standings[stratum]

    # -- inside

    def _read(self) -> None:
        self._judgments: list[Judgment] = []
        self._columns: list[tuple[int, int, int, int]] = []
        for one in self.store.judgments():
            self._append(one)
        self._refit()

    def _keep(self, opened: OpenQuestion, rater: str, outcome: Outcome, seconds: float) -> None:
        one = Judgment(
            opened.id, rater, opened.image_id, opened.model_left, opened.model_right, outcome,
            opened.repeat_of, opened.pair_probability, seconds,
        )  # fmt: skip
        self._append(replace(one, id=self.store.add(one)))
        self._refit()

    def _append(self, one: Judgment) -> None:
        if one.image_id in self._image and one.model_left in self._model and one.model_right in self._model:
            self._judgments.append(one)
            self._columns.append(
                (
                    self._model[one.model_left],
                    self._model[one.model_right],
                    _NUMBERS[one.outcome],
                    self._image[one.image_id],
                )
            )

    def _refit(self) -> None:
        self._verdicts = Verdicts(*np.array(self._columns, np.int64).reshape(-1, 4).T)
        self._ranking = fit(self._verdicts, len(self.models))
        self._standings.clear()

    def _name(self, question: Question) -> OpenQuestion:
        repeat_of = None if question.repeat_of is None else self._judgments[question.repeat_of].id
        image_id, left, right = self.image_ids[question.image], self.models[question.left], self.models[question.right]
        return OpenQuestion(uuid.uuid4().hex, image_id, left, right, repeat_of, question.pair_probability)

    def _gradable(self) -> set[tuple[str, str]]:
        images, models = np.nonzero(self._labelled)
        return {(self.image_ids[image], self.models[model]) for image, model in zip(images, models, strict=True)}

    def _shuffled(self, pair: tuple[str, str]) -> bytes:
        return hashlib.sha256(f"{self.seed} {pair[0]} {pair[1]}".encode()).digest()
