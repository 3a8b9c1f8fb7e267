"""The page in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from scrapers.browser import find_chromium
from tests.densepose_labeler.service.running import EXAMPLE, Running

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
PATIENCE = 120_000  # milliseconds


@pytest.fixture
def page(server: Running) -> Iterator[tuple[Page, list[str], list[str]]]:
    """The page, the addresses that it asked for, and what the console complained of."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        one = browser.new_page(viewport={"width": 1100, "height": 860})
        one.set_default_timeout(PATIENCE)
        addresses: list[str] = []
        complaints: list[str] = []
        one.on("request", lambda request: addresses.append(request.url))
        one.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        one.on("pageerror", lambda error: complaints.append(str(error)))
        one.goto(server.address)
        yield one, addresses, complaints
        browser.close()


def test_a_picture_dropped_on_it_shows_its_parts(server: Running, page: tuple[Page, list[str], list[str]]) -> None:
    one, addresses, complaints = page
    one.set_input_files("#file", EXAMPLE)
    one.wait_for_selector("#view:visible")
    assert one.inner_text("#found").startswith("1 person (score ")
    frame = one.locator("#canvas").bounding_box()
    assert frame is not None
    one.mouse.move(frame["x"] + frame["width"] * 285 / 576, frame["y"] + frame["height"] * 250 / 768)  # the chest
    one.wait_for_selector("#tip:visible")
    assert one.inner_text("#tip") == "torso front"
    assert one.inner_text("#legend li.here span") == "2 torso front"
    one.mouse.move(frame["x"] + 3, frame["y"] + 3)
    one.wait_for_selector("#tip", state="hidden")

    one.set_input_files("#file", {"name": "note.jpg", "mimeType": "image/jpeg", "buffer": b"a recipe"})
    one.wait_for_selector("#status.problem")
    assert "no picture" in one.inner_text("#status")
    assert all(address.startswith((server.address, "data:", "blob:")) for address in addresses)
    assert all("415" in complaint for complaint in complaints), complaints
