"""The whole pipeline over the demo shops, in real processes: what it leaves, and what SIGKILL cannot do to it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import manifests
from manifests.ledger import Ledger

FINAL = ("*.parquet", "labels/**/*.parquet", "splits/*", "vestiary.json", "README.md", "card/*")


def start(directory: Path, root: Path) -> subprocess.Popen[str]:
    """`vestiary dataset` in a process group of its own, so that a kill reaches spiders and browsers too."""
    return subprocess.Popen(
        [sys.executable, "-m", "vestiary", "dataset", "--config", "demo.toml"],
        cwd=directory, env=os.environ | {"PYTHONPATH": str(root)}, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finish(directory: Path, root: Path) -> str:
    process = start(directory, root)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def set_up(directory: Path, root: Path, **changes: str) -> None:
    directory.mkdir(parents=True)
    text = (root / "configs/demo.toml").read_text()
    for pattern, replacement in changes.items():
        text, count = re.subn(rf'(?m)^{pattern} = "[^"]*"', f'{pattern} = "{replacement}"', text)
        assert count == 1, f"configs/demo.toml has no line {pattern!r}"
    (directory / "demo.toml").write_text(text)


def digests(dataset: Path) -> dict[str, str]:
    files = sorted({path for pattern in FINAL for path in dataset.glob(pattern)})
    return {path.relative_to(dataset).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def assert_nothing_is_half_written(dataset: Path) -> None:
    for path in dataset.glob("images/??/[0-9a-f]*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    for path in dataset.rglob("*.parquet"):
        pq.read_table(path)
    for path in [*dataset.glob("*.json"), *dataset.glob("splits/*.json")]:
        json.loads(path.read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The demo dataset, made in one undisturbed run, without a browser."""
    directory = tmp_path_factory.mktemp("undisturbed") / "run"
    set_up(directory, root, path="data", browser="never")
    finish(directory, root)
    return directory / "data"


def test_the_dataset_loads_as_the_readme_says(finished: Path) -> None:
    ds = manifests.open(finished)
    kept = ds.images[ds.images["status"] == "kept"]
    assert set(kept["source"]) == {"zara", "zalando", "farfetch"} and kept["synthetic"].all()
    assert set(kept["gender"]) == {"women", "men"}
    assert len(ds.torch(split="eval", model="embedded")) == len(ds.split("eval")) > 0
    sample = ds.torch(split="train", model="embedded")[0]
    assert sample.parts.max() > 0 and sample.image.shape[1:] == sample.parts.shape
    labelled = set(ds.index.loc[ds.index["model"] == "embedded", "image_id"])
    assert set(kept["image_id"]) <= labelled
    dropped = ds.images[ds.images["status"] == "dropped"]
    assert dropped["reason"].notna().all() and kept["reason"].isna().all()


def test_every_planted_case_ends_with_its_outcome_status_and_reason(finished: Path, root: Path) -> None:
    rows = {
        sighting["image_url"]: row
        for row in manifests.open(finished).images.to_dict("records")
        for sighting in row["sightings"]
    }
    with Ledger(finished / "crawl.sqlite") as ledger:
        outcomes = {fetch.url: fetch.outcome for fetch in ledger.fetches()}
        read = {sighting.page_url for sighting, _ in ledger.sightings()}
    planted = json.loads((root / "demo/planted.json").read_text())
    assert len(planted) > 30
    checked, wrong = 0, []
    for case in planted:
        if case["required"] and not read.issuperset(case["pages"]):
            continue  # a product whose tile only a browser sees
        checked += 1
        wrong += _mismatches(case, rows, outcomes)
    assert not wrong, "\n".join(wrong)
    assert checked > 0.7 * len(planted)


