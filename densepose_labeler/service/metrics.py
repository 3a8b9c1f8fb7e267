"""What `/metrics` tells, in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

STAGES = ("upload", "decode", "wait", "inference", "encode")
"""Where a request's time goes; `wait` is from the queue's entrance to the network, decoding included."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The series of one service; a registry of their own, so that several services fit into one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.waiting = Gauge("vestiary_queue_pictures", "Pictures that wait for the network", registry=registry)
        self.connections = Gauge("vestiary_connections", "Open connections", registry=registry)
        self.uploads = Gauge("vestiary_upload_bytes", "Bytes of request bodies in memory", registry=registry)
        self.ready = Gauge(
            "vestiary_ready", "1 once the models are warm, 0 before and while stopping", registry=registry
        )
        self.rate = Gauge("vestiary_seconds_a_picture", "Seconds of a lane a picture, as of late", registry=registry)
        self.batch_size = Histogram(
            "vestiary_batch_pictures", "Pictures in a batch", buckets=(1, 2, 4, 8, 16, 32), registry=registry
        )
        self.model = Gauge("vestiary_model", "1 for each model served", ("model", "weights_sha256"), registry=registry)
        self.outcomes = Counter("vestiary_pictures", "Pictures labelled", ("model", "status"), registry=registry)
        self.requests = Counter(
            "vestiary_requests", "Requests answered", ("route", "status", "reason"), registry=registry
        )
        self.latency = Histogram(
            "vestiary_request_seconds", "Seconds from a request's header to its answer", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "vestiary_stage_seconds", "Seconds of a stage", ("stage",), buckets=_SECONDS, registry=registry
        )
        for stage in STAGES:
            self._stages.labels(stage)

    def seconds(self, stage: str, value: float) -> None:
        """Note how long one of `STAGES` took."""
        self._stages.labels(stage).observe(value)

    def text(self) -> bytes:
        return generate_latest(self.registry)
