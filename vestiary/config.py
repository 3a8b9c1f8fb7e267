"""One configuration file, composed of the stages' own sections."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from curation.config import CurationConfig
from densepose_labeler.config import LabelConfig
from densepose_labeler.service.config import ServiceConfig
from manifests.settings import DatasetConfig, Settings, SettingsError, fingerprint, parse, read_toml
from scrapers.config import CONFIG_VARIABLE, DEFAULT_CONFIG, CrawlConfig


class DemoConfig(Settings):
    """`[demo]`: the three small shops that come with Vestiary.

    Attributes:
        serve: start them on loopback for the length of a `vestiary dataset` run.
    """

    serve: bool = False


class Config(Settings):
    """A whole configuration file; every section has defaults, and each stage documents its own."""

    dataset: DatasetConfig = DatasetConfig()
    demo: DemoConfig = DemoConfig()
    crawl: CrawlConfig = CrawlConfig()
    curation: CurationConfig = CurationConfig()
    label: LabelConfig = LabelConfig()
    service: ServiceConfig = ServiceConfig()

    def described(self) -> dict[str, Any]:
        """What determines the dataset, as plain data: all but how it is served, and the demo shops' address."""
        return self.model_dump(mode="json", exclude={"crawl": {"gateway"}, "service": True})

    @model_validator(mode="after")
    def _one_screening_model(self) -> Self:
        labels, reads = self.label.screening_model, self.curation.screen.model
        if labels != reads:
            raise ValueError(
                f"label.screening_model is {labels!r} but curation.screen.model is {reads!r}: name one model in both"
            )
        return self

    @property
    def fingerprint(self) -> str:
        """sha256 of `described()`, hexadecimal."""
        return fingerprint(self.described())


def default_path() -> Path:
    """`$VESTIARY_CONFIG`, or configs/fashion.toml."""
    return Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))


def load(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        SettingsError: a line for every mistake, naming the key, its place and the nearest right one.
    """
    data = read_toml(path)
    unknown = [key for key, value in data.items() if key in Config.model_fields and not isinstance(value, dict)]
    if unknown:
        raise SettingsError(f"{path}: {unknown[0]!r} must be a table: write [{unknown[0]}]")
    return parse(Config, data, str(path))
