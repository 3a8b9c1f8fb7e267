from __future__ import annotations

import torch
import torch.nn.functional as F

from densepose_labeler.engine.layers import ConvNorm, FrozenBatchNorm, fold_frozen_norms


def random_norm(channels: int) -> FrozenBatchNorm:
    norm = FrozenBatchNorm(channels)
    for name in ("weight", "bias", "running_mean"):
        getattr(norm, name).normal_()
    norm.running_var.uniform_(0.3, 2.0)
    return norm


def test_frozen_norm_is_the_formula_and_has_no_parameters() -> None:
    norm = random_norm(4)
    x = torch.randn(2, 4, 3, 3)
    shape = (1, 4, 1, 1)
    scale = (norm.weight / (norm.running_var + 1e-5).sqrt()).view(shape)
    expected = (x - norm.running_mean.view(shape)) * scale + norm.bias.view(shape)
    torch.testing.assert_close(norm(x), expected)
    assert list(norm.parameters()) == []
    assert torch.equal(norm.train()(x), norm.eval()(x))


def test_folding_leaves_the_result_and_removes_the_norms() -> None:
    torch.manual_seed(0)
    layer = ConvNorm(3, 8, 3, padding=1, norm=random_norm(8), activation=F.relu_)
    block = torch.nn.Sequential(layer, ConvNorm(8, 4, 1, norm=torch.nn.GroupNorm(2, 4)))
    x = torch.randn(2, 3, 9, 9)
    with torch.no_grad():
        before = block(x)
        fold_frozen_norms(block)
        torch.testing.assert_close(block(x), before, atol=1e-5, rtol=1e-5)
    assert layer.norm is None and layer.bias is not None
    assert isinstance(block[1].norm, torch.nn.GroupNorm)
    fold_frozen_norms(block)  # nothing left to fold
