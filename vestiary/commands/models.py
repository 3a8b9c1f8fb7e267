"""`vestiary models`: the zoo and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vestiary.commands.options import console, matching
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.zoo import ModelSpec

app = typer.Typer(help="The DensePose models and their weights.")

ZooOption = Annotated[
    Path | None,
    typer.Option("--zoo", help="File of your own models, shown beside the shipped ones.", show_default=False),
]
_CHECKSUMS = {"official": "official", "recorded": "of first use", "unknown": "not recorded"}


@app.callback(invoke_without_command=True, epilog="Example: `vestiary models`")
def models(context: typer.Context, zoo_path: ZooOption = None) -> None:
    """List the DensePose models: what is on disk of their weights, and what was published of them.

    `checksum` says what a file's sha256 is held against at every use: the official one, or the one recorded at its
    first use.
    """
    if context.invoked_subcommand is not None:
        return
    from densepose_labeler import checkpoints, stored_weights

    table = Table(
        "model", "on disk, MB", "checksum", "box AP", "DensePose AP (GPS)", "measured on", title="DensePose models"
    )
    for name, spec in _zoo(zoo_path).items():
        stored, published = stored_weights.look(spec), spec.metrics
        figures = (
            (published.box_ap, published.densepose_ap_gps, published.dataset) if published else ("", "", "model card")
        )
        here = (f"{stored.bytes / 1e6:.1f}", _CHECKSUMS[stored.checksum]) if stored.path else ("-", "")
        table.add_row(name, *here, *("" if figure is None else str(figure) for figure in figures))
    console.print(table)
    console.print("COCO minival (people) and Chimps are different tests: compare figures within one of them only.")
    console.print(f"Weights lie in {checkpoints.cache_directory() / 'models'}, those of `embedded` in the package.")


@app.command(epilog="Example: `vestiary models fetch R_50_FPN_s1x R_101_FPN_DL_s1x`")
def fetch(
    names: Annotated[list[str], typer.Argument(help="Models, patterns, or `all`.")],
    offline: Annotated[
        bool, typer.Option("--offline", help="Download nothing; say what is missing and where to put it by hand.")
    ] = False,
    zoo_path: ZooOption = None,
) -> None:
    """Download published weights into the cache, resumed where a transfer broke off, and verify them.

    With `--offline`, or where the environment variable VESTIARY_OFFLINE is set, nothing is downloaded: it lists what
    is missing and where to put it, and exits with status 1 if anything is.
    """
    from densepose_labeler import downloads

    known = _zoo(zoo_path)
    chosen = matching(",".join(names), [name for name, spec in known.items() if spec.url is not None], "NAMES")
    if offline or downloads.is_offline():
        return _say_what_is_missing([known[name] for name in chosen])
    for name in chosen:
        with Progress(console, unit="MB") as progress:

            def show(done: int, total: int | None, name: str = name, progress: Progress = progress) -> None:
                progress(name, done // 1_000_000, -1 if total is None else total // 1_000_000)

            path = downloads.fetch(known[name], show)
        console.print(f"{name}: {path}", soft_wrap=True)


@app.command(epilog="Example: `vestiary models verify R_50_FPN_s1x`")
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models, patterns. [default: all on disk]")] = None,
    zoo_path: ZooOption = None,
) -> None:
    """Read weights whole and check their size, sha256 and every array; exits with status 1 if any file is bad."""
    from densepose_labeler import stored_weights

    known = _zoo(zoo_path)
    if names:
        chosen = matching(",".join(names), list(known), "NAMES")
    else:
        chosen = tuple(name for name, spec in known.items() if stored_weights.look(spec).path is not None)
    results = []
    with Progress(console) as progress:
        for done, name in enumerate(chosen):
            progress("verify", done, len(chosen))
            results.append(stored_weights.verify(known[name]))
        progress("verify", len(chosen), len(chosen))
    table = Table("model", "MB", "checksum", "verdict")
    for one in results:
        verdict = "[red]bad[/red]" if one.problem and one.path else "[red]missing[/red]" if one.problem else "good"
        table.add_row(one.name, f"{one.bytes / 1e6:.1f}", _CHECKSUMS[one.checksum] if one.path else "", verdict)
    console.print(table)
    for one in results:
        if one.path is not None:
            console.print(f"{one.name}: {one.path}", soft_wrap=True)
    bad = [one for one in results if one.problem]
    for one in bad:
        console.print(f"[red]{one.name}[/red]: {one.problem}", soft_wrap=True)
    if bad:
        raise typer.Exit(1)


def _say_what_is_missing(specs: list[ModelSpec]) -> None:
    from densepose_labeler import checkpoints, downloads

    missing = [spec for spec in specs if not checkpoints.cached_path(spec).is_file()]
    if not missing:
        console.print(f"Offline, and nothing is missing: the weights of all {len(specs)} models are here.")
        return
    console.print(f"Offline. The weights of {len(missing)} of {len(specs)} models are missing. Put each file in place:")
    for spec in missing:
        least, most = downloads.expected_bytes(spec)
        size = f"{most:,} bytes" if least == most else f"about {most / 1e6:.0f} MB"
        console.print(f"{spec.name} ({size})", soft_wrap=True)
        console.print(f"  from {spec.url}", soft_wrap=True)
        console.print(f"  to   {checkpoints.cached_path(spec)}", soft_wrap=True)
    raise typer.Exit(1)


def _zoo(path: Path | None) -> Mapping[str, ModelSpec]:
    from densepose_labeler import zoo

    return zoo.load(path)
