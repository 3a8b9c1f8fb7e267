"""`vestiary label`: which backend runs, and what verification says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from densepose_labeler.planning import LabelError
from tests.densepose_labeler.small_world import World, add_pictures
from vestiary.cli import app


@pytest.fixture
def shown(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A dataset of one picture with a person on it."""
    monkeypatch.setenv("COLUMNS", "200")
    world = World(tmp_path, tmp_path / "cache", tmp_path / "zoo.toml")
    add_pictures(world, [(root / "demo/pictures/zara-men-chinos-khaki-front.jpg").read_bytes()])
    return world


def _label(world: World, root: Path, *arguments: str) -> Result:
    configuration = str(root / "configs/demo.toml")
    return CliRunner().invoke(app, ["label", str(world.dataset), "--config", configuration, *arguments])


def test_a_backend_that_agrees_is_within_the_tolerances_and_nothing_is_written(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "embedded", "--verify-against", "engine", "-n", "3")
    assert result.exit_code == 0, result.output
    assert "embedded: engine / engine" in result.output
    assert "1 / 1" in result.output and "100.000%" in result.output
    assert "within the tolerances: boxes 0.05 px, 99.9%" in result.output and "NOT" not in result.output
    assert not (shown.dataset / "labels").exists()


def test_beyond_the_tolerances_the_exit_status_is_1(shown: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("densepose_labeler.verification.AGREEMENT", 1.1)  # more than any picture can reach
    result = _label(shown, root, "--models", "embedded", "--verify-against", "engine")
    assert result.exit_code == 1
    assert "differs" in result.output and "NOT within the tolerances" in result.output


def test_a_backend_that_does_not_run_a_model_is_refused(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "embedded", "--backend", "detectron2")
    assert result.exit_code == 2
    assert "does not run 'embedded'" in result.output
    assert not (shown.dataset / "labels").exists()
    assert _label(shown, root, "--models", "embedded", "--backend", "engine").exit_code == 0
    assert (shown.dataset / "labels" / "embedded" / "part-00000.parquet").is_file()


def test_verifying_the_embedded_model_against_detectron2_says_why_not(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "embedded", "--verify-against", "detectron2")
    assert isinstance(result.exception, LabelError)
    assert "no network with the backbone of 'embedded'" in str(result.exception)
