"""The `vestiary` command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from vestiary import __version__, config
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.zoo import ModelSpec

app = typer.Typer(
    name="vestiary",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Photographs of clothed people, curated and labelled with DensePose.",
    epilog="Example: `vestiary dataset --config configs/demo.toml`, then "
    "`python -c \"import manifests; print(manifests.open('data/demo').images)\"`",
)
split_app = typer.Typer(no_args_is_help=True, help="Look at a dataset's splits.")
models_app = typer.Typer(help="The DensePose models and their weights.")
app.add_typer(split_app, name="split")
app.add_typer(models_app, name="models")
console = Console(highlight=False)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file. [default: $VESTIARY_CONFIG or configs/fashion.toml]"),
]
DatasetArgument = Annotated[
    Path | None, typer.Argument(help="Dataset directory. [default: the configuration's]", show_default=False)
]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        console.print(f"vestiary {__version__}")
        raise typer.Exit


@app.command(epilog="Example: `vestiary dataset --config configs/demo.toml`")
def dataset(
    config_path: ConfigOption = None,
    recrawl: Annotated[bool, typer.Option("--recrawl", help="Visit the shops again, for what is new.")] = False,
) -> None:
    """Make or finish a whole dataset: crawl, curate, label, split, index, card.

    It can be interrupted or killed at any moment; the same command again goes on from there.
    """
    from vestiary.pipeline import Pipeline

    path = config_path or config.default_path()
    made = Pipeline(config.load(path), path, console, recrawl)
    begun = time.monotonic()
    if made.run():
        console.print(f"\nDone in {time.monotonic() - begun:.0f} s: [bold]{made.root}[/bold]")
    else:
        console.print(f"\nNothing to do: [bold]{made.root}[/bold] is finished and up to date.")
    console.print(f"  look at it:   {made.root / 'README.md'}")
    console.print(f"  load it:      import manifests; ds = manifests.open({made.root.as_posix()!r})")


@app.command(epilog="Example: `vestiary demo --port 8765`, then `scrapy crawl zara -a config=configs/demo.toml`")
def demo(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8765) -> None:
    """Serve the three demo shops on loopback until Ctrl-C."""
    from demo.server import running

    with running(port) as gateway:
        console.print(f"The demo shops listen at {gateway} (a forward proxy; nothing leaves this machine).")
        console.print(f"  look at one:   curl --proxy {gateway} http://www.zara.test/us/en/")
        console.print("  Ctrl-C stops them.")
        while True:
            time.sleep(3600)


@app.command(epilog="Example: `vestiary curate data/demo --config configs/demo.toml`")
def curate(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Bring what was crawled into images.parquet: inspect, find duplicates, group; then screen and split.

    Screening reads the labels of the screening model, so where those are missing the command says how to make them.
    """
    from curation.run import candidates, screen_and_split
    from curation.run import curate as run
    from densepose_labeler.job import label as label_images

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    with Progress(console) as progress:
        run(root, settings.curation, progress)
        screening = (settings.label.screening_model,)
        label_images(root, screening, settings.label, image_ids=candidates(root), progress=progress)
    screen_and_split(root, settings.curation)
    _print_counts(root)


@app.command(epilog="Example: `vestiary label data/demo --models embedded --split eval`")
def label(
    dataset_path: DatasetArgument = None,
    models: Annotated[
        str,
        typer.Option("--models", "-m", help="Label sets, separated by commas; `all`, or a pattern such as `R_50*`."),
    ] = "",
    split: Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")] = None,
    config_path: ConfigOption = None,
) -> None:
    """Label a dataset's images with one or several DensePose models. Resumable; finished images are skipped."""
    from densepose_labeler import zoo
    from densepose_labeler.index import build_index
    from densepose_labeler.job import label as run

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    chosen = _matching(models, [*zoo.load(), *settings.label.sets]) if models else settings.label.models
    with Progress(console) as progress:
        summary = run(root, chosen, settings.label, split=split, progress=progress)
    build_index(root)
    table = Table("label set", "up to date", "ok", "no person", "error", "persons")
    for one in summary.sets:
        row = (one.up_to_date, one.ok, one.no_person, one.error, one.persons)
        table.add_row(one.name, *(str(value) for value in row))
    console.print(table)


