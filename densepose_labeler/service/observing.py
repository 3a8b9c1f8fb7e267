"""Around every request: its deadline, its identity, one line of log, its metrics, and headers that browsers heed."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from densepose_labeler.service.problems import CLIENT_GONE, Problem, Reason
from densepose_labeler.service.service import Service

_log = logging.getLogger(__name__)
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_CLOSED = "default-src 'none'; frame-ancestors 'none'"


class Observing:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = time.perf_counter()
        state: dict[str, Any] = scope.setdefault("state", {})
        state["deadline"] = asyncio.get_running_loop().time() + self._service.config.deadline_seconds
        state["reason"] = ""
        request_id = secrets.token_hex(8)
        status = 0

        async def stated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["Request-Id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("Content-Security-Policy", _CLOSED)
            await send(message)

        try:
            if _is_cross_origin(scope):
                raise Problem(403, Reason.CROSS_ORIGIN, "pages of other sites may not use this service")
            await self._app(scope, receive, stated)
        except Problem as problem:
            state["reason"] = problem.reason
            await problem.response()(scope, receive, stated)
        except ClientDisconnect:
            status, state["reason"] = CLIENT_GONE, Reason.CLIENT_GONE
        except Exception:
            state["reason"] = Reason.FAILED
            _log.exception("request failed", extra={"fields": {"request": request_id}})
            if not status:
                failure = Problem(500, Reason.FAILED, f"something went wrong here; the logs say what ({request_id})")
                await failure.response()(scope, receive, stated)
        finally:
            self._note(scope, status, state["reason"], time.perf_counter() - begun, request_id)

    def _note(self, scope: Scope, status: int, reason: str, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "other")  # not the path: a caller could make endless series of it
        metrics = self._service.metrics
        metrics.requests.labels(route, str(status), reason).inc()
        metrics.latency.labels(route).observe(seconds)
        served = scope["state"].get("served")
        fields = {
            "request": request_id, "method": scope["method"], "route": route, "status": status, "reason": reason,
            "seconds": round(seconds, 4), "model": served.name if served else "",
        }  # fmt: skip
        _log.log(logging.DEBUG if route in _PROBES else logging.INFO, "request", extra={"fields": fields})


def _is_cross_origin(scope: Scope) -> bool:
    """Whether a browser says that another site's page is behind a request that does something."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return False
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    except ValueError:
        return True
