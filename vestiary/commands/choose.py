"""`vestiary choose`: what follows from the experts' verdicts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, MadeOption, SplitOption, console, matching
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary choose data/fashion --split eval --write`")
def choose(
    dataset_path: DatasetArgument = None,
    models: MadeOption = "all",
    split: SplitOption = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the first choice into the configuration as [label] models.")
    ] = False,
    config_path: ConfigOption = None,
) -> None:
    """The model or models for this dataset, with the reasons, from what was judged with `vestiary review`."""
    from densepose_labeler.compare.timing import median_seconds
    from densepose_labeler.review.choice import choose as run
    from densepose_labeler.review.opening import labelled_sets, open_session

    path = config_path or config.default_path()
    root = dataset_path or config.load(path).dataset.path
    with Progress(console) as progress:
        session = open_session(root, matching(models, labelled_sets(root)), split, progress=progress)
    if not session.count():
        console.print("Nothing has been judged yet: `vestiary review` is where an expert does.")
        raise typer.Exit(1)
    shown: Counter[str] = Counter()
    for one in session.judgments:
        shown.update((one.model_left, one.model_right))
    standing = session.standing()
    choices = run(standing, shown, median_seconds(root))
    table = Table("model", "why")
    for choice in choices:
        table.add_row(choice.model, "\n".join(choice.reasons))
    console.print(table)
    if len(choices) > 1:
        console.print("These cannot be told apart by what was judged; the quickest stands first.")
    if write:
        _write(path, choices[0].model)


def _write(path: Path, model: str) -> None:
    """Set `models` of the [label] section, leaving everything else of the file as it is."""
    import tomlkit

    from manifests import atomic

    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document.setdefault("label", tomlkit.table())["models"] = [model]
    atomic.write_text(path, tomlkit.dumps(document))
    console.print(f"{path}: [label] models = [{model!r}]", markup=False, soft_wrap=True)
