"""A whole session in a real browser, against a real server process that is killed on the way."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from densepose_labeler.review.opening import STORE
from densepose_labeler.review.store import JudgmentStore
from scrapers.browser import find_chromium

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")


def lasting_port() -> int:
    """A free port of 127.0.0.1 that nobody else is given while the bench is down: below those the system gives out."""
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(max(1024, end - 10_000), end), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


class Bench:
    """`vestiary review` as a process of its own, on a port that stays."""

    def __init__(self, dataset: Path, root: Path) -> None:
        self.port = lasting_port()
        self.command = [sys.executable, "-m", "vestiary", "review", str(dataset), "--port", str(self.port)]
        self.root = root
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            self.command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if "Ctrl-C stops" in line:
                break
        else:
            raise AssertionError(said)
        while self.process.poll() is None:  # it listens a moment after it has said so
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise AssertionError(said)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture()
def bench(dataset: Path, root: Path) -> Iterator[Bench]:
    running = Bench(dataset, root)
    yield running
    running.kill()


@pytest.fixture()
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        with playwright.chromium.launch(executable_path=find_chromium(), args=arguments) as browser:
            opened = browser.new_page(viewport={"width": 1280, "height": 800})
            opened.set_default_timeout(120_000)
            expect.set_options(timeout=240_000)  # of a machine that has to compile the ranking first
            yield opened


def open_question(page: Page) -> str:
    page.wait_for_selector("body[data-question]")
    return page.locator("body").get_attribute("data-question") or ""


def press(page: Page, key: str) -> str:
    """Press a key that brings another question; its id."""
    before = open_question(page)
    page.keyboard.press(key)
    return another(page, before)


def another(page: Page, before: str) -> str:
    expect(page.locator("body")).not_to_have_attribute("data-question", before)
    return open_question(page)


def test_a_session_by_keyboard(bench: Bench, dataset: Path, page: Page) -> None:
    named = re.compile(r"^\d+ [a-z]")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: message.type == "error" and troubles.append(message.text))
    page.goto(f"http://127.0.0.1:{bench.port}/")
    open_question(page)
    expect(page.locator("#rating-buttons")).to_be_hidden()
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp"):
        press(page, key)
    expect(page.locator("#progress")).to_have_text("4 by you")
    store = JudgmentStore(dataset / STORE)
    assert [one.outcome for one in store.judgments() if one.rater == "expert"] == ["left", "right", "tie", "both_bad"]
    press(page, "Backspace")
    expect(page.locator("#progress")).to_have_text("3 by you")

    # the same pixels on both sides, however far one zooms in; the part under the pointer by its name
    box = page.locator("#left").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    expect(page.locator("#left-caption")).to_have_text(named)
    page.keyboard.press("+")
    page.keyboard.press("+")
    zoomed = page.locator("#zoom").text_content()
    page.keyboard.press("0")
    assert zoomed != page.locator("#zoom").text_content()

    def drawn(side: str = "left") -> str:
        return str(page.evaluate("side => document.getElementById(side).toDataURL()", side))

    plain = drawn()
    page.keyboard.down(" ")
    assert drawn() != plain  # the photograph alone
    page.keyboard.up(" ")
    assert drawn() == plain
    page.keyboard.press("t")
    assert drawn() != plain
    page.keyboard.press("a")
    page.keyboard.press("o")
    assert drawn() != plain
    page.keyboard.press("o")
    assert drawn() == plain

    waiting = open_question(page)
    page.reload()
    assert open_question(page) == waiting
    bench.kill()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#message")).to_be_visible()  # says so instead of pretending
    troubles.clear()
    bench.start()
    page.reload()
    open_question(page)
    expect(page.locator("#progress")).to_have_text("3 by you")
    before = press(page, "ArrowLeft")
    expect(page.locator("#progress")).to_have_text("4 by you")

    page.click("#mode-ratings")
    expect(page.locator("#right-figure")).to_be_hidden()
    another(page, before)
    page.mouse.click(640, 250)
    marked = page.locator("#left-caption").text_content() or ""
    part, _, name = marked.partition(" ")
    expect(page.locator("#wrong")).to_have_text(f"wrong: {name}")
    press(page, "3")
    assert store.ratings()[0].wrong_parts == (int(part),)

    page.goto(f"http://127.0.0.1:{bench.port}/ranking")
    expect(page.locator("#models tr")).to_have_count(4)
    expect(page.locator("#outlook")).to_contain_text("4 verdicts.")
    store.close()
    assert not troubles
