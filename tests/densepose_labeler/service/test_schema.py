"""Requests made up from the interface's own description: none may get an answer of 500."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.densepose_labeler.service.running import Running


def requests_by_status(client: httpx.Client) -> dict[int, float]:
    counts: dict[int, float] = {}
    for status, number in re.findall(
        r'^vestiary_requests_total\{.*status="(\d+)"\} (\S+)$', client.get("/metrics").text, re.M
    ):
        counts[int(status)] = counts.get(int(status), 0) + float(number)
    return counts


@pytest.mark.parametrize(
    ("phases", "examples", "least"),
    [("examples,fuzzing", 12, 10), pytest.param("examples,coverage,fuzzing", 1000, 2000, marks=pytest.mark.slow)],
)
@pytest.mark.timeout(3600)
def test_generated_requests(
    server: Running, client: httpx.Client, tmp_path: Path, phases: str, examples: int, least: int
) -> None:
    before = requests_by_status(client)
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.address}/openapi.json",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance",
        "--phases", phases, "--max-examples", str(examples), "--seed", "1",
        "--generation-database", "none", "--request-timeout", "120", "--no-color",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=3500)
    after = requests_by_status(client)
    made = {status: number - before.get(status, 0) for status, number in after.items()}
    assert sum(made.values()) >= least, (made, run.stdout[-3000:])
    assert not [status for status in made if status >= 500 and made[status]], (made, run.stdout[-3000:])
    assert run.returncode == 0, run.stdout[-6000:]
