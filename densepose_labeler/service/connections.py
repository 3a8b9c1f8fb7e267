"""Connections that cannot be kept open for nothing.

uvicorn leaves a client all the time in the world to send a request's header. Here a connection without a request in
progress is closed after a while, also one that trickles a header or does not read its answer, and there is a limit to
how many are open.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from densepose_labeler.service.problems import Problem, Reason
from densepose_labeler.service.service import Service


def protocol(service: Service) -> type[asyncio.Protocol]:
    """The protocol class for uvicorn's `http` option."""
    config = service.config
    refusal = _refusal()

    class Guarded(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _unsent = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            service.metrics.connections.set(len(self.connections))
            if len(self.connections) > config.max_connections:
                transport.write(refusal)
                transport.close()
                return
            self._arm()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            service.metrics.connections.set(len(self.connections))
            if self._timer is not None:
                self._timer.cancel()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._arm()

        def _arm(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
            self._unsent = self.transport.get_write_buffer_size()
            self._timer = self.loop.call_later(config.idle_seconds, self._expire)

        def _expire(self) -> None:
            """Close, unless a request is in progress (its deadline ends it) or an answer is being taken."""
            cycle = cast(Any, self.cycle)
            unsent = self.transport.get_write_buffer_size()
            if cycle is not None and not cycle.response_complete:
                self._timer = None  # the end of the response arms it again
            elif unsent and unsent < self._unsent:
                self._arm()
            else:
                self.transport.abort()

    return Guarded


def _refusal() -> bytes:
    answer = Problem(503, Reason.BUSY, "too many connections", retry_after=5).response()
    lines = [f"{name.decode()}: {value.decode()}" for name, value in answer.raw_headers]
    return "\r\n".join(["HTTP/1.1 503 Service Unavailable", *lines, "connection: close", "", ""]).encode() + bytes(
        answer.body
    )
