import re
import tomllib

import pytest
from pydantic import ValidationError

from densepose_labeler import config
from densepose_labeler.config import LabelConfig


def _example() -> dict[str, object]:
    """The TOML example of the module's docstring, so that what the documentation shows stays valid."""
    text = config.__doc__ or ""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return tomllib.loads("\n".join(lines))["label"]


def test_docstring_example_is_valid_and_names_every_option() -> None:
    assert LabelConfig(**_example()).sets["R_50_FPN_s1x_sure"].min_size == 1024
    shown = set(re.findall(r"^    #? ?(\w+) = ", config.__doc__ or "", flags=re.MULTILINE))
    assert set(LabelConfig.model_fields) - {"sets"} <= shown


def test_defaults_label_with_the_embedded_model() -> None:
    made = LabelConfig()
    assert made.models == ("embedded",)
    assert made.screening_model == "embedded"
    assert made.score_threshold is None


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"score_treshold": 0.5}, "score_treshold"),
        ({"score_threshold": 1.0}, "score_threshold"),
        ({"device": "gpu"}, "device"),
        ({"device": "auto,cpu"}, "device"),
        ({"device": "cpu,"}, "device"),
        ({"models": []}, "models"),
        ({"batch_size": 0}, "batch_size"),
        ({"models": ["../elsewhere"]}, "models"),
        ({"sets": {"a/b": {"base": "embedded"}}}, "a/b"),
        ({"sets": {"sure": {"base": "embedded", "min_size": 800, "max_size": 400}}}, "max_size"),
        ({"sets": {"sure": {}}}, "base"),
        ({"sets": {"one": {"base": "embedded"}, "two": {"base": "one"}}}, "sets.two.base"),
    ],
)
def test_wrong_values_are_refused_by_name(section: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(key)):
        LabelConfig(**section)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:11", "cpu,cpu", "cuda:0,cuda:2"])
def test_devices_and_lists_of_them(device: str) -> None:
    assert LabelConfig(device=device).device == device


def test_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError):
        LabelConfig().batch_size = 4  # type: ignore[misc]
