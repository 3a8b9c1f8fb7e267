"""What a page object hands to the pipeline: a product in one colour, and where its pictures lie."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.reasons import Gender, View


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One entry of a product's gallery.

    Attributes:
        url: absolute, of the variant to fetch.
        image_key: the shop's own identity of the picture, the same at every size.
        view: what the shop's data says that it shows.
        position: place in the gallery, from 0, films counted.
        is_video: a film; it is recorded and never requested.
    """

    url: str
    image_key: str
    view: View
    position: int
    is_video: bool = False


@dataclass(frozen=True, slots=True)
class ProductItem:
    """One product in one colour, in the shop's own words; an absent fact is "".

    Attributes:
        page_url: the product's page, without query parts that do not identify it.
        product_id: identity of the product in this colour.
        style_id: joins the colours of one product.
        category: in the shop's words and language.
        gender: None where the page does not say; `Gender.UNKNOWN` where it names another department.
        garment: `category` in a small normal form (scrapers.pages.garments).
        price: what it costs now, in units of `currency` with a point, such as "219.00"; never without `currency`.
        currency: ISO 4217.
    """

    source: str
    page_url: str
    product_id: str
    style_id: str
    title: str
    brand: str
    colour: str
    category: str
    gender: Gender | None
    images: tuple[ImageRef, ...]
    garment: str = ""
    price: str = ""
    currency: str = ""

    @property
    def filled(self) -> tuple[str, ...]:
        """The names of `FIELDS` that the page gave."""
        return tuple(name for name in FIELDS if getattr(self, name) not in ("", None, Gender.UNKNOWN))


FIELDS = ("title", "product_id", "style_id", "brand", "colour", "category", "garment", "gender", "price")
"""The facts of a product whose absence is counted."""


@dataclass(frozen=True, slots=True)
class ProductLink:
    """A product as a listing names it.

    Attributes:
        url: absolute, of the page (or data answer) to request.
        key: what makes it the same product on another listing.
    """

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a category.

    Attributes:
        products: in the page's order, without repeats.
        next_url: absolute, of the next page; None on the last.
        announced: how many products the whole category holds, or None where the page does not say.
    """

    products: tuple[ProductLink, ...]
    next_url: str | None = None
    announced: int | None = None
