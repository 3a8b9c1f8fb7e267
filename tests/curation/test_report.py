from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from curation.config import CurationConfig
from curation.report import NAME, page, write
from curation.report.contents import CLUSTER_SIZE, gather
from curation.report.thumbnails import Thumbnails
from curation.run import candidates, curate, screen_and_split
from manifests.ledger import Sighting
from manifests.reasons import Gender, View
from scrapers.browser import find_chromium
from tests.curation.conftest import collect_into, encode, person, scene, write_labels

HOSTILE = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve products, eight copies of one picture, a packshot, somebody's feet, and bytes that are no picture."""
    root = tmp_path_factory.mktemp("report") / "set"
    pictures = {f"u{n}": encode(scene(n, (96, 120))) for n in range(12)}
    pictures |= {f"copy{q}": encode(scene(0, (96, 120)), quality=q) for q in range(72, 88, 2)}
    pictures["broken"] = b"\xff\xd8\xff\xe0 no more"
    pages = {  # of pictures that are dropped, and so shown
        "u7": "https://shop.test/p?a=1&b=<2>", "u8": "javascript:alert(1)", "u9": "file:///etc/passwd",
        "copy72": HOSTILE, "broken": "http://[broken",
    }  # fmt: skip
    sightings = [
        Sighting(
            source="zara" if n % 2 else "zalando",
            page_url=pages.get(url, ""),
            image_url=url,
            image_key=url,
            position=n,
            product_id=url if url.startswith("u") else "u0",
            gender=Gender.MEN if n % 4 < 2 else Gender.WOMEN,
            category=HOSTILE if url == "u6" else "tops",
            view=View.PACKSHOT if url == "u7" else View.UNKNOWN,
        )
        for n, url in enumerate(pictures)
    ]
    ids = collect_into(root, pictures, sightings)
    split = {"eval": [{"source": "zara", "count": 2}, {"source": "zalando", "count": 1}]}
    config = CurationConfig.model_validate({"workers": 1, "min_size": 64, "split": split})
    curate(root, config)
    people = {one: (person(),) for one in candidates(root)}
    people |= {ids["u8"]: (person((5, 6), box=(100, 0, 220, 400)),), ids["u9"]: ()}
    write_labels(root, people)
    screen_and_split(root, config)
    return root


@pytest.fixture(scope="module")
def text(dataset: Path) -> str:
    return write(dataset, HOSTILE).read_text()


def test_it_shows_what_there_is(dataset: Path, text: str) -> None:
    found = gather(dataset)
    assert sum(found.counts.values()) == 21 and found.counts["zalando", "undecodable"] == 1
    assert {sheet.title: sheet.total for sheet in found.dropped} == {
        "cropped": 1, "near_duplicate": 8, "no_person": 1, "packshot": 1, "undecodable": 1,
    }  # fmt: skip
    assert found.duplicates == (1, 8)
    (cluster,) = found.clusters
    assert len(cluster.tiles) == CLUSTER_SIZE and cluster.total == 9
    assert [tile.good for tile in cluster.tiles] == [True] + [False] * (CLUSTER_SIZE - 1)
    assert all(re.fullmatch(r"dropped: \d+ of 64 bits", tile.label) for tile in cluster.tiles[1:])
    assert {sheet.title: sheet.total for sheet in found.evaluation} == {"zara": 2, "zalando": 1}
    assert found.proof is not None and found.proof.failures() == [] and len(found.closest) == 3
    assert "nothing leaks between them" in text and "no picture to show" in text
    assert f"{found.proof.smallest_distance} of 64 bits" in text


def test_the_same_dataset_gives_the_same_page(dataset: Path, text: str, tmp_path: Path) -> None:
    assert write(dataset, HOSTILE, tmp_path / "again.html").read_text() == text


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_whatever_a_shop_says_is_text(text: str) -> None:
    elements = Elements(text).found
    assert not {tag for tag, _ in elements} & {"script", "iframe", "object", "link", "form", "base"}
    names = {name for _, attributes in elements for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    links = {attributes["href"] for tag, attributes in elements if tag == "a"}
    assert {link for link in links if link and not link.startswith("#")} == {"https://shop.test/p?a=1&b=<2>"}
    sources = {str(attributes["src"])[:16] for tag, attributes in elements if tag == "img"}
    assert sources == {"data:image/jpeg;"} and "url(" not in text and "@import" not in text
    assert any(HOSTILE in str(attributes.get("title")) for _, attributes in elements)


def test_it_stays_small(dataset: Path) -> None:
    whole = page.render(gather(dataset), Thumbnails(dataset, 10**9), "t")
    small = Thumbnails(dataset, 20_000)
    cut = page.render(gather(dataset), small, "t")
    assert small.omitted and len(cut) < len(whole) - 10_000
    assert f"{small.omitted} pictures were left out" in cut and "left out to keep" not in whole


def test_a_dataset_that_is_not_split_yet(tmp_path: Path) -> None:
    collect_into(tmp_path, {"u": encode(scene(1))}, [Sighting("zara", "p", "u", "u", 0, "1")])
    curate(tmp_path, CurationConfig.model_validate({"workers": 1}))
    text = write(tmp_path).read_text()
    assert "Evaluation split" not in text and f"Curation of {tmp_path.name}" in text


def test_an_empty_dataset(tmp_path: Path) -> None:
    curate(tmp_path, CurationConfig())
    assert "There are no images." in write(tmp_path).read_text()


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (2560, "dark")])
def test_a_browser_shows_it_from_the_disk(dataset: Path, text: str, width: int, scheme: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 1200}, color_scheme=scheme)  # type: ignore[arg-type]
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((dataset / NAME).as_uri())
        seen = page.evaluate("""async () => {
            const pictures = [...document.images];
            pictures.forEach(one => one.loading = 'eager');
            await Promise.all(pictures.map(one => one.decode()));
            const box = document.documentElement;
            return {
                broken: pictures.filter(one => !one.naturalWidth).length, pictures: pictures.length,
                overflow: box.scrollWidth - box.clientWidth, heading: document.querySelector('h1').innerText,
                ink: getComputedStyle(document.body).color, page: getComputedStyle(document.body).backgroundColor,
                narrowest: Math.min(...pictures.map(one => one.getBoundingClientRect().width)),
                columns: getComputedStyle(document.querySelector('.frame')).gridTemplateColumns.split(' ').length,
            }}""")
        browser.close()
    assert not said and [url for url in asked if not url.startswith("data:")] == [(dataset / NAME).as_uri()]
    assert seen["pictures"] > 20 and seen["broken"] == 0 and seen["overflow"] <= 0 and seen["narrowest"] > 90
    assert seen["heading"] == f"Curation of {HOSTILE}" and seen["columns"] == 2
    light, dark = (sum(map(int, re.findall(r"\d+", seen[name])[:3])) for name in ("page", "ink"))
    assert (light > dark + 300) if scheme == "light" else (dark > light + 300)
