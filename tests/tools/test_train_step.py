import torch
import torch.nn.functional as F

from tools.train.step import doubled_at


def test_cells_of_doubled_maps_are_those_of_the_engine() -> None:
    maps = torch.randn(2, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    doubled = F.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
    for row in (0, 1):
        for column in (0, 1):
            assert torch.allclose(doubled_at(maps, row, column), doubled[:, :, row::2, column::2], atol=1e-6)
