"""`python -m scrapers.chromium [--install]`: which Chromium crawls would use; installs one where that can be done.

Playwright's own is tried first, then, on Debian as root, the system's package. Vestiary works without: listings that
paint their tiles by script then show fewer products.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from scrapers.browser import CHROMIUM_VARIABLE, find_chromium


def install() -> None:
    """Try one way of installing after the other until there is a Chromium."""
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in ways:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if find_chromium() is not None:
            return


def main() -> int:
    found = find_chromium()
    if found is None and "--install" in sys.argv[1:]:
        print("== setting up a Chromium (once)", flush=True)
        install()
        found = find_chromium()
    if found is None:
        print("No Chromium: listings that paint their tiles by script will show fewer products.")
        print(f"To have them all, install chromium or set {CHROMIUM_VARIABLE} to one.")
    else:
        print(f"Chromium: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
