"""Runs a task of `tools.cycles.blender` in the environment that has bpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blender(python: Path, task: str, source: Path, result: Path, threads: int, *options: str) -> None:
    """Runs `task` on the scene in `source`; `result` appears when it is complete.

    Raises:
        RuntimeError: Blender failed; what it said goes to standard error.
    """
    part = result.with_suffix(".part")
    command = [str(python), "-m", "tools.cycles.blender", task, str(source), str(part), *options]
    done = subprocess.run([*command, "--threads", str(threads)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        raise RuntimeError(f"Blender failed; run it by hand to see why: {' '.join(command)}")
    part.replace(result)
