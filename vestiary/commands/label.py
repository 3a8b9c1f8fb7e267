"""`vestiary label`: stage 3 alone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console, matching
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.config import LabelConfig

app = typer.Typer()


class Backend(StrEnum):
    """What can run the networks."""

    engine = "engine"
    detectron2 = "detectron2"


@app.command(epilog="Example: `vestiary label data/demo --models embedded --split eval`")
def label(
    dataset_path: DatasetArgument = None,
    models: Annotated[
        str,
        typer.Option("--models", "-m", help="Label sets, separated by commas; `all`, or a pattern such as `R_50*`."),
    ] = "",
    split: Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")] = None,
    backend: Annotated[
        Backend | None,
        typer.Option(help="`detectron2` runs your own installation of it. [default: the configuration's]"),
    ] = None,
    verify_against: Annotated[
        Backend | None, typer.Option(help="Write no labels; compare the engine's with this backend's.")
    ] = None,
    images: Annotated[int, typer.Option("--images", "-n", min=1, help="How many images to verify on.")] = 20,
    config_path: ConfigOption = None,
) -> None:
    """Label a dataset's images with one or several DensePose models. Resumable; finished images are skipped.

    With `--verify-against detectron2` it exits with status 1 where boxes, parts, U or V differ by more than rounding.
    """
    from densepose_labeler import zoo
    from densepose_labeler.index import build_index
    from densepose_labeler.job import label as run
    from densepose_labeler.label_sets import resolve

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    chosen = matching(models, [*zoo.load(), *settings.label.sets]) if models else settings.label.models
    if verify_against is not None:
        return _verify(root, chosen, settings.label, verify_against, images, split)
    options = settings.label
    if backend is not None:
        options = options.model_copy(update={"backend": backend.value})
        for resolved in resolve(chosen, options):
            if resolved.backend != backend:
                raise typer.BadParameter(
                    f"it does not run {resolved.name!r}; leave the option out for that", param_hint="--backend"
                )
    with Progress(console) as progress:
        summary = run(root, chosen, options, split=split, progress=progress)
    build_index(root)
    table = Table("label set", "up to date", "ok", "no person", "error", "persons")
    for one in summary.sets:
        row = (one.up_to_date, one.ok, one.no_person, one.error, one.persons)
        table.add_row(one.name, *(str(value) for value in row))
    console.print(table)


def _verify(
    root: Path, chosen: tuple[str, ...], options: LabelConfig, against: Backend, images: int, split: str | None
) -> None:
    from densepose_labeler import verification

    good = True
    for name in chosen:
        with Progress(console) as progress:
            result = verification.verify(root, name, options, images, against.value, split, progress)
        table = Table("image", "persons", "matched", "boxes differ, px", "same part", "U, V differ, /255", "")
        for one in result.images:
            found = f"{one.persons[0]} / {one.persons[1]}"
            verdict = "" if one.within_tolerances else "[red]differs[/red]"
            table.add_row(
                one.image_id[:12], found, str(one.matched), f"{one.box:.5f}", f"{one.agreement:.3%}",
                str(one.coordinates), verdict,
            )  # fmt: skip
        table.title = f"{name}: engine / {against.value}"
        table.caption = "within the tolerances" if result.within_tolerances else "NOT within the tolerances"
        table.caption += (
            f": boxes {verification.BOX} px, {verification.AGREEMENT:.1%} of an image's foreground, "
            f"U, V {verification.COORDINATES}/255"
        )
        console.print(table)
        good = good and result.within_tolerances
    if not good:
        raise typer.Exit(1)
