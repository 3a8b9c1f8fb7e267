"""Random views of a rendered picture, so that renders teach photographs: framing, mirror, light, blur, noise, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from manifests import charts
from tools.train.shards import Sample

GREY = (127, 127, 127)  # what the network sees as zero, like the padding at inference


@dataclass(frozen=True)
class Framing:
    """How a picture is laid onto the training canvas.

    width, height: canvas in pixels. rotation: largest angle in degrees. zoom: range of a factor on the scale at which
    the canvas is as wide as the whole picture, as at inference. close_up: share of pictures that are framed on a part
    of one person (waist up, legs, head cut off), beside the close-ups that were rendered as such. packshot_zoom:
    largest further factor on the scale of pictures without people.
    """

    width: int = 384
    height: int = 480
    rotation: float = 12.0
    zoom: tuple[float, float] = (0.75, 1.35)
    close_up: float = 0.2
    packshot_zoom: float = 2.0


def augment(sample: Sample, framing: Framing, rng: np.random.Generator) -> Sample:
    """A random view of `sample` on the canvas of `framing`."""
    if rng.random() < 0.5:
        sample = mirror(sample)
    framed = frame(sample, framing, rng)
    return Sample(photometric(framed.image, rng), framed.iuv, framed.instance)


def mirror(sample: Sample) -> Sample:
    """`sample` seen in a mirror: left and right parts change names, U and V follow the charts' own symmetry."""
    uv = (np.moveaxis(sample.iuv[..., 1:], -1, 0).astype(np.float32) + 0.5) / 255  # the middle of a truncated value
    parts, uv = charts.mirror(sample.iuv[..., 0], uv)
    iuv = np.dstack([parts, np.floor(np.clip(uv, 0, 1) * 255).transpose(1, 2, 0).astype(np.uint8)])
    return Sample(np.ascontiguousarray(sample.image[:, ::-1]), iuv, np.ascontiguousarray(sample.instance[:, ::-1]))


def frame(sample: Sample, framing: Framing, rng: np.random.Generator) -> Sample:
    """Rotate, scale, shift and crop `sample` onto the canvas; what lies outside the picture is filled, unlabelled."""
    height, width = sample.instance.shape
    whole = framing.width / width
    scale = whole * float(np.exp(rng.uniform(*np.log(framing.zoom))))
    centre = np.array([width / 2, height / 2]) + rng.uniform(-0.12, 0.12, 2) * (width, height)
    people = np.unique(sample.instance[sample.instance > 0])
    if not len(people):  # clothes without a wearer fill the frame in shops
        scale *= float(rng.uniform(1.0, framing.packshot_zoom))
    elif rng.random() < framing.close_up:
        rows, columns = np.nonzero(sample.instance == rng.choice(people))
        tall = rows.max() - rows.min() + 1
        share = rng.uniform(0.35, 0.9)
        scale = min(framing.height / (share * tall), 2.5 * whole)
        top = rows.min() + rng.uniform(-0.1, 1.0 - 0.8 * share) * tall
        centre = np.array([columns.mean() + rng.normal(0, 0.15) * np.ptp(columns), top + share * tall / 2])
    angle = np.deg2rad(rng.uniform(-framing.rotation, framing.rotation)) * (rng.random() < 0.7)
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    middle = (framing.width / 2, framing.height / 2)
    matrix = (
        cosine, -sine, centre[0] - cosine * middle[0] + sine * middle[1],
        sine, cosine, centre[1] - sine * middle[0] - cosine * middle[1],
    )  # fmt: skip
    size = (framing.width, framing.height)
    return Sample(
        _warp_image(sample.image, size, matrix, rng),
        _warp_labels(sample.iuv, size, matrix),
        _warp_labels(sample.instance, size, matrix),
    )


def photometric(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change light, colour, sharpness, noise and compression of an RGB picture; its geometry stays."""
    pixels = image.astype(np.float32)
    if rng.random() < 0.6:
        pixels *= rng.uniform(0.75, 1.25, 3).astype(np.float32)
    if rng.random() < 0.3:
        grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
        pixels += (grey[..., None] - pixels) * np.float32(rng.uniform(0.3, 1.0) if rng.random() < 0.6 else 1.0)
    if rng.random() < 0.7:
        pixels = (pixels - 128) * np.float32(rng.uniform(0.6, 1.35)) + np.float32(128 + rng.uniform(-35, 35))
    if rng.random() < 0.3:
        pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** np.float32(np.exp(rng.uniform(-0.4, 0.4)))
    if rng.random() < 0.5:
        pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(1, 10))
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4)))
    if rng.random() < 0.15:
        factor = rng.uniform(0.4, 0.8)
        small = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
        picture = picture.resize(small, Image.Resampling.BILINEAR).resize(picture.size, Image.Resampling.BILINEAR)
    if rng.random() < 0.4:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(25, 92)))
        picture = Image.open(buffer).convert("RGB")
    return np.asarray(picture)


def _warp_labels(labels: NDArray[np.uint8], size: tuple[int, int], matrix: tuple[float, ...]) -> NDArray[np.uint8]:
    picture = Image.fromarray(np.ascontiguousarray(labels))
    return np.asarray(picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST))


def _warp_image(
    image: NDArray[np.uint8], size: tuple[int, int], matrix: tuple[float, ...], rng: np.random.Generator
) -> NDArray[np.uint8]:
    kind = rng.random()
    if kind < 0.5:  # carry the studio backdrop on beyond the picture's edge
        height, width = image.shape[:2]
        rows, columns = height // 2, width // 2
        image = np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="edge")
        a, b, c, d, e, f = matrix
        matrix = (a, b, c + columns, d, e, f + rows)
        fill: tuple[int, ...] = GREY
    else:
        fill = GREY if kind < 0.7 else tuple(int(v) for v in rng.integers(0, 256, 3))
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(
        picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)
    )
