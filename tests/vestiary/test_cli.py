"""The command line as a user meets it: a real process, its output and its exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def vestiary(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vestiary", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=240, env=os.environ | {"COLUMNS": "120"} | environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command", [(), ("dataset",), ("demo",), ("curate",), ("label",), ("models",), ("split", "verify")]
)
def test_help_explains_itself_with_an_example(root: Path, command: tuple[str, ...]) -> None:
    run = vestiary(*command, "--help", cwd=root)
    assert run.returncode == 0 and "Usage" in run.stdout and "Example" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("dataset", "--config", "configs/dmo.toml"), "no configuration at configs/dmo.toml"),
        (("datset",), "No such command 'datset'"),
        (("label", "nowhere", "--config", "configs/demo.toml", "--models", "embeded"), "did you mean 'embedded'?"),
        (("label", "nowhere", "--config", "configs/demo.toml"), "nowhere"),
    ],
)
def test_a_mistake_is_one_clear_message_never_a_traceback(root: Path, arguments: tuple[str, ...], says: str) -> None:
    run = vestiary(*arguments, cwd=root)
    text = " ".join((run.stdout + run.stderr).replace("│", " ").split())
    assert run.returncode in (1, 2) and says in text and "Traceback" not in text


def test_a_live_shop_without_permission_refuses_with_a_clear_word(root: Path, tmp_path: Path) -> None:
    text = (root / "configs/fashion.toml").read_text().replace("data/fashion", (tmp_path / "data").as_posix())
    (tmp_path / "fashion.toml").write_text(text)
    run = vestiary("dataset", "--config", str(tmp_path / "fashion.toml"), cwd=root)
    assert run.returncode == 1
    assert "permission" in run.stdout + run.stderr and "Traceback" not in run.stdout + run.stderr
    assert not list((tmp_path / "data").glob("images/*"))


def test_ctrl_c_says_that_the_work_is_kept_and_leaves_no_spider(root: Path, tmp_path: Path) -> None:
    text = (root / "configs/demo.toml").read_text().replace("data/demo", (tmp_path / "data").as_posix())
    (tmp_path / "demo.toml").write_text(text.replace("delay_seconds = 0.0", "delay_seconds = 1.0"))
    command = [sys.executable, "-m", "vestiary", "dataset", "--config", str(tmp_path / "demo.toml")]
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    ledger = tmp_path / "data" / "crawl.sqlite"
    deadline = time.monotonic() + 240
    while not list(ledger.parent.glob("images/*/*")):
        assert process.poll() is None and time.monotonic() < deadline, process.poll()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 130 and "run it again to go on" in output and "Traceback" not in output
    left = subprocess.run(["ps", "-o", "pid,stat,args", "-g", str(process.pid)], capture_output=True, text=True).stdout
    assert "scrapy" not in left, left


def test_all_models_are_listed(root: Path) -> None:
    run = vestiary("models", cwd=root)
    assert run.returncode == 0, run.stderr
    assert all(name in run.stdout for name in ("embedded", "R_50_FPN_s1x_legacy", "R_101_FPN_DL_WC2M_s1x"))
