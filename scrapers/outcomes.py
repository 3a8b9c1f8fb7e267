"""From an error or a status to the closed list of reasons in the ledger; the one place where that is decided."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from manifests.reasons import FetchReason


class Refused(IgnoreRequest):
    """A middleware refused a request or its answer; it is recorded with this reason and not tried again in this run."""

    def __init__(
        self, reason: FetchReason, detail: str, *, http_status: int | None = None, signals: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.http_status = http_status
        self.signals = signals


class Stopped(IgnoreRequest):
    """The crawl is stopping: the request was not sent, and nothing is recorded for it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why there are no bytes.

    Attributes:
        http_status: None where no answer came.
        signals: opt-out signals of the answer.
    """

    reason: FetchReason
    detail: str
    http_status: int | None = None
    signals: tuple[str, ...] = ()


def outcome_of_error(error: BaseException) -> Outcome:
    """The outcome that an exception of the downloader, of a middleware or of `HttpErrorMiddleware` stands for."""
    if isinstance(error, Refused):
        return Outcome(error.reason, error.detail, error.http_status, error.signals)
    if isinstance(error, HttpError):
        return outcome_of_status(error.response)
    text = f"{type(error).__name__}: {error}".strip().rstrip(":")
    if isinstance(error, ResponseDataLossError):
        return Outcome(FetchReason.TRUNCATED, "fewer bytes arrived than the server declared")
    if isinstance(error, DownloadCancelledError) or "DOWNLOAD_MAXSIZE" in text:
        return Outcome(FetchReason.TOO_LARGE, str(error))
    if isinstance(error, DownloadTimeoutError) or type(error).__name__ == "TimeoutError":
        return Outcome(FetchReason.TIMEOUT, text)
    return Outcome(FetchReason.HTTP_ERROR, text)


def outcome_of_status(response: Response) -> Outcome:
    """The outcome of an answer whose status is not 200."""
    gone = response.status in (404, 410)
    reason = FetchReason.GONE if gone else FetchReason.HTTP_ERROR
    return Outcome(reason, f"status {response.status}", response.status)
