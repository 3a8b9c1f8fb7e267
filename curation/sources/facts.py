"""What a folder's owner knows of its pictures: a CSV file with one row a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from curation.errors import CurationError
from manifests.reasons import Gender, View

FILE = "file"
COLUMNS = ("product_id", "style_id", "view", "gender", "category", "brand", "colour", "title", "page_url")
"""What a row may state besides its file; fields of `manifests.ledger.Sighting`."""

_KINDS: Mapping[str, type[Gender] | type[View]] = {"gender": Gender, "view": View}


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts by file, the path in the folder with forward slashes."""

    path: Path
    by_file: Mapping[str, Mapping[str, Any]]

    def of(self, file: str) -> Mapping[str, Any]:
        """What the row of this file states; an empty cell states nothing."""
        return self.by_file.get(file, {})

    def check(self, files: set[str]) -> None:
        """
        Raises:
            CurationError: a row names a file that is not there.
        """
        lost = sorted(self.by_file.keys() - files)
        if lost:
            raise CurationError(
                f"{self.path}: {len(lost)} rows name files that the folder does not have, such as {lost[0]!r}; "
                f"the column {FILE!r} holds paths relative to the folder"
            )


def read_facts(path: Path) -> Facts:
    """
    Args:
        path: a UTF-8 CSV file whose first line names its columns: `file`, and any of `COLUMNS`.

    Raises:
        CurationError: the file is absent or unreadable, a column is unknown, a value is not of its closed list, or two
            rows name one file.
    """
    by_file: dict[str, Mapping[str, Any]] = {}
    for line, row in _rows(path):
        file = row.pop(FILE)
        if file in by_file:
            raise CurationError(f"{path}, line {line}: a second row for {file!r}")
        by_file[file] = {name: _value(name, text, f"{path}, line {line}") for name, text in row.items() if text}
    return Facts(path, by_file)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                if None in row or None in row.values():
                    raise CurationError(f"{path}, line {reader.line_num}: not as many cells as the first line")
                yield reader.line_num, {name: text.strip() for name, text in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CurationError(f"{path} cannot be read as CSV in UTF-8: {error}") from error


def _check_columns(path: Path, names: Any) -> None:
    known = (FILE, *COLUMNS)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known columns are {', '.join(known)}"
            raise CurationError(f"{path}: unknown column {name!r}; {hint}")
    if FILE not in names:
        raise CurationError(f"{path}: there is no column {FILE!r}, which names each row's picture")


def _value(name: str, text: str, place: str) -> str:
    if name not in _KINDS:
        return text
    try:
        return _KINDS[name](text.lower())
    except ValueError:
        raise CurationError(f"{place}: {name} {text!r} is none of {', '.join(_KINDS[name])}") from None
