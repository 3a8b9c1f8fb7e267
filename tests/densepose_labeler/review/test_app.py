from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from densepose_labeler.metrics.part_maps import part_map
from densepose_labeler.review.app import create_app
from densepose_labeler.review.session import Session
from manifests.labels import LabelSet
from tests.densepose_labeler.labelled import HEIGHT, WIDTH

HOME = "http://127.0.0.1:8082"
NASTY = "=cmd|'/c calc'!A1<script>alert(1)</script>"


@pytest.fixture()
def client(dataset: Path, session: Session) -> TestClient:
    return TestClient(create_app(dataset, session), base_url=HOME)


def test_a_judgment_through_the_interface(dataset: Path, session: Session, client: TestClient) -> None:
    asked = client.get("/api/question", params={"rater": "anna"}).json()
    opened = session.question("anna")
    assert opened is not None and asked["question"] == opened.id
    assert not any(name in str(asked) for name in session.models)  # blind
    left = np.asarray(Image.open(io.BytesIO(client.get(asked["left"]).content)))
    np.testing.assert_array_equal(
        left, part_map(LabelSet(dataset / "labels" / opened.model_left).read(opened.image_id))
    )
    photograph = Image.open(io.BytesIO(client.get(asked["photograph"]).content))
    assert photograph.size == (WIDTH, HEIGHT)
    body = {"rater": "anna", "question": asked["question"], "outcome": "left", "seconds": 2.5}
    following = client.post("/api/judgment", json=body).json()
    assert following["judged"] == 1 and following["question"] != asked["question"]
    assert [one.seconds for one in session.judgments if one.rater == "anna"] == [2.5]
    assert client.get(asked["left"]).status_code == 409
    assert client.post("/api/undo", json={"rater": "anna"}).json()["judged"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/judgment", {"rater": "anna", "question": "made up", "outcome": "left", "seconds": 1}),
        ("/api/judgment", {"rater": "anna", "question": "x", "outcome": "up", "seconds": 1}),
        ("/api/judgment", {"rater": "", "question": "x", "outcome": "left", "seconds": 1}),
        ("/api/judgment", {"rater": "a" * 81, "question": "x", "outcome": "left", "seconds": 1}),
        ("/api/judgment", {"rater": "anna", "question": "x", "outcome": "left", "seconds": -1}),
        ("/api/rating", {"rater": "anna", "question": "x", "grade": "good", "wrong_parts": [25], "seconds": 1}),
        ("/api/undo", {"rater": "anna", "mode": "everything"}),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_kept(
    session: Session, client: TestClient, path: str, body: dict[str, object]
) -> None:
    assert client.post(path, json=body).status_code in (409, 422)
    assert client.post(path, content=b"{").status_code == 422
    assert session.count() == 0 and not session.store.ratings()


def test_names_from_users_break_neither_page_nor_database_nor_spreadsheet(session: Session, client: TestClient) -> None:
    asked = client.get("/api/question", params={"rater": NASTY}).json()
    body = {"rater": NASTY, "question": asked["question"], "outcome": "tie", "seconds": 1}
    assert client.post("/api/judgment", json=body).status_code == 200
    assert NASTY in {one.rater for one in session.judgments}
    assert client.get("/api/ranking").json()["raters"]["self"][0]["rater"] == NASTY
    table = pq.read_table(io.BytesIO(client.get("/api/judgments.parquet").content)).to_pylist()
    assert NASTY in {row["rater"] for row in table}
    assert f"'{NASTY}" in client.get("/api/judgments.csv").text
    answer = client.get("/")
    assert "default-src 'self'" in answer.headers["content-security-policy"] and "<script>" not in answer.text


def test_grading_one_map_at_a_time(session: Session, client: TestClient) -> None:
    asked = client.get("/api/rating-question", params={"rater": "anna"}).json()
    assert asked["right"] is None and client.get(asked["left"]).headers["content-type"] == "image/png"
    body = {"rater": "anna", "question": asked["question"], "grade": "bad", "wrong_parts": [3], "seconds": 1}
    assert client.post("/api/rating", json=body).json()["question"] != asked["question"]
    assert session.store.ratings()[0].wrong_parts == (3,)
    assert client.get("/api/ratings.csv").text.count("bad") == 1


def test_the_ranking_by_stratum(client: TestClient) -> None:
    everything = client.get("/api/ranking").json()
    assert [one["rank"] for one in everything["models"]] == [1, 2, 3, 4] and everything["judgments"] == 0
    assert client.get("/api/ranking", params={"stratum": "zara women"}).json()["stratum"] == "zara women"
    assert client.get("/api/ranking", params={"stratum": "nowhere"}).status_code == 409


def test_only_this_machine_or_the_token_gets_in(dataset: Path, session: Session, client: TestClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"Host": "rebound.example"}).status_code == 421
    assert client.post("/api/undo", json={"rater": "a"}, headers={"Origin": "http://evil.example"}).status_code == 403

    locked = TestClient(create_app(dataset, session, token="secret"), base_url="http://bench.example")
    assert locked.get("/").status_code == 401
    assert locked.get("/", params={"token": "wrong"}).status_code == 401
    entered = locked.get("/", params={"token": "secret"})
    assert entered.status_code == 200 and entered.url.query == b""
    assert locked.get("/api/ranking").status_code == 200
