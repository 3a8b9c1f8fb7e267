"""The ways into a shop, against a gateway: sitemaps, lists of addresses, categories that go on for ever."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from manifests.ledger import Ledger
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import PAGE_HOST, Answer, Gateway, image_url, jpeg, product_json, serve_shop

ROOT = f"http://{PAGE_HOST}"
MARKET = f"{ROOT}/us/en"


def _page(product: int, colours: int = 1) -> str:
    """A synthetic product page; every colour has a picture of its own."""
    details = [product_json(product + 100 * colour, ("p",)) for colour in range(colours)]
    whole = details[0]
    whole["detail"]["colors"] = [detail["detail"]["colors"][0] for detail in details]  # type: ignore[index]
    return f"<!-- synthetic --><script>window.zara.viewPayload = {json.dumps({'product': whole})};</script>"


def _sitemap(*urls: str) -> bytes:
    return ("<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>").encode()


def _serve_sitemaps(gateway: Gateway) -> None:
    serve_shop(gateway, 3, ("p",))
    part = f"{ROOT}/sitemaps/sitemap-product-us-en.xml.gz"
    parts = [f"{ROOT}/sitemaps/sitemap-category-us-en.xml.gz", f"{ROOT}/sitemaps/sitemap-product-es-es.xml.gz", part]
    index = "<sitemapindex>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in parts) + "</sitemapindex>"
    robots = f"User-agent: *\nDisallow: /private/\nSitemap: {ROOT}/sitemaps/sitemap-index.xml.gz\n"
    pages = [f"{MARKET}/synthetic-shirt-p0000000{number}.html" for number in (1, 2, 3)]
    others = [
        f"{MARKET}/-pT0000000001.html",
        f"{ROOT}/es/es/camisa-p00000009.html",
        "http://elsewhere.test/x-p00000008.html",
    ]
    gateway.answers |= {
        f"{ROOT}/robots.txt": Answer(robots.encode(), "text/plain"),
        f"{ROOT}/sitemaps/sitemap-index.xml.gz": Answer(gzip.compress(index.encode()), "application/x-gzip"),
        part: Answer(gzip.compress(_sitemap(*pages[:1], *others, *pages)), "application/x-gzip"),
        pages[0]: Answer(_page(1, colours=2).encode()),
        pages[1]: Answer(_page(2).encode()),
        pages[2]: Answer(_page(3).encode()),
    }
    for colour in (1, 101):
        gateway.answers |= _pictures(colour)


def _pictures(product: int) -> dict[str, Answer]:
    return {image_url(product, "p"): Answer(jpeg(product), "image/jpeg")}


def test_a_sitemap_leads_to_the_market_s_products_in_all_their_colours(crawl: Crawl, gateway: Gateway) -> None:
    _serve_sitemaps(gateway)
    done = crawl.run("zara", "-a", "sitemap=robots")
    assert done.returncode == 0, done.stderr
    assert sorted(sighting.product_id for sighting in crawl.sightings()) == ["10", "1010", "20", "30"]
    asked = [url.removeprefix(ROOT) for url in gateway.asked_of(PAGE_HOST)]
    assert asked[:2] == ["/sitemaps/sitemap-index.xml.gz", "/sitemaps/sitemap-product-us-en.xml.gz"]
    assert sorted(asked[2:]) == [f"/us/en/synthetic-shirt-p0000000{number}.html" for number in (1, 2, 3)]
    outcomes = {url: fetch.outcome for url, fetch in crawl.fetches("sitemap").items()}
    assert list(outcomes.values()) == ["ok", "ok"]


def test_with_the_limit_reached_no_further_sitemap_is_asked_for(crawl: Crawl, gateway: Gateway) -> None:
    _serve_sitemaps(gateway)
    sitemap = f"{ROOT}/sitemaps/sitemap-product-us-en.xml.gz"
    done = crawl.run("zara", "-a", f"sitemap={sitemap}", "-a", "limit=1")
    assert done.returncode == 0, done.stderr
    assert gateway.asked_of(PAGE_HOST) == [sitemap, f"{MARKET}/synthetic-shirt-p00000001.html"]


def test_a_broken_sitemap_is_recorded_and_the_next_is_read(crawl: Crawl, gateway: Gateway) -> None:
    _serve_sitemaps(gateway)
    good = f"{ROOT}/sitemaps/sitemap-product-us-en.xml.gz"
    broken, gone = f"{ROOT}/broken.xml.gz", f"{ROOT}/gone.xml"
    gateway.answers[broken] = Answer(gzip.compress(_sitemap(good))[:-9], "application/x-gzip")
    text = crawl.config.read_text("utf-8").replace(
        "image_hosts", f'sitemaps = ["{broken}", "{gone}", "{good}"]\nimage_hosts'
    )
    crawl.config.write_text(text.replace("categories = [{", "# [{"), "utf-8")
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    found = {url: (fetch.outcome, fetch.detail) for url, fetch in crawl.fetches("sitemap").items()}
    assert found[broken] == ("http_error", "a sitemap that is cut short")
    assert (found[gone][0], found[good][0]) == ("gone", "ok")
    assert len(crawl.sightings()) == 4


def test_a_shop_without_sitemaps_says_so(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1)
    done = crawl.run("zara", "-a", "sitemap=robots")
    assert done.returncode == ExitStatus.REFUSED and "names no sitemap" in done.stderr


def test_products_given_one_by_one(crawl: Crawl, gateway: Gateway, tmp_path: Path) -> None:
    serve_shop(gateway, 3)
    listed = tmp_path / "urls.txt"
    urls = [f"{MARKET}/products-details?productIds={number}&ajax=true" for number in (10, 30)]
    listed.write_text("# chosen\n" + "\n".join(urls), "utf-8")
    done = crawl.run("zara", "-a", f"urls={listed}")
    assert done.returncode == 0, done.stderr
    assert sorted(gateway.asked_of(PAGE_HOST)) == urls
    assert {sighting.product_id for sighting in crawl.sightings()} == {"10", "30"}
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        assert ledger.last_run("zara")["fingerprint"].startswith("partial:")  # type: ignore[index]


def test_wrong_arguments_end_before_anything_is_asked(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1)
    for argument, words in (("colour=red", "no argument 'colour'; there are config, category"), ("refresh=7", "7d")):
        done = crawl.run("zara", "-a", argument)
        assert done.returncode == ExitStatus.REFUSED and words in done.stderr and "Traceback" not in done.stderr
    assert gateway.asked == []


def test_a_listing_that_never_ends_ends_where_it_repeats_itself(crawl: Crawl, gateway: Gateway) -> None:
    root = "http://www.farfetch.test"
    config = (
        crawl.config.read_text("utf-8").replace("shops.zara", "shops.farfetch").replace(PAGE_HOST, "www.farfetch.test")
    )
    config = config.replace('market = "us/en"', 'market = ""').replace(
        "/us/en/category/1/products?ajax=true", "/list.aspx"
    )
    crawl.config.write_text(config, "utf-8")
    cards = "".join(
        f'<a data-component=ProductCardLink href="/shopping/women/x-item-1234567{n}.aspx">' for n in range(3)
    )
    label = "<span data-component=PaginationLabel>1 of 1000</span>"
    gateway.answers[f"{root}/robots.txt"] = Answer(b"", "text/plain")
    gateway.answers[f"{root}/list.aspx"] = Answer(f"<!-- synthetic -->{cards}{label}".encode())
    done = crawl.run("farfetch")
    assert "page 2 of /list.aspx repeats the pages before it" in done.stderr
    assert [url for url in gateway.asked_of("www.farfetch.test") if "list" in url] == [
        f"{root}/list.aspx",
        f"{root}/list.aspx?page=2",
    ]
