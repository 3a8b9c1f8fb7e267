from __future__ import annotations

import pytest

from densepose_labeler import zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import specify
from densepose_labeler.planning import LabelError
from densepose_labeler.variants import derive

CONFIG = LabelConfig.model_validate(
    {
        "models": ("R_50_FPN_s1x",),
        "sets": {"sure": {"base": "R_50_FPN_s1x", "score_threshold": 0.8}},
    }
)


def test_what_changes_labels_is_another_set_named_by_what_was_changed() -> None:
    changes = {"score_threshold": 0.9, "largest_only": True, "max_detections": 5, "min_size": 1024}
    names, config = derive(["R_50_FPN_s1x", "sure"], CONFIG, changes | {"flip_averaging": True, "precision": "fast"})
    assert names == (
        "R_50_FPN_s1x_score0.9_largest_max5_min1024_flip_fast",
        "sure_score0.9_largest_max5_min1024_flip_fast",
    )
    assert config.sets["sure"] == CONFIG.sets["sure"]
    made = config.sets[names[1]]
    assert (made.base, made.score_threshold, made.flip_averaging) == ("R_50_FPN_s1x", 0.9, True)
    spec, options, backend = specify(names[0], config.sets[names[0]], config, zoo.load())
    assert (spec.network.input.min_size, spec.network.input.max_size) == (1024, 1706)
    assert (options.score_threshold, options.largest_only, options.max_detections) == (0.9, True, 5)
    assert options.flip_averaging and options.precision == "fast" and backend == "engine"


def test_the_embedded_model_averages_unless_it_is_told_not_to() -> None:
    models = zoo.load()
    assert derive(["embedded"], CONFIG, {"flip_averaging": True})[0] == ("embedded",)
    (name,), config = derive(["embedded"], CONFIG, {"flip_averaging": False})
    assert name == "embedded_noflip" and not specify(name, config.sets[name], config, models)[1].flip_averaging


def test_what_a_set_does_already_is_no_change() -> None:
    assert derive(["R_50_FPN_s1x"], CONFIG, {"score_threshold": 0.5, "min_size": 800, "backend": "engine"}) == (
        ("R_50_FPN_s1x",),
        CONFIG,
    )
    assert derive(["sure"], CONFIG, {"precision": "float32"})[0] == ("sure",)
    assert derive(["sure"], CONFIG, {"score_threshold": 0.8, "max_detections": 1})[0] == ("sure_max1",)
    assert derive(["R_50_FPN_s1x"], CONFIG, {"backend": "detectron2"})[0] == ("R_50_FPN_s1x_detectron2",)


def test_the_same_changes_give_the_same_name_again() -> None:
    first = derive(["sure"], CONFIG, {"min_size": 512})
    assert derive(["sure"], first[1], {"min_size": 512}) == first


def test_a_name_of_the_users_own() -> None:
    names, config = derive(["R_50_FPN_s1x"], CONFIG, {"min_size": 512}, "quick")
    assert names == ("quick",) and config.sets["quick"].min_size == 512
    assert derive(["R_50_FPN_s1x"], CONFIG, {}, "copy")[0] == ("copy",)
    names, _ = derive(["all"], CONFIG, {"min_size": 512}, "{model}_quick")
    assert len(names) == 27 and names[2] == "R_50_FPN_s1x_quick"


@pytest.mark.parametrize(
    ("names", "name", "message"),
    [
        (["R_50_FPN_s1x", "sure"], "quick", r"one name for 2 label sets.*\{model\}_quick"),
        (["R_50_FPN_s1x"], "R_101_FPN_s1x", "is a label set with other options already"),
        (["R_50_FPN_s1x"], "sure", "is a label set with other options already"),
        (["R_50_FPN_s2x"], None, "did you mean"),
    ],
)
def test_what_would_mix_labels_is_refused(names: list[str], name: str | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        derive(names, CONFIG, {"min_size": 512}, name)
