import numpy as np
import pytest

from densepose_labeler.overlays import PANEL, PAPER, Layout, contact_sheet, overlay, part_map, sheet
from manifests.palettes import CLEAR, PARULA


def _photo(height: int = 40, width: int = 30, value: int = 100) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def _parts(height: int = 40, width: int = 30) -> np.ndarray:
    parts = np.zeros((height, width), np.uint8)
    parts[10:30, 5:15] = 2
    parts[10:30, 15:25] = 24
    return parts


def test_overlay_mixes_on_the_person_and_leaves_the_background() -> None:
    made = overlay(_photo(), _parts(), alpha=0.25, outlines=False)
    assert made.dtype == np.uint8
    assert (made[_parts() == 0] == 100).all()
    assert made[20, 10].tolist() == np.rint(75 + 0.25 * CLEAR[2]).astype(int).tolist()
    assert made[20, 20].tolist() == np.rint(75 + 0.25 * CLEAR[24]).astype(int).tolist()


def test_overlay_limits() -> None:
    parts = _parts()
    assert (overlay(_photo(), parts, alpha=0.0, outlines=False) == _photo()).all()
    assert (overlay(_photo(), parts, alpha=1.0, outlines=False)[parts > 0] == CLEAR[parts[parts > 0]]).all()
    with pytest.raises(ValueError, match="alpha"):
        overlay(_photo(), parts, alpha=1.5)


def test_outlines_run_between_parts_only() -> None:
    plain, lined = (overlay(_photo(), _parts(), outlines=lines) for lines in (False, True))
    changed = (plain != lined).any(axis=2)
    assert changed[20, 14]  # part 2 beside part 24
    assert changed[29, 8]  # part beside background below
    assert not changed[15:25, 8:12].any()
    assert not changed[_parts() == 0].any()


def test_overlay_does_not_change_its_inputs() -> None:
    photo, parts = _photo(), _parts()
    overlay(photo, parts)
    assert (photo == 100).all()
    assert (parts == _parts()).all()


def test_frames_must_agree() -> None:
    with pytest.raises(ValueError, match="one frame"):
        overlay(_photo(), _parts(height=41))
    with pytest.raises(ValueError, match="one frame"):
        contact_sheet([(_photo(), _parts(width=31), "caption")])


def test_part_map_background() -> None:
    parts = _parts()
    assert tuple(part_map(parts)[0, 0]) == PANEL
    assert (part_map(parts, PARULA, background=None) == PARULA[parts]).all()


def test_contact_sheet_has_clean_margins_and_every_picture() -> None:
    layout = Layout(height=60, columns=2, margin=10, gap=2, gutter=8, text=12)
    colours = [30, 90, 150]
    made = contact_sheet(
        [(_photo(80, 60, value), _parts(80, 60), f"picture {value}\nsecond line") for value in colours],
        title="three",
        layout=layout,
    )
    assert made.dtype == np.uint8
    assert made.shape[1] == 2 * 10 + 2 * (3 * 45 + 2 * 2) + 8
    for border in (made[:10], made[-10:], made[:, :10], made[:, -10:]):
        assert (border == PAPER).all()
    for value in colours:
        exact = (made == value).all(axis=2).sum()
        assert exact >= 60 * 45 * 0.5, f"the photo of grey {value} is not on the sheet"


def test_sheet_keeps_proportions_and_survives_odd_entries() -> None:
    wide = np.zeros((10, 400, 3), np.uint8)
    made = sheet(
        [
            ([_photo(80, 60), None], ""),
            ([_photo(80, 60)], "a caption that is much too long for its strip " * 5),
            ([wide], "x"),
        ],
        layout=Layout(height=60, columns=1, margin=10, gap=2),
    )
    assert made.shape[1] == 2 * 10 + 2 * 45 + 2  # the panorama does not widen the cells
    black = (made == 0).all(axis=2)
    assert black.sum(axis=1).max() == 45
    assert 0 < black.any(axis=1).sum() <= 2
    assert (made[:, -10:] == PAPER).all()


def test_contact_sheet_without_label_and_without_entries() -> None:
    made = contact_sheet([(_photo(), None, "no person")])
    assert (made == 100).all(axis=2).any()
    with pytest.raises(ValueError, match="at least one entry"):
        contact_sheet([])
    with pytest.raises(ValueError, match="at least one picture"):
        sheet([([None], "nothing")])


def test_same_input_gives_the_same_picture() -> None:
    rows = [(_photo(), _parts(), "caption")]
    assert (contact_sheet(rows) == contact_sheet(rows)).all()
