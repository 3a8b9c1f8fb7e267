from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from manifests.settings import Settings, SettingsError, fingerprint, parse, read_toml, section


class Shop(Settings):
    base_url: str
    delay_seconds: float = 2.0


class Crawl(Settings):
    browser: str = "auto"
    shops: dict[str, Shop] = Field(default_factory=dict)
    extra: tuple[Shop, ...] = ()


def test_a_wrong_key_names_itself_its_place_and_the_nearest_right_one() -> None:
    with pytest.raises(SettingsError, match=r"demo.toml \[crawl\]: unknown key 'browsr': did you mean 'browser'\?"):
        parse(Crawl, {"browsr": "never"}, "demo.toml [crawl]")


def test_a_wrong_key_deep_inside_is_compared_with_its_neighbours() -> None:
    data = {"shops": {"zara": {"base_url": "http://h", "delay_second": 1}}}
    with pytest.raises(SettingsError, match=r"unknown key 'shops.zara.delay_second': did you mean 'delay_seconds'\?"):
        parse(Crawl, data, "x")
    with pytest.raises(SettingsError, match=r"unknown key 'extra.0.bas_url': did you mean 'base_url'\?"):
        parse(Crawl, {"extra": [{"base_url": "http://h", "bas_url": ""}]}, "x")


def test_every_mistake_is_listed_at_once_with_what_was_given() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(Crawl, {"browser": 7, "shops": {"zara": {}}, "quite_other": 1}, "x")
    text = str(caught.value)
    assert "'browser'" in text and "(got 7)" in text
    assert "missing key 'shops.zara.base_url'" in text
    assert "unknown key 'quite_other': known keys are browser, extra, shops" in text


def test_sections_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[crawl]\nbrowser = "never"\n')
    assert section(file, "crawl", Crawl).browser == "never"
    assert section(file, "absent", Crawl) == Crawl()


def test_unreadable_files_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "demo.toml").write_text("[crawl\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        read_toml(tmp_path / "demo.toml")
    with pytest.raises(SettingsError, match=r"no configuration at .*demo.tml; there are .*demo.toml"):
        read_toml(tmp_path / "demo.tml")


def test_models_are_frozen_and_fingerprints_follow_the_values() -> None:
    one = Crawl(shops={"zara": Shop(base_url="http://h")})
    with pytest.raises(ValueError, match="frozen"):
        one.browser = "never"  # type: ignore[misc]
    assert fingerprint(one) == fingerprint(Crawl(shops={"zara": Shop(base_url="http://h", delay_seconds=2.0)}))
    assert fingerprint(one) != fingerprint(Crawl(shops={"zara": Shop(base_url="http://h", delay_seconds=2.5)}))
    assert fingerprint({"b": 1, "a": [1, 2]}) == fingerprint({"a": [1, 2], "b": 1})
