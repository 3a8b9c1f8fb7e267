from __future__ import annotations

from pathlib import Path

import pytest

from manifests.settings import SettingsError
from scrapers.assignment import assign
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
        ({"category": "hats"}, "men/jackets, men/shirts, women/shirts"),
        ({"limit": "0"}, "above 0"),
        ({"limit": "many"}, "above 0"),
    ],
)
def test_wrong_arguments(path: str, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        assign("zara", path, **arguments)


def test_shops_under_test_need_a_gateway(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GATEWAY_VARIABLE)
    with pytest.raises(SettingsError, match="python -m demo"):
        assign("zara", path)
