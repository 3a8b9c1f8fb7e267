"""The closed lists of the contract: every status and reason that a row can carry.

A reason is written exactly as its value here; nothing else may appear in a reason column.
"""

from __future__ import annotations

from enum import StrEnum


class FetchReason(StrEnum):
    """Why the ledger has no bytes for a URL. Such a fetch is a row in `crawl.sqlite` only."""

    ROBOTS_BARRED = "robots_barred"
    """The host's robots.txt disallows the URL, or cannot be read and so closes the host (RFC 9309, 2.3.1)."""
    OPTED_OUT = "opted_out"
    """The answer carried a signal that reserves the picture from collection (X-Robots-Tag, TDMRep, Content-Usage)."""
    BLOCKED = "blocked"
    """The shop's protection answered instead of the shop."""
    GONE = "gone"
    """404 or 410."""
    NOT_IMAGE = "not_image"
    """The bytes are no picture, whatever the header called them."""
    VIDEO = "video"
    """The shop's own data says that this gallery entry is a film; it is not requested."""
    TOO_LARGE = "too_large"
    """More bytes than the configured limit."""
    TRUNCATED = "truncated"
    """Fewer bytes arrived than the server declared."""
    HTTP_ERROR = "http_error"
    """Any other status that is not success, or a broken connection."""
    TIMEOUT = "timeout"

    @property
    def is_passing(self) -> bool:
        """True if the same request may succeed another day, so that the next run tries it again."""
        return self in _PASSING


_PASSING = frozenset({FetchReason.BLOCKED, FetchReason.TRUNCATED, FetchReason.HTTP_ERROR, FetchReason.TIMEOUT})


class ImageReason(StrEnum):
    """Why a row of `images.parquet` has status `dropped`."""

    NEAR_DUPLICATE = "near_duplicate"
    UNDECODABLE = "undecodable"
    TOO_LARGE = "too_large"
    """More pixels than the configured limit, or parts that would keep a decoder busy; never decoded."""
    TOO_SMALL = "too_small"
    ANIMATED = "animated"
    NO_PERSON = "no_person"
    PACKSHOT = "packshot"
    CROPPED = "cropped"


class CopyKind(StrEnum):
    """How a near duplicate resembles the copy that stays. The same bytes twice are one image with two sightings."""

    NEAR = "near"
    MIRRORED = "mirrored"
    """Left and right exchanged."""


class ImageStatus(StrEnum):
    KEPT = "kept"
    DROPPED = "dropped"


class LabelStatus(StrEnum):
    OK = "ok"
    NO_PERSON = "no_person"
    ERROR = "error"


class View(StrEnum):
    """What a product picture shows, as far as the shop's own data says."""

    MODEL = "model"
    PACKSHOT = "packshot"
    DETAIL = "detail"
    UNKNOWN = "unknown"


class Gender(StrEnum):
    """The department a product is sold in."""

    WOMEN = "women"
    MEN = "men"
    UNISEX = "unisex"
    UNKNOWN = "unknown"


class Facing(StrEnum):
    """Which side of a person a picture shows, by the part map's front and back of the torso."""

    FRONT = "front"
    BACK = "back"
    SIDE = "side"
    UNKNOWN = "unknown"
