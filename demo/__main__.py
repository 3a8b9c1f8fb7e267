"""`python -m demo`: serves the demo shops until interrupted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo import expectations
from demo.server import DEFAULT_PORT, LOOPBACK, serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Serve the three demo shops on loopback.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    parser.add_argument("--pictures", type=Path, help="folder with pictures.json; default: the package's own")
    parser.add_argument("--write-planted", action="store_true", help="write demo/planted.json anew, and end")
    arguments = parser.parse_args()
    if arguments.write_planted:
        print(f"wrote {expectations.write(arguments.pictures)}")
        return 0
    print(f"Demo shops: http://www.zara.test/, http://www.zalando.test/, http://www.farfetch.test/\n"
          f"through the proxy http://{LOOPBACK}:{arguments.port} (Ctrl-C ends it)", flush=True)  # fmt: skip
    try:
        serve(arguments.port, arguments.pictures)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
