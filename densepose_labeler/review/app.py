"""The bench over HTTP: questions, part maps and photographs out, verdicts in.

While it is judged, a question says nothing of the models: maps are asked for by the question's id and a side.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from PIL import Image
from pydantic import BaseModel, Field

from densepose_labeler.metrics.part_maps import part_map
from densepose_labeler.review.access import Access
from densepose_labeler.review.intervals import SETTLED, TOP
from densepose_labeler.review.reliability import consistency, krippendorff_alpha
from densepose_labeler.review.session import OpenQuestion, OpenRating, ReviewError, Session, Standing
from densepose_labeler.review.store import SAME_MAPS, Grade, Judgment, Outcome, Rating
from manifests.decoding import ImageError, decode
from manifests.image_store import ImageStore
from manifests.labels import LabelSet
from manifests.palettes import CLEAR
from manifests.parts import PART_NAMES

STATIC = Path(__file__).with_name("static")
_POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_SHOWN_SIDE = 2048
"""Photographs are sent with their longer side at most so many pixels; maps keep the label's own size."""

Rater = Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class JudgmentBody(BaseModel):
    """A verdict on the question that the rater has open."""

    rater: Rater
    question: str
    outcome: Outcome
    seconds: Seconds


class RatingBody(BaseModel):
    """A grade for the map that the rater has open."""

    rater: Rater
    question: str
    grade: Grade
    wrong_parts: Annotated[list[int], Field(max_length=24)] = []
    seconds: Seconds


class UndoBody(BaseModel):
    """Take back the rater's latest verdict, or grade."""

    rater: Rater
    mode: Literal["pairs", "ratings"] = "pairs"


