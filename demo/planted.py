"""The troubles planted in the demo shops: pictures added to products' galleries, and what becomes of each.

Each one happens in real shops; a pipeline that handles all of them is ready to meet one. `demo.expectations` joins them
with the URLs of the pages and writes demo/planted.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demo.derivation import ORIGINAL, Treatment


@dataclass(frozen=True)
class PlantedPhoto:
    """A picture added to the gallery of `product`: made from the file of the picture `source` by `treatment`."""

    kind: str
    product: str
    name: str
    source: str
    treatment: Treatment
    fetch: str
    status: Literal["kept", "dropped"] | None
    reasons: tuple[str, ...]
    why: str

    @property
    def key(self) -> str:
        return f"{self.product}-{self.name}"


PHOTOS: tuple[PlantedPhoto, ...] = (
    PlantedPhoto(
        kind="exact_duplicate",
        product="zara-men-striped-shirt-navy",
        name="worn-with",
        source="zara-men-chinos-khaki-front",
        treatment=ORIGINAL,
        fetch="stored",
        status="kept",
        reasons=(),
        why="Two garments of one look carry the same photograph, uploaded twice: one image, two sightings, one group.",
    ),
    PlantedPhoto(
        kind="near_duplicate",
        product="farfetch-women-long-dress-plum",
        name="second-boutique",
        source="farfetch-women-long-dress-plum-front",
        treatment=Treatment("reencoded", quality=60),
        fetch="stored",
        status="dropped",
        reasons=("near_duplicate",),
        why="A second boutique sells the garment and saved the photograph again as JPEG.",
    ),
    PlantedPhoto(
        kind="near_duplicate",
        product="zara-women-open-jacket-camel",
        name="small-screen",
        source="zara-women-open-jacket-camel-back",
        treatment=Treatment("resized", quality=88, scale=0.75),
        fetch="stored",
        status="dropped",
        reasons=("near_duplicate",),
        why="The photograph for small screens is an asset of its own, made smaller.",
    ),
    PlantedPhoto(
        kind="near_duplicate",
        product="zalando-men-shirt-white",
        name="partner-copy",
        source="zalando-men-shirt-white-back",
        treatment=Treatment("resized", quality=70, scale=0.875),
        fetch="stored",
        status="dropped",
        reasons=("near_duplicate",),
        why="A partner sent the photograph a second time, smaller and saved again.",
    ),
    PlantedPhoto(
        kind="truncated_jpeg",
        product="zara-men-light-jacket-olive",
        name="cut-short",
        source="zara-men-light-jacket-olive-side",
        treatment=Treatment("truncated", share=0.6),
        fetch="stored",
        status="dropped",
        reasons=("undecodable",),
        why="The file on the image host is cut short, though the answer is complete.",
    ),
    PlantedPhoto(
        kind="html_as_jpeg",
        product="farfetch-men-overshirt-chocolate",
        name="being-prepared",
        source="farfetch-men-overshirt-chocolate-back",
        treatment=Treatment("html"),
        fetch="not_image",
        status=None,
        reasons=(),
        why="The image host answers 200 and image/jpeg, and sends a page.",
    ),
    PlantedPhoto(
        kind="opted_out",
        product="zalando-women-blouse-rose",
        name="reserved",
        source="zalando-women-blouse-rose-crop",
        treatment=Treatment("opted_out"),
        fetch="opted_out",
        status=None,
        reasons=(),
        why="The answer's X-Robots-Tag says noai, noimageai.",
    ),
    PlantedPhoto(
        kind="image_barred_by_robots",
        product="farfetch-women-open-jacket-charcoal",
        name="barred",
        source="farfetch-women-open-jacket-charcoal-crop",
        treatment=ORIGINAL,
        fetch="robots_barred",
        status=None,
        reasons=(),
        why="The image host's robots.txt bars this file.",
    ),
    PlantedPhoto(
        kind="image_gone",
        product="zara-women-midi-skirt-bottle",
        name="withdrawn",
        source="zara-women-midi-skirt-bottle-side",
        treatment=Treatment("gone"),
        fetch="gone",
        status=None,
        reasons=(),
        why="The page still names a photograph that the image host no longer has.",
    ),
)

VIDEO_PRODUCTS = frozenset({"zara-women-wide-trousers-black", "zalando-women-summer-dress-coral"})
"""Products whose gallery holds a video as well."""

DUPLICATE_STYLING = "zara-women-shirt-sky"
"""Zara product that the new-in listing shows a second time, under another productId with `duplicateReference`."""

SALE_PRODUCT = "farfetch-men-wool-trousers-charcoal"
"""Farfetch product that the men's listing also names under a sale path, which robots.txt bars."""