@app.command(epilog="Example: `vestiary export data/demo out --layout viton-hd --split eval`")
def export(
    dataset_path: Annotated[Path, typer.Argument(help="Dataset directory.")],
    target: Annotated[Path, typer.Argument(help="Folder to write to.")],
    layout: Annotated[str, typer.Option("--layout", "-l", help="viton-hd, viridis, catvton or iuv.")] = "viton-hd",
    model: Annotated[str, typer.Option("--model", "-m", help="Label set.")] = "embedded",
    split: Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")] = None,
) -> None:
    """Write label pictures in a layout that other projects read. Pictures that are there already are left alone."""
    import manifests
    from manifests.exports import export as run

    with Progress(console) as progress:
        done = run(manifests.open(dataset_path), model, layout, target, split, progress)  # type: ignore[arg-type]
    console.print(
        f"{done.written} pictures written to {target}, {done.present} were there, {done.unlabelled} have no label; "
        f"part indices can be read back from {done.readable:.2%} of the foreground."
    )


@models_app.callback(invoke_without_command=True, epilog="Example: `vestiary models`")
def models(context: typer.Context) -> None:
    """List the DensePose models: whether their weights are here, and what was published of them."""
    from densepose_labeler import zoo

    if context.invoked_subcommand is not None:
        return
    table = Table("model", "weights", "box AP", "DensePose AP (GPS)", "measured on", title="DensePose models")
    for name, spec in zoo.load().items():
        published = spec.metrics
        figures = (
            (published.box_ap, published.densepose_ap_gps, published.dataset) if published else ("", "", "model card")
        )
        table.add_row(
            name,
            "here" if _has_weights(spec) else "not here",
            *("" if figure is None else str(figure) for figure in figures),
        )
    console.print(table)
    console.print("COCO minival (people) and Chimps are different tests: compare figures within one of them only.")


@models_app.command(epilog="Example: `vestiary models fetch R_50_FPN_s1x R_101_FPN_DL_s1x`")
def fetch(names: Annotated[list[str], typer.Argument(help="Models, patterns, or `all`.")]) -> None:
    """Download published weights into the cache, resumed where a transfer broke off, and verify them."""
    from densepose_labeler import downloads, zoo

    known = zoo.load()
    published = [name for name, spec in known.items() if spec.url is not None]
    for name in _matching(",".join(names), published, "NAMES"):
        with Progress(console, unit="MB") as progress:

            def show(done: int, total: int | None, name: str = name, progress: Progress = progress) -> None:
                progress(name, done // 1_000_000, (total or done) // 1_000_000)

            path = downloads.fetch(known[name], show)
        console.print(f"{name}: {path}")


@split_app.command("verify", epilog="Example: `vestiary split verify data/demo`")
def verify(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Draw the splits again from the images, compare, and prove that nothing leaks between them."""
    from curation.split_files import verify as run

    root = dataset_path or config.load(config_path or config.default_path()).dataset.path
    report = run(root)
    table = Table("source", "gender", "wanted", "taken", title="Evaluation split")
    for quota in report.quotas:
        table.add_row(quota.source, quota.gender or "any", str(quota.count), str(quota.filled))
    console.print(table)
    sizes = ", ".join(f"{name} {count}" for name, count in report.images.items())
    console.print(f"[green]verified[/green]: the files are what the images and the seed give ({sizes});")
    console.print(f"  groups in several splits: {report.straddling_groups}")
    console.print(f"  smallest perceptual-hash distance of eval to the rest: {report.smallest_distance} of 64 bits")


def _matching(names: str, known: list[str], parameter: str = "--models") -> tuple[str, ...]:
    """Label sets by comma-separated names and patterns; `all` is every one."""
    from fnmatch import fnmatchcase

    if names == "all":
        return tuple(known)
    chosen: list[str] = []
    for wanted in (name.strip() for name in names.split(",")):
        found = [name for name in known if fnmatchcase(name, wanted)]
        if not found:
            import difflib

            near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.3)
            hint = f"did you mean {near[0]!r}?" if near else "`vestiary models` lists them"
            raise typer.BadParameter(f"no model or label set {wanted!r}; {hint}", param_hint=parameter)
        chosen += [name for name in found if name not in chosen]
    return tuple(chosen)


def _has_weights(spec: ModelSpec) -> bool:
    from densepose_labeler import checkpoints

    try:
        return checkpoints.weights_path(spec).is_file()
    except checkpoints.WeightsMissing:
        return False


def _print_counts(root: Path) -> None:
    import pyarrow.parquet as pq

    frame = pq.read_table(root / "images.parquet", columns=["source", "gender", "status", "reason"]).to_pandas()
    table = Table("source", "gender", "status", "reason", "images")
    for key, count in frame.fillna("").groupby(["source", "gender", "status", "reason"]).size().items():
        table.add_row(*(str(value) for value in key), str(count))
    console.print(table)
