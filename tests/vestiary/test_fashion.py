"""configs/fashion.toml end to end: a folder in HR-VITON's layout beside what the spiders of three shops stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import manifests
from curation.run import candidates, curate, screen_and_split
from manifests.ledger import Sighting
from manifests.palettes import PARULA, colourise
from manifests.reasons import Gender, View
from tests.curation.conftest import collect_into, encode, person, scene, write_labels
from vestiary import config

SIZE = (272, 360)
PEOPLE = 104
SHOPS = {("zalando", Gender.MEN): 63, ("zara", Gender.MEN): 22, ("farfetch", Gender.MEN): 22,
         ("farfetch", Gender.WOMEN): 22, ("zara", Gender.WOMEN): 6}  # fmt: skip


def hr_viton(root: Path) -> Path:
    """The layout of the published archive: people, garments, part maps, pairs."""
    parts = np.zeros(SIZE[::-1], np.uint8)
    parts[40:320, 80:190] = np.repeat(np.array([23, 2, 17, 9, 13, 5, 10], np.uint8), 40)[:, None]
    for fold, numbers in {"train": range(80), "test": range(80, PEOPLE)}.items():
        for kind in ("image", "cloth", "image-densepose"):
            (root / fold / kind).mkdir(parents=True)
        for number in numbers:
            name = f"{number:05}_00.jpg"
            (root / fold / "image" / name).write_bytes(encode(scene(number, SIZE)))
            (root / fold / "cloth" / name).write_bytes(encode(scene(5000 + number, (64, 64))))
            colours = Image.fromarray(colourise(parts, PARULA))
            (root / fold / "image-densepose" / name).write_bytes(encode(colours, quality=95))
        lines = [f"{number:05}_00.jpg {number:05}_00.jpg\n" for number in numbers]
        (root / f"{fold}_pairs.txt").write_text("".join(lines))
    return root


def crawl(dataset: Path) -> None:
    """One model photograph a product."""
    pictures, sightings = {}, []
    for shop, count in enumerate(SHOPS.items()):
        (source, gender), images = count
        for n in range(images):
            url = f"https://{source}.example/{gender}/{n}.jpg"
            pictures[url] = encode(scene(1000 * (shop + 1) + n, SIZE))
            page = f"https://{source}.example/{gender}/{n}"
            sightings.append(Sighting(source, page, url, url, 0, f"{gender}-{n}", view=View.MODEL, gender=gender))
    collect_into(dataset, pictures, sightings)


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("fashion")
    folder = hr_viton(base / "zalando-hd-resized")
    text = (root / "configs/fashion.toml").read_text().replace('"data/fashion"', f'"{base / "set"}"')
    wanted = f'[[curation.sources.hr_viton]]\npath = "{folder}"\npart_maps = true\n'
    commented = '# [[curation.sources.hr_viton]]\n# path = "/data/zalando-hd-resized"\n'
    assert commented in text
    (base / "fashion.toml").write_text(text.replace(commented, wanted))
    settings = config.load(base / "fashion.toml")
    crawl(settings.dataset.path)
    curate(settings.dataset.path, settings.curation)
    write_labels(settings.dataset.path, {one: (person(),) for one in candidates(settings.dataset.path)})
    screen_and_split(settings.dataset.path, settings.curation)
    return base


def test_the_founding_quotas_are_filled(made: Path) -> None:
    told = json.loads((made / "set" / "splits" / "eval.json").read_text())
    assert told["quotas"] == [
        {"source": "hr-viton", "count": 100, "filled": 100},
        {"source": "zalando", "gender": "men", "count": 60, "filled": 60},
        {"source": "zara", "gender": "men", "count": 20, "filled": 20},
        {"source": "farfetch", "gender": "men", "count": 20, "filled": 20},
        {"source": "farfetch", "gender": "women", "count": 20, "filled": 20},
    ]
    assert told["images"] == told["groups"] == 220
    rest = [(made / "set" / "splits" / f"{name}.txt").read_text().split() for name in ("train", "validation")]
    assert sum(map(len, rest)) == PEOPLE + sum(SHOPS.values()) - 220


def test_the_published_part_maps_are_a_label_set(made: Path) -> None:
    labels = manifests.labels.LabelSet(made / "set" / "labels" / "hr-viton-densepose")
    table = labels.summary(["status"])
    assert table["status"].to_pylist() == ["ok"] * PEOPLE
    (people,) = {len(row.instances) for row in labels}
    assert people == 1 and min(row.instances[0].score for row in labels) > 0.8


def test_the_command_proves_it(made: Path, root: Path) -> None:
    command = [sys.executable, "-m", "vestiary", "split", "verify", "--config", str(made / "fashion.toml")]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ | {"COLUMNS": "120"})
    assert run.returncode == 0, run.stderr
    assert "verified" in run.stdout and "eval 220" in run.stdout
    assert "products, styles or shop pictures in several splits: 0" in run.stdout
    other = (made / "fashion.toml").read_text().replace("count = 60", "count = 50")
    (made / "other.toml").write_text(other)
    run = subprocess.run([*command[:-1], str(made / "other.toml")], cwd=root, capture_output=True, text=True)
    assert run.returncode == 1 and "not drawn by this configuration" in run.stderr.replace("\n", " ")
