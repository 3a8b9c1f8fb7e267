"""What stage 1 can be told: the `[crawl]` section of a configuration file.

A complete example, for the three demo shops (a live shop has its own hosts, no `synthetic`, and a permission):

```toml
[crawl]
gateway = "http://127.0.0.1:8765"  # loopback only; asked for hosts under .test alone. VESTIARY_GATEWAY overrides it
delay_seconds = 0.0                # between two requests to one host; a live shop gets at least 1 second
browser = "auto"                   # auto | never | always: Chromium for pages that paint their tiles by script
max_image_pixels = 24_000_000      # larger pictures are not stored, for curation, labels and loader take none larger

[crawl.shops.zara]
base_url = "http://www.zara.test"
market = "us/en"                   # what stands between the host and the rest of every path; "" where nothing does
image_hosts = ["static.zara.test"]
synthetic = true
categories = [
  { path = "/us/en/category/2420896/products?ajax=true", gender = "women", category = "dresses" },
  { path = "/us/en/man-shirts-l737.html", gender = "men", category = "shirts" },
]

[crawl.shops.zara.gates]              # below these, or far behind the last good run, a crawl fails with the list
products = 20
fields = { price = 0.9, garment = 0.5 }

[crawl.shops.zalando]
base_url = "http://www.zalando.test"
image_hosts = ["img01.zalando.test"]
synthetic = true
categories = [{ path = "/mens-clothing-shirts/", gender = "men", category = "shirts" }]

[crawl.shops.farfetch]
base_url = "http://www.farfetch.test"
market = "uk"
image_hosts = ["cdn-images.farfetch.test"]
synthetic = true
sitemaps = ["robots"]                 # those that robots.txt names, beside the categories or in their place
categories = [{ path = "/uk/shopping/women/dresses-1/items.aspx", gender = "women", category = "dresses" }]
```

A live shop needs, besides `contact` under `[crawl]`, the statement by which collecting is permitted:

```toml
[crawl.shops.zara.permission]
basis = "written consent"          # or the law's exception that you rely on
reference = "letter of 2026-11-02, file 4711"
contact = "Jane Doe, data protection, jane@example.org"
```
"""

from __future__ import annotations

import ipaddress
import os
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from manifests.decoding import MAX_PIXELS
from manifests.reasons import Gender
from manifests.settings import DatasetConfig, Settings, fingerprint, section
from scrapers.items import FIELDS

GATEWAY_VARIABLE = "VESTIARY_GATEWAY"
CONFIG_VARIABLE = "VESTIARY_CONFIG"
DEFAULT_CONFIG = "configs/fashion.toml"
LIVE_DELAY_SECONDS = 1.0
"""The least delay between two requests to one host of a live shop, whatever the configuration says."""


class Category(Settings):
    """A listing to crawl, and what its products are expected to be (a page's own fields have the last word)."""

    path: str = Field(pattern=r"^/[^#\s]*$", description="path and query of the listing, from the host's root")
    gender: Gender = Field(description="women, men, unisex or unknown; stands in where a product page does not say")
    category: str = Field(min_length=1, description="a label; selects the category on the command line")


class Permission(Settings):
    """By what right a live shop is crawled. It goes into the dataset's provenance."""

    basis: str = Field(min_length=1, description="what permits the collection: consent, licence, statutory exception")
    reference: str = Field(min_length=1, description="where that can be checked: letter, contract, paragraph")
    contact: str = Field(min_length=1, description="who answers for it")