def create_app(dataset: Path, session: Session, token: str | None = None) -> FastAPI:
    """The ASGI application.

    Args:
        dataset: where the photographs and label sets are read.
        token: what a browser has to bring; None lets every program of this machine in.
    """
    app = FastAPI(title="Vestiary review", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Access, token=token)
    photographs = _photographs(ImageStore(dataset / "images"))
    maps = _maps(dataset, session.image_ids)

    @app.middleware("http")
    async def harden(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.exception_handler(ReviewError)
    async def review_error(request: Request, error: ReviewError) -> Response:
        return JSONResponse({"detail": str(error)}, 409)

    @app.get("/")
    def bench() -> Response:
        return FileResponse(STATIC / "bench.html")

    @app.get("/ranking")
    def ranking_page() -> Response:
        return FileResponse(STATIC / "ranking.html")

    app.mount("/static", StaticFiles(directory=STATIC))

    @app.get("/api/parts")
    def parts() -> list[dict[str, object]]:
        return [{"name": name, "colour": CLEAR[part].tolist()} for part, name in enumerate(PART_NAMES)]

    @app.get("/api/question")
    def question(rater: Rater) -> dict[str, object]:
        return _asked(session, rater, session.question(rater))

    @app.post("/api/judgment")
    def judge(body: JudgmentBody) -> dict[str, object]:
        session.judge(body.rater, body.question, body.outcome, body.seconds)
        return question(body.rater)

    @app.get("/api/rating-question")
    def rating_question(rater: Rater) -> dict[str, object]:
        return _asked(session, rater, session.rating_question(rater))

    @app.post("/api/rating")
    def rate(body: RatingBody) -> dict[str, object]:
        session.rate(body.rater, body.question, body.grade, body.wrong_parts, body.seconds)
        return rating_question(body.rater)

    @app.post("/api/undo")
    def undo(body: UndoBody) -> dict[str, object]:
        if body.mode == "ratings":
            session.undo_rating(body.rater)
            return rating_question(body.rater)
        session.undo(body.rater)
        return question(body.rater)

    @app.get("/api/question/{question_id}/photograph")
    def photograph(question_id: str) -> Response:
        image_id, _, _ = session.maps(question_id)
        return _immutable(photographs(image_id), "image/jpeg")

    @app.get("/api/question/{question_id}/{side}.png")
    def side_map(question_id: str, side: Literal["left", "right"]) -> Response:
        image_id, left, right = session.maps(question_id)
        return _immutable(maps(left if side == "left" else right, image_id), "image/png")

    @app.get("/api/ranking")
    def ranking(stratum: str | None = None) -> dict[str, object]:
        if stratum is not None and stratum not in session.strata:
            raise ReviewError(f"there is no stratum {stratum!r}")
        return {
            **described(session.standing(stratum)),
            "strata": list(session.strata),
            "judgments": session.count(),
            "raters": reliability(session),
        }

    @app.get("/api/judgments.{kind}")
    def export(kind: Literal["csv", "parquet"]) -> Response:
        data = as_csv(session.judgments) if kind == "csv" else as_parquet(session.judgments)
        return Response(
            data,
            media_type="text/csv" if kind == "csv" else "application/vnd.apache.parquet",
            headers={"Content-Disposition": f'attachment; filename="judgments.{kind}"'},
        )

    @app.get("/api/ratings.csv")
    def export_ratings() -> Response:
        return Response(as_csv(session.store.ratings()), media_type="text/csv")

    return app


def described(standing: Standing) -> dict[str, object]:
    """A standing as plain values, the best model first."""
    ranking, bounds, forecast = standing.ranking, standing.bounds, standing.outlook
    return {
        "stratum": standing.stratum,
        "verdicts": ranking.verdicts,
        "models": [
            {
                "rank": place + 1,
                "model": standing.models[index],
                "win_share": round(float(bounds.win_share[index]), 3),
                "low": round(float(bounds.low[index]), 3),
                "high": round(float(bounds.high[index]), 3),
                "best_rank": int(bounds.best_rank[index]),
                "worst_rank": int(bounds.worst_rank[index]),
                "top_probability": round(float(forecast.probability[index]), 3),
            }
            for place, index in enumerate(bounds.order.tolist())
        ],
        "top": TOP,
        "settled": round(forecast.settled, 3),
        "settled_from": SETTLED,
        "needed": forecast.needed,
    }


def reliability(session: Session) -> dict[str, object]:
    """How consistent the raters are with themselves and with each other."""
    judgments = session.judgments
    raters = sorted({one.rater for one in judgments} - {SAME_MAPS})
    return {
        "self": [
            {"rater": rater, "judgments": session.count(rater), **asdict(consistency(judgments, rater))}
            for rater in raters
        ],
        "alpha": krippendorff_alpha(judgments),
    }


def as_csv(rows: Sequence[Rating | Judgment]) -> bytes:
    """One line a judgment. A text that a spreadsheet would take for a formula is prefixed with an apostrophe."""
    text = io.StringIO()
    records = [asdict(one) for one in rows]
    names = list(records[0]) if records else [name for name in Judgment.__dataclass_fields__]
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    for record in records:
        writer.writerow({name: _harmless(value) for name, value in record.items()})
    return text.getvalue().encode()


def as_parquet(rows: Sequence[Judgment]) -> bytes:
    """The same as a Parquet file."""
    schema = pa.schema(
        [
            *(
                (name, pa.string())
                for name in ("question", "rater", "image_id", "model_left", "model_right", "outcome")
            ),
            ("repeat_of", pa.int64()),
            *((name, pa.float64()) for name in ("pair_probability", "seconds", "judged_at")),
            ("id", pa.int64()),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([asdict(one) for one in rows], schema=schema), sink, compression="zstd")
    return sink.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _asked(session: Session, rater: str, opened: OpenQuestion | OpenRating | None) -> dict[str, object]:
    """What the page needs to show a question: nothing that tells the models."""
    done = {"judged": session.count(rater), "all": session.count()}
    if opened is None:
        return {**done, "question": None}
    side = f"/api/question/{opened.id}"
    return {
        **done,
        "question": opened.id,
        "photograph": f"{side}/photograph",
        "left": f"{side}/left.png",
        "right": f"{side}/right.png" if isinstance(opened, OpenQuestion) else None,
    }


def _immutable(data: bytes, media_type: str) -> Response:
    return Response(data, media_type=media_type, headers={"Cache-Control": "private, max-age=86400, immutable"})


def _photographs(store: ImageStore) -> Callable[[str], bytes]:
    @lru_cache(maxsize=64)
    def photograph(image_id: str) -> bytes:
        try:
            picture = Image.fromarray(decode(store.read(image_id)))
        except (ImageError, KeyError, OSError) as error:
            raise ReviewError(f"the photograph {image_id} cannot be shown: {error}") from error
        picture.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
        made = io.BytesIO()
        picture.save(made, "JPEG", quality=90)
        return made.getvalue()

    return photograph


def _maps(dataset: Path, image_ids: tuple[str, ...]) -> Callable[[str, str], bytes]:
    sets: dict[str, LabelSet] = {}

    @lru_cache(maxsize=256)
    def side_map(model: str, image_id: str) -> bytes:
        labels = sets.setdefault(model, LabelSet(dataset / "labels" / model))
        parts = part_map(labels.read(image_id))
        made = io.BytesIO()
        Image.fromarray(np.asarray(parts)).save(made, "PNG", compress_level=1)
        return made.getvalue()

    return side_map
