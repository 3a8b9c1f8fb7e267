"""`python -m vestiary` and the `vestiary` command: every expected error is one clear message, never a traceback."""

from __future__ import annotations

import os
import sys

from rich.console import Console

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main() -> int:
    """Run the command line; 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    from vestiary.cli import app

    errors = Console(stderr=True, highlight=False)
    try:
        app(standalone_mode=True)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            errors.print(f"\n{_interrupt(stop) or 'Interrupted. What was finished is kept: run it again to go on.'}")
        raise
    except _expected() as error:
        if os.environ.get("VESTIARY_DEBUG"):
            raise
        errors.print(f"[bold red]error:[/bold red] {error}", markup=True, soft_wrap=True)
        return 1
    return 0


def _interrupt(stop: BaseException) -> str:
    """What the stage that was interrupted had to say; typer turns its KeyboardInterrupt into a SystemExit."""
    error: BaseException | None = stop
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return str(error or "")


# Errors whose message is meant for the user, by module: only modules that the command imported are looked at, because
# importing them here would cost every command the seconds that torch takes.
_MEANT_FOR_USERS = {
    "manifests.settings": ("SettingsError",),
    "manifests.dataset": ("DatasetError",),
    "curation.errors": ("CurationError",),
    "densepose_labeler.zoo": ("ZooError",),
    "densepose_labeler.planning": ("LabelError",),
    "densepose_labeler.checkpoints": ("CheckpointError",),
    "densepose_labeler.metrics.part_maps": ("TruthError",),
    "densepose_labeler.metrics.annotations": ("AnnotationError",),
    "densepose_labeler.metrics.evaluation_set": ("EvaluationError",),
    "densepose_labeler.metrics.surface": ("SurfaceError",),
    "densepose_labeler.review.session": ("ReviewError",),
    "vestiary.pipeline": ("PipelineError",),
}


def _expected() -> tuple[type[Exception], ...]:
    """What a wrong configuration, a missing file or a full disk raises. Set VESTIARY_DEBUG for the traceback."""
    loaded = ((sys.modules[module], names) for module, names in _MEANT_FOR_USERS.items() if module in sys.modules)
    return (OSError, *(getattr(module, name) for module, names in loaded for name in names))


if __name__ == "__main__":
    sys.exit(main())
