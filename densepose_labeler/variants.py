"""Label sets with other options than their own, under names of their own.

An option that changes what labels say makes another label set: it never redoes the one that it starts from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from densepose_labeler import zoo
from densepose_labeler.config import LabelConfig, VariantConfig
from densepose_labeler.label_sets import expand, specify
from densepose_labeler.planning import LabelError

MODEL = "{model}"
"""Stands for the label set's own name in the name that is given for its variant."""

_SUFFIXES = {
    "score_threshold": "score{:g}",
    "largest_only": "largest",
    "max_detections": "max{}",
    "min_size": "min{}",
    "flip_averaging": "flip",
    "precision": "{}",
    "backend": "{}",
}


def derive(
    names: Sequence[str], config: LabelConfig, changes: Mapping[str, object], name: str | None = None
) -> tuple[tuple[str, ...], LabelConfig]:
    """The label sets `names` with `changes` to their options, as names and a configuration that declares them.

    A set that has these options already stays itself, unless a name is given.

    Args:
        names: label sets: models, variants of the configuration, or "all".
        changes: fields of `VariantConfig` with their new values.
        name: of the new set, with `{model}` for the old one's; by default the old name and what was changed, such as
            `R_50_FPN_s1x_score0.8_flip`.

    Raises:
        LabelError: a name is unknown or taken, or one name is given for several sets.
    """
    models = zoo.load(config.zoo)
    expanded = expand(names, models)
    if name is not None and MODEL not in name and len(expanded) > 1:
        raise LabelError(f"one name for {len(expanded)} label sets: let it contain {MODEL}, such as '{MODEL}_{name}'")
    made, sets = [], dict(config.sets)
    for old in expanded:
        own = sets.get(old) or VariantConfig(base=old)
        before = specify(old, own, config, models)
        real = {
            key: value
            for key, value in changes.items()
            if specify(old, own.model_copy(update={key: value}), config, models) != before
        }
        if not real and name is None:
            made.append(old)
            continue
        suffixes = [
            ("no" if real[key] is False else "") + pattern.format(real[key])
            for key, pattern in _SUFFIXES.items()
            if key in real
        ]
        new = name.replace(MODEL, old) if name is not None else "_".join((old, *suffixes))
        variant = own.model_copy(update=real)
        if new in models or sets.get(new, variant) != variant:
            raise LabelError(f"{new!r} is a label set with other options already: give another --name")
        sets[new] = variant
        made.append(new)
    return tuple(made), LabelConfig.model_validate(config.model_dump() | {"sets": sets})
