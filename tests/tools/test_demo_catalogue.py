"""What the demo shops sell is complete enough to be a shop, and the list of pictures follows from it."""

from collections import Counter
from pathlib import Path

import pytest

from tools.demo_pictures import catalogue

COLOURS, PICTURES = catalogue.read()


def test_every_shop_has_both_genders_in_several_categories() -> None:
    for shop in ("zara", "zalando", "farfetch"):
        for gender in ("women", "men"):
            own = [p.style for p in PICTURES if (p.style.shop, p.style.gender) == (shop, gender)]
            assert len({style.category for style in own}) >= 2


def test_enough_people_enough_of_them_by_cycles() -> None:
    people = [p for p in PICTURES if p.kind == "model"]
    renderers = Counter(p.renderer for p in people)
    assert len({p.name for p in people}) >= 64
    assert renderers["cycles"] >= 26
    assert all(p.size[0] >= 576 and p.size[1] >= 768 for p in PICTURES)
    assert sum(p.kind == "packshot" for p in PICTURES) >= 35


def test_styles_in_two_colours_share_their_seed() -> None:
    colours: dict[str, set[str]] = {}
    for picture in PICTURES:
        colours.setdefault(picture.style.key, set()).add(picture.colour)
    assert sum(len(c) > 1 for c in colours.values()) >= 4
    seeds = {(p.style.key, p.style.seed) for p in PICTURES}
    assert len(seeds) == len(colours) == len({seed for _, seed in seeds})


def test_another_seed_gives_other_people_under_the_same_names() -> None:
    _, other = catalogue.read(seed=8)
    assert [p.name for p in other] == [p.name for p in PICTURES]
    assert all(a.style.seed != b.style.seed for a, b in zip(PICTURES, other, strict=True))


def test_a_wrong_word_is_named(tmp_path: Path) -> None:
    text = catalogue.CATALOGUE.read_text("utf-8")
    wrong = tmp_path / "catalogue.toml"
    wrong.write_text(text.replace('raster = ["crop"]', 'raster = ["sideways"]', 1), "utf-8")
    with pytest.raises(ValueError, match="sideways"):
        catalogue.read(wrong)
    wrong.write_text(text.replace('name = "ecru"', 'name = "ekru"', 1), "utf-8")
    with pytest.raises(ValueError, match="ekru"):
        catalogue.read(wrong)
