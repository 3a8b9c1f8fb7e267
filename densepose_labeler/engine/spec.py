"""What distinguishes one DensePose R-CNN from another, as data.

A `NetworkSpec` says everything the engine needs to build a network and to feed it: nothing about a model is
written in code. Defaults are those of the official R-50/R-101 FPN models trained on COCO.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FINE_CHANNELS = 25
"""Background and the 24 body parts."""


@dataclass(frozen=True)
class InputSpec:
    """How a picture becomes the network's input.

    `min_size` and `max_size` are pixels of the short and the long side after resizing; `pixel_mean` and `pixel_std`
    are in 0..255 and in `channel_order`; the input is padded with zeros on the right and bottom to multiples of
    `size_divisibility`.
    """

    min_size: int = 800
    max_size: int = 1333
    channel_order: Literal["BGR", "RGB"] = "BGR"
    pixel_mean: tuple[float, float, float] = (103.53, 116.28, 123.675)
    pixel_std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size_divisibility: int = 32

    def __post_init__(self) -> None:
        if not 0 < self.min_size <= self.max_size:
            raise ValueError(f"min_size {self.min_size} and max_size {self.max_size} must be positive and in order")
        if self.size_divisibility % 32:
            raise ValueError(f"size_divisibility {self.size_divisibility} must be a multiple of 32, p5's stride")


@dataclass(frozen=True)
class BackboneSpec:
    """`resnet50` and `resnet101` (stride in the first 1x1 convolution, frozen batch norm) or `efficientnet_lite0`."""

    kind: Literal["resnet50", "resnet101", "efficientnet_lite0"] = "resnet50"
    fpn_channels: int = 256


@dataclass(frozen=True)
class ProposalSpec:
    """Region proposal network on p2..p6: one anchor size a level (pixels), ratios are height over width."""

    anchor_sizes: tuple[int, ...] = (32, 64, 128, 256, 512)
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    pre_nms_topk: int = 1000
    post_nms_topk: int = 1000
    nms_threshold: float = 0.7


@dataclass(frozen=True)
class PoolerSpec:
    """ROIAlign: output size, samples per bin and axis (0: as many as the bin is wide), half-pixel alignment."""

    resolution: int
    sampling_ratio: int = 2
    aligned: bool = False


@dataclass(frozen=True)
class BoxSpec:
    """Box head: fully connected layers, and how detections are chosen from its scores."""

    fc_dim: int = 1024
    fc_count: int = 2
    pooler: PoolerSpec = field(default_factory=lambda: PoolerSpec(7))
    score_threshold: float = 0.05
    nms_threshold: float = 0.5
    max_detections: int = 100


@dataclass(frozen=True)
class DensePoseSpec:
    """DensePose branch.

    `decoder_channels` 0 means no decoder (legacy models pool straight from p2..p5). `coarse_channels` is 2
    (background, body) or 15 (legacy). `uv_confidence` adds `sigma_2` (and `kappa_u`, `kappa_v` for `indep_aniso`),
    `segm_confidence` adds one confidence map for each of the two segmentations. `whole_pixel_boxes` widens detections
    to whole source pixels before their maps are computed, so that a map lies exactly where it is drawn; without it
    the maps of a box are drawn with its edges truncated, up to a pixel off, as the official models' are.
    """

    head: Literal["v1convx", "deeplab"] = "v1convx"
    decoder_channels: int = 256
    conv_count: int = 8
    conv_dim: int = 512
    pooler: PoolerSpec = field(default_factory=lambda: PoolerSpec(28))
    coarse_channels: int = 2
    uv_confidence: Literal["none", "iid_iso", "indep_aniso"] = "none"
    segm_confidence: bool = False
    whole_pixel_boxes: bool = False

    @property
    def confidence_names(self) -> tuple[str, ...]:
        """Names of the confidence maps this branch estimates, in a fixed order."""
        names: list[str] = []
        if self.uv_confidence != "none":
            names.append("sigma_2")
        if self.uv_confidence == "indep_aniso":
            names += ["kappa_u", "kappa_v"]
        if self.segm_confidence:
            names += ["fine_segm_confidence", "coarse_segm_confidence"]
        return tuple(names)

    @property
    def map_size(self) -> int:
        """Side of the output maps in pixels: the transposed convolution and the upsampling double it each."""
        return self.pooler.resolution * 4


@dataclass(frozen=True)
class NetworkSpec:
    """A whole DensePose R-CNN."""

    input: InputSpec = field(default_factory=InputSpec)
    backbone: BackboneSpec = field(default_factory=BackboneSpec)
    proposals: ProposalSpec = field(default_factory=ProposalSpec)
    box: BoxSpec = field(default_factory=BoxSpec)
    densepose: DensePoseSpec = field(default_factory=DensePoseSpec)
