"""The page at `/`: drop a picture on it and look at its parts. It needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from densepose_labeler.service.service import STATIC

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page/example.jpg": ("example.jpg", "image/jpeg"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def router() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    for path, (name, kind) in _FILES.items():
        made.add_api_route(path, _endpoint(STATIC.joinpath(name).read_bytes(), kind), methods=["GET"])
    return made


def _endpoint(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def file() -> Response:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "Content-Type": kind}
        return Response(content, headers=headers)

    return file
