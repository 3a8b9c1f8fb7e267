from __future__ import annotations

from pathlib import Path

import pytest

from manifests.settings import SettingsError
from vestiary import config


@pytest.fixture
def demo_text(root: Path) -> str:
    return (root / "configs/demo.toml").read_text()


def test_the_shipped_configurations_are_valid(root: Path) -> None:
    demo = config.load(root / "configs/demo.toml")
    fashion = config.load(root / "configs/fashion.toml")
    assert demo.demo.serve and set(demo.crawl.shops) == {"zara", "zalando", "farfetch"}
    assert all(shop.synthetic and not shop.is_live for shop in demo.crawl.shops.values())
    assert all(shop.is_live and shop.permission is None for shop in fashion.crawl.shops.values())
    assert sum(quota.count for quota in fashion.curation.split.eval) == 220


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("[crawl]\nbrowsr = 'never'\n", r"unknown key 'crawl.browsr': did you mean 'browser'\?"),
        ("[curations]\n", r"unknown key 'curations': did you mean 'curation'\?"),
        ("[label]\nmodels = []\n", r"'label.models'.*at least 1"),
        ("[curation]\nhamming_radius = 'wide'\n", r"'curation.hamming_radius'.*\(got 'wide'\)"),
        (
            "[curation.split]\neval = [{sorce = 'zara', count = 1}]\n",
            r"'curation.split.eval.0.sorce': did you mean 'source'",
        ),
        ("label = 3\n", r"'label' must be a table"),
    ],
)
def test_a_wrong_key_names_the_key_the_place_and_the_nearest_right_one(
    tmp_path: Path, wrong: str, message: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(wrong)
    with pytest.raises(SettingsError, match=message):
        config.load(path)


def test_the_fingerprint_follows_the_dataset_not_the_demo_shops_address(
    tmp_path: Path, demo_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "demo.toml"
    path.write_text(demo_text)
    first = config.load(path).fingerprint
    monkeypatch.setenv("VESTIARY_GATEWAY", "http://127.0.0.1:4711")
    assert config.load(path).fingerprint == first
    path.write_text(demo_text.replace("min_size = 400", "min_size = 300"))
    assert config.load(path).fingerprint != first
