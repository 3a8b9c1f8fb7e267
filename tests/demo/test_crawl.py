"""The project's spiders find in the demo shops what is there, and what is planted becomes what planted.json says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo import farfetch_data, zalando, zara_listing
from demo.catalogue import Catalogue
from demo.expectations import NEVER, Picture, expectations, inventory
from manifests.ledger import Fetch, Ledger, Sighting
from scrapers.browser import find_chromium

LEAVES = {
    "zara": [(c.path, c.gender, c.slug) for c in zara_listing.CATEGORIES],
    "zalando": [(c.path, c.gender, c.title) for c in zalando.LISTINGS if c.holds is not None],
    "farfetch": [(c.path, c.gender, c.name) for c in farfetch_data.CATEGORIES],
}
HOSTS = {
    "zara": ("www.zara.test", "static.zara.test", "us/en"),
    "zalando": ("www.zalando.test", "img01.zalando.test", ""),
    "farfetch": ("www.farfetch.test", "cdn-images.farfetch.test", ""),
}


def configuration(folder: Path, gateway: str, browser: str, categories: dict[str, list[tuple[str, str, str]]]) -> Path:
    lines = [f"[dataset]\npath = {json.dumps(str(folder / 'data'))}"]
    lines.append(f'[crawl]\ngateway = "{gateway}"\ndelay_seconds = 0.0\nbrowser = "{browser}"')
    for shop, listings in categories.items():
        host, image_host, market = HOSTS[shop]
        lines.append(f'[crawl.shops.{shop}]\nbase_url = "http://{host}"\nimage_hosts = ["{image_host}"]')
        lines.append(f'market = "{market}"\nsynthetic = true\ncategories = [')
        lines += [
            f"{{ path = {json.dumps(path)}, gender = {json.dumps(gender)}, category = {json.dumps(name)} }},"
            for path, gender, name in listings
        ]
        lines.append("]")
    path = folder / "config.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def crawl(shop: str, config: Path, root: Path, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VESTIARY_")}
    environment["SCRAPY_SETTINGS_MODULE"] = "scrapers.settings"
    command = [sys.executable, "-m", "scrapy", "crawl", shop, "-a", f"config={config}", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, gateway_url: str, root: Path) -> Path:
    """The ledger of all three shops' categories, crawled without a browser."""
    folder = tmp_path_factory.mktemp("crawl")
    config = configuration(folder, gateway_url, "never", LEAVES)
    for shop in LEAVES:
        crawl(shop, config, root)
    return folder / "data" / "crawl.sqlite"


@pytest.fixture(scope="module")
def fetches(crawled: Path) -> list[Fetch]:
    with Ledger(crawled) as ledger:
        return ledger.fetches()


@pytest.fixture(scope="module")
def sighted(crawled: Path, catalogue: Catalogue) -> list[tuple[Sighting, Picture | None]]:
    """Every sighting with the picture of the demo's own books; None for a film."""
    pictures = inventory(catalogue)
    with Ledger(crawled) as ledger:
        return [
            (sighting, next((p for p in pictures if sighting.image_url.startswith(p.url_prefix)), None))
            for sighting, _ in ledger.sightings()
        ]


def test_a_limit_holds_over_all_categories(tmp_path: Path, gateway_url: str, root: Path) -> None:
    config = configuration(tmp_path, gateway_url, "never", {"zara": LEAVES["zara"]})
    crawl("zara", config, root, "-a", "limit=3")
    with Ledger(tmp_path / "data" / "crawl.sqlite") as ledger:
        assert len({sighting.product_id for sighting, _ in ledger.sightings()}) == 3


