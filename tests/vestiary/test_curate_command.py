"""`vestiary curate` and `vestiary split` as a user types them, on a few of the demo shops' pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
[dataset]
path = "{base}/set"
title = "Four pictures"

[curation.sources]
ledger = false

[[curation.sources.folders]]
path = "{base}/photos"
source = "studio"

[curation.split]
eval = [{{ source = "studio", count = 9 }}]
"""


def vestiary(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vestiary", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=280, env=os.environ | {"COLUMNS": "140"},
    )  # fmt: skip


def test_curate_split_freeze_and_look(root: Path, tmp_path: Path) -> None:
    pictures = sorted((root / "demo/pictures").glob("zara-women-*-front.jpg"))[:3]
    pictures += sorted((root / "demo/pictures").glob("zara-women-*-packshot.jpg"))[:1]
    if len(pictures) < 4:
        pytest.skip("the demo shops' pictures are not there")
    (tmp_path / "photos").mkdir()
    for picture in pictures:
        shutil.copy(picture, tmp_path / "photos")
    (tmp_path / "c.toml").write_text(CONFIG.format(base=tmp_path.as_posix()))
    dataset, chosen = tmp_path / "set", ("--config", str(tmp_path / "c.toml"))

    run = vestiary("curate", *chosen, "--report", "--workers", "1", cwd=root)
    assert run.returncode == 1 and "studio" in run.stderr and "--allow-short" in run.stderr
    assert "Traceback" not in run.stderr and (dataset / "curation-report.html").exists()  # to see what there is

    run = vestiary("curate", *chosen, "--report", "--allow-short", "--seed", "5", "--freeze", cwd=root)
    assert run.returncode == 0, run.stderr
    assert "short: studio has 3 of 9 images" in run.stdout and "frozen: 3 images" in run.stdout
    told = json.loads((dataset / "splits" / "eval.json").read_text())
    assert (told["seed"], told["allow_short"], told["images"]) == (5, True, 3)
    assert "Curation of Four pictures" in (dataset / "curation-report.html").read_text()

    run = vestiary("split", "verify", *chosen, cwd=root)
    assert run.returncode == 0 and "frozen: 3 images, of which 0 have vanished" in run.stdout, run.stderr
    run = vestiary("split", "freeze", str(dataset), cwd=root)
    assert run.returncode == 0 and "frozen: 3 images" in run.stdout
