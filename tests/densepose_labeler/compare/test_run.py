from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from densepose_labeler.compare import page
from densepose_labeler.compare.likeness import likeness
from densepose_labeler.compare.run import compare
from densepose_labeler.config import LabelConfig
from densepose_labeler.metrics.part_maps import TruthError, read_truth
from densepose_labeler.planning import LabelError
from manifests.labels import LabelSet
from tests.densepose_labeler.labelled import figure, write_labels, write_models

MODELS = {"clean": 0.0, "fine": 0.05, "grainy": 0.2, "noisy": 0.6}


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    ids = write_models(tmp_path / "set <b>", MODELS, 6)
    (tmp_path / "truth").mkdir()
    for number, one in enumerate(ids):
        Image.fromarray(figure(number)).save(tmp_path / "truth" / f"{one}.png")
    return tmp_path / "set <b>"


def test_the_better_model_agrees_more_and_the_truth_says_so(dataset: Path) -> None:
    ids = sorted(path.stem for path in (dataset.parent / "truth").iterdir())
    truth = read_truth(dataset.parent / "truth", ids)
    found = compare(dataset, list(MODELS), LabelConfig(), "eval", truth)
    assert [one.model for one in found.overall] == ["clean", "fine", "grainy", "noisy"]
    best = found.overall[0]
    assert (best.images, best.persons, best.missed, best.extra, best.errors) == (6, 6, 0, 0, 0)
    assert best.truth_part_iou == 1 and best.agreement is not None and best.agreement > 0.6
    apart = [one.consensus_border_distance or 0 for one in found.overall]
    assert 0 < apart[0] == min(apart) < 0.01 and all(one.border_distance for one in found.overall)
    assert best.tried == 0 and best.mirrored_part_iou is None
    assert found.correlation is not None and found.correlation[0].over_models == pytest.approx(1)
    assert (found.correlation[0].labels, found.correlation[1].labels) == (24, 0) and len(found.rows) == 12
    assert found.likeness.order.index("noisy") in (0, 3)  # at an end: nothing is like it
    assert len(LabelSet(dataset / "labels" / "consensus").ids()) == 6
    disputed = pq.read_table(dataset / "compare" / "images.parquet")["disagreement"].to_pylist()
    assert disputed == sorted(disputed, reverse=True) and 0 < disputed[-1] < 1
    assert pq.read_table(dataset / "compare" / "figures.parquet").num_rows == 12


def test_who_is_missed_and_who_is_extra(dataset: Path) -> None:
    first, second, *rest = sorted(LabelSet(dataset / "labels" / "clean").ids())
    maps = {one: [figure(number)] for number, one in enumerate((first, second, *rest))}
    write_labels(dataset, "fine", maps | {first: []})
    found = {one.model: one for one in compare(dataset, list(MODELS), LabelConfig()).overall}
    assert (found["fine"].missed, found["fine"].without_person, found["fine"].persons) == (1, 1, 5)
    assert found["clean"].missed == found["clean"].extra == 0
    assert found["clean"].truth_part_iou is None and found["clean"].seconds is None


def test_the_page_stands_alone_and_names_break_nothing(dataset: Path) -> None:
    html = page.write(compare(dataset, list(MODELS), LabelConfig()), images=2).read_text()
    assert "set &lt;b&gt;" in html and "<b>" not in html and "<script" not in html
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert html.count("data:image/jpeg") == 2 * 7  # photograph, four models, consensus, dispute


def test_likeness_joins_the_closest_first(dataset: Path) -> None:
    tree = likeness(compare(dataset, list(MODELS), LabelConfig()).agreement)
    distances = [branch[0] for branch in tree.branches]
    assert distances == sorted(distances) and len(distances) == 3
    clean, fine = tree.order.index("clean"), tree.order.index("fine")
    assert abs(clean - fine) == 1 and {tree.branches[0][1], tree.branches[0][2]} == {clean, fine}


def test_what_cannot_be_compared_is_said(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="two label sets"):
        compare(dataset, ["clean"], LabelConfig())
    with pytest.raises(LabelError, match=r"no split 'test' \(there are: eval\)"):
        compare(dataset, list(MODELS), LabelConfig(), "test")
    one = next(iter(LabelSet(dataset / "labels" / "clean").ids()))
    with pytest.raises(TruthError, match="does not fit"):
        compare(dataset, list(MODELS), LabelConfig(), truth={one: np.zeros((3, 3), np.uint8)})
