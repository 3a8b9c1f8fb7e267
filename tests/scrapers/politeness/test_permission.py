from __future__ import annotations

import pytest

from manifests.settings import SettingsError
from scrapers.config import CrawlConfig
from scrapers.exit_status import ExitStatus
from scrapers.politeness import permission
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import Gateway

SHOP = {
    "base_url": "https://www.zara.com",
    "image_hosts": ["static.zara.net"],
    "categories": [{"path": "/us/en/woman-dresses-l1066.html", "gender": "women", "category": "dresses"}],
}
STATEMENT = {"basis": "written consent", "reference": "letter 4711", "contact": "Jane Doe"}


def _config(contact: str = "mailto:jane@example.org", **shop: object) -> CrawlConfig:
    return CrawlConfig.model_validate({"contact": contact, "shops": {"zara": SHOP | shop}})


def test_a_live_shop_needs_a_statement_and_a_contact() -> None:
    with pytest.raises(permission.PermissionRequired, match=r"\[crawl\.shops\.zara\.permission\]"):
        permission.check(_config(), "zara")
    with pytest.raises(permission.PermissionRequired, match="contact"):
        permission.check(_config(contact=" ", permission=STATEMENT), "zara")
    permission.check(_config(permission=STATEMENT), "zara")


def test_an_unknown_shop_is_named_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match="zara"):
        permission.check(_config(), "zalando")


def test_calling_a_live_shop_synthetic_does_not_help() -> None:
    with pytest.raises(permission.PermissionRequired):
        permission.check(_config(synthetic=True), "zara")


def test_one_live_host_makes_a_shop_live() -> None:
    data = {"gateway": "http://127.0.0.1:1", "shops": {"zara": SHOP | {"base_url": "http://www.zara.test"}}}
    with pytest.raises(permission.PermissionRequired):
        permission.check(CrawlConfig.model_validate(data), "zara")


def test_the_command_refuses_before_it_touches_anything(crawl: Crawl, gateway: Gateway) -> None:
    text = crawl.config.read_text("utf-8").replace("http://www.zara.test", "https://shop.invalid")
    crawl.config.write_text(text, "utf-8")
    done = crawl.run()
    assert done.returncode == ExitStatus.REFUSED
    assert "permission" in done.stderr and "Traceback" not in done.stderr
    assert gateway.asked == [] and not crawl.dataset.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("-a", "category=hats"), "shirts"), (("-a", "limit=none"), "whole number")],
)
def test_wrong_arguments_are_refused_in_words(crawl: Crawl, arguments: tuple[str, ...], words: str) -> None:
    done = crawl.run("zara", *arguments)
    assert done.returncode == ExitStatus.REFUSED and words in done.stderr and "Traceback" not in done.stderr
