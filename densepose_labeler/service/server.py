"""A process that serves."""

from __future__ import annotations

import resource
import signal
import sys
from contextlib import suppress

import uvicorn

from densepose_labeler.config import LabelConfig
from densepose_labeler.service import logs
from densepose_labeler.service.app import create_app
from densepose_labeler.service.config import ServiceConfig
from densepose_labeler.service.connections import protocol
from densepose_labeler.service.service import Service


def serve(config: ServiceConfig, label_config: LabelConfig) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in progress, for `drain_seconds` at most.

    Raises:
        What `Service` raises, before anything listens.
    """
    service = Service(config, label_config)
    logs.configure()
    _allow_files(config.max_connections + 512)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # uvicorn raises it anew when it has drained
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(service),
            host=config.host,
            port=config.port,
            http=protocol(service),
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            timeout_keep_alive=max(1, int(config.idle_seconds)),
            timeout_graceful_shutdown=int(config.drain_seconds),
        )
    )
    with suppress(KeyboardInterrupt):
        server.run()


def _allow_files(number: int) -> None:
    """Raise the limit of open files as far as the system lets us, towards `number`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
