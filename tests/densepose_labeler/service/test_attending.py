from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from densepose_labeler.service.attending import while_connected
from densepose_labeler.service.problems import Problem, Reason


class Client:
    """The receiving end of a request whose body has been read."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def request(self) -> Request:
        return Request({"type": "http", "headers": []}, self.receive)


def soon() -> float:
    return asyncio.get_running_loop().time() + 3600


def test_work_is_cancelled_when_its_client_leaves() -> None:
    async def scenario() -> None:
        client, begun, cancelled = Client(), asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        attended = asyncio.create_task(while_connected(client.request(), soon(), work()))
        await begun.wait()
        client.gone.set()
        with pytest.raises(ClientDisconnect):
            await attended
        assert cancelled.is_set()

    asyncio.run(scenario())


def test_a_client_that_stays_gets_the_result_or_the_error() -> None:
    async def scenario() -> None:
        async def work() -> int:
            return 7

        async def failing() -> int:
            raise ValueError("no")

        assert await while_connected(Client().request(), soon(), work()) == 7
        with pytest.raises(ValueError, match="no"):
            await while_connected(Client().request(), soon(), failing())

    asyncio.run(scenario())


def test_the_deadline_ends_the_work() -> None:
    async def scenario() -> None:
        cancelled = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        with pytest.raises(Problem) as caught:
            await while_connected(Client().request(), asyncio.get_running_loop().time() + 0.1, work())
        assert (caught.value.status, caught.value.reason) == (503, Reason.DEADLINE)
        assert cancelled.is_set()

    asyncio.run(scenario())
