"""Whoever speaks, standard error holds JSON, one object a line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SPEAKERS = """
import logging, warnings
from densepose_labeler.service.logs import configure
configure()
fields = {"status": 200, "name": "a\\u2028b\\nc"}
logging.getLogger("densepose_labeler.service").info("request", extra={"fields": fields})
logging.getLogger("uvicorn.error").info("started")
logging.getLogger("asyncio").warning("socket.send() raised exception.")
warnings.warn("old")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("densepose_labeler").exception("failed")
"""


def test_every_line_is_one_record(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SPEAKERS], cwd=root, capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["event"].split(":")[0] for record in records] == [
        "request", "started", "socket.send() raised exception.", "<string>", "failed",
    ]  # fmt: skip
    assert records[0]["status"] == 200 and records[0]["name"] == "a\u2028b\nc"
    assert records[2]["level"] == "warning" and "ZeroDivisionError" in records[4]["traceback"]
