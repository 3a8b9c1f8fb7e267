"""`vestiary dataset`: the three stages one after the other, each of which skips what it has done.

crawl -> curate -> label with the screening model -> screen and split -> label with the chosen models -> index -> card.
The stages meet in the dataset directory only, so a run that was killed anywhere is finished by running it again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from manifests import atomic
from manifests.ledger import Ledger
from scrapers.config import CONFIG_VARIABLE, GATEWAY_VARIABLE
from vestiary import card, provenance
from vestiary.config import Config
from vestiary.progress import Progress

LEDGER = "crawl.sqlite"


class PipelineError(Exception):
    """A stage could not go on; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One run over one configuration.

    Attributes:
        config: the whole configuration.
        config_path: the file it came from, handed to the spiders.
        console: where progress is shown.
        recrawl: visit the shops even where the last crawl with this configuration went through.
    """

    config: Config
    config_path: Path
    console: Console
    recrawl: bool = False

    @property
    def root(self) -> Path:
        return self.config.dataset.path

    def run(self) -> bool:
        """Make or finish the dataset; True if there was anything to do."""
        atomic.sweep(self.root)
        steps: list[tuple[str, Callable[[], bool]]] = [
            ("crawl", self._crawl),
            ("curate", self._curate),
            ("label for screening", self._label_for_screening),
            ("screen and split", self._screen_and_split),
            ("label", self._label),
            ("index and card", self._describe),
        ]
        worked = False
        for name, step in steps:
            self.console.print(f"[bold]== {name}[/bold]")
            if step():
                worked = True
            else:
                self.console.print("  nothing to do", highlight=False)
        return worked

    def _crawl(self) -> bool:
        """Crawl the shops that have not been crawled through with this configuration."""
        crawl = self.config.crawl
        with Ledger(self.root / LEDGER) as ledger:
            if self.config.demo.serve:
                self._check_demo_edition(ledger)
            due = [
                name for name in crawl.shops if self.recrawl or not ledger.finished(name, crawl.fingerprint_of(name))
            ]
        if not due:
            return False
        with _demo_shops() if self.config.demo.serve else nullcontext():
            for name in due:
                self._crawl_shop(name)
        return True

    def _check_demo_edition(self, ledger: Ledger) -> None:
        """A picture is fetched once, so a dataset made from older demo shops cannot become one of these."""
        from demo import catalogue_hash

        edition, last = catalogue_hash(), ledger.last_run("demo")
        if last is None:
            ledger.start_run("demo", edition)
        elif last["fingerprint"] != edition:
            raise PipelineError(
                f"the demo shops have other pages or pictures than when {self.root} was made: "
                f"remove it (rm -r {self.root}) and run the same command again"
            )

    def _crawl_shop(self, name: str) -> None:
        command = [sys.executable, "-m", "scrapy", "crawl", name, "-a", f"config={self.config_path}"]
        environment = os.environ | {
            "SCRAPY_SETTINGS_MODULE": "scrapers.settings",
            CONFIG_VARIABLE: str(self.config_path),
        }
        with subprocess.Popen(command, env=environment) as spider:
            try:
                status = spider.wait()
            except KeyboardInterrupt:
                spider.terminate()  # it may have had no Ctrl-C of its own; what it stored is safe at any moment
                raise
        if status:
            raise PipelineError(
                f"the crawl of {name} ended with status {status}; the lines above say why. "
                "What it collected is kept: run the same command again to go on."
            )

    def _curate(self) -> bool:
        from curation.run import curate

        with self._progress() as progress:
            return curate(self.root, self.config.curation, progress).changed

    def _label_for_screening(self) -> bool:
        from curation.run import candidates

        return self._label_with((self.config.label.screening_model,), candidates(self.root))

    def _screen_and_split(self) -> bool:
        from curation.run import screen_and_split

        return screen_and_split(self.root, self.config.curation).changed

    def _label(self) -> bool:
        return self._label_with(self.config.label.models)

    def _label_with(self, models: tuple[str, ...], image_ids: list[str] | None = None) -> bool:
        from densepose_labeler.job import label  # torch takes seconds to import

        with self._progress() as progress:
            done = label(self.root, models, self.config.label, image_ids=image_ids, progress=progress)
        return done.labelled > 0

    def _describe(self) -> bool:
        from densepose_labeler.index import build_index

        indexed = build_index(self.root)
        described = provenance.write(self.root, self.config)
        return card.write(self.root, self.config) or indexed or described

    def _progress(self) -> Progress:
        return Progress(self.console)


@contextmanager
def _demo_shops() -> Iterator[None]:
    """Serve the demo shops on a free port and tell the spiders where."""
    from demo.server import running

    before = os.environ.get(GATEWAY_VARIABLE)
    with running() as gateway:
        os.environ[GATEWAY_VARIABLE] = gateway
        try:
            yield
        finally:
            if before is None:
                del os.environ[GATEWAY_VARIABLE]
            else:
                os.environ[GATEWAY_VARIABLE] = before
