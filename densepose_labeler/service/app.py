"""The service over HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from densepose_labeler.service import answers, founding, modern, page
from densepose_labeler.service.contract import Labels, State
from densepose_labeler.service.observing import Observing
from densepose_labeler.service.problems import Problem, ProblemDetails, Reason, bad_fields
from densepose_labeler.service.service import Service

_log = logging.getLogger(__name__)
_TITLE = "Vestiary DensePose"
_DESCRIPTION = "DensePose labels of photographs of people: 24 body parts and surface coordinates for every pixel."


def create_app(service: Service) -> FastAPI:
    """The ASGI application. It warms the models up when it starts, and closes the service when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(service.warm_up())
        warming.add_done_callback(_say_failure)
        yield
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)
        service.close()

    app = FastAPI(title=_TITLE, description=_DESCRIPTION, version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Observing, service=service)
    app.include_router(founding.router(service))
    app.include_router(modern.router(service))
    app.include_router(page.router())
    _add_operations(app, service)
    _add_problem_handlers(app)
    app.openapi = lambda: _openapi(app, service)  # type: ignore[method-assign]
    return app


def _say_failure(warming: asyncio.Task[None]) -> None:
    if not warming.cancelled() and warming.exception() is not None:
        _log.error("the models cannot be used; restart the service", exc_info=warming.exception())


def _add_operations(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["operations"], summary="The process answers")
    async def healthz() -> State:
        return State(status="ok")

    @app.get("/readyz", tags=["operations"], summary="The models are warm", responses={503: {"model": State}})
    async def readyz(response: Response) -> State:
        if service.is_ready:
            return State(status="ok")
        response.status_code = 503
        return State(status="starting")

    @app.get("/metrics", tags=["operations"], summary="For Prometheus", response_class=Response)
    async def metrics() -> Response:
        service.metrics.uploads.set(service.uploads.held)
        if service.is_ready:
            service.metrics.rate.set(service.scheduler.seconds_a_picture)
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        request.state.reason = error.reason
        response = error.response()
        if (served := getattr(request.state, "served", None)) is not None:
            response.headers.update(modern.stated(served))
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return await problem(request, bad_fields(error.errors()))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        reasons = {404: Reason.NOT_FOUND, 405: Reason.NOT_ALLOWED}
        detail = {404: "no such address; GET /openapi.json lists what there is"}.get(error.status_code, error.detail)
        made = await problem(
            request, Problem(error.status_code, reasons.get(error.status_code, Reason.BAD_BODY), detail)
        )
        made.headers.update(error.headers or {})
        return made


def _openapi(app: FastAPI, service: Service) -> dict[str, Any]:
    """The description of the interface; once the models are warm, with the example picture's real labels."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = schema["components"]["schemas"]
    for kind in (ProblemDetails, Labels):
        made = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(made.pop("$defs", {}))
        schemas[kind.__name__] = made
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    served = service.models.default
    for operation in (one for path in schema["paths"].values() for one in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "model":
                parameter["schema"] = {"type": "string", "enum": list(service.models.served), "default": served.name}
    if service.example is None:
        return schema
    example = answers.labels(served, service.example).model_dump(exclude_none=True)
    answer = schema["paths"]["/v1/densepose"]["post"]["responses"]["200"]["content"][answers.JSON]
    answer["examples"] = {"example": {"summary": "GET /page/example.jpg with encoding=none", "value": example}}
    app.openapi_schema = schema
    return schema
