"""People on file, and the training pictures drawn from them."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("numba")
pytest.importorskip("scipy")

from tests.tools.scenes import box, person, scene
from tools import files
from tools.people import backdrops, casting, stock
from tools.people.device.lens import blurred, photograph
from tools.people.packing import packed
from tools.people.render import picture, truth
from tools.people.scene import Background
from tools.people.staging import expose, lens
from tools.people.stream import Stream
from tools.people.throughput import rate, shares
from tools.train.augment import mirror

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = (36, 48)


def entry(seed):
    rng = np.random.default_rng(seed)
    poses = tuple(person(rng, 0.1 * k, pattern=("plain", "stripes")[k], bag=bool(k)) for k in range(2))
    seated = replace(poses[1], attributes={"pose": "relaxed, sitting"})
    return (poses[0], seated), (poses[0].meshes[1:],)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("stock")
    files.write(path / "people-00000.npz", packed([entry(0), entry(1)]))
    files.write(path / "people-00001.npz", packed([entry(2)]))
    rng = np.random.default_rng(3)
    pictures = {f"{k:04d}": rng.integers(0, 255, (60, 50, 3)).astype(np.uint8) for k in range(2)}
    jpegs = {name: np.frombuffer(files.jpeg(pixels, 90), np.uint8) for name, pixels in pictures.items()}
    files.write(path / "backdrops-00000.npz", files.npz(jpegs, 6))
    return path


@pytest.fixture(scope="module")
def stream(folder):
    return Stream(stock.load(folder), "cpu", SIZE, seed=4)


def test_people_come_back_as_they_were_but_for_rounding(folder):
    loaded = stock.load(folder)
    assert len(loaded.people) == 3 and loaded.backdrops.shape == (2, 60, 50, 3)
    before, after = entry(1)[0][1], loaded.people[1].poses[1]
    assert after.attributes == before.attributes and after.hair[0].material == before.hair[0].material
    assert np.array_equal(after.body.faces, before.body.faces) and np.array_equal(after.body.uv, before.body.uv)
    assert after.body.faces.dtype == np.int32 and after.body.vertices.dtype == np.float32
    for one, other in zip(before.meshes, after.meshes, strict=True):
        assert (one.name, one.material) == (other.name, other.material) and np.array_equal(one.faces, other.faces)
        assert np.abs(one.vertices - other.vertices).max() < 2e-5 and np.abs(one.rest - other.rest).max() < 2e-5
    assert np.array_equal(after.meshes[0].texture, before.meshes[0].texture)
    drawn, shot = picture(scene([before])).astype(int), picture(scene([after]))
    assert np.abs(drawn - shot).mean() < 0.5


def test_the_same_people_give_the_same_bytes_and_share_what_they_have_in_common(folder):
    assert packed([entry(0), entry(1)]) == (folder / "people-00000.npz").read_bytes()
    once, twice = len(packed([entry(0)])), len(packed([entry(0), entry(0)]))
    assert twice < 1.2 * once
    people = stock.load(folder).people
    assert people[0].poses[0].body.faces is people[2].poses[1].body.faces  # from two files


def test_a_folder_without_people_says_how_to_make_some(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tools\.people\.stock"):
        stock.load(tmp_path)


def test_other_cloth_is_the_same_in_every_pose_and_leaves_skin_and_bags(folder):
    base = stock.load(folder).people[0]
    fresh = base.recoloured(np.random.default_rng(1))
    coats = [mesh.material for p in fresh.poses for mesh in p.meshes if mesh.name == "coat"]
    assert coats[0] == coats[1] and coats[0] != base.poses[0].meshes[1].material
    assert [m.material for m in fresh.stills[0]] == coats[:1]
    assert fresh.poses[1].meshes[0] == base.poses[1].meshes[0] and fresh.poses[1].meshes[2].material.kind == "prop"


def test_somebody_moved_turns_to_their_left_about_the_origin():
    there = stock.moved(person(np.random.default_rng(0), x=1.0), (0.5, 2.0), np.pi / 2)
    assert there.body.vertices[:, 1].mean() == pytest.approx(3.0, abs=0.05)
    assert there.body.vertices[:, 0].mean() == pytest.approx(0.5, abs=0.05)
    assert there.hair[0].points[..., 1].mean() == pytest.approx(3.0, abs=0.1)
    assert there.body.vertices[:, 2].max() == pytest.approx(1.75)


def test_groups_negatives_and_seats_are_cast(folder):
    people = stock.load(folder).people
    cast = [casting.cast(people[0], people[1], np.random.default_rng(seed)) for seed in range(150)]
    counts = [len(persons) for persons, _ in cast]
    assert {0, 1, 2} <= set(counts) and counts.count(1) > 100
    for persons, props in cast:
        seated = persons and persons[0].attributes["pose"].endswith("sitting")
        assert [prop.name for prop in props] == ["seat"] if seated else all(prop.name != "seat" for prop in props)


def test_labels_are_those_of_the_host_and_the_same_bytes_alone_or_in_a_batch(stream, folder):
    numbers = range(20, 24)
    batch, again = stream.batch(numbers), Stream(stock.load(folder), "cpu", SIZE, seed=4).batch([22, 20])
    assert batch.image.shape == (4, 48, 36, 3) and str(batch.image.dtype) == "torch.uint8"
    assert again.iuv[1].numpy().tobytes() == batch.iuv[0].numpy().tobytes()
    assert again.instance[0].numpy().tobytes() == batch.instance[2].numpy().tobytes()
    assert (again.image[0].int() - batch.image[2].int()).abs().float().mean() < 0.05
    for row, number in enumerate(numbers):
        iuv, instance = truth(stream.scene(number))
        assert np.array_equal(batch.iuv[row].numpy(), iuv) and np.array_equal(batch.instance[row].numpy(), instance)
    other = Stream(stock.load(folder), "cpu", SIZE, seed=5).batch([22])
    assert not np.array_equal(other.iuv[0].numpy(), batch.iuv[2].numpy())


def test_samples_follow_each_other_and_are_mirrored_as_training_does(stream):
    plain, turned = (list(islice(stream.samples(2, first=5, mirror=chance), 3)) for chance in (0.0, 1.0))
    alone = stream.batch([7])
    assert np.array_equal(plain[2].iuv, alone.iuv[0].numpy()) and plain[0].image.dtype == np.uint8
    for one, other in zip(plain, turned, strict=True):
        assert np.array_equal(mirror(one).iuv, other.iuv) and np.array_equal(one.image[:, ::-1], other.image)


def test_busy_backdrops_come_from_the_stock_and_plain_ones_are_drawn(stream):
    rng = np.random.default_rng(0)
    busy = scene([person(rng)], "blurred", 6, SIZE)
    behind = stream._behind(busy)
    assert tuple(behind.shape) == (48, 36, 3) and behind.min() >= 0 and behind.max() <= 1 and behind.std() > 0.02
    assert stream._behind(replace(busy, background=Background("studio"))) is None


def test_the_lens_is_the_host_s_but_for_its_grain():
    image = picture(scene([person(np.random.default_rng(2))], "wall", 3, SIZE, (box(0.5, 0.3),)))
    import torch
    from scipy.ndimage import gaussian_filter

    blur = gaussian_filter(image.astype(np.float32), (1.1, 1.1, 0))
    assert np.abs(blurred(torch.from_numpy(image).float(), 1.1).numpy() - blur).max() < 1e-2
    for seed in range(6):
        taken = lens(np.random.default_rng([seed, 78]))
        expected = expose(image, taken)
        if taken.blur > 0:
            expected = gaussian_filter(expected, (taken.blur, taken.blur, 0))
        gap = photograph(torch.from_numpy(image), seed).numpy() - np.clip(expected, 0, 1) * 255
        assert abs(gap.mean()) < 2 and gap.std() < 255 * taken.grain * 1.3 + 1
        assert torch.equal(photograph(torch.from_numpy(image), seed), photograph(torch.from_numpy(image), seed))


def test_backdrops_on_file_are_the_kinds_that_no_device_draws():
    with np.load(io.BytesIO(stock.painted(0, (40, 30)))) as archive:
        shapes = {Image.open(io.BytesIO(archive[name].tobytes())).size for name in archive.files}
        assert len(archive.files) == stock.BACKDROPS and shapes == {(40, 30)}
    assert stock.painted(1, (40, 30)) != stock.painted(2, (40, 30)) and "wall" not in backdrops.SMOOTH


def test_throughput_counts_pictures_and_names_where_the_time_goes(stream):
    count, seconds, processor = rate(stream, 2, 0.0)
    assert count == 2 and seconds > 0 and processor > 0
    parts = shares(stream, 2, 1)
    assert {"scene", "shadows", "visible surface", "albedo", "light", "lens", "truth"} <= set(parts)
    assert sum(parts.values()) == pytest.approx(1)
