from densepose_labeler.config import LabelConfig
from densepose_labeler.service.models import Models


def test_a_variant_is_served_as_it_is_labelled() -> None:
    sets = {"single": {"base": "embedded", "flip_averaging": False, "precision": "bf16", "min_size": 128}}
    models = Models(["embedded", "single"], LabelConfig.model_validate({"sets": sets}), "cpu")
    own, single = (models.get(name).predictor for name in ("embedded", "single"))
    assert own.spec.flip_averaging and own.precision == "float32"
    assert not single.spec.flip_averaging and single.precision == "bf16" and single.spec.network.input.min_size == 128
