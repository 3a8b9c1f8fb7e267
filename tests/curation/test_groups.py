from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from curation.groups import DisjointSets, mark_groups
from curation.neighbours import Neighbours
from curation.records import ImageRecord
from manifests.reasons import ImageReason
from tests.curation.conftest import record, relaxed


def grouped(*images: ImageRecord) -> dict[str, str]:
    return {one.image_id: one.group_id for one in mark_groups(images, Neighbours(images, 4, 5.0))}


def far(number: int) -> int:
    return 0xFF << 8 * number


def test_product_and_style_join_within_a_source() -> None:
    found = grouped(
        record("f", phash=far(0), product="1"),
        record("b", phash=far(1), product="1", style="s"),
        record("c", phash=far(2), product="2", style="s"),
        record("a", phash=far(3), product="1", style="s", source="farfetch"),
        record("d", phash=far(4), product="s"),  # a product named like the style is not the style
        record("e", phash=far(5)),
    )
    assert found == {"f": "b", "b": "b", "c": "b", "a": "a", "d": "d", "e": "e"}


def test_near_duplicates_join_across_sources_and_in_a_chain() -> None:
    found = grouped(
        record("a", phash=0),
        record("b", phash=0b111, source="zalando"),
        record("c", phash=0b111111, source="farfetch"),  # near b, not near a
    )
    assert set(found.values()) == {"a"}


def test_other_colours_join_within_half_the_radius() -> None:
    white = bytes([255] * 432)
    assert set(grouped(record("a"), record("b", phash=0b11, colours=white)).values()) == {"a"}
    assert grouped(record("a"), record("b", phash=0b111, colours=white)) == {"a": "a", "b": "b"}
    # One member in the same colours is enough to join two hashes.
    three = grouped(record("a"), record("b", phash=0b111, colours=white), record("c", phash=0b111))
    assert set(three.values()) == {"a"}


def test_images_without_facts_stay_alone() -> None:
    assert grouped(record("a", phash=far(0)), record("b", phash=far(1))) == {"a": "a", "b": "b"}


def test_dropped_images_join_their_product() -> None:
    tiny = replace(record("a", phash=None, product="1"), reason=ImageReason.UNDECODABLE)
    assert grouped(record("b", product="1"), tiny) == {"b": "a", "a": "a"}


def test_every_sighting_counts() -> None:
    one, other = record("b", phash=far(1), product="1"), record("b", product="2")
    both = replace(one, sightings=one.sightings + other.sightings)
    found = grouped(record("a", phash=far(0), product="1"), both, record("c", phash=far(2), product="2"))
    assert set(found.values()) == {"a"}


@relaxed
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_disjoint_sets_are_connected_components(edges: list[tuple[int, int]]) -> None:
    sets = DisjointSets(20)
    component = {node: {node} for node in range(20)}
    for one, other in edges:
        sets.join(one, other)
        joined = component[one] | component[other]
        component |= dict.fromkeys(joined, joined)
    for one in range(20):
        assert {other for other in range(20) if sets.find(other) == sets.find(one)} == component[one]
