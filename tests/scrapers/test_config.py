from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from manifests.settings import SettingsError, parse
from scrapers import config
from scrapers.config import CrawlConfig, is_test_host


def _shop(**changes: Any) -> dict[str, Any]:
    return {
        "base_url": "http://www.zara.test",
        "image_hosts": ["static.zara.test"],
        "categories": [{"path": "/a", "gender": "women", "category": "shirts"}],
    } | changes


def _config(**changes: Any) -> CrawlConfig:
    data = {"gateway": "http://127.0.0.1:8765", "shops": {"zara": _shop()}} | changes
    return parse(CrawlConfig, data, "test.toml [crawl]")


def test_the_examples_of_the_docstring_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(config.GATEWAY_VARIABLE, raising=False)
    demo, permission = re.findall(r"```toml\n(.*?)```", config.__doc__ or "", re.DOTALL)
    data = tomllib.loads(demo)["crawl"]
    shops = CrawlConfig.model_validate(data).shops
    assert sorted(shops) == ["farfetch", "zalando", "zara"] and not any(shop.is_live for shop in shops.values())
    data["shops"]["zara"] |= tomllib.loads(permission)["crawl"]["shops"]["zara"]
    assert CrawlConfig.model_validate(data).shops["zara"].permission is not None


@pytest.mark.parametrize("name", ["demo.toml", "fashion.toml"])
def test_the_shipped_configurations_are_right(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(config.GATEWAY_VARIABLE, raising=False)
    path = root / "configs" / name
    crawl, _ = config.load(path)
    assert sorted(crawl.shops) == ["farfetch", "zalando", "zara"]
    assert all(shop.is_live is (name == "fashion.toml") for shop in crawl.shops.values())


@pytest.mark.parametrize(
    "gateway",
    ["http://10.0.0.1:8080", "http://proxy.example:8080", "https://127.0.0.1:1", "http://127.0.0.1", "nonsense"],
)
def test_no_gateway_but_on_loopback(gateway: str) -> None:
    with pytest.raises(SettingsError, match="gateway"):
        _config(gateway=gateway)


def test_the_environment_overrides_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.GATEWAY_VARIABLE, "http://localhost:9")
    assert _config().gateway == "http://localhost:9"


@pytest.mark.parametrize("host", ["www.zara.test", "a.b.TEST", "x.test."])
def test_hosts_under_test(host: str) -> None:
    assert is_test_host(host)


@pytest.mark.parametrize("host", ["www.zara.com", "test", "x.test.com", "127.0.0.1", "mytest"])
def test_every_other_host_is_live(host: str) -> None:
    assert not is_test_host(host)


def test_a_live_shop_is_never_hurried() -> None:
    live = _shop(base_url="https://www.zara.com", image_hosts=["static.zara.net"])
    crawl = _config(delay_seconds=0.0, shops={"zara": live, "demo": _shop()})
    assert crawl.delay_for(crawl.shops["zara"]) == config.LIVE_DELAY_SECONDS
    assert crawl.delay_for(crawl.shops["demo"]) == 0


def test_the_user_agent_says_who_asks() -> None:
    assert re.fullmatch(r"Vestiary/\S+ \(\+mailto:a@b\.example\)", _config(contact="mailto:a@b.example").user_agent)


def test_the_fingerprint_is_of_what_is_collected() -> None:
    one = _config().fingerprint_of("zara")
    assert one == _config(gateway="http://127.0.0.1:9", delay_seconds=7.0, timeout_seconds=9.0).fingerprint_of("zara")
    assert one != _config(limit=5).fingerprint_of("zara")
    assert one != _config(shops={"zara": _shop(image_width=600)}).fingerprint_of("zara")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "www.zara.test"}, "scheme and host"),
        ({"base_url": "http://www.zara.test/us/en"}, "scheme and host"),
        ({"image_hosts": ["http://static.zara.test/"]}, "host name"),
        ({"categories": []}, "categories"),
        ({"market": "/us/en"}, "market"),
        ({"categroies": []}, "categories"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        _config(shops={"zara": _shop(**changes)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": []}, "give categories or sitemaps"),
        ({"market": "us/en"}, "'/a' lies outside the market 'us/en'"),
        ({"sitemaps": ["http://www.other.test/sitemap.xml"]}, "is no address of www.zara.test"),
    ],
)
def test_a_shop_that_leads_nowhere_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        _config(shops={"zara": _shop(**changes)})


def test_sitemaps_stand_for_categories_and_gates_change_no_identity() -> None:
    alone = _config(shops={"zara": _shop(categories=[], sitemaps=["robots", "http://www.zara.test/s.xml.gz"])})
    assert alone.fingerprint_of("zara") != _config().fingerprint_of("zara")
    strict = _config(shops={"zara": _shop(gates={"products": 99, "fields": {"price": 0.9}})})
    assert strict.fingerprint_of("zara") == _config().fingerprint_of("zara")
