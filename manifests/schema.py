"""The Parquet schemas of the contract. A column's `description` stands in its Arrow metadata."""

from __future__ import annotations

import pyarrow as pa

from manifests.instances import PLANES

FORMAT_VERSION = 1
"""Raised when a reader of the old version would misread the new files. Written to every table and to vestiary.json."""


def _field(name: str, kind: pa.DataType, description: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"description": description})


def _schema(table: str, *columns: pa.Field) -> pa.Schema:
    return pa.schema(columns, metadata={"vestiary.table": table, "vestiary.format": str(FORMAT_VERSION)})


_SIGHTING = pa.struct([
    _field("page_url", pa.string(), "page that shows the picture"),
    _field("image_url", pa.string(), "address it was fetched from"),
    _field("source", pa.string(), "spider or importer that saw it there"),
    _field("image_key", pa.string(), "the source's own name of the picture, the same at every size"),
    _field("product_id", pa.string(), "of the product that shows it there; empty if not stated"),
    _field("style_id", pa.string(), "joins the colours of that product; empty if not stated"),
    _field("position", pa.int32(), "place in the gallery, from 0"),
    _field("robots", pa.string(), "robots.txt verdict on image_url"),
    _field("signals", pa.list_(pa.string()), "opt-out signals seen with the answer"),
])  # fmt: skip

IMAGES = _schema(
    "images",
    _field("image_id", pa.string(), "sha256 of the file's bytes, lower-case hexadecimal"),
    _field("path", pa.string(), "file, relative to the dataset directory"),
    _field("width", pa.int32(), "pixels, after the EXIF orientation; null if undecodable", nullable=True),
    _field("height", pa.int32(), "pixels, after the EXIF orientation; null if undecodable", nullable=True),
    _field("format", pa.string(), "jpeg, png, webp, gif, avif, bmp, tiff; null if unknown", nullable=True),
    _field("bytes", pa.int64(), "size of the file"),
    _field(
        "phash",
        pa.uint64(),
        "64-bit perceptual hash, row-major, first bit highest: as imagehash.phash, of a scaled "
        "decoding (curation.phash)",
        nullable=True,
    ),
    _field(
        "sharpness",
        pa.float32(),
        "variance of the Laplacian of luminance 0..255, the longer side reduced to "
        "256..511 pixels; null, like the next five, if undecodable",
        nullable=True,
    ),
    _field("brightness", pa.float32(), "mean luminance, 0..1", nullable=True),
    _field("dark_share", pa.float32(), "pixels that are nearly black, 0..1", nullable=True),
    _field(
        "light_share", pa.float32(), "pixels that are nearly white, a white background included, 0..1", nullable=True
    ),
    _field("border_share", pa.float32(), "area of the rows and columns of one tone at the edges, 0..1", nullable=True),
    _field("plain_share", pa.float32(), "pixels in the colour of the background, 0..1", nullable=True),
    _field("source", pa.string(), "spider or importer: zara, zalando, farfetch, hr-viton, ..."),
    _field("synthetic", pa.bool_(), "true for the demo shops' pictures"),
    _field("gender", pa.string(), "women, men, unisex, unknown"),
    _field("category", pa.string(), "in the shop's words; empty if not stated"),
    _field("view", pa.string(), "model, packshot, detail, unknown"),
    _field("brand", pa.string(), "empty if not stated"),
    _field("product_id", pa.string(), "the product in one colour; empty if not stated"),
    _field("colour", pa.string(), "in the shop's words; empty if not stated"),
    _field("sightings", pa.list_(_SIGHTING), "every page and address, sorted by image_url, page_url"),
    _field("group_id", pa.string(), "images that must not be split apart share it"),
    _field("persons", pa.int32(), "people the screening model counts; null if not screened", nullable=True),
    _field("person_share", pa.float32(), "the largest person's body pixels / all pixels; null: nobody", nullable=True),
    _field("person_height", pa.float32(), "height of that person's box / of the picture; null: nobody", nullable=True),
    _field("regions", pa.list_(pa.string()), "body regions that person shows; null: nobody", nullable=True),
    _field("facing", pa.string(), "front, back, side, unknown: that person; null: nobody", nullable=True),
    _field("head_cut", pa.bool_(), "the frame cuts that person's head off; null: nobody", nullable=True),
    _field("feet_cut", pa.bool_(), "the frame cuts that person's feet off; null: nobody", nullable=True),
    _field("status", pa.string(), "kept or dropped"),
    _field("reason", pa.string(), "why it was dropped (manifests.reasons.ImageReason); null if kept", nullable=True),
    _field("duplicate_of", pa.string(), "image_id of the copy that stays; null unless a duplicate", nullable=True),
    _field(
        "duplicate_kind",
        pa.string(),
        "near or mirrored (the same bytes twice are one row); null unless a duplicate",
        nullable=True,
    ),
    _field(
        "duplicate_distance",
        pa.int8(),
        "bits by which its hash differs from that copy's; null unless a duplicate",
        nullable=True,
    ),
)

