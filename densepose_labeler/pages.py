"""What the reports have in common: HTML that stands alone and opens from disk, light or dark as the reader's screen."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STYLE = Path(__file__).with_name("pages.css")


def render(template: Path, **values: object) -> str:
    """The page of a template, which finds the common style in `style`. Values are escaped; missing ones are errors."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        style=_STYLE.read_text(encoding="utf-8"), **values
    )


def data_uri(picture: NDArray[np.uint8], height: int) -> str:
    """A picture uint8 [H, W, 3] RGB as a JPEG within the page, at most `height` pixels high and four times as wide."""
    image = Image.fromarray(picture)
    image.thumbnail((height * 4, height), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
