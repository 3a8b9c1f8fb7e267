from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler

import manifests
from manifests import atomic
from manifests.labels import LabelSet
from manifests.torch_dataset import Sample, collate

from .conftest import label_row


def test_a_sample_is_one_frame(dataset_path: Path) -> None:
    ds = manifests.open(dataset_path)
    samples = ds.torch()
    assert len(samples) == 2  # the dropped picture is left out
    for sample in samples:
        height, width = sample.record["height"], sample.record["width"]
        assert sample.image.shape == (3, height, width) and sample.image.dtype == torch.uint8
        assert sample.parts.shape == (height, width) and sample.parts.dtype == torch.uint8
        assert sample.uv.shape == (2, height, width) and sample.uv.dtype == torch.float32
        assert torch.equal(sample.uv_valid, sample.parts > 0)
        assert sample.parts[6:14, 3:7].eq(15).all() and sample.parts[6:14, 7:11].eq(2).all()
        assert sample.uv[:, 6, 3].tolist() == pytest.approx([0.2, 0.4])
        assert sample.record["persons"] == 1 and sample.record["model"] == "embedded"
    assert len(ds.torch(split="eval")) == 1
    with pytest.raises(IndexError):
        samples[2]


def test_a_mirror_swaps_left_and_right_and_turns_the_charts(dataset_path: Path) -> None:
    ds = manifests.open(dataset_path)
    plain, mirrored = ds.torch()[0], ds.torch(flip=1.0)[0]
    assert mirrored.record["flipped"] and not plain.record["flipped"]
    assert torch.equal(mirrored.image, plain.image.flip(2))
    arm, torso = mirrored.parts.flip(1)[6:14, 3:7], mirrored.parts.flip(1)[6:14, 7:11]
    assert arm.eq(16).all() and torso.eq(2).all()
    assert mirrored.uv.flip(2)[:, 6, 8].tolist() == pytest.approx([0.2, 0.6])  # the torso's V turns round
    assert mirrored.uv.flip(2)[:, 6, 4].tolist() == pytest.approx([0.2, 0.4])


def test_charts_without_a_mirror_table_are_masked_never_wrong(dataset_path: Path) -> None:
    ids = manifests.open(dataset_path).images["image_id"].tolist()
    sizes = manifests.open(dataset_path).images["width"].tolist()
    rows = [label_row(i, 2 if w == 50 else 0, "R_50_FPN_s1x") for i, w in zip(ids, sizes, strict=True)]
    LabelSet(dataset_path / "labels" / "R_50_FPN_s1x").write_part(0, rows)
    ds = manifests.open(dataset_path)
    assert ds.torch(model="R_50_FPN_s1x")[0].uv_valid.any()
    sample = ds.torch(model="R_50_FPN_s1x", flip=1.0)[0]
    assert sample.parts.max() > 0 and not sample.uv_valid.any() and sample.uv.abs().sum() == 0


def test_mirrors_depend_on_seed_epoch_and_image_alone(dataset_path: Path) -> None:
    ds = manifests.open(dataset_path)

    def draws(seed: int, epoch: int) -> list[bool]:
        samples = ds.torch(flip=0.5, seed=seed)
        samples.set_epoch(epoch)
        return [samples._is_flipped(f"{n:064x}") for n in range(1 << 196, (1 << 196) + (1 << 212), 1 << 204)]

    assert draws(0, 0) == draws(0, 0)
    assert draws(0, 0) != draws(0, 1) != draws(1, 0)
    assert 0.3 < np.mean(draws(0, 0)) < 0.7


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_give_what_the_main_process_gives(dataset_path: Path, context: str) -> None:
    samples = manifests.open(dataset_path).torch(flip=0.5)
    loader = DataLoader(samples, batch_size=2, num_workers=2, collate_fn=collate, multiprocessing_context=context)
    (batch,) = list(loader)
    assert isinstance(batch, Sample) and isinstance(batch.image, list)  # two sizes: a list
    for index, sample in enumerate(samples):
        assert torch.equal(batch.image[index], sample.image) and torch.equal(batch.uv[index], sample.uv)
        assert batch.record[index] == sample.record


def test_equal_sizes_are_stacked(dataset_path: Path) -> None:
    samples = manifests.open(dataset_path).torch()
    batch = collate([samples[0], samples[0]])
    assert batch.image.ndim == 4 and batch.uv.shape[:2] == (2, 2)


def test_a_distributed_sampler_deals_every_image_once(dataset_path: Path) -> None:
    samples = manifests.open(dataset_path).torch()
    dealt = [i for rank in range(2) for i in DistributedSampler(samples, num_replicas=2, rank=rank, shuffle=False)]
    assert sorted(dealt) == [0, 1]


def test_a_split_that_names_a_dropped_image_does_not_bring_it_back(dataset_path: Path) -> None:
    ids = manifests.open(dataset_path).images["image_id"].tolist()
    atomic.write_text(dataset_path / "splits" / "train.txt", "\n".join(ids) + "\n")
    assert len(manifests.open(dataset_path).torch(split="train")) == 2


def test_a_wrong_probability_is_refused(dataset_path: Path) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        manifests.open(dataset_path).torch(flip=1.5)
