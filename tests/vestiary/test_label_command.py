"""`vestiary label`: which backend runs, and what verification says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from densepose_labeler.checkpoints import WeightsMissing
from densepose_labeler.planning import LabelError
from manifests.settings import SettingsError
from tests.densepose_labeler.small_world import World, add_pictures
from vestiary.cli import app


@pytest.fixture
def shown(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A dataset of one picture with a person on it."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VESTIARY_CACHE", str(tmp_path / "cache"))
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


def test_an_option_that_changes_labels_makes_another_set_and_leaves_the_first_alone(shown: World, root: Path) -> None:
    assert _label(shown, root, "--models", "embedded").exit_code == 0
    first = shown.dataset / "labels" / "embedded" / "part-00000.parquet"
    before = first.read_bytes()
    result = _label(shown, root, "--models", "embedded", "--score-threshold", "0.9", "--no-flip-averaging")
    assert result.exit_code == 0 and "embedded_score0.9_noflip" in result.output, result.output
    assert (shown.dataset / "labels" / "embedded_score0.9_noflip" / "part-00000.parquet").is_file()
    assert _label(shown, root, "--models", "embedded", "--min-size", "160", "--name", "quick").exit_code == 0
    assert (shown.dataset / "labels" / "quick" / "part-00000.parquet").is_file()
    assert first.read_bytes() == before
    assert sorted(path.name for path in (shown.dataset / "labels").iterdir()) == [
        "embedded", "embedded_score0.9_noflip", "quick"
    ]  # fmt: skip


def test_a_dry_run_only_counts(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "embedded", "--dry-run", "--images", "5", "--largest-only")
    assert result.exit_code == 0 and "embedded_largest: 1 images to label" in result.output
    assert not (shown.dataset / "labels").exists()


def test_all_is_the_27_official_models(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "all", "--dry-run")
    assert isinstance(result.exception, WeightsMissing)
    assert str(result.exception).count("vestiary models fetch") == 27


def test_a_wrong_device_is_one_clear_message(shown: World, root: Path) -> None:
    result = _label(shown, root, "--models", "embedded", "--device", "gpu")
    assert isinstance(result.exception, SettingsError) and "command line: 'device'" in str(result.exception)
