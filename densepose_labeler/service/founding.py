"""`POST /densepose`: the contract of the project's founding, paths in and a picture written."""

from __future__ import annotations

import errno
import os
from pathlib import PurePosixPath

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from densepose_labeler.service import answers, uploads
from densepose_labeler.service.attending import while_connected
from densepose_labeler.service.contract import FoundingRequest, Written
from densepose_labeler.service.modern import STATED, problems, stated
from densepose_labeler.service.problems import Problem, Reason, bad_fields
from densepose_labeler.service.roots import ENDINGS, OutsideRoots
from densepose_labeler.service.scheduling import Found
from densepose_labeler.service.service import Service
from manifests.exports import render
from manifests.instances import flatten

MAX_BODY = 64 * 1024
_BODY = {
    "required": True,
    "content": {"application/json": {"schema": FoundingRequest.model_json_schema()}},
}


def router(service: Service) -> APIRouter:
    made = APIRouter(tags=["founding"])

    @made.post(
        "/densepose",
        summary="Label an image file and write its picture",
        response_model_exclude_none=True,
        openapi_extra={"requestBody": _BODY},
        responses={
            200: {"description": "What was written, and what was found", "headers": STATED},
            **problems(400, 403, 404, 408, 409, 413, 415, 422, 503, 507),
        },
    )
    async def densepose(request: Request, response: Response) -> Written:
        request.state.served = service.models.default
        response.headers.update(stated(service.models.default))
        with service.uploads.share() as share:
            body = await uploads.read(request, MAX_BODY, request.state.deadline, share)
        try:
            asked = FoundingRequest.model_validate_json(body)
        except ValidationError as error:
            raise bad_fields(error.errors(include_url=False, include_input=False)) from None
        deadline = request.state.deadline
        return await while_connected(request, deadline, _label(service, asked, deadline))

    return made


async def _label(service: Service, asked: FoundingRequest, deadline: float) -> Written:
    scheduler, served = service.scheduler, service.models.default
    scheduler.admit(deadline)
    name = _stem(asked.file_name) + (".jpg" if service.config.picture == "viton-hd" else ".png")
    folder = os.path.join(asked.dense_root, asked.client)
    data = await scheduler.helped(_read, service, asked, folder)
    with service.uploads.share() as share:
        share.add(len(data))
        found = await service.label(data, served, served.order(), deadline)
    size = await scheduler.helped(_write, service, found, folder, name)
    return Written(
        **answers.labels(served, found).model_dump(),
        path=os.path.join(folder, name),
        picture=service.config.picture,
        bytes=size,
    )


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in ENDINGS else name


def _read(service: Service, asked: FoundingRequest, folder: str) -> bytes:
    roots = service.roots
    if not roots:
        raise Problem(403, Reason.OUTSIDE_ROOTS, "this service was started without --root, so it touches no files")
    try:
        roots.check(folder)
    except OutsideRoots as error:
        raise _outside("DenseRootDir", error) from error
    try:
        return roots.read(roots.find(asked.image_path, asked.file_name))
    except OutsideRoots as error:
        raise _outside("ImagePath", error) from error
    except FileNotFoundError as error:
        detail = "no such image; tried the path, and FileName in it and after it, with the usual endings"
        raise Problem(404, Reason.NOT_FOUND, f"ImagePath: {detail}", fields={"ImagePath": detail}) from error
    except ValueError as error:
        raise Problem(413, Reason.TOO_MANY_BYTES, f"ImagePath: {error}", fields={"ImagePath": str(error)}) from error
    except OSError as error:
        detail = f"the image cannot be read: {error.strerror}"
        raise Problem(403, Reason.NOT_FOUND, f"ImagePath: {detail}", fields={"ImagePath": detail}) from error


def _write(service: Service, found: Found, folder: str, name: str) -> int:
    data = render(flatten(found.instances, found.height, found.width), service.config.picture)
    try:
        return service.roots.write(folder, name, data).bytes
    except OutsideRoots as error:
        raise _outside("DenseRootDir", error) from error
    except OSError as error:
        status = {
            errno.ENOSPC: 507, errno.EDQUOT: 507, errno.EISDIR: 409, errno.ENAMETOOLONG: 400,
            errno.EACCES: 403, errno.EPERM: 403, errno.EROFS: 403,
        }.get(error.errno or 0)  # fmt: skip
        if status is None:
            raise
        detail = f"the picture cannot be written: {error.strerror}"
        raise Problem(
            status, Reason.NOT_WRITABLE, f"DenseRootDir: {detail}", fields={"DenseRootDir": detail}
        ) from error


def _outside(field: str, error: OutsideRoots) -> Problem:
    return Problem(403, Reason.OUTSIDE_ROOTS, f"{field}: {error.strerror}", fields={field: str(error.strerror)})
