from __future__ import annotations

import io

from rich.console import Console

from vestiary.progress import Progress


def said(calls: list[tuple[str, int, int]], terminal: bool = False, unit: str = "") -> str:
    text = io.StringIO()
    with Progress(Console(file=text, width=120, force_terminal=terminal, legacy_windows=False), unit) as progress:
        for call in calls:
            progress(*call)
    return text.getvalue()


def test_a_line_at_the_beginning_and_one_at_the_end() -> None:
    assert said([("label", done, 40) for done in range(41)]) == "  label: 0 of 40\n  label: 40 of 40\n"
    assert said([("load", 0, 0), ("load", 0, 0)]) == "  load: 0 of 0\n"


def test_a_total_that_nobody_knows_is_no_end() -> None:
    downloaded = said([("weights", done, 0) for done in (1, 2)] + [("weights", 3, 3)], unit="MB")
    assert downloaded == "  weights: 1 MB so far\n  weights: 3 of 3 MB\n"
    assert said([("weights", 0, -1), ("weights", 1, -1)], unit="MB") == "  weights: 0 MB so far\n"
    assert "1/?" in said([("weights", 1, 0)], terminal=True)
