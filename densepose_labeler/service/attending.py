"""Work for a client for as long as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from densepose_labeler.service.problems import Problem, Reason

_T = TypeVar("_T")


async def while_connected(request: Request, deadline: float, work: Coroutine[None, None, _T]) -> _T:
    """The result of `work`, which is cancelled when the client closes its connection or the deadline passes.

    The body must have been read. `deadline` is in the event loop's time.

    Raises:
        ClientDisconnect: the client is gone.
        Problem: 503, the deadline passed.
    """
    task, gone = asyncio.create_task(work), asyncio.create_task(_closed(request))
    try:
        left = deadline - asyncio.get_running_loop().time()
        await asyncio.wait((task, gone), timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise ClientDisconnect
        raise Problem(503, Reason.DEADLINE, "the deadline passed before the answer was made", retry_after=1)
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _closed(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
