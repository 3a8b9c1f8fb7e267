"""The processes of `benchmarks/label.py`, from its end: commands go in, answers come out (`worker.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class Worker:
    """A side's process."""

    def __init__(self, python: Path, script: str, threads: int, **environment: str) -> None:
        environment |= {"OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [python, Path(__file__).parent / script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment,
        )  # fmt: skip

    def __call__(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do} | arguments) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self._process.args} ended with status {self._process.wait()}; its last lines are above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
