"""Finding a Chromium to drive, and installing one where that can be done.

`python -m scrapers.chromium` prints what would be used; with `--install` it first installs one if there is none:
Playwright's own, or on Debian as root the system's package. Vestiary works without; pages that paint their tiles by
script then show fewer products.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "VESTIARY_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class ChromiumError(Exception):
    """The environment variable names something that is no program."""


def find() -> Path | None:
    """The Chromium to use: `$VESTIARY_CHROMIUM`, then the PATH, then Playwright's own; None if there is none.

    Raises:
        ChromiumError: the variable is set but names no executable file.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = shutil.which(named)
        if path is None:
            raise ChromiumError(f"{VARIABLE} is {named!r}, which is no executable file; correct or unset it")
        return Path(path)
    for name in _NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    return _playwrights_own()


def launch_arguments() -> list[str]:
    """Arguments for a headless crawl: no traffic of the browser's own, and no sandbox where root cannot have one."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
             "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]  # fmt: skip
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*quiet, "--no-sandbox"] if as_root else quiet


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def _install() -> bool:
    """Try Playwright's download, then Debian's package; True if there is a Chromium afterwards."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in attempts:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            subprocess.run(command, env=quiet, capture_output=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if find() is not None:
            return True
    return False


def main() -> int:
    path = find()
    if path is None and "--install" in sys.argv[1:]:
        print("== setting up a Chromium (once)", flush=True)
        _install()
        path = find()
    if path is None:
        print(
            f"no Chromium: listings that paint their tiles by script will show fewer products. To have them all, "
            f"install chromium or set {VARIABLE}."
        )
    else:
        print(f"Chromium: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
