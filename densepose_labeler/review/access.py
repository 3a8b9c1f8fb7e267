"""Who may open the bench: programs of this machine, or whoever has the token."""

from __future__ import annotations

import secrets
from http.cookies import SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "vestiary_review"


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """Lets requests through that may see the review.

    On loopback without a token, a request must name a loopback host: a page of another site that has its own name
    point to 127.0.0.1 (DNS rebinding) is refused. With a token, a request must bring it once in the address
    (`/?token=...`); from then on a cookie holds it.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        if origin and origin.partition("://")[2] != headers.get("host", ""):
            await PlainTextResponse("requests of other sites are refused", 403)(scope, receive, send)
        elif self.token is None:
            if is_loopback(_name(headers.get("host", ""))):
                await self.app(scope, receive, send)
            else:
                await PlainTextResponse("open this page as http://127.0.0.1", 421)(scope, receive, send)
        elif self._matches(parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]):
            answer = RedirectResponse(scope["path"], 303)
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
            await answer(scope, receive, send)
        elif self._matches(_cookie(headers.get("cookie", ""))):
            await self.app(scope, receive, send)
        else:
            refusal = "open the address that `vestiary review` printed: it ends with ?token=..."
            await PlainTextResponse(refusal, 401)(scope, receive, send)

    def _matches(self, given: str) -> bool:
        return self.token is not None and secrets.compare_digest(given.encode(), self.token.encode())


def _name(host: str) -> str:
    """The host of a Host header, without its port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _cookie(header: str) -> str:
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(header)
    return cookies[COOKIE].value if COOKIE in cookies else ""
