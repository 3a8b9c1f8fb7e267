"""Freezing: an evaluation split that was published stays what it is.

`splits/eval.frozen.json` names its images. From then on the split is not drawn: what it names stays in it, a better
copy found later does not push it out, other thresholds do not drop it, and whatever later turns out to belong to one
of its groups joins no split. An image that is gone is reported, never replaced.
The file is plain, so it can be taken along: in the `splits` of a new dataset it brings the published split there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.errors import CurationError
from manifests import atomic

_NAME = "eval.frozen.json"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen evaluation split.

    Attributes:
        image_ids: sorted.
        quotas: the eval quotas it was drawn by, as the configuration writes them.
        seed: it was drawn by.
    """

    image_ids: tuple[str, ...]
    quotas: tuple[Mapping[str, Any], ...]
    seed: int


def read(splits: Path) -> Frozen | None:
    """The frozen split of a dataset's `splits` directory, if there is one.

    Raises:
        CurationError: the file is damaged.
    """
    path = splits / _NAME
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
        ids = tuple(str(one) for one in told["image_ids"])
        frozen = Frozen(ids, tuple(told["quotas"]), int(told["seed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CurationError(f"{path} is damaged ({error}): restore it from where the split was published") from error
    if list(ids) != sorted(set(ids)):
        raise CurationError(f"{path} is damaged (its ids are not sorted, or not distinct): restore it")
    return frozen


def write(splits: Path, image_ids: Sequence[str], quotas: Sequence[Mapping[str, Any]], seed: int) -> Frozen:
    """Freeze these images; freezing the same once more does nothing.

    Raises:
        CurationError: other images are frozen already.
    """
    wanted = Frozen(tuple(sorted(image_ids)), tuple(quotas), seed)
    present = read(splits)
    if present is not None:
        if set(wanted.image_ids) <= set(present.image_ids):
            return present  # some may have vanished since
        raise CurationError(
            f"{splits / _NAME} freezes another evaluation split; remove the file if that one is not to be kept"
        )
    if not wanted.image_ids:
        raise CurationError("the evaluation split is empty: there is nothing to freeze")
    told = {"split": "eval", "seed": seed, "quotas": list(quotas), "image_ids": list(wanted.image_ids)}
    atomic.write_text(splits / _NAME, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return wanted
