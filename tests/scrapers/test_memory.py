from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.ledger import Fetch, Ledger
from manifests.reasons import Gender, View
from scrapers.items import ImageRef, Listing, ProductItem, ProductLink
from scrapers.memory import Due, Memory, delay_after

HOUR, DAY = 3600.0, 24 * 3600.0
PAGE = "http://h.test/p.html"
ITEM = ProductItem(
    "zara", PAGE, "1", "s", "Shirt", "B", "black", "SHIRT", Gender.MEN,
    (ImageRef("http://i.test/a.jpg", "k", View.MODEL, 0), ImageRef("http://i.test/v.mp4", "v", View.UNKNOWN, 1, True)),
    "shirt", "9.90", "EUR",
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "crawl.sqlite") as found:
        yield found


def _fetched(ledger: Ledger, *outcomes: str, at: float = 1000.0) -> None:
    for step, outcome in enumerate(outcomes):
        ledger.record_fetch(Fetch(PAGE, "page", "zara", outcome, fetched_at=at + step))


def test_the_delay_grows_from_nothing_to_a_week() -> None:
    assert [delay_after(failures) / HOUR for failures in range(7)] == [0, 0, 1, 4, 16, 64, 168]
    assert delay_after(1000) == 7 * DAY


def test_what_failed_in_passing_is_tried_when_its_delay_is_over(ledger: Ledger) -> None:
    _fetched(ledger, "timeout")
    assert Memory(ledger, "zara", now=1001).product(PAGE) is Due.ASK, "the next run tries at once"
    assert Memory(ledger, "zara", now=1000).product(PAGE) is Due.LATER, "the same run does not"
    _fetched(ledger, "http_error", at=2000.0)
    assert Memory(ledger, "zara", now=2000 + HOUR - 1).product(PAGE) is Due.LATER
    assert Memory(ledger, "zara", now=2000 + HOUR).product(PAGE) is Due.ASK
    _fetched(ledger, "ok", "truncated", at=3000.0)
    assert Memory(ledger, "zara", now=3002).product(PAGE) is Due.ASK, "a success begins the count anew"


@pytest.mark.parametrize("outcome", ["gone", "opted_out", "too_large", "not_image"])
def test_what_failed_for_good_is_not_tried_again(ledger: Ledger, outcome: str) -> None:
    _fetched(ledger, "timeout", outcome)
    assert Memory(ledger, "zara", refresh=0.0, now=10 * DAY).product(PAGE) is Due.FINAL
    assert not Memory(ledger, "zara", now=10 * DAY).is_too_early(PAGE)


def test_robots_txt_is_asked_anew_of_what_it_barred(ledger: Ledger) -> None:
    _fetched(ledger, "robots_barred")
    assert Memory(ledger, "zara", now=2000).product(PAGE) is Due.ASK


def test_a_product_comes_back_as_it_was_read_until_it_is_old_or_gone(ledger: Ledger) -> None:
    memory = Memory(ledger, "zara")
    memory.keep_items(PAGE, (ITEM,))
    _fetched(ledger, "ok")
    assert memory.items(PAGE) == (ITEM,) and memory.product(PAGE) is Due.KNOWN
    read_at = ledger.recall(PAGE).read_at  # type: ignore[union-attr]
    assert Memory(ledger, "zara", refresh=DAY, now=read_at + DAY).product(PAGE) is Due.KNOWN
    assert Memory(ledger, "zara", refresh=DAY, now=read_at + DAY + 1).product(PAGE) is Due.ASK
    assert ledger.mark_gone(PAGE) and not ledger.mark_gone("http://h.test/other")
    assert Memory(ledger, "zara", refresh=DAY, now=read_at + 9 * DAY).product(PAGE) is Due.FINAL
    assert [page.gone_at is not None for page in ledger.known_pages("zara", "product")] == [True]


def test_a_page_that_was_read_and_not_kept_is_asked_for(ledger: Ledger) -> None:
    _fetched(ledger, "ok")
    assert Memory(ledger, "zara").product(PAGE) is Due.ASK


LISTING = Listing((ProductLink(PAGE, "1"),), "http://h.test/l?p=2", 7)


def test_a_listing_stands_while_the_crawl_is_unfinished(ledger: Ledger) -> None:
    assert Memory(ledger, "zara").listing("http://h.test/l") is None
    run = ledger.start_run("zara", "f")
    Memory(ledger, "zara").keep_listing("http://h.test/l", LISTING)
    assert Memory(ledger, "zara").listing("http://h.test/l") == LISTING, "the run was killed: it has no end"
    assert Memory(ledger, "zalando").listing("http://h.test/l") is None
    ledger.finish_run(run, "interrupted", {})
    assert Memory(ledger, "zara").listing("http://h.test/l") == LISTING
    read_at = ledger.recall("http://h.test/l").read_at  # type: ignore[union-attr]
    assert Memory(ledger, "zara", now=read_at + DAY + 1).listing("http://h.test/l") is None, "it is a day old"
    ledger.finish_run(run, "finished", {})
    assert Memory(ledger, "zara").listing("http://h.test/l") is None, "a new crawl looks what the shop has today"
    ledger.start_run("zara", "f")
    assert Memory(ledger, "zara").listing("http://h.test/l") is None, "read before this unfinished run began"
