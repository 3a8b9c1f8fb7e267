"""`POST /v1/densepose` and what goes with it."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from densepose_labeler.service import answers, uploads
from densepose_labeler.service.attending import while_connected
from densepose_labeler.service.contract import ModelCard, Parameters, Part
from densepose_labeler.service.memory import Share
from densepose_labeler.service.models import Served
from densepose_labeler.service.problems import MEDIA_TYPE, Problem, Reason
from densepose_labeler.service.service import Service
from manifests.palettes import CLEAR
from manifests.parts import PART_NAMES

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "type": "object",
    "required": [uploads.FIELD],
    "properties": {uploads.FIELD: {"type": "string", "format": "binary", "contentMediaType": "image/*"}},
}
_BODY = {
    "required": True,
    "description": "The picture's file: JPEG, PNG, WebP, GIF (first frame), AVIF, BMP or TIFF, told by its own bytes.",
    "content": {
        "image/*": _BINARY,
        "application/octet-stream": _BINARY,
        "multipart/form-data": {"schema": _FORM},
    },
}
STATED = {
    "Vestiary-Model": {"schema": {"type": "string"}, "description": "the model that was used"},
    "Vestiary-Weights-Sha256": {"schema": {"type": "string"}, "description": "of its weights file"},
}
"""Headers of every answer that a model made."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of the errors of an endpoint."""
    words = {
        400: "A parameter, a field or the form is wrong; `errors` names it",
        403: "A path outside the roots, or a page of another site asks",
        404: "No such image",
        406: "None of the types accepted can be had",
        408: "The body did not arrive in time",
        409: "The picture cannot be written: something else has its name",
        413: "Too many bytes or pixels",
        415: "Not a picture",
        422: "A picture that cannot be decoded",
        503: "Starting, busy, or past the deadline; see Retry-After",
        507: "The disk is full",
    }
    schema = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
    retry = {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}}
    return {status: {"description": words[status], **schema, **(retry if status == 503 else {})} for status in statuses}


def stated(served: Served) -> dict[str, str]:
    """The headers that say which model made an answer."""
    return {"Vestiary-Model": served.name, "Vestiary-Weights-Sha256": served.weights_sha256}


def router(service: Service) -> APIRouter:
    made = APIRouter(prefix="/v1", tags=["v1"])

    @made.post(
        "/densepose",
        summary="Label a picture",
        response_class=Response,
        openapi_extra={"requestBody": _BODY},
        responses={
            200: {
                "description": "Labels, in the form that Accept asks for. Nobody found is an answer too.",
                "headers": STATED,
                "content": {
                    answers.JSON: {"schema": {"$ref": "#/components/schemas/Labels"}},
                    answers.PNG: _BINARY,
                    answers.NPZ: _BINARY,
                },
            },
            **problems(400, 403, 406, 408, 413, 415, 422, 503),
        },
    )
    async def densepose(request: Request, wanted: Annotated[Parameters, Query()]) -> Response:
        served = service.models.get(wanted.model)
        request.state.served = served
        kind = answers.negotiate(request.headers.get("accept", ""))
        if kind is None:
            raise Problem(406, Reason.NOT_ACCEPTABLE, f"answers are {', '.join(answers.OFFERED)}")
        deadline = request.state.deadline
        with service.uploads.share() as share:
            data = await receive(service, request, deadline, share)
            body = await while_connected(request, deadline, _answer(service, served, data, wanted, kind, deadline))
        return Response(body, media_type=kind, headers={**stated(served), "Vary": "Accept"})

    @made.get("/models", summary="The models served")
    async def models() -> list[ModelCard]:
        return [_card(one, one is service.models.default) for one in service.models.served.values()]

    @made.get("/parts", summary="Names and colours of the 24 parts")
    async def parts() -> list[Part]:
        colours = ((int(red), int(green), int(blue)) for red, green, blue in CLEAR)
        names = zip(PART_NAMES, colours, strict=True)
        return [Part(number=number, name=name, colour=colour) for number, (name, colour) in enumerate(names)]

    return made


async def _answer(
    service: Service, served: Served, data: bytes, wanted: Parameters, kind: str, deadline: float
) -> bytes:
    found = await service.label(data, served, served.order(wanted.threshold, wanted.largest_only), deadline)
    begun = time.perf_counter()
    body = await service.scheduler.helped(answers.encode, kind, served, found, wanted)
    service.metrics.seconds("encode", time.perf_counter() - begun)
    return body


async def receive(service: Service, request: Request, deadline: float, share: Share) -> bytes:
    """The picture of a request, unless it would wait in vain: then it is refused before its body is read."""
    try:
        service.scheduler.admit(deadline)
    except Problem:
        await uploads.discard(request, service.config.max_bytes)
        raise
    begun = time.perf_counter()
    data = await uploads.picture(request, service.config.max_bytes, deadline, share)
    service.metrics.seconds("upload", time.perf_counter() - begun)
    return data


def _card(one: Served, default: bool) -> ModelCard:
    spec = one.resolved.spec
    return ModelCard(
        name=one.name,
        weights_sha256=one.weights_sha256,
        fingerprint=one.resolved.fingerprint,
        charts=spec.charts,
        default=default,
        threshold=one.resolved.options.score_threshold,
        description=spec.description,
        licence=spec.licence,
    )
