"""The `[service]` section of the configuration.

    [service]
    host = "127.0.0.1"                # "0.0.0.0" in a container; put a proxy with TLS and authentication in front
    port = 8081
    roots = ["efs/Datasets"]          # POST /densepose reads and writes below these folders alone
    models = ["embedded"]             # label sets to serve, the first by default: models, or names of [label.sets]
    picture = "viton-hd"              # what POST /densepose writes: viton-hd, viridis, catvton or iuv
    queue = 64                        # pictures that may wait; the next is answered 503 with Retry-After
    deadline_seconds = 30.0           # a request not answered by then is answered 503, and costs no more
    max_bytes = 20971520              # of one picture's file
    max_pixels = 16000000             # of one picture, checked before it is decoded

Every key is optional. Device, threads, batch size, precision, thresholds and the user's own models are those of
`[label]`.
"""

from pathlib import Path

from pydantic import Field

from densepose_labeler.config import LabelSetName
from manifests.exports import Layout
from manifests.settings import Settings

MIB = 1 << 20


class ServiceConfig(Settings):
    """How labels are served; see the module's example."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8081, ge=0, le=65535, description="port to listen on; 0 takes a free one and logs it")
    roots: tuple[Path, ...] = Field((), description="folders below which POST /densepose reads and writes")
    models: tuple[LabelSetName, ...] = Field(("embedded",), min_length=1, description="label sets served")
    picture: Layout = Field("viton-hd", description="the picture that POST /densepose writes")
    queue: int = Field(64, ge=1, le=10_000, description="pictures that may wait for the network")
    deadline_seconds: float = Field(30.0, gt=0, le=3600, description="from a request's header to its answer")
    idle_seconds: float = Field(10.0, gt=0, le=3600, description="for a connection without a request in progress")
    drain_seconds: float = Field(35.0, gt=0, le=3600, description="for requests in progress after SIGTERM")
    max_bytes: int = Field(20 * MIB, ge=1, le=1024 * MIB, description="of one picture's file")
    max_pixels: int = Field(16_000_000, ge=1, description="of one picture, width x height")
    upload_memory: int = Field(256 * MIB, ge=1, description="bytes of all request bodies held at one time")
    decoded_memory: int = Field(256 * MIB, ge=1, description="bytes of pictures decoded ahead of the network")
    max_connections: int = Field(15_000, ge=1, description="open connections; the next is answered 503 and closed")
