"""Our side of `benchmarks/label.py`."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import torch
from worker import Stages, measured, serve

import densepose_labeler.predictor
from densepose_labeler import checkpoints, zoo
from densepose_labeler.chart_result import integer_box
from densepose_labeler.config import LabelConfig
from densepose_labeler.job import label
from densepose_labeler.predictor import Predictor
from densepose_labeler.verification import compare
from manifests.decoding import decode
from manifests.instances import Instance, flatten
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus

state = {}


def load(model, zoo_file, threads, persons, options):
    """A `Predictor` for `run` and `parity`."""
    torch.set_num_threads(threads)
    state.update(model=model, zoo=zoo_file, threads=threads, persons=persons, options=options)
    spec = zoo.load(Path(zoo_file))[model]

    def work():
        state["predictor"] = Predictor(checkpoints.load(spec), spec, **options.get("predictor", {}))
        return {}

    answer = measured(work)
    state["loading"] = answer["processor"]
    stages, predictor = Stages(), state["predictor"]
    state["stages"] = stages
    for owner, name, stage in (
        (densepose_labeler.predictor, "resize", "resize, normalise"),
        (densepose_labeler.predictor, "to_batch", "resize, normalise"),
        (densepose_labeler.predictor, "chart_result", "chart result"),
        (predictor.model, "features", "backbone, pyramid"),
        (predictor.model, "proposals", "proposals"),
        (predictor.model, "detect", "boxes"),
        (predictor.model, "decode", "decoder"),
        (predictor.model, "pool_densepose", "DensePose head"),
        (predictor.model, "chart_maps", "DensePose head"),
    ):
        stages.wrap(owner, name, stage)
    return answer


def run(images, out):
    """`Predictor`, one picture after the other, with all threads on it."""
    stages = state["stages"]
    stages.seconds.clear()

    def work():
        rows = []
        for file in images:
            with stages("read JPEG"):
                image = decode(Path(file))
            with stages("rest of the network"):
                people = _people(image)
            with stages("write"):
                rows.append(_row(file, image, people))
        with stages("write"):
            LabelSet(Path(out)).write_part(0, rows)
        return {"persons": sum(len(row.instances) for row in rows)}

    return measured(work) | {"stages": dict(stages.seconds)}


def job(dataset, ids):
    """`vestiary label` on a dataset; loading the weights is left out of the seconds, as it is on the other side."""
    shutil.rmtree(Path(dataset) / "labels", ignore_errors=True)
    state.pop("predictor", None)  # its memory would count for the job's
    config = LabelConfig(
        zoo=Path(state["zoo"]), models=(state["model"],), device="cpu", threads=state["threads"],
        score_threshold=0.0, max_detections=state["persons"], **state["options"].get("config", {}),
    )  # fmt: skip

    def work():
        summary = label(Path(dataset), [state["model"]], config, image_ids=ids)
        return {"persons": summary.sets[0].persons, "loading": summary.seconds.loading}

    answer = measured(work)
    answer["wall"] -= answer["loading"]
    answer["processor"] -= state["loading"]
    return answer


def parity(image, theirs):
    """Our labels of one picture beside what the other side dumped."""
    with np.load(theirs) as data:
        boxes, scores = torch.from_numpy(data["boxes"]), data["scores"]
        people = [
            Instance(tuple(box.tolist()), float(score), integer_box(box), data[f"iuv{n}"].transpose(1, 2, 0))
            for n, (box, score) in enumerate(zip(boxes, scores, strict=True))
        ]
    picture = decode(Path(image))
    covered = sum(one.iuv_box[2] * one.iuv_box[3] for one in people) / (picture.shape[0] * picture.shape[1])
    return _compared(Path(image).name, picture, _people(picture), people) | {"covered": covered}


def agreement(model, images, options, other):
    """The labels of pictures in two modes, beside each other."""
    spec = zoo.get(model)
    first, second = (Predictor(checkpoints.load(spec), spec, **one.get("predictor", {})) for one in (options, other))
    pictures = {Path(file).name: decode(Path(file)) for file in images}
    return {"images": [_compared(name, one, first([one])[0], second([one])[0]) for name, one in pictures.items()]}


def _people(image):
    return state["predictor"]([image], score_threshold=0.0, max_detections=state["persons"])[0]


def _row(file, image, people):
    name = Path(file).stem
    return LabelRow(name, state["model"], "", "", LabelStatus.OK, None, image.shape[1], image.shape[0], tuple(people))


def _compared(name, picture, ours, theirs):
    """A comparison, with the parts compared in the picture's frame: a box may have moved by a pixel."""
    one = compare(name, ours, theirs)
    parts, other = (flatten(people, *picture.shape[:2])[..., 0] for people in (ours, theirs))
    foreground = (parts > 0) | (other > 0)
    agreeing = (parts == other) & foreground
    counts = {"foreground": int(foreground.sum()), "agreeing": int(agreeing.sum())}
    counts["agreement"] = counts["agreeing"] / counts["foreground"] if counts["foreground"] else 1.0
    return dataclasses.asdict(one) | {"within_tolerances": one.within_tolerances} | counts


serve({"load": load, "run": run, "job": job, "parity": parity, "agreement": agreement})
