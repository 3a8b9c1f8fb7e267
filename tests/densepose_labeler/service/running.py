"""A real `vestiary serve` process for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "densepose_labeler/service/static/example.jpg"
FOUNDING = {
    "DenseRootDir": "../efs/Datasets/test/image-densepose/",
    "ClientID": "GM",
    "FileName": "00009",
    "ImagePath": "../efs/Datasets/test/image/GM/0000",
}
PATIENT = "deadline_seconds = 600\nidle_seconds = 600\ndrain_seconds = 600"
"""Settings of a server whose answers do not depend on how busy the machine is."""
STARTUP = 180.0  # seconds; a loaded machine imports torch slowly


@dataclass
class Running:
    """A server; `tree` is the folder that holds `app`, where it runs, and `efs`, its root."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    tree: Path

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def events(self, name: str) -> list[dict[str, object]]:
        """The log's records of this kind."""
        lines = self.log.read_text().splitlines(keepends=True)
        return [record for line in lines if line.endswith("\n") and (record := json.loads(line))["event"] == name]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=120)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


def make_tree(tree: Path) -> None:
    """The founding example's folders, with a picture."""
    images = tree / "efs/Datasets/test/image/GM/0000"
    images.mkdir(parents=True)
    (images / "00009.jpg").write_bytes(EXAMPLE.read_bytes())
    (tree / "app").mkdir(parents=True)


@contextmanager
def running(tree: Path, settings: str = "") -> Iterator[Running]:
    """Serve from `tree` on a free port until the block ends; `settings` are lines of [service]."""
    if not (tree / "app").exists():
        make_tree(tree)
    config, log = tree / "config.toml", tree / "log.jsonl"
    config.write_text(f"[label]\ndevice = 'cpu'\nthreads = 2\n[service]\nport = 0\n{settings}\n")
    command = [sys.executable, "-m", "vestiary", "serve", "--config", str(config), "--root", "../efs/Datasets"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=tree / "app", stderr=output, stdout=output, env=environment, start_new_session=True
        )
    try:
        yield Running(process, _address(process, log), log, tree)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, once its models are warm."""
    until = time.monotonic() + STARTUP
    while time.monotonic() < until:
        text = log.read_text()
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {text}")
        if '"event": "ready"' in text:
            return next(word for word in text.split() if word.startswith("http://127.0.0.1:"))
        time.sleep(0.05)
    raise AssertionError(f"the server did not get ready: {log.read_text()}")
