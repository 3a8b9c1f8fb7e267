"""Label rows of a batch of decoded pictures."""

from __future__ import annotations

from collections.abc import Sequence

from densepose_labeler.decoding_ahead import Decoded
from densepose_labeler.label_sets import Labeller, ResolvedSet
from manifests.instances import Instance
from manifests.labels import LabelRow
from manifests.reasons import LabelStatus


def label_batch(one: ResolvedSet, labeller: Labeller, batch: Sequence[Decoded]) -> list[LabelRow]:
    """One row for each picture of a batch, in any order."""
    rows = [_row(one, decoded, error=decoded.error) for decoded in batch if decoded.image is None]
    usable = [decoded for decoded in batch if decoded.image is not None]
    try:
        found = _infer(labeller, usable)
    except ValueError:
        return rows + [_label_alone(one, labeller, decoded) for decoded in usable]
    return rows + [_row(one, decoded, instances) for decoded, instances in zip(usable, found, strict=True)]


def _label_alone(one: ResolvedSet, labeller: Labeller, decoded: Decoded) -> LabelRow:
    """A picture that the network cannot take must not cost its neighbours their labels."""
    try:
        return _row(one, decoded, _infer(labeller, [decoded])[0])
    except ValueError as error:
        return _row(one, decoded, error=f"not labelled: {error}")


def _infer(labeller: Labeller, batch: Sequence[Decoded]) -> list[tuple[Instance, ...]]:
    return labeller([decoded.image for decoded in batch if decoded.image is not None])


def _row(one: ResolvedSet, decoded: Decoded, instances: tuple[Instance, ...] = (), error: str = "") -> LabelRow:
    status = LabelStatus.ERROR if error else LabelStatus.OK if instances else LabelStatus.NO_PERSON
    height, width = (None, None) if decoded.image is None else decoded.image.shape[:2]
    return LabelRow(
        image_id=decoded.image_id,
        model=one.name,
        weights_sha256=one.weights_sha256,
        fingerprint=one.fingerprint,
        status=status,
        error=" ".join(error.split()) or None,
        width=width,
        height=height,
        instances=instances,
    )
