"""What callers of a real server process get."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import time

import httpx
import numpy as np
import pytest
from PIL import Image

from densepose_labeler import checkpoints, zoo
from densepose_labeler.predictor import Predictor
from manifests.decoding import decode
from manifests.exports import read
from manifests.instances import Instance, flatten
from manifests.palettes import PARULA, colourise
from manifests.parts import PART_NAMES
from tests.densepose_labeler.service.running import EXAMPLE, FOUNDING, Running
from tests.hostile_images import hostile_images

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def people() -> tuple[Instance, ...]:
    """What the predictor itself finds on the example picture."""
    spec = zoo.get("embedded")
    found = Predictor(checkpoints.load(spec), spec)([decode(EXAMPLE)])[0]
    assert len(found) == 1
    return found


@pytest.fixture(scope="module")
def flat(people: tuple[Instance, ...]) -> np.ndarray:
    return flatten(people, *decode(EXAMPLE).shape[:2])


def close(first: np.ndarray, second: np.ndarray) -> bool:
    """Equal to the rounding of sums that threads and libraries may order differently."""
    return first.shape == second.shape and bool((first == second).mean() > 0.999)


def png(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def problem(answer: httpx.Response, status: int, reason: str) -> dict[str, object]:
    """The body of an error, checked for its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status and body["reason"] == reason and body["detail"]
    assert "Traceback" not in answer.text
    return body


def test_the_founding_request_as_it_stands(server: Running, client: httpx.Client, flat: np.ndarray) -> None:
    answer = client.post("/densepose", json=FOUNDING)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["path"] == "../efs/Datasets/test/image-densepose/GM/00009.jpg"
    assert (found["picture"], found["persons"], found["model"]) == ("viton-hd", 1, "embedded")
    assert answer.headers["vestiary-weights-sha256"] == found["weights_sha256"]
    written = server.tree / "efs/Datasets/test/image-densepose/GM/00009.jpg"
    assert os.listdir(written.parent) == ["00009.jpg"]
    data = written.read_bytes()
    assert found["bytes"] == len(data) and data.startswith(b"\xff\xd8\xff")
    assert close(read(data, "viton-hd"), flat[..., 0])
    assert client.post("/densepose", json=FOUNDING).status_code == 200 and written.read_bytes() == data


def test_a_name_with_an_ending_is_written_with_the_pictures_own(server: Running, client: httpx.Client) -> None:
    asked = FOUNDING | {"FileName": "00009.jpg", "ClientID": "named", "ImagePath": FOUNDING["ImagePath"] + "/00009.jpg"}
    assert client.post("/densepose", json=asked).json()["path"].endswith("/named/00009.jpg")


@pytest.mark.parametrize(
    ("changes", "status", "reason", "field"),
    [
        ({"FileName": "no-such"}, 404, "not_found", "ImagePath"),
        ({"ImagePath": "../efs/Datasets/test/image/GM/9999"}, 404, "not_found", "ImagePath"),
        ({"ImagePath": "/etc/passwd"}, 403, "outside_roots", "ImagePath"),
        ({"ImagePath": "../efs/Datasets/../../config.toml"}, 403, "outside_roots", "ImagePath"),
        ({"DenseRootDir": "../elsewhere"}, 403, "outside_roots", "DenseRootDir"),
        ({"DenseRootDir": "../efs/Datasets/test/image/GM/0000/00009.jpg"}, 403, "outside_roots", "DenseRootDir"),
        ({"ClientID": "../../../.."}, 400, "bad_field", "ClientID"),
        ({"FileName": "a/b"}, 400, "bad_field", "FileName"),
        ({"FileName": "x" * 201}, 400, "bad_field", "FileName"),
        ({"FileName": 9}, 400, "bad_field", "FileName"),
        ({"ImagePath": "a\0b"}, 400, "bad_field", "ImagePath"),
        ({"ImagePath": None}, 400, "bad_field", "ImagePath"),
        ({"DenseRootDir": ""}, 400, "bad_field", "DenseRootDir"),
    ],
)
def test_what_the_founding_contract_refuses(
    client: httpx.Client, changes: dict[str, object], status: int, reason: str, field: str
) -> None:
    body = problem(client.post("/densepose", json=FOUNDING | changes), status, reason)
    assert [error["field"] for error in body["errors"]] == [field]  # type: ignore[attr-defined]


def test_missing_fields_and_broken_bodies_are_named(client: httpx.Client) -> None:
    body = problem(client.post("/densepose", json={"ClientID": "GM"}), 400, "bad_field")
    assert {error["field"] for error in body["errors"]} == {"DenseRootDir", "FileName", "ImagePath"}  # type: ignore[attr-defined]
    for content in (b"", b"{", b"[1]", b'"\xff"', b'{"ClientID": "\\ud800"}', b"[" * 60_000):
        problem(client.post("/densepose", content=content), 400, "bad_field")
    problem(client.post("/densepose", content=b" " * 70_000), 413, "too_many_bytes")


