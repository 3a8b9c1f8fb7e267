from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from demo.catalogue import PICTURES, Catalogue, load
from demo.gateway import Gateway


def test_there_is_enough_of_everything(catalogue: Catalogue, shops: Gateway) -> None:
    assert len(catalogue.products) >= 36
    departments = Counter((product.shop, product.gender) for product in catalogue.products)
    assert set(departments) == {(s, g) for s in ("zara", "zalando", "farfetch") for g in ("women", "men")}
    for department in departments:
        kinds = {p.category for p in catalogue.products if (p.shop, p.gender) == department}
        assert len(kinds) >= 2
    assert len({photo.key for product in catalogue.products for photo in product.photos}) >= 120
    for shop in shops.shops:
        assert len(set(shop.photos)) == len(list(shop.photos))


def test_no_two_products_or_pictures_share_a_name(catalogue: Catalogue, shops: Gateway) -> None:
    photos = [photo.key for product in catalogue.products for photo in product.photos]
    assert len(photos) == len(set(photos))
    urls = shops.urls()
    assert len(urls) == len(set(urls))


def test_every_product_is_worn_by_somebody(catalogue: Catalogue) -> None:
    assert all(product.worn for product in catalogue.products)


def test_the_listing_tells_the_size_of_every_picture(catalogue: Catalogue) -> None:
    for product in catalogue.products:
        for photo in product.photos:
            if not photo.planted:
                with Image.open(catalogue.pictures / photo.file) as image:
                    assert (image.format, image.size) == ("JPEG", (photo.width, photo.height))


def test_missing_pictures_are_named(tmp_path: Path, pictures: Path) -> None:
    shutil.copy(PICTURES / "pictures.json", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"zara-women-midi-dress-ecru-front\.jpg.*restore demo/pictures"):
        load(tmp_path)
    assert load(tmp_path, with_files=False).products == load(pictures).products
