"""Work for a client for as long as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")


async def while_connected(request: Request, work: Coroutine[None, None, _T]) -> _T:
    """The result of `work`, which is cancelled when the client closes its connection. The body must have been read.

    Raises:
        ClientDisconnect: the client is gone.
    """
    task, gone = asyncio.create_task(work), asyncio.create_task(_closed(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _closed(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
