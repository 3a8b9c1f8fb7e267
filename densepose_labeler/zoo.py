"""The model zoo: `models.toml` as frozen data, and the user's own additions to it."""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from densepose_labeler.engine.spec import NetworkSpec
from manifests.charts import Charts

FORMAT = 1


class ZooError(ValueError):
    """A model zoo file or a model's name is wrong; the message says where and what would be right."""


@dataclass(frozen=True)
class Metrics:
    """Average precisions in percent that the authors published, measured on `dataset` by their evaluation.

    `densepose_chimps` figures are about chimpanzees and cannot be compared with `densepose_coco_2014_minival` ones.
    """

    dataset: str
    box_ap: float
    segm_ap: float
    densepose_ap_gps: float
    densepose_ap_gpsm: float
    densepose_apex_gps: float | None = None


@dataclass(frozen=True)
class ModelSpec:
    """One model of the zoo.

    Attributes:
        name: its name, also that of its label set.
        family: the group it inherits the descriptive fields from ("official", "embedded" or the user's own).
        network: what the engine builds.
        file: file name of the weights, `.pkl` or `.safetensors`.
        url: where the weights are published; None for those that ship with the package.
        sha256: their checksum as hexadecimal where it is known.
        bytes: their size where it is known.
        metrics: published figures, if any.
        charts: whose U, V and part borders it predicts: "official" (DensePose's SMPL atlas) or "vestiary" (ours).
        score_threshold: least score of a person in labels, unless the configuration says otherwise.
        flip_averaging: whether its maps are averaged with those of the mirror image, likewise.
    """

    name: str
    family: str
    network: NetworkSpec = field(default_factory=NetworkSpec)
    file: str = ""
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    metrics: Metrics | None = None
    charts: Charts = "official"
    score_threshold: float = 0.5
    flip_averaging: bool = False
    description: str = ""
    licence: str = ""
    licence_url: str = ""
    source: str = ""

    def resized(self, min_size: int | None = None, max_size: int | None = None) -> ModelSpec:
        """The same model with another size of the network's input (short and long side, pixels).

        The long side's limit follows the short side in proportion unless it is given.
        """
        old = self.network.input
        short = min_size or old.min_size
        new = replace(old, min_size=short, max_size=max_size or round(old.max_size * short / old.min_size))
        return replace(self, network=replace(self.network, input=new))


def load(path: Path | None = None) -> Mapping[str, ModelSpec]:
    """Every model by name, in the order of `models.toml`; those of the user's file at `path` are added after them.

    Raises:
        ZooError: the user's file is absent, is not TOML, has an unknown or ill-typed key, or redefines a model.
    """
    models = dict(_shipped())
    if path is None:
        return types.MappingProxyType(models)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ZooError(f"model zoo file {path} cannot be read: {error}") from error
    for name, spec in _parse(text, str(path)).items():
        if name in models:
            raise ZooError(f"{path}: model {name!r} is already in the shipped zoo; choose another name")
        models[name] = spec
    return types.MappingProxyType(models)


def get(name: str, path: Path | None = None) -> ModelSpec:
    """One model by name.

    Raises:
        ZooError: there is no such model; the message names the nearest.
    """
    models = load(path)
    if name not in models:
        near = difflib.get_close_matches(name, models, 3, 0.5) or list(models)
        raise ZooError(f"no model {name!r} in the zoo; did you mean {', '.join(near)}?")
    return models[name]


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, ModelSpec]:
    text = files("densepose_labeler").joinpath("models.toml").read_text(encoding="utf-8")
    return _parse(text, "models.toml")


def _parse(text: str, place: str) -> dict[str, ModelSpec]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ZooError(f"{place} is not valid TOML: {error}") from error
    if data.get("format") != FORMAT:
        raise ZooError(f"{place}: expected `format = {FORMAT}` at the top, found {data.get('format')!r}")
    unknown = set(data) - {"format", "families", "models"}
    if unknown:
        raise ZooError(f"{place}: unknown tables {sorted(unknown)}; there are format, families, models")
    families = data.get("families", {})
    models: dict[str, ModelSpec] = {}
    for name, table in data.get("models", {}).items():
        where = f"{place} [models.{name}]"
        family = table.get("family")
        if family not in families:
            raise ZooError(f"{where}: family {family!r} is not one of [families]: {', '.join(families) or 'none'}")
        merged = _merge(families[family], table) | {"name": name}
        if "url" in merged and "file" not in merged:
            merged["file"] = PurePosixPath(urlsplit(merged["url"]).path).name
        spec: ModelSpec = _build(ModelSpec, merged, where)
        if not spec.file.endswith((".pkl", ".safetensors")) or "/" in spec.file:
            raise ZooError(f"{where}: file {spec.file!r} must be a plain file name ending in .pkl or .safetensors")
        models[name] = spec
    return models


def _merge(inherited: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` over `inherited`, table by table."""
    merged = {**inherited, **own}
    for key in inherited.keys() & own.keys():
        if isinstance(inherited[key], dict) and isinstance(own[key], dict):
            merged[key] = _merge(inherited[key], own[key])
    return merged


def _build(kind: type[Any], table: object, place: str) -> Any:
    """A frozen data class from a TOML table, refusing unknown, missing and ill-typed keys."""
    if not isinstance(table, dict):
        raise ZooError(f"{place}: expected a table, found {table!r}")
    hints = typing.get_type_hints(kind)
    known = [item.name for item in fields(kind)]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ZooError(f"{place}: unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else str(known)))
    for item in fields(kind):
        if item.name not in table and item.default is MISSING and item.default_factory is MISSING:
            raise ZooError(f"{place}: {item.name!r} is missing")
    values = {key: _convert(hints[key], value, f"{place} {key}") for key, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ZooError(f"{place}: {error}") from error


def _convert(hint: Any, value: object, place: str) -> Any:
    if is_dataclass(hint):
        return _build(typing.cast(type, hint), value, place)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        inner = next(argument for argument in arguments if argument is not type(None))
        return _convert(inner, value, place)
    if origin is Literal:
        if value not in arguments:
            raise ZooError(f"{place}: {value!r} is not one of {', '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ZooError(f"{place}: expected a list, found {value!r}")
        repeated = arguments[-1] is Ellipsis
        if not repeated and len(value) != len(arguments):
            raise ZooError(f"{place}: expected {len(arguments)} values, found {len(value)}")
        return tuple(_convert(arguments[0], one, place) for one in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ZooError(f"{place}: expected {hint.__name__}, found {value!r}")
    return value
