from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from densepose_labeler.service.attending import while_connected


class Client:
    """The receiving end of a request whose body has been read."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def request(self) -> Request:
        return Request({"type": "http", "headers": []}, self.receive)


def test_work_is_cancelled_when_its_client_leaves() -> None:
    async def scenario() -> None:
        client, begun, cancelled = Client(), asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        attended = asyncio.create_task(while_connected(client.request(), work()))
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

        assert await while_connected(Client().request(), work()) == 7
        with pytest.raises(ValueError, match="no"):
            await while_connected(Client().request(), failing())

    asyncio.run(scenario())
