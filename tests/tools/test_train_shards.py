from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tools.figures import figure, write_shard
from tools.train.shards import ShardPool


def test_pictures_of_all_shards_by_number(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = [figure(rng) for _ in range(5)]
    write_shard(str(tmp_path / "shard-0.npz"), samples[:2])
    write_shard(str(tmp_path / "shard-1.npz"), samples[2:])
    pool = ShardPool(tmp_path)
    assert len(pool) == 5
    for index, sample in enumerate(samples):
        assert np.array_equal(pool[index].image, sample.image)
        assert np.array_equal(pool[index].iuv, sample.iuv)
        assert np.array_equal(pool[index].instance, sample.instance)
    with pytest.raises(IndexError):
        pool[5]


def test_shards_that_arrive_later_are_taken_in_and_half_written_ones_left(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write_shard(str(tmp_path / "shard-0.npz"), [figure(rng)])
    whole = (tmp_path / "shard-0.npz").read_bytes()
    (tmp_path / "shard-1.npz").write_bytes(whole[: len(whole) // 2])
    pool = ShardPool(tmp_path)
    assert len(pool) == 1
    assert pool.refresh() == 0
    (tmp_path / "shard-1.npz").write_bytes(whole)
    assert pool.refresh() == 1
    assert len(pool) == 2
    assert np.array_equal(pool[1].image, pool[0].image)


def test_an_unpacked_copy_is_used_again(tmp_path: Path) -> None:
    write_shard(str(tmp_path / "shard-0.npz"), [figure(np.random.default_rng(2))])
    first = ShardPool(tmp_path, tmp_path / "unpacked")[0]
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "unpacked").rglob("*.npy")}
    second = ShardPool(tmp_path, tmp_path / "unpacked")[0]
    assert np.array_equal(first.iuv, second.iuv)
    assert len(times) == 3 and all(path.stat().st_mtime_ns == time for path, time in times.items())