class Gates(Settings):
    """What a crawl must reach; below it the shop has probably changed its pages and the run fails."""

    products: int = Field(1, ge=0, description="least number of products of a whole crawl")
    field_coverage: float = Field(0.8, ge=0, le=1, description="least share of products with title, id and gender")
    fields: dict[str, float] = Field(default_factory=dict, description="least share of products with a certain field")
    images_per_product: float = Field(1.0, ge=0, description="least mean number of pictures seen per product")
    unknown_views: float = Field(1.0, ge=0, le=1, description="greatest share of pictures whose view is unknown")
    unknown_genders: float = Field(1.0, ge=0, le=1, description="greatest share of products of no known department")
    duplicates: float = Field(0.5, ge=0, le=1, description="greatest share of pictures that several styles show")
    errors: float = Field(0.5, ge=0, le=1, description="greatest share of pages that failed")
    lost_images: float = Field(1.0, ge=0, le=1, description="greatest share of pictures asked for that failed")
    fall: float = Field(0.3, gt=0, le=1, description="how far a run may fall behind the last good one of its shop")

    @field_validator("fields")
    @classmethod
    def _are_fields(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(value) - set(FIELDS)):
            raise ValueError(f"no such field: {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        return value


class ShopConfig(Settings):
    """One shop, live or demo."""

    base_url: str = Field(description="scheme and host, such as https://www.zara.com")
    market: str = Field("", pattern=r"^([\w-]+(/[\w-]+)*)?$", description="country and language segments of the paths")
    image_hosts: tuple[str, ...] = Field(min_length=1, description="hosts that serve the shop's pictures")
    categories: tuple[Category, ...] = ()
    sitemaps: tuple[str, ...] = Field((), description='sitemap URLs of the host; "robots" for those robots.txt names')
    synthetic: bool = Field(False, description="the pictures are rendered, not photographed")
    image_width: int | None = Field(None, ge=200, le=6000, description="pixels to ask for; default: the shop's largest")
    max_pages: int = Field(50, ge=1, description="pages of one listing to follow")
    permission: Permission | None = None
    gates: Gates = Gates()

    @field_validator("base_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{value!r} is not a scheme and host such as 'https://www.zara.com'")
        return value.rstrip("/")

    @field_validator("image_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if "/" in host or not host:
                raise ValueError(f"{host!r} is not a host name such as 'static.zara.net'")
        return tuple(host.lower() for host in value)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> ShopConfig:
        if not self.categories and not self.sitemaps:
            raise ValueError("nothing to crawl: give categories or sitemaps")
        for category in self.categories:
            if self.market and not category.path.startswith(f"/{self.market}/"):
                raise ValueError(f"{category.path!r} lies outside the market {self.market!r}")
        for url in self.sitemaps:
            if url != "robots" and (urlsplit(url).hostname or "").lower() != self.host:
                raise ValueError(f"{url!r} is no address of {self.host} (nor the word 'robots')")
        return self

    @property
    def host(self) -> str:
        return (urlsplit(self.base_url).hostname or "").lower()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that this shop's spider may speak to."""
        return (self.host, *self.image_hosts)

    @property
    def is_live(self) -> bool:
        """True unless every host lies under the reserved top-level domain .test."""
        return not all(is_test_host(host) for host in self.hosts)

    @property
    def market_url(self) -> str:
        """`base_url` with the market, no slash at the end."""
        return f"{self.base_url}/{self.market}" if self.market else self.base_url


class CrawlConfig(Settings):
    """The `[crawl]` section."""

    contact: str = Field("", description="address in the user agent; a live shop requires one")
    gateway: str | None = Field(None, description="forward proxy for hosts under .test, on loopback")
    delay_seconds: float = Field(2.0, ge=0, le=600)
    concurrency: int = Field(1, ge=1, le=64, description="requests under way at once to one host; a live shop gets one")
    browser: Literal["auto", "never", "always"] = "auto"
    limit: int | None = Field(None, ge=1, description="products per run")
    max_page_bytes: int = Field(16_000_000, ge=1_000)
    max_image_bytes: int = Field(40_000_000, ge=1_000)
    max_image_pixels: int = Field(MAX_PIXELS, ge=1, description="width x height; curation drops larger pictures anyway")
    max_images_per_product: int = Field(200, ge=1, description="pictures of one gallery to ask for")
    timeout_seconds: float = Field(60.0, gt=0)
    max_wait_seconds: float = Field(120.0, ge=0, description="longest Retry-After or Crawl-delay that is waited for")
    progress_seconds: float = Field(10.0, gt=0, description="between two progress lines where there is no terminal")
    shops: dict[str, ShopConfig] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gateway_of_environment(cls, data: Any) -> Any:
        override = os.environ.get(GATEWAY_VARIABLE)
        return {**data, "gateway": override} if override and isinstance(data, dict) else data

    @field_validator("gateway")
    @classmethod
    def _is_loopback(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        try:
            loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
        except ValueError:
            loopback = parts.hostname == "localhost"
        if not loopback or parts.scheme != "http" or not parts.port:
            raise ValueError(f"{value!r}: the gateway must be http://127.0.0.1:<port>; no other proxy is ever used")
        return value.rstrip("/")

    def delay_for(self, shop: ShopConfig) -> float:
        """Seconds between two requests to one host of `shop`."""
        return max(self.delay_seconds, LIVE_DELAY_SECONDS) if shop.is_live else self.delay_seconds

    def concurrency_for(self, shop: ShopConfig) -> int:
        """Requests that may be under way at once to one host of `shop`."""
        return 1 if shop.is_live else self.concurrency

    def fingerprint_of(self, name: str) -> str:
        """Identity of what a crawl of shop `name` collects: the same for another gateway, delay or timeout."""
        fields = {"limit", "max_image_bytes", "max_image_pixels", "max_images_per_product", "browser"}
        shop = self.shops[name].model_dump(mode="json", exclude={"gates"})
        return fingerprint({"crawl": self.model_dump(mode="json", include=fields), "shop": shop})

    @property
    def user_agent(self) -> str:
        """The identifying user agent, never that of a browser."""
        return f"Vestiary/{_version()} (+{self.contact})" if self.contact else f"Vestiary/{_version()}"


def is_test_host(host: str) -> bool:
    """True for a host under .test, which exists nowhere on the internet (RFC 6761)."""
    return host.lower().rstrip(".").endswith(".test")


def load(path: str | Path) -> tuple[CrawlConfig, DatasetConfig]:
    """The `[crawl]` and `[dataset]` sections of the TOML file at `path`; other sections belong to other stages.

    Raises:
        SettingsError: the file is missing, or a key of these sections is wrong.
    """
    return section(Path(path), "crawl", CrawlConfig), section(Path(path), "dataset", DatasetConfig)


def _version() -> str:
    try:
        return metadata.version("vestiary")
    except metadata.PackageNotFoundError:  # a checkout on the path, not installed
        return "0"
