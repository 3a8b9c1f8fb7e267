"""Training by wall time: `python -m tools.train.loop --shards FOLDER --out FOLDER --minutes 60`.

Interrupt it at any moment; the same command goes on from the last checkpoint until the minutes are used up.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from densepose_labeler import zoo
from densepose_labeler.engine.rcnn import DensePoseRCNN
from tools.train import backbone
from tools.train.augment import Framing
from tools.train.crew import ALONE, Crew, work_together
from tools.train.losses import Weights, total
from tools.train.network import embedded_network
from tools.train.recipe import Recipe, draw, fill
from tools.train.shards import Sample, ShardPool
from tools.train.step import compute_losses, initialise, normalise
from tools.train.targets import Scene, scene


class Trainer:
    """Network, optimiser and averaged weights, with what is needed to stop and go on."""

    def __init__(
        self,
        recipe: Recipe,
        network: DensePoseRCNN | None = None,
        pretrained: bool = True,
        begin_with: Path | None = None,
        device: str = "cpu",
        crew: Crew = ALONE,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.crew = crew
        self.network = embedded_network() if network is None else network
        initialise(self.network)
        bottom_up = self.network.backbone.bottom_up
        if pretrained and begin_with is None:
            bottom_up.load_state_dict(backbone.imagenet_state())
        backbone.prepare(bottom_up)
        self.earlier: list[dict[str, object]] = []
        if begin_with is not None:  # the averaged weights of an earlier stage
            saved = torch.load(begin_with, map_location="cpu", weights_only=True)
            self.earlier = saved["stages"]
            self.network.load_state_dict({**saved["network"], **saved["average"]})
        if recipe.only:
            for name, value in self.network.named_parameters():
                value.requires_grad_(value.requires_grad and name.startswith(recipe.only))
        self.network.to(device, memory_format=torch.channels_last)
        trained = {name: value for name, value in self.network.named_parameters() if value.requires_grad}
        groups = [
            {
                "params": [v for n, v in trained.items() if n.startswith("backbone.bottom_up")],
                "rate": recipe.backbone_rate,
            },
            {
                "params": [v for n, v in trained.items() if not n.startswith("backbone.bottom_up")],
                "rate": recipe.head_rate,
            },
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)
        self.trained = list(trained.values())
        self.average = [value.detach().clone() for value in self.trained]
        self.step_number = 0
        self.elapsed = 0.0

    def step(self, images: Tensor, scenes: list[Scene], rng: np.random.Generator, progress: float) -> dict[str, float]:
        """One step on a batch; `progress` 0..1 sets the learning rate. Returns the losses."""
        recipe = self.recipe
        factor = min(1.0, (self.step_number + 1) / recipe.warm_up_steps)
        factor *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        losses = compute_losses(self.network, images, scenes, rng)
        loss = total(losses, Weights())
        if loss.requires_grad and bool(torch.isfinite(loss)):  # a batch without people teaches U and V nothing
            loss.backward()
        self.crew.share_gradients(self.trained)
        torch.nn.utils.clip_grad_norm_(self.trained, recipe.largest_gradient)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step_number += 1
        decay = min(recipe.average_decay, (1 + self.step_number) / (10 + self.step_number))
        torch._foreach_lerp_(self.average, [value.detach() for value in self.trained], 1 - decay)
        return {name: float(value.detach()) for name, value in losses.items()}

    def averaged_state(self) -> dict[str, Tensor]:
        """The averaged weights under the engine's names; training can go on afterwards."""
        return plain_state(self.network, dict(zip(self._names(), self.average, strict=True)))

    def save(self, path: Path) -> None:
        """Write a checkpoint, complete or not at all."""
        part = path.with_suffix(".part")
        state = {
            "network": self.network.state_dict(),
            "average": dict(zip(self._names(), self.average, strict=True)),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step_number,
            "elapsed": self.elapsed,
            "stages": [*self.earlier, self._stage()],
        }
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        pairs = zip(self.trained, self._names(), strict=True)
        self.average = [state["average"][name].to(value.device) for value, name in pairs]
        rates = [group["rate"] for group in self.optimiser.param_groups]
        self.optimiser.load_state_dict(state["optimiser"])
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            group["rate"] = rate
        self.step_number, self.elapsed = int(state["step"]), float(state["elapsed"])

    def _stage(self) -> dict[str, object]:
        return {**asdict(self.recipe), "steps": self.step_number, "minutes": round(self.elapsed / 60)}

    def _names(self) -> list[str]:
        return [name for name, value in self.network.named_parameters() if value.requires_grad]


