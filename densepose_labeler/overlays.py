"""Pictures of labels: parts over a photo, parts alone, and sheets of both with captions.

All functions take and give uint8 RGB arrays, so that a caller may save them, show them or put them on a further sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from manifests.palettes import CLEAR, colourise

Picture = npt.NDArray[np.uint8]
"""uint8 [H, W, 3], RGB."""
Parts = npt.NDArray[np.uint8]
"""uint8 [H, W], part numbers 0..24, 0 = background."""
Palette = npt.NDArray[np.uint8]
"""uint8 [25, 3], RGB by part number."""
Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
PANEL: Colour = (243, 244, 246)
INK: Colour = (31, 35, 41)
FAINT: Colour = (112, 118, 128)


@dataclass(frozen=True, slots=True)
class Layout:
    """Measures of a contact sheet, in pixels of the finished picture."""

    height: int = 300
    columns: int = 2
    margin: int = 28
    gap: int = 4
    gutter: int = 24
    text: int = 15


def overlay(
    image: Picture, parts: Parts, alpha: float = 0.6, palette: Palette = CLEAR, *, outlines: bool = True
) -> Picture:
    """Lay the parts' colours on a photo; the background stays as it is.

    Args:
        image: uint8 [H, W, 3], RGB.
        parts: uint8 [H, W], part numbers 0..24, in the photo's own frame.
        alpha: share of the part colour, 0 (photo alone) to 1 (parts alone).
        outlines: darken the borders between parts, one pixel wide, so that neighbours of like colour stay apart.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        ValueError: the shapes differ or alpha lies outside 0..1.
    """
    _check(image, parts)
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must lie in 0..1, not {alpha}")
    made = image.copy()
    person = parts > 0
    mixed = image[person] * (1.0 - alpha) + palette[parts[person]] * alpha
    made[person] = np.rint(mixed).astype(np.uint8)
    if outlines:
        edge = _borders(parts)
        made[edge] = (made[edge] * 0.55).astype(np.uint8)
    return made


def part_map(parts: Parts, palette: Palette = CLEAR, background: Colour | None = PANEL) -> Picture:
    """The parts alone, coloured.

    Args:
        parts: uint8 [H, W], part numbers 0..24.
        background: colour where there is no person; None takes the palette's own colour 0.

    Returns:
        uint8 [H, W, 3], RGB.
    """
    painted = palette
    if background is not None:
        painted = palette.copy()
        painted[0] = background
    return colourise(parts, painted)


def contact_sheet(
    rows: Sequence[tuple[Picture, Parts | None, str]],
    *,
    title: str = "",
    palette: Palette = CLEAR,
    layout: Layout | None = None,
) -> Picture:
    """A sheet of labelled photos: each entry is the photo, its parts and both together, over a caption.

    Args:
        rows: (photo, parts or None where there is no label, caption). The first line of a caption is set dark, the
            rest in grey; lines that are too long are cut with an ellipsis.
        title: a heading over the sheet; none if empty.

    Returns:
        uint8 [H, W, 3], RGB. Cells are of one size, as wide as the median picture; pictures are scaled to fit
        and keep their proportions.

    Raises:
        ValueError: there are no rows, or parts and photo differ in shape.
    """
    entries = []
    for image, parts, caption in rows:
        if parts is None:
            views = [image, None, None]
        else:
            _check(image, parts)
            views = [image, part_map(parts, palette), overlay(image, parts, palette=palette)]
        entries.append((views, caption))
    return sheet(entries, title=title, layout=layout)


def sheet(
    entries: Sequence[tuple[Sequence[Picture | None], str]], *, title: str = "", layout: Layout | None = None
) -> Picture:
    """A sheet of strips: each entry is a row of pictures side by side over a caption. None leaves a blank panel.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        ValueError: there are no entries, or one has no picture at all.
    """
    place = layout or Layout()
    if not entries:
        raise ValueError("a sheet needs at least one entry")
    if any(all(view is None for view in views) for views, _ in entries):
        raise ValueError("every entry of a sheet needs at least one picture")
    shown = [view for views, _ in entries for view in views if view is not None]
    widths = sorted(max(1, round(view.shape[1] * place.height / view.shape[0])) for view in shown)
    cell = widths[len(widths) // 2]  # the median, so that one panorama does not widen every cell
    count = max(len(views) for views, _ in entries)
    lines = max(len(caption.splitlines()) for _, caption in entries)
    strip = count * cell + (count - 1) * place.gap
    line = round(place.text * 1.45)
    block = place.height + (round(place.text * 0.6) + lines * line if lines else 0)
    columns = min(place.columns, len(entries))
    full = -(-len(entries) // columns)
    head = round(place.text * 2.6) if title else 0
    width = 2 * place.margin + columns * strip + (columns - 1) * place.gutter
    height = 2 * place.margin + head + full * block + (full - 1) * place.gutter
    canvas = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(canvas)
    if title:
        font = ImageFont.load_default(round(place.text * 1.5))
        draw.text((place.margin, place.margin), _shorten(draw, title, font, width - 2 * place.margin), INK, font)
    font = ImageFont.load_default(place.text)
    for number, (views, caption) in enumerate(entries):
        left = place.margin + (number % columns) * (strip + place.gutter)
        top = place.margin + head + (number // columns) * (block + place.gutter)
        for column, view in enumerate([*views, *[None] * (count - len(views))]):
            _place(canvas, view, left + column * (cell + place.gap), top, cell, place.height)
        below = top + place.height + round(place.text * 0.6)
        for row, words in enumerate(caption.splitlines()):
            draw.text((left, below + row * line), _shorten(draw, words, font, strip), INK if row == 0 else FAINT, font)
    return np.asarray(canvas)


def _place(canvas: Image.Image, view: Picture | None, left: int, top: int, width: int, height: int) -> None:
    canvas.paste(PANEL, (left, top, left + width, top + height))
    if view is None:
        return
    scale = min(width / view.shape[1], height / view.shape[0])
    size = (max(1, round(view.shape[1] * scale)), max(1, round(view.shape[0] * scale)))
    picture = Image.fromarray(view).resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    canvas.paste(picture, (left + (width - size[0]) // 2, top + (height - size[1]) // 2))


def _shorten(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> str:
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _borders(parts: Parts) -> npt.NDArray[np.bool_]:
    """Pixels of a person whose right or lower neighbour is another part or the background, or the reverse."""
    edge = np.zeros(parts.shape, dtype=bool)
    edge[:, :-1] |= parts[:, :-1] != parts[:, 1:]
    edge[:-1] |= parts[:-1] != parts[1:]
    return edge & (parts > 0)


def _check(image: Picture, parts: Parts) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[:2] != parts.shape:
        raise ValueError(
            f"photo {image.shape} and parts {parts.shape} do not lie in one frame: expected [H, W, 3] and [H, W] "
            "of the same height and width"
        )
