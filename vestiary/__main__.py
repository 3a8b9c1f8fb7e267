"""`python -m vestiary` and the `vestiary` command: every expected error is one clear message, never a traceback."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def main() -> int:
    """Run the command line; 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    from vestiary.cli import app

    errors = Console(stderr=True, highlight=False)
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt as interrupt:
        errors.print(f"\n{interrupt or 'Interrupted. What was finished is kept: run the same command again to go on.'}")
        return 130
    except _expected() as error:
        if os.environ.get("VESTIARY_DEBUG"):
            raise
        errors.print(f"[bold red]error:[/bold red] {error}", markup=True, soft_wrap=True)
        return 1
    return 0


def _expected() -> tuple[type[Exception], ...]:
    """What a wrong configuration, a missing file or a full disk raises. Set VESTIARY_DEBUG for the traceback."""
    from curation.errors import CurationError
    from manifests.dataset import DatasetError
    from manifests.settings import SettingsError

    expected: list[type[Exception]] = [SettingsError, DatasetError, CurationError, OSError]
    if "vestiary.pipeline" in sys.modules:
        expected.append(sys.modules["vestiary.pipeline"].PipelineError)
    if "densepose_labeler.planning" in sys.modules:
        expected.append(sys.modules["densepose_labeler.planning"].LabelError)
    return tuple(expected)


if __name__ == "__main__":
    sys.exit(main())
