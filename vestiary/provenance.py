"""`vestiary.json`: what a dataset was made with. It holds no times, so that equal datasets are equal files."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from manifests import atomic
from manifests.dataset import DESCRIPTION
from manifests.schema import FORMAT_VERSION
from vestiary import __version__
from vestiary.config import Config

_DECISIVE = ("torch", "numpy", "pillow", "pyarrow", "ImageHash", "Scrapy")
"""Packages whose version can change a byte of the dataset."""


def description(config: Config) -> dict[str, Any]:
    """The contents of `vestiary.json`: format, configuration, its fingerprint, permissions, tool versions."""
    shops = config.crawl.shops.items()
    permissions = {name: shop.permission.model_dump() for name, shop in shops if shop.permission is not None}
    return {
        "format": FORMAT_VERSION,
        "title": config.dataset.title,
        "configuration": config.described(),
        "configuration_fingerprint": config.fingerprint,
        "permissions": permissions,
        "synthetic_sources": sorted(name for name, shop in shops if shop.synthetic),
        "versions": {"vestiary": __version__} | {name.lower(): metadata.version(name) for name in _DECISIVE},
    }


def write(root: Path, config: Config) -> bool:
    """Write `vestiary.json`; False if it already says just this."""
    path, wanted = root / DESCRIPTION, description(config)
    if path.is_file():
        try:
            if json.loads(path.read_text(encoding="utf-8")) == wanted:
                return False
        except ValueError:
            pass  # a damaged file is written anew
    atomic.write_json(path, wanted)
    return True
