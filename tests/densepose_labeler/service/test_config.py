from __future__ import annotations

from pathlib import Path

import pytest

from densepose_labeler.service.config import ServiceConfig
from manifests.settings import SettingsError, parse
from vestiary.config import Config


def test_the_defaults_face_this_machine_alone_and_touch_no_files() -> None:
    config = ServiceConfig()
    assert (config.host, config.port, config.roots) == ("127.0.0.1", 8081, ())


def test_a_mistake_names_the_nearest_key() -> None:
    with pytest.raises(SettingsError, match="did you mean 'deadline_seconds'"):
        parse(ServiceConfig, {"deadline_second": 3}, "x.toml [service]")


def test_how_labels_are_served_is_no_part_of_what_a_dataset_is() -> None:
    served = Config.model_validate({"service": {"port": 9000, "roots": ["a"]}})
    assert served.service.roots == (Path("a"),)
    assert served.fingerprint == Config().fingerprint
