from __future__ import annotations

from collections import Counter
from dataclasses import replace

from manifests.reasons import Gender, View
from scrapers.items import ImageRef
from scrapers.tally import Tally
from tests.scrapers.test_memory import ITEM


def test_products_fields_and_pictures_are_counted() -> None:
    counts: Counter[str] = Counter()
    tally = Tally(counts)
    tally.add(ITEM, Gender.MEN)
    tally.add(replace(ITEM, product_id="2", gender=Gender.UNKNOWN, price="", colour="", images=()), Gender.WOMEN)
    assert counts["products"] == 2 and counts["products:described"] == 1
    assert counts["field:title"] == 2 and counts["field:gender"] == counts["field:price"] == counts["field:colour"] == 1
    assert (counts["pictures"], counts["films"], counts["pictures:unknown_view"]) == (1, 1, 0)


def test_another_department_than_the_category_is_counted_and_unisex_is_none() -> None:
    counts: Counter[str] = Counter()
    for gender, expected in (
        (Gender.MEN, Gender.WOMEN), (Gender.UNKNOWN, Gender.WOMEN), (Gender.UNISEX, Gender.MEN), (None, Gender.MEN),
        (Gender.MEN, Gender.UNKNOWN),
    ):  # fmt: skip
        Tally(counts).add(replace(ITEM, gender=gender), expected)
    assert counts["products:other_department"] == 2, "another one, and kids among women's"


def test_a_picture_seen_with_another_style_repeats_and_with_another_colour_does_not() -> None:
    counts: Counter[str] = Counter()
    tally = Tally(counts)
    image = ImageRef("http://i.test/a.jpg", "k", View.UNKNOWN, 0)
    for style, key in (("s", "k"), ("s", "k"), ("t", "k"), ("t", "l")):
        tally.add(replace(ITEM, style_id=style, images=(replace(image, image_key=key),)))
    assert counts["pictures:repeated"] == 1 and counts["pictures:unknown_view"] == 4
