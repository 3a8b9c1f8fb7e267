"""The DensePose R-CNN family in plain PyTorch: no compiled extension, no torchvision.

`DensePoseRCNN(NetworkSpec(...))` builds a network; state-dict keys equal the published checkpoints'.
"""

from densepose_labeler.engine.chart_predictor import ChartMaps
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.spec import NetworkSpec

__all__ = ["ChartMaps", "DensePoseRCNN", "NetworkSpec"]
