"""The embedded network as `models.toml` declares it."""

from __future__ import annotations

from densepose_labeler import zoo
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.spec import NetworkSpec


def embedded_network(spec: NetworkSpec | None = None) -> DensePoseRCNN:
    """An untrained network of the embedded model's specification, or of `spec`."""
    return DensePoseRCNN(zoo.get("embedded").network if spec is None else spec)