def test_files_that_are_no_pictures(server: Running, client: httpx.Client) -> None:
    folder = server.tree / "efs/Datasets/test/image/GM/0000"
    (folder / "text.jpg").write_text("a recipe")
    (folder / "cut.jpg").write_bytes(EXAMPLE.read_bytes()[:2000])
    problem(client.post("/densepose", json=FOUNDING | {"FileName": "text"}), 415, "not_image")
    problem(client.post("/densepose", json=FOUNDING | {"FileName": "cut"}), 422, "undecodable")


def test_labels_as_json(client: httpx.Client, people: tuple[Instance, ...]) -> None:
    answer = client.post("/v1/densepose", content=EXAMPLE.read_bytes(), headers=JSON)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["width"], found["height"], found["persons"]) == (576, 768, 1)
    one, expected = found["instances"][0], people[0]
    assert one["box"] == pytest.approx(expected.box, abs=0.1) and one["score"] == pytest.approx(
        expected.score, abs=0.01
    )
    assert tuple(one["iuv_box"]) == expected.iuv_box
    assert close(png(base64.b64decode(one["iuv_png"])), expected.iuv)
    assert np.abs(np.array(one["part_pixels"]) - expected.part_pixels).sum() < 0.002 * expected.iuv[..., 0].size
    weights = checkpoints.weights_path(zoo.get("embedded"))
    assert found["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_a_form_gives_what_the_bare_bytes_give(client: httpx.Client) -> None:
    data = EXAMPLE.read_bytes()
    bare = client.post("/v1/densepose", content=data, params={"encoding": "rle"})
    form = client.post("/v1/densepose", files={"image": ("x.png", data, "text/plain")}, params={"encoding": "rle"})
    assert bare.status_code == 200 and bare.json() == form.json()
    pairs = np.array(bare.json()["instances"][0]["parts_rle"]).reshape(-1, 2)
    width, height = bare.json()["instances"][0]["iuv_box"][2:]
    assert pairs[:, 1].sum() == width * height and pairs[:, 0].max() <= 24


def test_labels_as_pictures(client: httpx.Client, flat: np.ndarray) -> None:
    pictures = {}
    for kind in ("iuv", "index", "colours"):
        answer = client.post(
            "/v1/densepose", content=EXAMPLE.read_bytes(), params={"picture": kind}, headers={"Accept": "image/png"}
        )
        assert answer.headers["content-type"] == "image/png" and answer.headers["vestiary-model"] == "embedded"
        pictures[kind] = png(answer.content)
    assert close(pictures["iuv"], flat)
    assert np.array_equal(pictures["index"], pictures["iuv"][..., 0])
    assert np.array_equal(pictures["colours"], colourise(pictures["index"], PARULA))


def test_labels_as_an_archive(client: httpx.Client, flat: np.ndarray) -> None:
    answer = client.post("/v1/densepose", content=EXAMPLE.read_bytes(), headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as archive:
        assert close(archive["iuv"], flat) and archive["boxes"].shape == (1, 4)


def test_options_of_a_request(client: httpx.Client) -> None:
    data, query = EXAMPLE.read_bytes(), {"encoding": "none", "threshold": "0.9999999", "largest_only": "true"}
    strict = client.post("/v1/densepose", content=data, params=query).json()
    assert strict["persons"] == 0 and strict["instances"] == []
    loose = client.post("/v1/densepose", content=data, params={"threshold": "0.01", "encoding": "none"}).json()
    largest = client.post("/v1/densepose", content=data, params=query | {"threshold": "0.01"}).json()
    areas = [(one["box"][2] - one["box"][0]) * (one["box"][3] - one["box"][1]) for one in loose["instances"]]
    assert largest["instances"] == [loose["instances"][areas.index(max(areas))]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"threshold": "2"}, "threshold"),
        ({"threshold": "nan"}, "threshold"),
        ({"treshold": "0.5"}, "treshold"),
        ({"model": "R_50_FPN_s1x"}, "model"),
        ({"picture": "jpeg"}, "picture"),
        ({"largest_only": "perhaps"}, "largest_only"),
    ],
)
def test_a_wrong_parameter_is_named(client: httpx.Client, query: dict[str, str], field: str) -> None:
    answer = client.post("/v1/densepose", content=EXAMPLE.read_bytes(), params=query)
    assert [error["field"] for error in problem(answer, 400, "bad_field")["errors"]] == [field]  # type: ignore[attr-defined]


def test_what_else_is_refused(client: httpx.Client) -> None:
    data = EXAMPLE.read_bytes()
    problem(client.post("/v1/densepose", content=data, headers={"Accept": "text/html"}), 406, "not_acceptable")
    problem(client.post("/v1/densepose", files={"picture": data}), 400, "bad_body")
    problem(client.post("/v1/densepose", data={"image": "no file"}, files={"other": data}), 400, "bad_body")
    form = {"Content-Type": "multipart/form-data"}
    problem(client.post("/v1/densepose", content=data, headers=form), 400, "bad_body")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(client.post("/v1/densepose", content=b"--x\r\nbroken", headers=form), 400, "bad_body")
    problem(client.get("/v1/densepose"), 405, "not_allowed")
    problem(client.get("/v2"), 404, "not_found")


