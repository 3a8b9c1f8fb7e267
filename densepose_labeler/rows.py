"""Label rows of a batch of decoded pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from densepose_labeler.decoding_ahead import Decoded
from densepose_labeler.label_sets import Labeller, ResolvedSet
from manifests.instances import Instance
from manifests.labels import LabelRow
from manifests.reasons import LabelStatus


def label_batch(one: ResolvedSet, labeller: Labeller, batch: Sequence[Decoded]) -> list[LabelRow]:
    """Rows of a batch. Declared shapes may be wrong, so what goes through the network together is cut by true shape."""
    rows = [_row(one, decoded, error=decoded.error) for decoded in batch if decoded.image is None]
    usable = sorted((decoded for decoded in batch if decoded.image is not None), key=_shape)
    for _, group in groupby(usable, key=_shape):
        same = list(group)
        try:
            found = _infer(labeller, same)
        except ValueError:
            rows += [_label_alone(one, labeller, decoded) for decoded in same]
        else:
            rows += [_row(one, decoded, instances) for decoded, instances in zip(same, found, strict=True)]
    return rows


def _label_alone(one: ResolvedSet, labeller: Labeller, decoded: Decoded) -> LabelRow:
    """A picture that the network cannot take (a strip one pixel wide) must not cost its neighbours their labels."""
    try:
        return _row(one, decoded, _infer(labeller, [decoded])[0])
    except ValueError as error:
        return _row(one, decoded, error=f"not labelled: {error}")


def _infer(labeller: Labeller, batch: Sequence[Decoded]) -> list[tuple[Instance, ...]]:
    return labeller([decoded.image for decoded in batch if decoded.image is not None])


def _shape(decoded: Decoded) -> tuple[int, int]:
    if decoded.image is None:
        return 0, 0
    height, width, _ = decoded.image.shape
    return height, width


def _row(one: ResolvedSet, decoded: Decoded, instances: tuple[Instance, ...] = (), error: str = "") -> LabelRow:
    status = LabelStatus.ERROR if error else LabelStatus.OK if instances else LabelStatus.NO_PERSON
    height, width = _shape(decoded)
    return LabelRow(
        image_id=decoded.image_id,
        model=one.name,
        weights_sha256=one.weights_sha256,
        fingerprint=one.fingerprint,
        status=status,
        error=" ".join(error.split()) or None,
        width=width or None,
        height=height or None,
        instances=instances,
    )
