"""The `[label]` section of the configuration.

    [label]
    screening_model = "embedded"            # labels every kept image first; curation screens on its result
    models = ["embedded", "R_50_FPN_s1x"]   # label sets made over the final dataset: models or names of [label.sets]
    # score_threshold = 0.5                 # unset: what models.toml declares for each model
    largest_only = false                    # true: keep the largest person alone
    max_detections = 20                     # at most so many people an image, the surest first
    # flip_averaging = true                 # average maps with those of the mirror image; unset: as models.toml has it
    precision = "float32"                   # "fast": bfloat16 where it hardly shows; "bf16": everywhere
    device = "auto"                         # "cpu", "cuda" (all), "cuda:0,cuda:2"; "auto": CUDA where there is any
    backend = "engine"                      # "detectron2": your own installation of it, for the networks that it has
    # threads = 2                           # pictures inferred side by side on a CPU; unset: one a core
    batch_size = 8                          # images of one shape that go through the network together on CUDA
    models_at_once = 4                      # networks held in memory; images are decoded once for each such group
    # zoo = "my-models.toml"                # your own models, in the form of densepose_labeler/models.toml

    [label.sets.R_50_FPN_s1x_sure]          # a named variant: labels/R_50_FPN_s1x_sure/
    base = "R_50_FPN_s1x"
    score_threshold = 0.8
    min_size = 1024                         # short side of the network's input in pixels (800 for the official models)

    [label.sets.R_50_FPN_s1x_detectron2]    # the same model by detectron2, beside the engine's labels
    base = "R_50_FPN_s1x"
    backend = "detectron2"

Every key is optional. The options that decide what a label says (the threshold, the number of people, the input size,
the precision, the backend) are part of a label's fingerprint: changing one redoes the labels it touches. The options
that only decide how fast it is made (device, threads, batch size) are not: a CPU gives the same labels whatever they
say, and between devices and CUDA batch sizes labels agree to rounding.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from densepose_labeler.precision import Precision
from manifests.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _directory_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a label set: its name is a directory, so use letters, digits, '.', '_' and '-', "
            "beginning with a letter or a digit"
        )
    return name


LabelSetName = Annotated[str, AfterValidator(_directory_name)]
Score = Annotated[float, Field(ge=0.0, lt=1.0)]
Side = Annotated[int, Field(ge=32, le=4096)]
Backend = Literal["engine", "detectron2"]


class VariantConfig(Settings):
    """A named label set: the model `base` with other options. What is left out is as in `[label]`."""

    base: LabelSetName = Field(description="name of the model in models.toml")
    score_threshold: Score | None = Field(None, description="least score of a person, in 0..1")
    largest_only: bool | None = Field(None, description="keep only the person with the largest box")
    max_detections: int | None = Field(None, ge=1, le=100, description="at most so many people an image")
    min_size: Side | None = Field(None, description="short side of the network's input, pixels")
    max_size: Side | None = Field(None, description="longest allowed long side of the network's input, pixels")
    flip_averaging: bool | None = Field(None, description="average the maps with those of the mirror image")
    precision: Precision | None = Field(None, description="how exactly the network is computed")
    backend: Backend | None = Field(None, description="what runs the network")

    @model_validator(mode="after")
    def _sides_in_order(self) -> Self:
        if self.min_size is not None and self.max_size is not None and self.max_size < self.min_size:
            raise ValueError(f"max_size ({self.max_size}) is below min_size ({self.min_size}): swap or raise it")
        return self


class LabelConfig(Settings):
    """How images are labelled; see the module's example.

    `score_threshold` and `flip_averaging` left out are each model's own from models.toml: 0.5 for the embedded model.
    The official project's `dump` keeps everything above 0.05, of which most below 0.5 are second guesses at people
    already found.
    """

    screening_model: LabelSetName = Field("embedded", description="label set that curation screens on")
    models: tuple[LabelSetName, ...] = Field(("embedded",), min_length=1, description="label sets of the dataset")
    score_threshold: Score | None = Field(None, description="least score of a person, in 0..1")
    largest_only: bool = Field(False, description="keep only the person with the largest box")
    max_detections: int = Field(20, ge=1, le=100, description="at most so many people an image")
    flip_averaging: bool | None = Field(None, description="average the maps with those of the mirror image")
    precision: Precision = Field("float32", description="how exactly networks are computed: bfloat16 is faster")
    backend: Backend = Field("engine", description="what runs networks; the embedded one is always the engine's")
    device: str = Field(
        "auto",
        pattern=r"^(auto|(cpu|cuda(:\d+)?)(,(cpu|cuda(:\d+)?))*)$",
        description="where networks run: one worker for each device of the list",
    )
    threads: int | None = Field(
        None, ge=1, le=256, description="pictures inferred side by side on a CPU; unset: one a core"
    )
    batch_size: int = Field(8, ge=1, le=32, description="images of one shape that are inferred together on CUDA")
    models_at_once: int = Field(4, ge=1, description="networks held in memory together")
    zoo: Path | None = Field(None, description="file of the user's own models, in the form of models.toml")
    sets: dict[LabelSetName, VariantConfig] = Field(default_factory=dict, description="named variants of models")

    @model_validator(mode="after")
    def _variants_of_models(self) -> Self:
        for name, variant in self.sets.items():
            if variant.base in self.sets:
                raise ValueError(
                    f"sets.{name}.base: {variant.base!r} is itself a variant; name the model it is made of, "
                    f"{self.sets[variant.base].base!r}"
                )
        return self
