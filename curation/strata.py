"""Strata: which rows of images.parquet an eval quota speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.config import EvalQuota


def strata(images: pa.Table, quotas: Sequence[EvalQuota]) -> list[int | None]:
    """For every row the index of the quota that it fits, None if it fits none. Quotas do not overlap."""
    found = np.full(len(images), -1)
    for index, quota in enumerate(quotas):
        found[members(images, quota.stratum)] = index
    return [None if one < 0 else one for one in found.tolist()]


def members(images: pa.Table, stratum: Mapping[str, str | int | bool]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """bool [rows]: whose columns all have the stratum's values; a null is no value."""
    fits = np.ones(len(images), bool)
    for column, value in stratum.items():
        equal = pc.fill_null(pc.equal(images[column], value), False)
        fits &= equal.to_numpy(zero_copy_only=False) if len(images) else fits
    return fits
