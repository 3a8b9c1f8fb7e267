"""Batches drawn by torch are the pictures and labels that the host's renderer draws one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("numba")
pytest.importorskip("scipy")

from tests.tools.scenes import FILL, LIGHTS, box, person, scene
from tools.people import backdrops
from tools.people.device.geometry import Resident
from tools.people.device.render import Renderer
from tools.people.fabrics import PATTERNS
from tools.people.render import LAYERS, layers, picture, truth
from tools.people.scene import Light

pytestmark = pytest.mark.usefixtures("one_thread")
TRIMMED = {"seed": 3.0, "melange": 0.1, "placket": 0.08, "sole": 0.45, "trim": 0.02, "trim_z": 1.2}


def crowd():
    """Scenes of every pattern and backdrop, groups, props, a bag, an empty picture, one without a sun."""
    rng = np.random.default_rng(0)
    kinds = ("studio", "gradient", "wall", "panels", "texture", "blurred", "outdoor", "street")
    out = [
        scene([person(rng, pattern=pattern)], kinds[k % len(kinds)], k, lights=LIGHTS + (FILL,) * (k % 2))
        for k, pattern in enumerate(sorted(PATTERNS))
    ]
    trio = [person(rng, -0.5, 0.3, "checks"), person(rng, 0.5, -0.2, parameters=TRIMMED, bag=True), person(rng)]
    out.append(scene(trio, seed=90, props=(box(-0.3, -0.6),), lights=(*LIGHTS, FILL)))
    out.append(scene([], seed=91))
    out.append(scene([], "blurred", 92, props=(box(0, 0),)))
    out.append(scene([person(rng, pattern="denim")], seed=93, lights=(Light("sky", strength=1.0),)))
    return out


def agree(expected, drawn):
    """To a level, but for a pixel in a thousand: where a pattern changes colour, the last bit of a sine can decide."""
    gap = np.abs(expected.astype(int) - drawn).max(2)
    assert (gap > 1).mean() < 1e-3 and gap.mean() < 0.02


@pytest.fixture(scope="module")
def batch():
    return crowd()


def test_pictures_agree_to_a_level(batch):
    drawn = Renderer("cpu").pictures(batch).numpy()
    assert drawn.dtype == np.uint8 and drawn.std() > 20
    for one, shot in zip(batch, drawn, strict=True):
        agree(picture(one), shot)


@pytest.mark.parametrize("supersample", [1, 3])
def test_pictures_agree_at_other_supersamplings(batch, supersample):
    some = batch[3:13:9]
    drawn = Renderer("cpu").pictures(some, supersample).numpy()
    for one, shot in zip(some, drawn, strict=True):
        agree(picture(one, supersample), shot)


def test_labels_are_the_same(batch):
    iuv, instance = (part.numpy() for part in Renderer("cpu").truths(batch))
    layer = Renderer("cpu").layers(batch).numpy()
    for number, one in enumerate(batch):
        expected = truth(one)
        assert np.array_equal(iuv[number], expected[0]) and np.array_equal(instance[number], expected[1])
        assert np.array_equal(layer[number], layers(one))
    assert instance.max() == 3 and len(np.unique(iuv[..., 0])) > 15 and len(np.unique(layer)) == len(LAYERS) - 1


def test_a_picture_does_not_depend_on_its_batch(batch):
    renderer, some = Renderer("cpu"), batch[11:14]
    pictures, labels = renderer.pictures(some).numpy(), renderer.truths(some)[0].numpy()
    for number, one in enumerate(some):
        agree(pictures[number], renderer.pictures([one])[0].numpy())
        assert np.array_equal(labels[number], renderer.truths([one])[0][0].numpy())


def test_a_given_backdrop_replaces_the_scene_s_own(batch):
    behind = np.random.default_rng(1).random((64, 48, 3)).astype(np.float32)
    drawn = Renderer("cpu").pictures(batch[:2], behind=[torch.from_numpy(behind), None]).numpy()
    agree(picture(batch[0], backdrop=behind), drawn[0])
    agree(picture(batch[1]), drawn[1])
    assert backdrops.SMOOTH == ("studio", "gradient")


def test_arrays_that_stay_on_the_device_are_copied_once(batch):
    resident = Resident("cpu")
    coat = batch[0].persons[0].meshes[1]
    assert resident.tensor(coat.vertices) is not resident.tensor(coat.vertices)
    resident.keep([coat.vertices, coat.faces])
    assert resident.tensor(coat.vertices) is resident.tensor(coat.vertices)
    low, high = resident.box(coat.vertices)
    assert np.array_equal(low, coat.vertices.min(0)) and np.array_equal(high, coat.vertices.max(0))
    assert torch.equal(Renderer("cpu", resident).pictures(batch[:1]), Renderer("cpu").pictures(batch[:1]))


def test_a_batch_of_several_sizes_is_refused(batch):
    other = replace(batch[0], camera=replace(batch[0].camera, width=32))
    with pytest.raises(ValueError, match="one size"):
        Renderer("cpu").pictures([batch[0], other])
