"""What requests and answers hold, field by field; OpenAPI is made from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from manifests.exports import Layout

PICTURES = ("iuv", "index", "colours")


def _path(value: str) -> str:
    if "\0" in value:
        raise ValueError("a path cannot hold a NUL")
    return value


def _name(value: str) -> str:
    if "/" in value or "\0" in value or value.startswith(".") or len(value.encode()) > 200:
        raise ValueError("must be a plain name: no '/', no '.' at its beginning, at most 200 bytes")
    return value


Path = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_path)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_name)]


class FoundingRequest(BaseModel):
    """The body of `POST /densepose`. Relative paths start at the service's working directory."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "DenseRootDir": "../efs/Datasets/test/image-densepose/",
                "ClientID": "GM",
                "FileName": "00009",
                "ImagePath": "../efs/Datasets/test/image/GM/0000",
            }
        }
    )

    dense_root: Path = Field(alias="DenseRootDir", description="folder below which the picture is written")
    client: Name = Field(alias="ClientID", description="folder in it, made if absent")
    file_name: Name = Field(alias="FileName", description="name of the picture, with or without an ending")
    image_path: Path = Field(
        alias="ImagePath",
        description="the image: a file, with or without its ending; or the folder that holds FileName; "
        "or what is to be written before FileName to make its path",
    )


class Parameters(BaseModel):
    """The query of `POST /v1/densepose`."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, max_length=100, description="one of GET /v1/models; the first by default")
    threshold: float | None = Field(None, ge=0, lt=1, description="least score of a person; the model's own by default")
    largest_only: bool | None = Field(None, description="only the person with the largest box")
    picture: Literal["iuv", "index", "colours"] = Field(
        "iuv", description="for image/png: part, U * 255, V * 255 as RGB; part numbers 0-24; VITON-HD's colours"
    )
    encoding: Literal["png", "rle", "none"] = Field(
        "png", description="for application/json: each person's map as a base64 IUV PNG, as runs of parts, or left out"
    )


class Person(BaseModel):
    """One person found; coordinates are in pixels of the picture as it is seen, its EXIF orientation applied."""

    box: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1")
    score: float = Field(ge=0, le=1)
    part_pixels: list[int] = Field(min_length=25, max_length=25, description="pixels of each part in iuv_box")
    iuv_box: tuple[int, int, int, int] = Field(description="x, y, width, height of the person's map")
    iuv_png: str | None = Field(
        None, description="encoding=png: base64 of an RGB PNG of iuv_box: part 0-24, U * 255, V * 255"
    )
    parts_rle: list[int] | None = Field(
        None, description="encoding=rle: part, run, part, run ... over iuv_box, row by row"
    )


class Labels(BaseModel):
    """What was found in a picture."""

    model: str
    weights_sha256: str = Field(description="of the model's weights file")
    width: int
    height: int
    persons: int = Field(description="how many; 0 is an answer, not an error")
    instances: list[Person] = Field(description="the surest first")


class Written(Labels):
    """The answer of `POST /densepose`: what was written, and what was found."""

    path: str = Field(description="DenseRootDir/ClientID/FileName with the picture's ending, as the request has it")
    picture: Layout = Field(description="the kind of picture written")
    bytes: int = Field(description="size of the picture's file")


class ModelCard(BaseModel):
    """One model served."""

    name: str
    weights_sha256: str
    fingerprint: str = Field(description="of network, weights and default options, as in a dataset's labels")
    charts: str = Field(description="whose U, V it gives: DensePose's (official) or the embedded model's (vestiary)")
    default: bool = Field(description="used where a request names none")
    threshold: float
    description: str
    licence: str


class Part(BaseModel):
    """One of the 24 parts, or the background."""

    number: int = Field(ge=0, le=24)
    name: str = Field(description="left and right are the person's own")
    colour: tuple[int, int, int] = Field(description="RGB that is easy to tell apart by eye")


class State(BaseModel):
    """Of the service."""

    status: Literal["ok", "starting"]
