"""Which models are alike: a tree by how much their part maps differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage, to_tree
from scipy.spatial.distance import squareform

from densepose_labeler.compare.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Likeness:
    """A dendrogram.

    Attributes:
        order: models from top to bottom, so that no branches cross.
        branches: for every junction, from the closest to the farthest: the mean difference at which it lies, the
            heights (0, 1, ... for the models in `order`) of its two arms, and the differences where these begin.
    """

    order: tuple[str, ...]
    branches: tuple[tuple[float, float, float, float, float], ...]


def likeness(agreement: Agreement) -> Likeness:
    """Average linkage (UPGMA) on the mean difference of two models' part maps over the images both have labelled.

    Models that share no image are taken to differ altogether.
    """
    counts = np.isfinite(agreement.difference).sum(axis=0)
    mean = np.where(counts > 0, np.nansum(agreement.difference, axis=0) / np.maximum(counts, 1), 1.0)
    np.fill_diagonal(mean, 0)
    tree = linkage(squareform(mean, checks=False), "average", optimal_ordering=True)
    leaves = to_tree(tree).pre_order()
    place = {leaf: float(position) for position, leaf in enumerate(leaves)}
    depth = dict.fromkeys(range(len(leaves)), 0.0)
    branches = []
    for number, (one, other, difference, _) in enumerate(tree.tolist()):
        joined, one, other = len(leaves) + number, int(one), int(other)
        branches.append((difference, place[one], place[other], depth[one], depth[other]))
        place[joined], depth[joined] = (place[one] + place[other]) / 2, difference
    return Likeness(tuple(agreement.models[leaf] for leaf in leaves), tuple(branches))
