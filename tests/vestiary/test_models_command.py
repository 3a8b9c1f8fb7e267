"""`vestiary models` as a user meets it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from typer.testing import CliRunner

from densepose_labeler import checkpoints, zoo
from tests.densepose_labeler.engine.reference import seeded_weights
from vestiary.cli import app
from vestiary.commands.options import console

MINE = """
format = 1
[families.mine]
[models.mine]
family = "mine"
file = "mine.pkl"
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(console, "width", 160)
    return tmp_path / "cache"


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["models", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_the_list_says_what_is_on_disk(cache: Path) -> None:
    path = checkpoints.cached_path(zoo.get("R_50_FPN_s1x"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 2_000_000)
    lines = {line.split()[1]: line for line in run().splitlines() if len(line.split()) > 3}
    assert "2.0" in lines["R_50_FPN_s1x"] and "official" in lines["R_50_FPN_s1x"]
    assert "official" not in lines["R_101_FPN_s1x"] and "13" in lines["embedded"]


def test_offline_names_every_missing_file_its_address_and_its_place(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, environment in ((("--offline",), ""), ((), "1")):
        monkeypatch.setenv("VESTIARY_OFFLINE", environment)
        output = run("fetch", "all", *arguments, status=1)
        for name, spec in zoo.load().items():
            if spec.url is not None:
                assert f"from {spec.url}" in output and f"to   {checkpoints.cached_path(spec)}" in output, name
        assert "255,757,821 bytes" in output and "27 of 27" in output
    path = checkpoints.cached_path(zoo.get("R_50_FPN_s1x"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"here")
    assert "nothing is missing" in run("fetch", "R_50_FPN_s1x", "--offline")


def test_verify_passes_good_files_and_fails_bad_ones(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "zoo.toml").write_text(MINE)
    mine = ("--zoo", str(tmp_path / "zoo.toml"))
    assert "good" in run("verify") and "embedded" in run("verify")
    assert f"copy your file to {cache}/models/mine/mine.pkl" in run("verify", "mine", *mine, status=1)
    path = cache / "models/mine/mine.pkl"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps({"model": seeded_weights.seeded_state_dict("R_50_FPN_s1x")}, 3))
    assert "good" in run("verify", "mine", *mine)
    with path.open("r+b") as file:
        file.truncate(1_000_000)
    output = run("verify", *mine, status=1)
    assert "bad" in output and "1,000,000 bytes" in output and "good" in output
