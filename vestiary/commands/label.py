"""`vestiary label`: stage 3 alone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from densepose_labeler.precision import Precision
from manifests.settings import parse
from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, ModelsOption, SplitOption, console, matching
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.config import LabelConfig
    from densepose_labeler.job import LabelSummary

app = typer.Typer()
SHAPING = "What labels say: makes another label set"
RUNNING = "How they are made: changes nothing in them"


class Backend(StrEnum):
    """What can run the networks."""

    engine = "engine"
    detectron2 = "detectron2"


@app.command(
    epilog="Examples: `vestiary label data/demo --models embedded --split eval`; "
    "`vestiary label data/demo --models R_50_FPN_s1x --score-threshold 0.8 --flip-averaging` "
    "makes the label set `R_50_FPN_s1x_score0.8_flip`"
)
def label(
    dataset_path: DatasetArgument = None,
    models: ModelsOption = "",
    split: SplitOption = None,
    images: Annotated[
        int | None, typer.Option("--images", "-n", min=1, help="Only the first so many. [default: all; 20 to verify]")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(min=0.0, max=0.999, help="Least score of a person.", rich_help_panel=SHAPING)
    ] = None,
    largest_only: Annotated[
        bool, typer.Option("--largest-only", help="Only the person with the largest box.", rich_help_panel=SHAPING)
    ] = False,
    max_detections: Annotated[
        int | None, typer.Option(min=1, max=100, help="At most so many people an image.", rich_help_panel=SHAPING)
    ] = None,
    min_size: Annotated[
        int | None,
        typer.Option(
            min=32,
            max=4096,
            rich_help_panel=SHAPING,
            help="Short side of the network's input in pixels, such as 512, 800 or 1024; the long side's limit follows "
            "in proportion.",
        ),
    ] = None,
    flip_averaging: Annotated[
        bool | None,
        typer.Option(
            rich_help_panel=SHAPING,
            help="Average the maps with those of the mirror image (U and V too where the charts are the embedded "
            "model's). Takes twice as long. [default: each model's own]",
        ),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(
            rich_help_panel=SHAPING,
            help="`fast` computes in bfloat16 where parts hardly change, `bf16` everywhere: quicker where the "
            "processor has units for it (Intel AMX, CUDA), of no effect elsewhere. [default: the configuration's]",
        ),
    ] = None,
    backend: Annotated[
        Backend | None,
        typer.Option(
            help="`detectron2` runs your own installation of it. [default: the configuration's]",
            rich_help_panel=SHAPING,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=SHAPING,
            help="Name of the new label set; `{model}` in it stands for the old one's name. What it holds of other "
            "options is made anew. [default: the old name and what was changed]",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="`cpu`, `cuda` (all), `cuda:0,cuda:2`, `auto`.", rich_help_panel=RUNNING)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Pictures inferred side by side on a CPU.", rich_help_panel=RUNNING)
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=32,
            rich_help_panel=RUNNING,
            help="Images of one shape inferred together on CUDA; halved where memory does not hold them.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many images would be labelled.")] = False,
    verify_against: Annotated[
        Backend | None, typer.Option(help="Write no labels; compare the engine's with this backend's in float32.")
    ] = None,
    config_path: ConfigOption = None,
) -> None:
    """Label a dataset's images with one or several DensePose models. Resumable; finished images are skipped.

    **An option that changes what labels say never touches the label set it starts from**: it makes another one beside
    it, named `--name` or by what was changed. How fast labels are made changes nothing in them.

    With `--verify-against detectron2` it exits with status 1 where boxes, parts, U or V differ by more than rounding.
    """
    from densepose_labeler import job, zoo
    from densepose_labeler.config import LabelConfig
    from densepose_labeler.index import build_index
    from densepose_labeler.label_sets import ALL, resolve
    from densepose_labeler.variants import derive

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    running = {"device": device, "threads": threads, "batch_size": batch_size}
    stated = {key: value for key, value in running.items() if value is not None}
    options = parse(LabelConfig, settings.label.model_dump() | stated, "command line")
    chosen: tuple[str, ...] = options.models
    if models:
        chosen = (ALL,) if models == ALL else matching(models, [*zoo.load(options.zoo), *options.sets])
    if backend is not None:
        for resolved in resolve(chosen, options.model_copy(update={"backend": backend.value})):
            if resolved.backend != backend:
                raise typer.BadParameter(
                    f"it does not run {resolved.name!r}; leave the option out for that", param_hint="--backend"
                )
    changes: dict[str, object] = {
        "score_threshold": score_threshold, "largest_only": largest_only or None, "max_detections": max_detections,
        "min_size": min_size, "flip_averaging": flip_averaging, "precision": precision,
        "backend": backend and backend.value,
    }  # fmt: skip
    changes = {key: value for key, value in changes.items() if value is not None}
    if changes or name is not None:
        chosen, options = derive(chosen, options, changes, name)
    if verify_against is not None:
        return _verify(root, chosen, options, verify_against, images or 20, split)
    ids = None if images is None else list(job.wanted_images(root, split, None))[:images]
    which = {"split": split} if ids is None else {"image_ids": ids}
    if dry_run:
        for one, number in job.outstanding(root, chosen, options, **which).items():
            console.print(f"{one}: {number} images to label")
        return
    with Progress(console) as progress:
        summary = job.label(root, chosen, options, progress=progress, **which)
    build_index(root)
    _show(summary)


def _show(summary: LabelSummary) -> None:
    table = Table("label set", "up to date", "ok", "no person", "error", "persons")
    for one in summary.sets:
        row = (one.up_to_date, one.ok, one.no_person, one.error, one.persons)
        table.add_row(one.name, *(str(value) for value in row))
    console.print(table)
    for one in summary.sets:
        if one.batch_size is not None:
            console.print(
                f"{one.name}: the device's memory held batches of {one.batch_size} only; labels may differ from those "
                "of other batch sizes in the last place"
            )


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
