"""Progress for people: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Call it with (stage, done, total); one bar a stage. Use as a context manager.

    A total below what is done means that nobody knows it (yet). `unit` is what is counted, shown behind the numbers.
    """

    def __init__(self, console: Console, unit: str = "") -> None:
        self._console = console
        self._unit = unit
        self._bars = Bars(
            TextColumn("  {task.description:<28}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            speed_estimate_period=600.0,  # steps of slow work are minutes apart
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._begun: dict[str, tuple[float, int]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not self._console.is_terminal:
            return self._say(stage, done, total)
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None)
        self._bars.update(self._tasks[stage], completed=done, total=None if total < done else total)

    def _say(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        since, before = self._begun.setdefault(stage, (now, done))
        if stage not in self._said or done == total or now - self._said[stage] >= _SECONDS_BETWEEN_LINES:
            if self._said.get(stage) == float("inf"):
                return
            self._said[stage] = float("inf") if done == total else now
            numbers = f"{done} {self._unit}".rstrip() + " so far"
            if done <= total:
                numbers = f"{done} of {total} {self._unit}".rstrip()
            left = ""
            if before < done < total:
                left = f", about {_duration((now - since) * (total - done) / (done - before))} left"
            self._console.print(f"  {stage}: {numbers}{left}", highlight=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
