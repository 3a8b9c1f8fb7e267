"""A dataset of small pictures and real networks of the family with seeded random weights, for tests of the job."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import safetensors.torch
import torch
from PIL import Image

from densepose_labeler import zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.engine import DensePoseRCNN
from manifests import atomic, schema
from manifests.decoding import ImageError, probe
from manifests.image_store import ImageStore
from manifests.labels import LabelRow, LabelSet

_NETWORK = """
backbone = { kind = "efficientnet_lite0", fpn_channels = 32 }
proposals = { pre_nms_topk = 50, post_nms_topk = 20 }
box = { fc_dim = 64 }
[models.NAME.network.input]
min_size = 64
max_size = 128
channel_order = "RGB"
pixel_mean = [127.0, 127.0, 127.0]
pixel_std = [128.0, 128.0, 128.0]
[models.NAME.network.densepose]
decoder_channels = 32
conv_count = 1
conv_dim = 32
pooler = { resolution = 14 }
"""

ZOO = f"""
format = 1
[families.tiny]
score_threshold = 0.3
charts = "vestiary"

[models.tiny]
family = "tiny"
file = "tiny.safetensors"
[models.tiny.network]
{_NETWORK.replace("NAME", "tiny")}
uv_confidence = "iid_iso"

[models.tiny_second]
family = "tiny"
file = "tiny_second.safetensors"
[models.tiny_second.network]
{_NETWORK.replace("NAME", "tiny_second")}
"""


@dataclass(frozen=True)
class World:
    """Where everything lies; `images` are the ids in order."""

    root: Path
    cache: Path
    zoo: Path

    @property
    def dataset(self) -> Path:
        return self.root / "data"

    def config(self, **options: object) -> LabelConfig:
        settings = {"zoo": self.zoo, "models": ("tiny",), "device": "cpu", "threads": 1, "max_detections": 3}
        return LabelConfig.model_validate(settings | options)

    def weights(self, name: str) -> Path:
        return self.cache / "models" / name / f"{name}.safetensors"


def make_world(root: Path) -> World:
    """The zoo, and weights in a cache directory that the caller must name in VESTIARY_CACHE."""
    world = World(root, root / "cache", root / "zoo.toml")
    world.zoo.write_text(ZOO)
    for seed, name in enumerate(("tiny", "tiny_second")):
        write_weights(world, name, seed)
    return world


def write_weights(world: World, name: str, seed: int) -> None:
    torch.manual_seed(seed)
    model = DensePoseRCNN(zoo.load(world.zoo)[name].network)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:  # keeps the signal's size from layer to layer, so that results depend on the picture
                torch.nn.init.kaiming_normal_(weights, nonlinearity="relu")
            else:
                weights.zero_()
        for quiet in (model.proposal_generator.rpn_head.anchor_deltas, model.roi_heads.box_predictor.bbox_pred):
            quiet.weight.mul_(0.05)  # else boxes run out of the picture
    path = world.weights(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({key: value.contiguous() for key, value in model.state_dict().items()}, path)


def picture(seed: int, height: int = 96, width: int = 72) -> bytes:
    """A JPEG of smooth random colours."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def add_pictures(world: World, pictures: Sequence[bytes]) -> list[str]:
    """Store pictures and write images.parquet over everything stored; returns their ids in the order given."""
    store = ImageStore(world.dataset / "images")
    ids = [store.add(data, ".jpg").image_id for data in pictures]
    write_table(world)
    return ids


def write_table(world: World, dropped: Sequence[str] = ()) -> None:
    store = ImageStore(world.dataset / "images")
    rows = []
    for image_id in store:
        path = store.path(image_id)
        assert path is not None
        try:
            header = probe(path)
            size: tuple[int | None, int | None] = (header.width, header.height)
        except ImageError:
            size = (None, None)
        rows.append({
            "image_id": image_id, "path": store.relative(path), "width": size[0], "height": size[1], "format": "jpeg",
            "bytes": path.stat().st_size, "phash": 0, "source": "zara", "synthetic": True, "gender": "women",
            "category": "", "view": "model", "brand": "", "product_id": "", "colour": "", "sightings": [],
            "group_id": image_id, "status": "dropped" if image_id in dropped else "kept",
            "reason": "no_person" if image_id in dropped else None, "duplicate_of": None,
        })  # fmt: skip
    atomic.write_table(world.dataset / "images.parquet", pa.Table.from_pylist(rows, schema=schema.IMAGES))


def part_bytes(world: World, name: str = "tiny") -> dict[str, bytes]:
    """Contents of every file of a label set, hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted((world.dataset / "labels" / name).iterdir())}


def rows_of(world: World, name: str = "tiny") -> dict[str, LabelRow]:
    rows = list(LabelSet(world.dataset / "labels" / name))
    assert len(rows) == len({row.image_id for row in rows})
    return {row.image_id: row for row in rows}


def same(one: LabelRow, other: LabelRow) -> bool:
    return len(one.instances) == len(other.instances) and all(
        a.box == b.box and a.score == b.score and a.iuv_box == b.iuv_box and (a.iuv == b.iuv).all()
        for a, b in zip(one.instances, other.instances, strict=True)
    )