def test_pages_of_other_sites_are_refused(server: Running, client: httpx.Client) -> None:
    for headers in ({"Origin": "https://elsewhere.test"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        problem(client.post("/densepose", json=FOUNDING, headers=headers), 403, "cross_origin")
    own = {"Origin": server.address, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/densepose", json=FOUNDING, headers=own).status_code == 200


def test_no_address_is_ever_fetched_for_a_caller(client: httpx.Client) -> None:
    address = "http://127.0.0.1:9/picture.jpg"
    problem(client.post("/v1/densepose", content=address.encode()), 415, "not_image")
    problem(client.post("/densepose", json=FOUNDING | {"ImagePath": address}), 403, "outside_roots")


def test_a_photograph_is_labelled_as_it_is_seen(client: httpx.Client) -> None:
    buffer = io.BytesIO()
    with Image.open(EXAMPLE) as image:
        exif = image.getexif()
        exif[0x0112] = 6  # to be turned clockwise by 90 degrees
        image.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif, quality=95)
    found = client.post("/v1/densepose", content=buffer.getvalue(), params={"encoding": "none"}).json()
    assert (found["width"], found["height"], found["persons"]) == (576, 768, 1)


@pytest.mark.parametrize("flipped", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_hostile_image_has_an_answer(client: httpx.Client, flipped: bool) -> None:
    """Those with flipped bits are many, and most are labelled like any other."""
    answers = {}
    for name, data in hostile_images():
        if name.startswith("flipped") != flipped:
            continue
        answer = client.post("/v1/densepose", content=data, params={"encoding": "none"})
        answers[name] = answer.status_code
        if answer.status_code != 200:
            assert answer.status_code in (413, 415, 422), (name, answer.text)
            problem(answer, answer.status_code, answer.json()["reason"])
    assert {200, 422} <= set(answers.values())
    assert flipped or {413, 415} <= set(answers.values())


def test_limits_of_size(client: httpx.Client) -> None:
    too_long = b"\xff\xd8\xff" + bytes(20 * 1024 * 1024)
    problem(client.post("/v1/densepose", content=too_long), 413, "too_many_bytes")
    chunks = (too_long[start : start + 65536] for start in range(0, len(too_long), 65536))
    problem(client.post("/v1/densepose", content=chunks), 413, "too_many_bytes")
    buffer = io.BytesIO()
    Image.new("L", (4001, 4000)).save(buffer, "PNG")
    problem(client.post("/v1/densepose", content=buffer.getvalue()), 413, "too_many_pixels")


def test_models_and_parts(client: httpx.Client) -> None:
    (model,) = client.get("/v1/models").json()
    assert model["name"] == "embedded" and model["default"] and model["charts"] == "vestiary"
    assert [part["name"] for part in client.get("/v1/parts").json()] == list(PART_NAMES)


def test_the_interfaces_example_is_true(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    content = schema["paths"]["/v1/densepose"]["post"]["responses"]["200"]["content"]["application/json"]
    picture = client.get("/page/example.jpg").content
    answer = client.post("/v1/densepose", content=picture, params={"encoding": "none"}, headers=JSON)
    assert answer.json() == content["examples"]["example"]["value"]
    body = schema["paths"]["/densepose"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["example"] == FOUNDING
    assert "HTTPValidationError" not in json.dumps(schema)


def test_operations(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path).json() == {"status": "ok"}
    client.post("/v1/densepose", content=b"nothing")
    text = client.get("/metrics").text
    values = dict(re.findall(r"^(\S+) ([\d.e+-]+)$", text, re.M))
    assert float(values['vestiary_requests_total{reason="not_image",route="/v1/densepose",status="415"}']) >= 1
    assert values["vestiary_ready"] == "1.0" and float(values["vestiary_queue_pictures"]) == 0
    for stage in ("upload", "decode", "wait", "inference", "encode"):
        assert f'vestiary_stage_seconds_count{{stage="{stage}"}}' in values
    assert "vestiary_batch_pictures_count" in values


def test_logs_hold_neither_pictures_nor_paths(server: Running, client: httpx.Client) -> None:
    client.post("/densepose", json=FOUNDING | {"ClientID": "somebody"})
    client.get("/some/where?secret=1")
    until = time.monotonic() + 60
    while (last := server.events("request")[-1])["route"] != "other":  # it is written after the answer
        assert time.monotonic() < until, last
    assert last["status"] == 404 and server.events("request")[-2]["route"] == "/densepose"
    text = server.log.read_text()
    for word in ("somebody", "00009", "efs", "secret", "where", "JFIF"):
        assert word not in text


def test_answers_are_not_taken_for_something_else(client: httpx.Client) -> None:
    for answer in (client.get("/"), client.get("/v1/models"), client.post("/v1/densepose", content=b"<html>")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["request-id"]


def test_the_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/").text
    for address in re.findall(r'(?:src|href)="(/[^"]*)"', page):
        assert client.get(address).status_code == 200, address
    assert "://" not in page + client.get("/page/page.js").text + client.get("/page/page.css").text
