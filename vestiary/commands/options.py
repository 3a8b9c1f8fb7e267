"""What several commands share: the console, common options, and names with patterns."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file. [default: $VESTIARY_CONFIG or configs/fashion.toml]"),
]
DatasetArgument = Annotated[
    Path | None, typer.Argument(help="Dataset directory. [default: the configuration's]", show_default=False)
]
SplitOption = Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")]
ModelsOption = Annotated[
    str,
    typer.Option(
        "--models",
        "-m",
        help="Label sets, separated by commas; `all` 27 official models, or a pattern such as `R_50*`.",
    ),
]
"""Label sets that are to be made."""
MadeOption = Annotated[
    str, typer.Option("--models", "-m", help="Label sets, separated by commas, or patterns. [default: all made]")
]
"""Label sets that are there already."""


def matching(names: str, known: list[str], parameter: str = "--models") -> tuple[str, ...]:
    """The names of `known` that comma-separated names and patterns mean, in their order; `all` is every one.

    Raises:
        typer.BadParameter: one of them means none; the message has the nearest name.
    """
    if names == "all":
        return tuple(known)
    chosen: list[str] = []
    for wanted in (name.strip() for name in names.split(",")):
        found = [name for name in known if fnmatchcase(name, wanted)]
        if not found:
            near = get_close_matches(wanted, known, n=1, cutoff=0.3)
            hint = f"did you mean {near[0]!r}?" if near else "`vestiary models` lists them"
            raise typer.BadParameter(f"no model or label set {wanted!r}; {hint}", param_hint=parameter)
        chosen += [name for name in found if name not in chosen]
    return tuple(chosen)