def _mismatches(case: dict[str, Any], rows: dict[str, dict[str, Any]], outcomes: dict[str, str]) -> Iterator[str]:
    for prefix in case["url_prefixes"]:
        found = sorted(url for url in outcomes if url.startswith(prefix))
        if case["required"] and not found:
            yield f"{case['kind']}: nothing in the ledger for {prefix}"
        for url in found:
            if outcomes[url] != case["fetch"] and not (case["fetch"] == "never" and outcomes[url] == "robots_barred"):
                yield f"{case['kind']}: {url} ended as {outcomes[url]}, not {case['fetch']}"
            row = rows.get(url)
            if (row is None) != (case["status"] is None):
                yield f"{case['kind']}: {url} has {'no' if row is None else 'a'} row in images.parquet"
            elif row is not None and row["status"] != case["status"]:
                yield f"{case['kind']}: {url} is {row['status']} ({row['reason']}), not {case['status']}"
            elif row is not None and case["reasons"] and row["reason"] not in case["reasons"]:
                yield f"{case['kind']}: {url} was dropped as {row['reason']}, not {case['reasons']}"
            if row is not None and case["same_image_as"]:
                twins = {url for url, other in rows.items() if other["image_id"] == row["image_id"]}
                if not any(twin.startswith(case["same_image_as"]) for twin in twins):
                    yield f"{case['kind']}: {url} is not one image with {case['same_image_as']}"
            if row is not None and case["duplicate_of"]:
                originals = {url for url, other in rows.items() if other["image_id"] == row["duplicate_of"]}
                if not any(original.startswith(case["duplicate_of"]) for original in originals):
                    yield f"{case['kind']}: {url} is a duplicate of {sorted(originals)}, not {case['duplicate_of']}"


def test_the_card_shows_every_shop_and_gender(finished: Path) -> None:
    text = (finished / "README.md").read_text()
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert len(pictures) == 6 and all((finished / picture).stat().st_size > 20_000 for picture in pictures)


def test_a_second_run_does_nothing_and_says_so_quickly(finished: Path, root: Path) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file() and ".sqlite" not in path.name
    }
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = finish(finished.parent, root)
    done = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Nothing to do" in output
    assert done.ru_utime + done.ru_stime - begun.ru_utime - begun.ru_stime < 10  # seconds of work, whoever else works
    after = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file() and ".sqlite" not in path.name
    }
    assert after == before


def test_the_splits_are_proved_and_a_forged_one_is_caught(finished: Path, root: Path) -> None:
    command = [sys.executable, "-m", "vestiary", "split", "verify", str(finished)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert run.returncode == 0 and "verified" in run.stdout
    path = finished / "splits" / "train.txt"
    text = path.read_text()
    try:
        path.write_text("\n".join(text.split()[1:]) + "\n")
        assert subprocess.run(command, capture_output=True, cwd=root).returncode == 1
    finally:
        path.write_text(text)


def killed_run(directory: Path, root: Path, kills: int, seconds: float, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(kills):
        process = start(directory, root)
        time.sleep(rng.uniform(0.05, 1.0) * seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert_nothing_is_half_written(directory / "data")
    finish(directory, root)


def test_sigkill_changes_no_byte_of_the_result(tmp_path: Path, finished: Path, root: Path) -> None:
    set_up(tmp_path / "run", root, path="data", browser="never")
    killed_run(tmp_path / "run", root, kills=3, seconds=12, seed=1)
    assert digests(tmp_path / "run" / "data") == digests(finished)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_sigkills_change_no_byte_of_the_result(tmp_path: Path, root: Path) -> None:
    set_up(tmp_path / "undisturbed", root, path="data")
    begun = time.monotonic()
    finish(tmp_path / "undisturbed", root)
    seconds = time.monotonic() - begun
    set_up(tmp_path / "run", root, path="data")
    killed_run(tmp_path / "run", root, kills=10, seconds=seconds * 0.6, seed=int(time.time()))
    assert digests(tmp_path / "run" / "data") == digests(tmp_path / "undisturbed" / "data")
    assert isinstance(manifests.open(tmp_path / "run" / "data").index, pd.DataFrame)
