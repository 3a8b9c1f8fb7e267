from __future__ import annotations

from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from curation import table
from curation.colours import colour_distance
from curation.config import CurationConfig
from curation.groups import mark_groups
from curation.neighbours import Neighbours
from curation.proof import prove
from curation.records import ImageRecord
from curation.split_files import Settings, draw_splits
from tests.curation.conftest import record

RADIUS, COLOURS = 8, 5.0
QUOTAS = ({"source": "a", "view": "unknown"}, {"source": "b"}, {"source": "c", "synthetic": False})


def random_dataset(random: Random) -> list[ImageRecord]:
    """A few shops' worth of products, styles and pictures that resemble each other more or less."""
    bases = [random.getrandbits(64) for _ in range(random.randint(1, 8))]
    paints = [bytes([shade] * 432) for shade in (40, 120, 200)]
    images = []
    for number in range(random.randint(0, 24)):
        bits = random.sample(range(64), random.choice((0, 0, 1, 3, 5, 7, 12)))
        images.append(
            record(
                f"{number:064}",
                phash=random.choice(bases) ^ sum(1 << bit for bit in bits) if random.random() < 0.6
                else random.getrandbits(64),
                colours=random.choice(paints),
                product=random.choice(("", "", "p1", "p2", "p3")),
                style=random.choice(("", "", "", "s1")),
                source=random.choice("abcd"),
            )
        )  # fmt: skip
    return list(mark_groups(images, Neighbours(images, RADIUS, COLOURS)))


def must_not_be_parted(one: ImageRecord, other: ImageRecord) -> bool:
    here, there = one.sightings[0].sighting, other.sightings[0].sighting
    if here.source == there.source:
        if here.product_id and here.product_id == there.product_id:
            return True
        if here.style_id and here.style_id == there.style_id:
            return True
    a, b = one.inspection, other.inspection
    assert a.phash is not None and b.phash is not None and a.colours is not None and b.colours is not None
    bits = (a.phash ^ b.phash).bit_count()
    return bits <= RADIUS // 2 or (bits <= RADIUS and colour_distance(a.colours, b.colours) <= COLOURS)


def most(images: list[ImageRecord], counts: list[int]) -> int:
    """How many images of the quotas one could take at the very best, one a group."""
    places = [stratum["source"] for stratum, count in zip(QUOTAS, counts, strict=True) for _ in range(count)]
    groups = sorted({image.group_id for image in images})
    there = {(image.group_id, image.sightings[0].sighting.source) for image in images}
    fits = np.array([[(group, place) in there for place in places] for group in groups], int)
    return int((maximum_bipartite_matching(csr_matrix(fits)) >= 0).sum()) if fits.size else 0


def test_a_thousand_datasets_never_leak_and_are_filled_as_far_as_they_can_be() -> None:
    drawn_images = 0
    for seed in range(1000):
        random = Random(seed)
        images = random_dataset(random)
        counts = [random.randint(1, 4) for _ in QUOTAS]
        quotas = [{**stratum, "count": count} for stratum, count in zip(QUOTAS, counts, strict=True)]
        config = CurationConfig.model_validate(
            {"split": {"eval": quotas, "validation": 0.4, "seed": seed % 3, "allow_short": True}}
        )
        splits, proof = draw_splits(table.to_table(images), Settings.of(config, None))
        assert proof.failures(allow_short=True) == [], seed
        assert sum(one.filled for one in proof.quotas) == len(splits["eval"]) == most(images, counts), seed
        assert all(one.filled <= one.count for one in proof.quotas)
        by_id = {image.image_id: image for image in images}
        for name, other in combinations(splits, 2):
            for one, two in product(splits[name], splits[other]):
                assert not must_not_be_parted(by_id[one], by_id[two]), (seed, one, two)
        for one, two in combinations(splits["eval"], 2):
            assert not must_not_be_parted(by_id[one], by_id[two]), (seed, one, two)
        drawn_images += len(splits["eval"])
    assert drawn_images > 3000


def test_every_kind_of_failure_has_a_line() -> None:
    images = [
        record("a", phash=0, product="p"), record("b", phash=2**40 - 1, product="p"), record("c", phash=7),
        record("d", phash=2**50 - 1),
    ]  # fmt: skip
    rows = table.to_table(one for one in mark_groups(images, Neighbours(images, 0, 5.0)))
    proof = prove(
        {"eval": ["a", "gone"], "train": ["b", "c", "d", "d"]}, rows, [({"source": "zara"}, 1), ({"source": "x"}, 1)], 8
    )
    assert proof.failures() == [
        "x: 0 of 1 images",
        "1 ids that images.parquet does not keep: gone",
        "1 ids that stand twice: d",
        "1 groups in several splits: a",
        "1 products, styles or pictures in several splits: zara product p",
        "1 images that belong together in several groups: ('a', 'c')",
    ]
    assert proof.failures(allow_short=True) == proof.failures()[1:]
    assert [(one.distance, one.image_id, one.other_id) for one in proof.closest] == [(3, "a", "c")]


@pytest.mark.parametrize("frozen", [False, True])
def test_two_images_of_one_group_are_allowed_to_a_frozen_split_alone(frozen: bool) -> None:
    images = [record("a", phash=0, product="p"), record("b", phash=2**40 - 1, product="p")]
    rows = table.to_table(mark_groups(images, Neighbours(images, 8, 5.0)))
    proof = prove({"eval": ["a", "b"]}, rows, [], 8)
    assert proof.failures(frozen=frozen) == ([] if frozen else ["1 groups with several images in eval: a"])
