from __future__ import annotations

from pathlib import Path

import pytest

from densepose_labeler.planning import LabelError
from densepose_labeler.review.opening import labelled_sets, open_session
from densepose_labeler.review.session import OpenQuestion, ReviewError, Session
from densepose_labeler.review.store import SAME_MAPS, Grade, Outcome
from tests.densepose_labeler.labelled import write_models
from tests.densepose_labeler.review.conftest import MODELS


def answer(question: OpenQuestion) -> Outcome:
    """An expert who always sees which model spoils less."""
    left, right = MODELS[question.model_left], MODELS[question.model_right]
    return Outcome.TIE if left == right else Outcome.LEFT if left < right else Outcome.RIGHT


def judge(session: Session, count: int, rater: str = "anna") -> list[OpenQuestion]:
    asked = []
    for _ in range(count):
        question = session.question(rater)
        assert question is not None
        session.judge(rater, question.id, answer(question), 1.0)
        asked.append(question)
    return asked


def unnamed(question: OpenQuestion | None) -> tuple[str, str, str] | None:
    return question and (question.image_id, question.model_left, question.model_right)


def test_a_good_eye_finds_the_order(session: Session) -> None:
    judge(session, 60)
    standing = session.standing()
    assert [standing.models[index] for index in standing.ranking.order[2:]] == ["grainy", "noisy"]
    ties = [one for one in session.judgments if one.rater == SAME_MAPS]
    assert ties and all({one.model_left, one.model_right} == {"clean", "twin"} for one in ties)
    assert session.count() == session.count("anna") == 60
    assert any(one.repeat_of for one in session.judgments)
    by_stratum = [session.standing(name).ranking.verdicts for name in session.strata]
    assert session.strata == ("zalando men", "zara women") and sum(by_stratum) == len(session.judgments)


def test_a_reopened_review_goes_on_with_the_same_question(dataset: Path, session: Session) -> None:
    judge(session, 12)
    waiting = session.question("anna")
    session.store.close()
    again = open_session(dataset, list(MODELS), "eval")
    assert unnamed(again.question("anna")) == unnamed(waiting) and again.count() == 12


def test_undo_asks_the_same_again(session: Session) -> None:
    *_, last = judge(session, 15)
    assert session.undo("anna")
    again = session.question("anna")
    assert unnamed(again) == unnamed(last) and again is not None and again.id != last.id
    assert session.count() == 14 and not session.undo("bert")


def test_an_answer_counts_once_and_only_for_the_open_question(session: Session) -> None:
    question = session.question("anna")
    assert question is not None and session.question("anna") is question
    session.judge("anna", question.id, Outcome.LEFT, 1.0)
    session.judge("anna", question.id, Outcome.LEFT, 1.0)  # sent again after the answer got lost
    assert session.count() == 1
    with pytest.raises(ReviewError, match="no longer open"):
        session.judge("anna", "made up", Outcome.LEFT, 1.0)
    with pytest.raises(ReviewError, match="no longer open"):
        session.maps(question.id)


def test_two_experts_have_questions_of_their_own(session: Session) -> None:
    anna, bert = session.question("anna"), session.question("bert")
    assert anna is not None and bert is not None and anna.id != bert.id
    judge(session, 5, "bert")
    assert session.question("anna") is anna and session.count("bert") == 5


def test_every_map_is_graded_once_by_each_expert(session: Session) -> None:
    graded = set()
    while (question := session.rating_question("anna")) is not None:
        session.rate("anna", question.id, Grade.USABLE, [9, 9, 2], 1.0)
        graded.add((question.image_id, question.model))
    assert len(graded) == 48 and {one.wrong_parts for one in session.store.ratings()} == {(2, 9)}
    assert session.undo_rating("anna") and session.rating_question("anna") is not None
    assert session.rating_question("bert") is not None
    with pytest.raises(ReviewError, match="1 to 24"):
        session.rate("anna", "x", Grade.BAD, [25], 1.0)


def test_what_cannot_be_reviewed_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no images\.parquet"):
        open_session(tmp_path, ["a", "b"])
    write_models(tmp_path, {"only": 0.1}, 3)
    assert labelled_sets(tmp_path) == ["only"]
    with pytest.raises(ReviewError, match="two label sets"):
        open_session(tmp_path, ["only"])
    with pytest.raises(LabelError, match=r"no split 'test' \(there are: eval\)"):
        open_session(tmp_path, ["only"], "test")