_INSTANCE = pa.struct([
    _field("box", pa.list_(pa.float32(), 4), "x0, y0, x1, y1 in source pixels"),
    _field("score", pa.float32(), "detector's score, 0..1"),
    _field("iuv_box", pa.list_(pa.int32(), 4), "x, y, width, height of iuv in whole source pixels"),
    _field("iuv", pa.binary(), "RGB PNG of the box: part 0-24, U*255, V*255"),
    _field("part_pixels", pa.list_(pa.int32(), 25), "pixels of the box by part"),
    *(
        _field(name, pa.binary(), "zlib of little-endian float16 [height, width]; null if not estimated", nullable=True)
        for name in PLANES
    ),
])  # fmt: skip

LABELS = _schema(
    "labels",
    _field("image_id", pa.string(), "sha256 of the file's bytes"),
    _field("model", pa.string(), "label set: a model under its default options, or a named variant"),
    _field("weights_sha256", pa.string(), "of the file the weights came from"),
    _field("fingerprint", pa.string(), "of the weights and every option that shapes the labels"),
    _field("status", pa.string(), "ok, no_person or error"),
    _field("error", pa.string(), "one line; null unless status is error", nullable=True),
    _field("width", pa.int32(), "pixels; null if undecodable", nullable=True),
    _field("height", pa.int32(), "pixels; null if undecodable", nullable=True),
    _field("instances", pa.list_(_INSTANCE), "persons in descending score"),
)

INDEX = _schema(
    "index",
    _field("image_id", pa.string(), "sha256 of the file's bytes"),
    _field("model", pa.string(), "label set"),
    _field("path", pa.string(), "file, relative to the dataset directory"),
    _field("source", pa.string(), "as in images"),
    _field("gender", pa.string(), "as in images"),
    _field("category", pa.string(), "as in images"),
    _field("view", pa.string(), "as in images"),
    _field("group_id", pa.string(), "as in images"),
    _field("split", pa.string(), "eval, train, validation; null if in none", nullable=True),
    _field("width", pa.int32(), "pixels", nullable=True),
    _field("height", pa.int32(), "pixels", nullable=True),
    _field("status", pa.string(), "ok, no_person or error"),
    _field("persons", pa.int32(), "number of instances"),
    _field("score", pa.float32(), "of the surest person; null if none", nullable=True),
    _field("box", pa.list_(pa.float32(), 4), "of the surest person; null if none", nullable=True),
    _field("foreground", pa.float32(), "share of the picture that the flattened parts cover, 0..1"),
    _field("part_pixels", pa.list_(pa.int32(), 25), "of the flattened map; 0 is background"),
    _field("parts_visible", pa.int32(), "parts with at least one pixel, 0-24"),
    _field("labels_path", pa.string(), "the part file with the row, relative to the dataset directory"),
)