def plain_state(network: DensePoseRCNN, average: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict under the engine's names of a prepared network whose trained weights are replaced by `average`."""
    copy = embedded_network(network.spec)
    backbone.prepare(copy.backbone.bottom_up)
    copy.load_state_dict({**network.state_dict(), **average})
    backbone.restore(copy.backbone.bottom_up)
    return copy.state_dict()


def train(
    trainer: Trainer,
    source: Callable[[np.random.Generator], Iterator[Sample]],
    out: Path,
    minutes: float,
    checkpoint_minutes: float = 3.0,
    framing: Framing | None = None,
) -> None:
    """Train until `minutes` of wall time (earlier runs counted in) are used up; figures go to `out/log.jsonl`.

    source: makes an endless row of pictures, of a generator that no other run and no other worker has.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    recipe, crew, start = trainer.recipe, trainer.crew, (trainer.step_number, trainer.crew.rank)
    rng = np.random.default_rng((recipe.seed, *start, 1))
    ready: queue.Queue[list[Sample]] = queue.Queue(maxsize=3)
    drawing = np.random.default_rng((recipe.seed, *start))
    arguments = (ready, source(drawing), recipe.batch, framing or Framing(), drawing)
    threading.Thread(target=fill, args=arguments, daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    begun, saved, recent = time.monotonic() - trainer.elapsed, time.monotonic(), []
    with (out / "log.jsonl").open("a") as log:
        while True:
            trainer.elapsed, stopped = crew.follow(trainer.elapsed, stop.is_set())
            if stopped or trainer.elapsed >= minutes * 60:
                break
            samples = ready.get()
            images = normalise(samples, trainer.network)
            scenes = [scene(sample, images.device) for sample in samples]
            recent.append(trainer.step(images, scenes, rng, trainer.elapsed / (minutes * 60)))
            trainer.elapsed = time.monotonic() - begun
            if crew.rank:
                continue
            if trainer.step_number % 25 == 0:
                log.write(json.dumps(_figures(trainer, recent)) + "\n")
                log.flush()
                recent = []
            if time.monotonic() - saved > checkpoint_minutes * 60:
                trainer.save(checkpoint)
                saved = time.monotonic()
    if crew.rank == 0:
        trainer.save(checkpoint)


def _figures(trainer: Trainer, recent: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for losses in recent for name in losses})
    means = {name: float(np.mean([losses[name] for losses in recent if name in losses])) for name in names}
    return {
        "step": trainer.step_number,
        "minutes": round(trainer.elapsed / 60, 2),
        "rate": trainer.optimiser.param_groups[1]["lr"],
        **{name: round(value, 4) for name, value in means.items()},
    }


def _render(stock: Path, device: str, size: tuple[int, int], rng: np.random.Generator) -> Iterator[Sample]:
    from tools.people.stock import load  # the renderer needs more packages than training does
    from tools.people.stream import Stream

    return Stream(load(stock), device, size).samples(first=int(rng.integers(1 << 40)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--shards", type=Path, help="folder of shard-*.npz, which may still be growing")
    pictures.add_argument("--stock", type=Path, help="folder of tools.people.stock, drawn as training goes")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoint.pt and log.jsonl go")
    parser.add_argument("--minutes", type=float, required=True, help="wall time in all, resumed runs included")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1, help="of the processor, where the network is trained on it")
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument(
        "--begin-with", type=Path, help="checkpoint of an earlier stage, whose averaged weights are taken"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--canvas", default="384x480", help="WIDTHxHEIGHT of what the network is shown")
    parser.add_argument("--model", default="embedded", help="whose network is trained")
    parser.add_argument("--zoo", type=Path, help="TOML that declares the model, where it is not shipped")
    parser.add_argument("--fixed-backbone", action="store_true", help="keep the ImageNet backbone as it is")
    parser.add_argument("--group", default="", help='people of one group alone, such as "view: front"')
    parser.add_argument("--most", type=int, default=0, help="train on the first so many pictures alone")
    parser.add_argument("--boxes-only", action="store_true", help="train the box head alone, on many empty pictures")
    parser.add_argument("--uv-only", action="store_true", help="train the last layer of U and V alone")
    parser.add_argument("--workers", type=int, default=1, help="processes that train together, a batch each, on a CPU")
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if options.shards and not any(options.shards.glob("shard-*.npz")):
        parser.error(f"no shard-*.npz in {options.shards}: render some first (tools/people)")
    if options.stock and (options.group or options.most or options.boxes_only):
        parser.error("--group, --most and --boxes-only choose among the pictures of --shards")
    if options.workers > 1 and options.device != "cpu":
        parser.error("--workers are for the CPU; leave it out, or say --device cpu")
    work_together(partial(_train_as, options), options.workers)


def _train_as(options: argparse.Namespace, crew: Crew) -> None:
    torch.set_num_threads(options.threads)
    recipe = Recipe(
        batch=options.batch,
        backbone_rate=options.rate * Recipe.backbone_rate,
        head_rate=options.rate * Recipe.head_rate,
        only=("backbone.fpn", "proposal_generator", "roi_heads") if options.fixed_backbone else "",
        group=options.group,
        most=options.most,
    )
    if options.boxes_only:
        recipe = replace(
            recipe, only="roi_heads.box_", head_rate=3e-4, warm_up_steps=20, average_decay=0.99, nobody=16.0
        )
    if options.uv_only:  # parts and detections stay as they are
        layers = ("roi_heads.densepose_predictor.u_lowres", "roi_heads.densepose_predictor.v_lowres")
        recipe = replace(recipe, only=layers, head_rate=1e-3, warm_up_steps=20, average_decay=0.98)
    network = embedded_network(zoo.get(options.model, options.zoo).network)
    trainer = Trainer(recipe, network, begin_with=options.begin_with, device=options.device, crew=crew)
    framing = Framing(*map(int, options.canvas.split("x")))
    if options.stock is None:
        source = partial(draw, ShardPool(options.shards, options.out / "unpacked"), recipe)
    else:
        source = partial(_render, options.stock, options.device, (framing.width, framing.height))
    train(trainer, source, options.out, options.minutes, framing=framing)


if __name__ == "__main__":
    main()
