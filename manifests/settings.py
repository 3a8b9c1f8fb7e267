"""Reading a configuration: TOML into the stages' frozen models, with errors that name the nearest right key."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class SettingsError(ValueError):
    """The configuration is wrong; the message names the file or section, the key, and what would be right."""


class Settings(BaseModel):
    """Base of every configuration model: frozen, and no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DatasetConfig(Settings):
    """`[dataset]`: where the dataset lies.

    Attributes:
        path: the dataset directory, relative to the working directory.
        title: heading of the dataset card.
    """

    path: Path = Path("data/fashion")
    title: str = "Clothed people with DensePose labels"


_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(path: Path) -> dict[str, Any]:
    """The file as a dictionary.

    Raises:
        SettingsError: the file is absent, unreadable or not TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = sorted(p.as_posix() for p in Path(path).parent.glob("*.toml"))
        hint = f"; there are {', '.join(near)}" if near else ""
        raise SettingsError(f"no configuration at {path}{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def parse(model: type[_Model], data: dict[str, Any], place: str) -> _Model:
    """Validate `data` against `model`.

    Args:
        place: where the data stands, for the message, such as "configs/demo.toml [crawl]".

    Raises:
        SettingsError: a line per mistake: the key, its place, what is wrong, and for an unknown key the nearest one.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [_explain(model, data, item) for item in error.errors()]
        raise SettingsError("\n".join(f"{place}: {line}" for line in lines)) from error


def section(path: Path, name: str, model: type[_Model]) -> _Model:
    """Read one top-level table of a configuration file; an absent table is the model's defaults."""
    return parse(model, read_toml(path).get(name, {}), f"{path} [{name}]")


def fingerprint(value: Any) -> str:
    """sha256, as hexadecimal, of the canonical JSON of a model, dictionary, list, number or text."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _explain(model: type[BaseModel], data: dict[str, Any], item: Any) -> str:
    location, key = [str(part) for part in item["loc"]], str(item["loc"][-1]) if item["loc"] else ""
    where = ".".join(location) or "(top)"
    if item["type"] == "extra_forbidden":
        known = _keys_beside(model, location)
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(sorted(known))}"
        return f"unknown key {where!r}: {hint}"
    if item["type"] == "missing":
        return f"missing key {where!r}"
    return f"{where!r}: {item['msg']} (got {item['input']!r})"


def _keys_beside(model: type[BaseModel], location: list[str]) -> list[str]:
    """The keys that the table holding the last element of `location` may have."""
    current: Any = model
    for part in location[:-1]:
        fields = getattr(current, "model_fields", {})
        current = _model_inside(fields[part].annotation) if part in fields else current
    return list(getattr(current, "model_fields", {}))


def _model_inside(annotation: Any) -> Any:
    """The configuration model in an annotation such as `dict[str, Shop]`, `tuple[Quota, ...]` or `Split | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_inside(argument)
        if found is not None:
            return found
    return None
