from __future__ import annotations

import tomllib
from typing import Any

import pytest

from curation import config
from curation.config import CurationConfig
from manifests.decoding import MAX_PIXELS
from manifests.reasons import Gender, View
from manifests.settings import SettingsError, parse


def test_documented_example_is_valid_and_states_the_defaults() -> None:
    example = (config.__doc__ or "").split("::\n")[1].split("Relative paths")[0]
    parsed = parse(CurationConfig, tomllib.loads(example)["curation"], "docstring")
    assert parsed.sources.hr_viton[0].source == "hr-viton"
    assert parsed.sources.folders[0].view is View.MODEL
    assert parsed.split.eval[1].gender is Gender.MEN and parsed.split.eval[0].gender is None
    defaults = CurationConfig()
    assert parsed.screen == defaults.screen
    assert parsed.model_copy(update={"sources": defaults.sources, "split": defaults.split}) == defaults
    assert parsed.split.model_copy(update={"eval": defaults.split.eval}) == defaults.split


def test_default_quotas_are_the_founding_experiments() -> None:
    quotas = CurationConfig().split.eval
    assert [(q.source, q.gender and q.gender.value, q.count) for q in quotas] == [
        ("hr-viton", None, 100), ("zalando", "men", 60), ("zara", "men", 20), ("farfetch", "men", 20),
        ("farfetch", "women", 20),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"min_sise": 3}, "did you mean 'min_size'"),
        ({"screen": {"min_scores": 3}}, "did you mean 'min_score'"),
        ({"hamming_radius": 17}, "less than or equal to 16"),
        ({"split": {"eval": [{"source": "zara", "count": 1}] * 2}}, "'zara' and 'zara' overlap"),
        (
            {"split": {"eval": [{"source": "z", "count": 1}, {"source": "z", "gender": "men", "count": 1}]}},
            "'z' and 'z men' overlap",
        ),
        ({"split": {"eval": [{"facing": "back", "count": 1}, {"category": "tops", "count": 1}]}}, "overlap"),
        ({"split": {"eval": [{"colr": "navy", "count": 1}]}}, "did you mean 'colour'"),
        ({"sources": {"folders": [{"path": "a", "source": "x"}, {"path": "b", "source": "x"}]}}, "share the source"),
        ({"sources": {"folders": [{"path": "a", "source": "Not A Name"}]}}, "pattern"),
        ({"max_pixels": MAX_PIXELS + 1}, "max_pixels"),
    ],
)
def test_mistakes_are_told(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(CurationConfig, data, "test")
