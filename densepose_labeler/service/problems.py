"""Errors as every endpoint answers them: problem details (RFC 9457) with a reason and the fields at fault.

{"type": "about:blank", "title": "Bad Request", "status": 400, "reason": "bad_field",
 "detail": "threshold: Input should be less than 1", "errors": [{"field": "threshold", "reason": "..."}]}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Reason(StrEnum):
    """Why a request was not answered with labels."""

    BAD_BODY = "bad_body"
    """The body is not what its type says, or lacks the picture."""
    BAD_FIELD = "bad_field"
    """A parameter or a field of the body is absent, unknown or out of its range."""
    OUTSIDE_ROOTS = "outside_roots"
    CROSS_ORIGIN = "cross_origin"
    """A web page of another site made the browser ask."""
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    TOO_SLOW = "too_slow"
    """The body had not arrived at the deadline."""
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    NOT_IMAGE = "not_image"
    UNDECODABLE = "undecodable"
    CLIENT_GONE = "client_gone"
    FAILED = "failed"
    STARTING = "starting"
    BUSY = "busy"
    """The queue is full, or the wait would pass the deadline."""
    DEADLINE = "deadline"
    """The deadline passed while the picture waited."""
    NOT_WRITABLE = "not_writable"


class FieldError(BaseModel):
    field: str = Field(description="the parameter, or the field of the body")
    reason: str


class ProblemDetails(BaseModel):
    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    reason: Reason = Field(description="why, from a closed list")
    detail: str = Field(description="why, for a person, and what to do")
    errors: list[FieldError] = Field(default_factory=list, description="the fields at fault")


class Problem(Exception):
    """Raised anywhere below an endpoint; answered as problem details.

    Attributes:
        fields: the parameters or fields of the body at fault, and what is wrong with each.
        retry_after: seconds after which the same request may succeed; None if it never will.
    """

    def __init__(
        self,
        status: int,
        reason: Reason,
        detail: str,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.reason, self.detail, self.retry_after = status, reason, detail, retry_after
        self.fields = dict(fields or {})

    def response(self) -> Response:
        details = ProblemDetails(
            title="Client Closed Request" if self.status == CLIENT_GONE else HTTPStatus(self.status).phrase,
            status=self.status,
            reason=self.reason,
            detail=self.detail,
            errors=[FieldError(field=field, reason=reason) for field, reason in self.fields.items()],
        )
        headers = {} if self.retry_after is None else {"Retry-After": str(max(1, math.ceil(self.retry_after)))}
        if self.status == 408:
            headers["Connection"] = "close"  # the rest of the body is not waited for
        return Response(details.model_dump_json(), self.status, headers, MEDIA_TYPE)


def bad_fields(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """400 for what pydantic found wrong, each under the name of its field as the caller wrote it."""
    fields = {str(error["loc"][-1]) if error["loc"] else "body": str(error["msg"]) for error in errors}
    detail = "; ".join(f"{field}: {reason}" for field, reason in fields.items())
    return Problem(400, Reason.BAD_FIELD, detail, fields=fields)


CLIENT_GONE = 499
"""Status in logs and metrics of a request whose client closed the connection; nobody reads the answer."""
