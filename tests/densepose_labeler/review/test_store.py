from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from densepose_labeler.review.store import Grade, Judgment, JudgmentStore, Outcome, Rating

NASTY = "'; DROP TABLE judgment; -- <script>alert(1)</script> \u202e 🙂"


def judgment(number: int, rater: str = "anna") -> Judgment:
    return Judgment(f"q{number}", rater, "image", "a", "b", Outcome.LEFT, pair_probability=0.5, seconds=1.5)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    store = JudgmentStore(tmp_path / "deep" / "judgments.sqlite")
    first = store.add(judgment(1, NASTY))
    again = Judgment("q2", NASTY, "image", "b", "a", Outcome.BOTH_BAD, repeat_of=first, judged_at=12.0)
    store.add(again)
    store.add(Rating("q3", NASTY, "image", "a", Grade.USABLE, (3, 24), 2.0))
    store.close()
    store = JudgmentStore(tmp_path / "deep" / "judgments.sqlite")
    kept = store.judgments()
    assert [(one.rater, one.outcome, one.repeat_of) for one in kept] == [
        (NASTY, Outcome.LEFT, None), (NASTY, Outcome.BOTH_BAD, first),
    ]  # fmt: skip
    assert kept[0].judged_at > 1e9 and kept[1].judged_at == 12
    assert store.ratings()[0].wrong_parts == (3, 24)


def test_an_answer_sent_twice_counts_once_and_undo_takes_the_latest_of_that_rater(tmp_path: Path) -> None:
    store = JudgmentStore(tmp_path / "judgments.sqlite")
    assert store.add(judgment(1)) == store.add(judgment(1))
    store.add(judgment(2, "bert"))
    second = store.add(judgment(3))
    assert store.undo(Judgment, "anna") == second
    assert [one.question for one in store.judgments()] == ["q1", "q2"]
    assert store.undo(Judgment, "anna") == 1 and store.undo(Judgment, "anna") is None
    assert store.undo(Rating, "bert") is None and len(store.judgments()) == 1
    assert store.add(judgment(4)) > second  # ids are never given twice


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "judgments.sqlite"
    path.write_text("not a database, but long enough to be taken for one" * 40)
    with pytest.raises(sqlite3.DatabaseError):
        JudgmentStore(path)


def test_sigkill_loses_no_judgment_that_was_acknowledged(tmp_path: Path, root: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from densepose_labeler.review.store import Judgment, JudgmentStore, Outcome\n"
        "store = JudgmentStore(Path(sys.argv[1]))\n"
        "for n in range(1_000_000):\n"
        "    print(store.add(Judgment(f'{sys.argv[2]} {n}', 'r', 'i', 'a', 'b', Outcome.TIE)), flush=True)\n"
    )
    acknowledged: list[int] = []
    for turn, stop_after in enumerate((1, 7, 30)):
        command = [sys.executable, "-c", script, str(tmp_path / "judgments.sqlite"), str(turn)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(stop_after)]
            os.kill(process.pid, signal.SIGKILL)
    assert set(acknowledged) <= {one.id for one in JudgmentStore(tmp_path / "judgments.sqlite").judgments()}
