"""`vestiary split`: what there is to know of a dataset's splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console

if TYPE_CHECKING:
    from curation.verification import Verification

app = typer.Typer(no_args_is_help=True, help="Prove a dataset's splits, and freeze what was published.")


@app.callback()
def _group() -> None:
    """Prove a dataset's splits, and freeze what was published."""


@app.command("verify", epilog="Example: `vestiary split verify data/demo`")
def verify(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Prove from scratch that the splits are what was promised and that nothing leaks between them.

    The lists of ids are counted against images.parquet, the splits are drawn again and compared, and the pictures of
    the evaluation split are read again. With --config, its quotas and seed must be those of the splits, too.
    """
    from curation.verification import verify as run

    settings = config.load(config_path or config.default_path()) if config_path or not dataset_path else None
    root = dataset_path or (settings or config.load(config.default_path())).dataset.path
    found = run(root, settings.curation.split if settings else None)
    quotas = Table("stratum", "wanted", "taken", title="Evaluation split")
    for quota in found.proof.quotas:
        quotas.add_row(quota.name, str(quota.count), str(quota.filled))
    if found.proof.quotas:
        console.print(quotas)
    sizes = ", ".join(f"{name} {count}" for name, count in found.proof.images.items())
    console.print(f"[green]verified[/green]: the files are what the images and the seed give ({sizes})")
    for line in _lines(found):
        console.print(f"  {line}")


@app.command("freeze", epilog="Example: `vestiary split freeze data/demo`, before the evaluation split is published")
def freeze(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Keep the evaluation split as it is, for good: proved once more, then noted in splits/eval.frozen.json.

    From then on it is not drawn again, its images are never dropped, and their groups join no other split.
    """
    from curation.split_files import freeze_eval
    from curation.verification import verify as run

    root = dataset_path or config.load(config_path or config.default_path()).dataset.path
    run(root)
    frozen = freeze_eval(root / "splits")
    console.print(f"frozen: {len(frozen.image_ids)} images of {root / 'splits' / 'eval.frozen.json'}")


def _lines(found: Verification) -> list[str]:
    proof, settings = found.proof, found.settings
    lines = [
        f"ids that are not kept, or stand twice: {len(proof.absent) + len(proof.repeated)}",
        f"groups in several splits: {len(proof.shared_groups)}",
        f"products, styles or shop pictures in several splits: {len(proof.shared_products)}",
        f"images that belong together in several groups: {len(proof.parted)}",
        f"smallest perceptual-hash distance of eval to the rest: {_distance(found)}",
        f"pairs within {settings.hamming_radius} bits, looked at and of other colours: {found.lookalikes}",
        f"pictures read again and found as stated: {found.pictures}",
    ]
    short = [quota for quota in proof.quotas if quota.missing]
    if short and settings.split.allow_short:
        lines.append(f"[yellow]a shortage was allowed[/yellow]: {', '.join(quota.name for quota in short)}")
    if settings.frozen is not None:
        vanished = len(settings.frozen.image_ids) - proof.images["eval"]
        lines.append(f"frozen: {len(settings.frozen.image_ids)} images, of which {vanished} have vanished")
    return lines


def _distance(found: Verification) -> str:
    if not found.proof.closest:
        return "nothing to compare"
    closest = found.proof.closest[0]
    return f"{closest.distance} of 64 bits ({closest.image_id[:12]} and {closest.other_id[:12]})"
