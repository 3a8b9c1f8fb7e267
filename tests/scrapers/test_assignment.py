from __future__ import annotations

from pathlib import Path

import pytest

from manifests.settings import SettingsError
from scrapers.assignment import assign, parsed_age
from scrapers.config import CONFIG_VARIABLE, GATEWAY_VARIABLE

TEXT = """
[dataset]
path = "data/x"
[crawl]
limit = 9
[crawl.shops.zara]
base_url = "http://www.zara.test"
image_hosts = ["static.zara.test"]
categories = [
  { path = "/a", gender = "women", category = "shirts" },
  { path = "/b", gender = "men", category = "shirts" },
  { path = "/c", gender = "men", category = "jackets" },
]
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(GATEWAY_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    file = tmp_path / "x.toml"
    file.write_text(TEXT, "utf-8")
    return str(file)


def test_the_whole_configured_crawl_by_default(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, path)
    task = assign("zara")
    assert len(task.categories) == 3 and task.limit == 9 and not task.is_partial
    assert task.dataset == Path("data/x")


def test_categories_by_label_or_path_and_a_limit(path: str) -> None:
    task = assign("zara", path, category="shirts, /c", limit="4")
    assert len(task.categories) == 3 and task.limit == 4 and task.is_partial
    assert [category.path for category in assign("zara", path, category="shirts").categories] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"category": "hats"}, "no category 'hats' .* men/jackets, men/shirts, women/shirts"),
        ({"category": "women/jackets"}, "no category 'women/jackets'"),
        ({"category": ","}, "no category ''"),
        ({"limit": "0"}, "above 0"),
        ({"limit": "many"}, "above 0"),
        ({"refresh": "7"}, "an age such as 7d"),
        ({"refresh": "soon"}, "an age such as 7d"),
        ({"sitemap": "http://www.other.test/sitemap.xml"}, "an address at www.zara.test, or 'robots'"),
        ({"urls": "http://www.zara.test/woman-dresses-l1066.html"}, "not the address of a product at www.zara.test"),
        ({"urls": "http://www.other.test/x-p00000001.html"}, "not the address of a product at www.zara.test"),
        ({"urls": "no-such-file.txt"}, "addresses, or a file with one a line"),
        ({"urls": "http://www.zara.test/x-p00000001.html", "category": "shirts"}, "one of category and urls, not both"),
    ],
)
def test_wrong_arguments(path: str, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        assign("zara", path, **arguments)


def test_categories_by_department(path: str) -> None:
    assert [c.path for c in assign("zara", path, category="men/shirts,women/shirts").categories] == ["/a", "/b"]


def test_addresses_of_products_from_the_command_line_or_a_file(path: str, tmp_path: Path) -> None:
    first, second = "http://www.zara.test/x-p00000001.html?v1=7", "http://www.zara.test/y-p00000002.html"
    task = assign("zara", path, urls=f"{first}, {second},{first}")
    assert [link.url for link in task.products] == [first, second] and task.categories == () and task.is_partial
    listed = tmp_path / "urls.txt"
    listed.write_text(f"# two shirts\n{first}  # the blue one\n\n{second}\n", "utf-8")
    assert assign("zara", path, urls=str(listed)).products == task.products
    listed.write_text("# nothing\n", "utf-8")
    with pytest.raises(SettingsError, match="no address in"):
        assign("zara", path, urls=str(listed))


def test_an_address_of_another_market_is_refused(path: str) -> None:
    file = Path(path)
    text = file.read_text("utf-8").replace("image_hosts", 'market = "us/en"\nimage_hosts')
    file.write_text(text.replace('path = "/', 'path = "/us/en/'), "utf-8")
    assert assign("zara", path, urls="http://www.zara.test/us/en/x-p00000001.html").products
    with pytest.raises(SettingsError, match="outside the configured market 'us/en'"):
        assign("zara", path, urls="http://www.zara.test/es/es/x-p00000001.html")


def test_a_sitemap_in_place_of_the_configured_crawl_or_in_it(path: str) -> None:
    task = assign("zara", path, sitemap="robots")
    assert (task.sitemaps, task.categories, task.is_partial) == (("robots",), (), True)
    file = Path(path)
    file.write_text(file.read_text("utf-8").replace("image_hosts", 'sitemaps = ["robots"]\nimage_hosts'), "utf-8")
    whole = assign("zara", path)
    assert (whole.sitemaps, len(whole.categories), whole.is_partial) == (("robots",), 3, False)
    assert assign("zara", path, category="jackets").sitemaps == ()


@pytest.mark.parametrize(("text", "seconds"), [("7d", 604800), ("12h", 43200), ("1.5m", 90), ("0s", 0), (None, None)])
def test_an_age_has_a_unit(text: str | None, seconds: float | None) -> None:
    assert parsed_age(text) == seconds


def test_shops_under_test_need_a_gateway(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GATEWAY_VARIABLE)
    with pytest.raises(SettingsError, match="python -m demo"):
        assign("zara", path)
