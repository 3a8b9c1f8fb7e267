from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.densepose_labeler.service.running import PATIENT, Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the defaults but for its patience, shared by tests that leave it as it is."""
    with running(tmp_path_factory.mktemp("service"), PATIENT) as one:
        yield one
        assert one.stop() == 0, one.log.read_text()


@pytest.fixture(scope="session")
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client() as one:
        yield one
