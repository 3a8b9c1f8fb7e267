"""Request bodies: read within limits, and the picture taken out of a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from densepose_labeler.service.memory import Share
from densepose_labeler.service.problems import Problem, Reason

FIELD = "image"
"""The part of a form that holds the picture."""

_OVERHEAD = 64 * 1024  # bytes of a form beside its picture
_COURTESY_SECONDS = 5.0


async def read(request: Request, limit: int, deadline: float, share: Share) -> bytes:
    """The whole body.

    Args:
        limit: most bytes. A body that is too long is not kept, but read on for a while, so that its sender gets to see
            the answer.
        deadline: in the event loop's time.

    Raises:
        Problem: 413, 408 where it has not arrived at the deadline, 503 where all uploads together are too much.
        starlette.requests.ClientDisconnect: the client is gone.
    """
    declared = request.headers.get("content-length", "")
    try:
        async with asyncio.timeout_at(deadline):
            if declared.isdigit() and int(declared) > limit:
                raise _too_long(limit)
            chunks: list[bytes] = []
            total = 0
            async for chunk in request.stream():
                total += len(chunk)
                if total > limit:
                    raise _too_long(limit)
                share.add(len(chunk))
                chunks.append(chunk)
            return b"".join(chunks)
    except TimeoutError:
        raise Problem(408, Reason.TOO_SLOW, "the body had not arrived when the request's time was over") from None
    except Problem:
        await discard(request, 4 * limit)
        raise


async def discard(request: Request, limit: int) -> None:
    """Read what is still coming and forget it: up to `limit` bytes, for a few seconds."""
    total = 0
    try:
        async with asyncio.timeout(_COURTESY_SECONDS):
            while total < limit:
                message = await request.receive()
                total += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        pass


async def picture(request: Request, limit: int, deadline: float, share: Share) -> bytes:
    """The picture's bytes: the body itself, or the part `image` of a multipart/form-data body.

    Raises:
        Problem: as `read` does, and 400 where a form is broken or lacks the part.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return await read(request, limit, deadline, share)
    body = await read(request, limit + _OVERHEAD, deadline, share)
    data = await _part(body, request.headers)
    if len(data) > limit:
        raise _too_long(limit)
    return data


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 62  # never a file on the disk: the body's own limit has been checked


async def _part(body: bytes, headers: Headers) -> bytes:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _InMemory(headers, stream(), max_files=1, max_fields=16, max_part_size=_OVERHEAD).parse()
    except MultiPartException as error:
        raise _bad_form(f"the form is not well formed: {error.message}") from error
    except Exception as error:  # the parser lets lookups and codecs of hostile headers fail in their own ways
        raise _bad_form("the form is not well formed") from error
    value = form.get(FIELD)
    if not isinstance(value, UploadFile):
        raise _bad_form(f"the form has no file in a part named {FIELD!r}")
    return await value.read()


def _bad_form(detail: str) -> Problem:
    return Problem(400, Reason.BAD_BODY, detail, fields={FIELD: detail})


def _too_long(limit: int) -> Problem:
    return Problem(413, Reason.TOO_MANY_BYTES, f"more than {limit:,} bytes; send a smaller copy")
