"""The models of a service, loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import ResolvedSet, resolve
from densepose_labeler.predictor import Predictor
from densepose_labeler.service.problems import Problem, Reason
from densepose_labeler.service.scheduling import Infer, Order


@dataclass(frozen=True)
class Served:
    """One label set, its network in memory."""

    resolved: ResolvedSet
    predictor: Predictor

    @property
    def name(self) -> str:
        return self.resolved.name

    @property
    def weights_sha256(self) -> str:
        return self.resolved.weights_sha256

    def order(self, threshold: float | None = None, largest_only: bool | None = None) -> Order:
        """What is asked of a picture; what is left out is the label set's own."""
        options = self.resolved.options
        return Order(
            self.name,
            options.score_threshold if threshold is None else threshold,
            options.largest_only if largest_only is None else largest_only,
        )


class Models:
    """By name, the default first."""

    def __init__(self, names: Sequence[str], config: LabelConfig, device: str) -> None:
        """Load them onto `device`.

        Raises:
            densepose_labeler.planning.LabelError, densepose_labeler.zoo.ZooError: a name is wrong.
            checkpoints.WeightsMissing, checkpoints.CheckpointError: weights are not here, or are damaged.
        """
        self.served = {one.name: Served(one, one.predictor(device)) for one in resolve(names, config)}

    @property
    def default(self) -> Served:
        return next(iter(self.served.values()))

    def get(self, name: str | None) -> Served:
        """The model of a request.

        Raises:
            Problem: 400, it is not served.
        """
        if name is None:
            return self.default
        if name not in self.served:
            detail = f"no model of this name is served; there are {', '.join(self.served)}"
            raise Problem(400, Reason.BAD_FIELD, f"model: {detail}", fields={"model": detail})
        return self.served[name]

    def infer(self, order: Order) -> Infer:
        """The function that does what is ordered."""
        one = self.served[order.model]
        return partial(
            one.predictor,
            score_threshold=order.score_threshold,
            largest_only=order.largest_only,
            max_detections=one.resolved.options.max_detections,
        )
