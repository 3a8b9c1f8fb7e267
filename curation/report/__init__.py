"""The report on a curated dataset: one HTML page to look at, with its pictures inside."""

from curation.report.page import NAME, write

__all__ = ["NAME", "write"]
