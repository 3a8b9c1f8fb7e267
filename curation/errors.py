"""What stops curation. The message says what to do next."""

from __future__ import annotations


class CurationError(ValueError):
    """The inputs or the dataset directory do not allow the step."""
