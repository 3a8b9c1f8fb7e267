"""Feature pyramid: one width at strides 4, 8, 16, 32 and 64."""

from __future__ import annotations

from torch import Tensor, nn

from densepose_labeler.engine.efficientnet_lite import EfficientNetLite0
from densepose_labeler.engine.layers import ConvNorm
from densepose_labeler.engine.resnet import ResNet
from densepose_labeler.engine.spec import BackboneSpec

LEVELS = ("p2", "p3", "p4", "p5", "p6")
STRIDES = {"p2": 4, "p3": 8, "p4": 16, "p5": 32, "p6": 64}


class FeaturePyramid(nn.Module):
    """[B, 3, H, W] to `{"p2": [B, C, H/4, W/4], ..., "p6": [B, C, H/64, W/64]}`; H and W divisible by 32."""

    def __init__(self, spec: BackboneSpec) -> None:
        super().__init__()
        self.bottom_up: ResNet | EfficientNetLite0
        self.bottom_up = EfficientNetLite0() if spec.kind == "efficientnet_lite0" else ResNet(spec.kind)
        for level, channels in zip((2, 3, 4, 5), self.bottom_up.out_channels, strict=True):
            self.add_module(f"fpn_lateral{level}", ConvNorm(channels, spec.fpn_channels, 1))
            self.add_module(f"fpn_output{level}", ConvNorm(spec.fpn_channels, spec.fpn_channels, 3, padding=1))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        bottom_up = self.bottom_up(x)
        merged: Tensor | None = None
        features: dict[str, Tensor] = {}
        for level in (5, 4, 3, 2):
            merged = self.get_submodule(f"fpn_lateral{level}")(bottom_up[level - 2], merged)
            features[f"p{level}"] = self.get_submodule(f"fpn_output{level}")(merged)
        features["p6"] = features["p5"][:, :, ::2, ::2]
        return {name: features[name] for name in LEVELS}