def test_a_sitemap_leads_to_every_product_in_every_colour(
    tmp_path: Path, gateway_url: str, root: Path, catalogue: Catalogue
) -> None:
    config = configuration(tmp_path, gateway_url, "never", {"zara": LEAVES["zara"]})
    crawl("zara", config, root, "-a", "sitemap=robots")
    with Ledger(tmp_path / "data" / "crawl.sqlite") as ledger:
        pages = {sighting.page_url for sighting, _ in ledger.sightings()}
        assert len(ledger.fetches(kind="sitemap")) == 2, "the index, and the one part that lists products"
    assert pages == {picture.page for picture in inventory(catalogue) if picture.product.shop == "zara"}


def test_every_picture_is_sighted_and_nothing_else(
    sighted: list[tuple[Sighting, Picture | None]], catalogue: Catalogue
) -> None:
    films = [entry.url_prefixes[0] for entry in expectations(catalogue) if entry.kind == "video"]
    strangers = [sighting.image_url for sighting, picture in sighted if picture is None]
    assert [url for url in strangers if not any(url.startswith(film) for film in films)] == []
    assert {p.url_prefix for _, p in sighted if p} == {p.url_prefix for p in inventory(catalogue)}


def test_every_picture_is_attributed_to_its_product(sighted: list[tuple[Sighting, Picture | None]]) -> None:
    products: dict[str, set[str]] = {}
    styles: dict[str, set[str]] = {}
    for sighting, picture in sighted:
        if picture is None:
            continue
        product = picture.product
        assert (sighting.source, sighting.gender, sighting.synthetic) == (product.shop, product.gender, True)
        assert sighting.colour.lower() == product.colour and product.title.lower() in sighting.title.lower()
        if product.shop != "farfetch":  # whose data say nothing of the view
            assert sighting.view == picture.photo.kind, sighting.image_url
            styles.setdefault(product.style, set()).add(sighting.style_id)
        products.setdefault(product.key, set()).add(sighting.product_id)
    assert all(len(names) == 1 for names in products.values())
    assert len({name for names in products.values() for name in names}) == len(products)
    assert all(len(names) == 1 for names in styles.values())


def test_what_is_planted_has_the_outcome_that_is_listed(fetches: list[Fetch], catalogue: Catalogue) -> None:
    for entry in expectations(catalogue):
        outcomes = {f.outcome for f in fetches for prefix in entry.url_prefixes if f.url.startswith(prefix)}
        if entry.fetch == NEVER or not (entry.required or outcomes):
            assert outcomes == set(), (entry.kind, entry.url_prefixes)
        else:
            assert outcomes == {entry.fetch}, (entry.kind, entry.url_prefixes)


def test_one_fetch_serves_a_product_in_two_categories(fetches: list[Fetch], catalogue: Catalogue) -> None:
    pages = [fetch.url for fetch in fetches if fetch.kind == "page" and fetch.outcome == "ok"]
    for product in catalogue.products:
        page = next(p.page for p in inventory(catalogue) if p.product is product)
        assert len([url for url in pages if url.split("&")[0] == page]) == 1, page


def test_the_same_bytes_are_one_image(fetches: list[Fetch], catalogue: Catalogue) -> None:
    for entry in expectations(catalogue):
        if entry.same_image_as:
            images = {f.image_id for f in fetches if f.url.startswith((entry.url_prefixes[0], entry.same_image_as))}
            assert len(images) == 1 and None not in images


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
def test_a_browser_finds_the_tiles_that_a_script_paints(
    tmp_path: Path, gateway_url: str, root: Path, catalogue: Catalogue
) -> None:
    wholes = [(c.path, c.gender, c.title) for c in zalando.LISTINGS if c.holds is None]
    found = {}
    for browser in ("never", "always"):
        folder = tmp_path / browser
        folder.mkdir()
        crawl("zalando", configuration(folder, gateway_url, browser, {"zalando": wholes}), root)
        with Ledger(folder / "data" / "crawl.sqlite") as ledger:
            found[browser] = {sighting.product_id for sighting, _ in ledger.sightings()}
    assert len(found["never"]) == 2 * (zalando.SERVED_TILES + 1)
    assert len(found["always"]) == len(catalogue.of("zalando"))
