from __future__ import annotations

from pathlib import Path

import pytest

from curation.cache import WorkCache
from curation.config import CurationConfig, HrVitonConfig, SourcesConfig
from curation.errors import CurationError
from curation.ingest import collect, read_sources
from curation.progress import silent
from curation.records import SourceRecord, merge
from curation.sources.base import Importer
from curation.sources.hr_viton import HrVitonSource
from curation.sources.ledger import LedgerSource
from manifests.image_store import ImageStore
from manifests.ledger import Fetch, Ledger, Sighting
from manifests.reasons import Gender, View
from tests.curation.conftest import collect_into, encode, scene


def read(dataset: Path, sources: dict[str, object]) -> list[SourceRecord]:
    with WorkCache(dataset / "curation" / "cache.sqlite") as cache:
        config = SourcesConfig.model_validate(sources)
        return list(read_sources(dataset, config, ImageStore(dataset / "images"), cache, silent))


def viton(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode(scene(number)))
    return root


NAMES = ("train/image/1_00.jpg", "train/cloth/1_00.jpg", "train/image-densepose/1_00.jpg", "test/image/2_00.jpg",
         "test/cloth/2_00.jpg", "test/openpose_img/2_00_rendered.png", "train/cloth-mask/1_00.jpg")  # fmt: skip


@pytest.mark.parametrize("nested", ["", "data", "zalando-hd-resized"])
def test_hr_viton_takes_the_people_alone(tmp_path: Path, nested: str) -> None:
    viton(tmp_path / "v" / nested, *NAMES)
    found = read(tmp_path / "set", {"hr_viton": [{"path": tmp_path / "v"}]})
    addresses = [one.sighting.image_url for one in found]
    assert addresses == ["hr-viton:train/image/1_00.jpg", "hr-viton:test/image/2_00.jpg"]
    facts = merge(found[:1])
    assert (facts.source, facts.gender, facts.view, facts.product_id) == ("hr-viton", "women", View.MODEL, "1_00")
    store = ImageStore(tmp_path / "set" / "images")
    assert store.read(found[0].image_id) == (tmp_path / "v" / nested / NAMES[0]).read_bytes()


def test_hr_viton_with_garments(tmp_path: Path) -> None:
    viton(tmp_path / "v", *NAMES)
    found = read(tmp_path / "set", {"hr_viton": [{"path": tmp_path / "v", "cloth": True, "source": "vton"}]})
    views = {one.sighting.image_key: (one.sighting.view, one.sighting.product_id) for one in found}
    assert views["train/cloth/1_00.jpg"] == (View.PACKSHOT, "1_00")
    assert len(found) == 4 and {one.sighting.source for one in found} == {"vton"}


def test_hr_viton_pairs_name_the_garment_worn(tmp_path: Path) -> None:
    root = viton(tmp_path / "v", *NAMES, "train/cloth/9_00.jpg")
    (root / "train_pairs.txt").write_text("1_00.jpg 9_00.jpg\n")
    (root / "test_pairs.txt").write_text("2_00.jpg 1_00.jpg\n")  # to be tried on
    found = read(tmp_path / "set", {"hr_viton": [{"path": root, "cloth": True}]})
    products = {one.sighting.image_key: one.sighting.product_id for one in found}
    assert products == {
        "train/image/1_00.jpg": "9_00", "train/cloth/1_00.jpg": "1_00", "train/cloth/9_00.jpg": "9_00",
        "test/image/2_00.jpg": "2_00", "test/cloth/2_00.jpg": "2_00",
    }  # fmt: skip
    assert found[0].sighting.style_id == "9"


def test_hr_viton_tells_of_an_archive_unpacked_in_part(tmp_path: Path) -> None:
    root = viton(tmp_path / "v", *NAMES)
    (root / "test_pairs.txt").write_text("2_00.jpg 2_00.jpg\n3_00.jpg 3_00.jpg\n")
    with pytest.raises(CurationError, match=r"names 1 people .* such as 3_00.jpg"):
        read(tmp_path / "set", {"hr_viton": [{"path": root}]})
    (root / "test_pairs.txt").write_text("2_00.jpg 2_00.jpg\n3_00.jpg\n")
    with pytest.raises(CurationError, match="line 2"):
        read(tmp_path / "set", {"hr_viton": [{"path": root}]})


@pytest.mark.parametrize("spelling", ["image-densepose", "image_densepose"])
def test_hr_viton_part_maps_in_either_spelling(tmp_path: Path, spelling: str) -> None:
    root = viton(tmp_path / "v", "train/image/1_00.jpg", f"train/{spelling}/1_00.jpg", "test/image/2_00.jpg")
    with WorkCache(tmp_path / "cache.sqlite") as cache:
        source = HrVitonSource(HrVitonConfig(path=tmp_path / "v"), Importer(ImageStore(tmp_path / "images"), cache))
        assert source.part_map("train/image/1_00.jpg") == root / "train" / spelling / "1_00.jpg"
        assert source.part_map("test/image/2_00.jpg") is None


def test_hr_viton_says_where_to_point(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="train/image"):
        read(tmp_path / "set", {"hr_viton": [{"path": tmp_path}]})


def test_folder_takes_pictures_by_their_name_and_stores_them_by_their_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "b.JPEG").write_bytes(encode(scene(1), "PNG"))
    (folder / "deep" / "er" / "a.webp").write_bytes(encode(scene(2), "WEBP"))
    (folder / "page.jpg").write_bytes(b"<html>")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden" / "c.jpg").write_bytes(encode(scene(3)))
    config = {"path": folder, "source": "own", "gender": "men", "view": "model", "synthetic": True}
    found = read(tmp_path / "set", {"folders": [config]})
    assert [one.sighting.image_url for one in found] == ["own:b.JPEG", "own:deep/er/a.webp", "own:page.jpg"]
    images, missing = collect(found, ImageStore(tmp_path / "set" / "images"))
    endings = {one.sightings[0].sighting.image_key: Path(one.path).suffix for one in images}
    assert endings == {"b.JPEG": ".png", "deep/er/a.webp": ".webp", "page.jpg": ".bin"}
    assert not missing
    facts = merge(found[:1])
    assert (facts.gender, facts.view, facts.synthetic, facts.product_id) == (Gender.MEN, View.MODEL, True, "")


def listed(tmp_path: Path, text: str, files: tuple[str, ...] = ("a.jpg", "deep/b.jpg")) -> list[SourceRecord]:
    for number, name in enumerate(files):
        path = tmp_path / "f" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(scene(number)))
    (tmp_path / "facts.csv").write_bytes(text.encode())
    config = {"path": tmp_path / "f", "source": "own", "gender": "women", "csv": tmp_path / "facts.csv"}
    return read(tmp_path / "set", {"folders": [config]})


def test_a_csv_file_states_facts_row_by_row(tmp_path: Path) -> None:
    text = '\ufefffile,product_id,style_id,gender,view,title\r\ndeep/b.jpg,17,s,Men,model,"Shirt, ""plain"""\r\n'
    one, other = (record.sighting for record in listed(tmp_path, text))
    assert (one.image_key, one.product_id, one.gender, one.view) == ("a.jpg", "", Gender.WOMEN, View.UNKNOWN)
    assert (other.product_id, other.style_id, other.gender, other.view) == ("17", "s", Gender.MEN, View.MODEL)
    assert other.title == 'Shirt, "plain"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,colr\n", "unknown column 'colr'; did you mean 'colour'?"),
        ("file,weather\n", "known columns are file, product_id"),
        ("picture\n", "unknown column 'picture'"),
        ("brand\nX\n", "no column 'file'"),
        ("", "no column 'file'"),
        ("file,gender\na.jpg,boy\n", "line 2: gender 'boy' is none of women, men"),
        ("file,brand\na.jpg\n", "line 2: not as many cells"),
        ("file,brand\na.jpg,x,y\n", "line 2: not as many cells"),
        ("file\na.jpg\na.jpg\n", "line 3: a second row for 'a.jpg'"),
        ("file\nb.jpg\n", "1 rows name files that the folder does not have, such as 'b.jpg'"),
    ],
)
def test_mistakes_in_a_csv_file_are_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CurationError) as caught:
        listed(tmp_path, text)
    assert message in str(caught.value)


def test_a_csv_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="cannot be read as CSV"):
        read(tmp_path, {"folders": [{"path": tmp_path, "source": "own", "csv": tmp_path / "nowhere.csv"}]})
    (tmp_path / "latin.csv").write_bytes(b"file\n\xe9.jpg\n")
    with pytest.raises(CurationError, match="UTF-8"):
        read(tmp_path, {"folders": [{"path": tmp_path, "source": "own", "csv": tmp_path / "latin.csv"}]})


def test_a_changed_file_is_read_again_and_a_lost_picture_restored(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(encode(scene(1)))
    sources: dict[str, object] = {"folders": [{"path": folder, "source": "own"}]}
    (first,) = read(tmp_path / "set", sources)
    store = ImageStore(tmp_path / "set" / "images")
    path = store.path(first.image_id)
    assert path is not None
    path.unlink()
    assert read(tmp_path / "set", sources) == [first] and path.exists()
    (folder / "a.jpg").write_bytes(encode(scene(2)))
    (second,) = read(tmp_path / "set", sources)
    assert second.image_id != first.image_id and second.image_id in store


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match=r"no folder .*own"):
        read(tmp_path / "set", {"folders": [{"path": tmp_path / "nowhere", "source": "own"}]})


def test_ledger_gives_what_was_fetched(tmp_path: Path) -> None:
    places = [("p1", "u1"), ("p2", "u1"), ("p1", "barred"), ("p1", "never asked")]
    seen = [Sighting("zara", page, url, "k", n, "1") for n, (page, url) in enumerate(places)]
    ids = collect_into(tmp_path, {"u1": encode(scene(1))}, seen)
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        ledger.record_fetch(Fetch("barred", "image", "zara", "robots_barred"))
        ledger.record_fetch(Fetch("u1", "image", "zara", "stored", 200, ids["u1"], signals=("X-Robots-Tag: all",)))
    found = read(tmp_path, {})
    assert [(one.image_id, one.sighting.page_url, one.signals) for one in found] == [
        (ids["u1"], "p1", ("X-Robots-Tag: all",)), (ids["u1"], "p2", ("X-Robots-Tag: all",)),
    ]  # fmt: skip
    ticks: list[tuple[int, int]] = []
    list(LedgerSource(tmp_path / "crawl.sqlite").records(lambda done, total: ticks.append((done, total))))
    assert ticks == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert read(tmp_path, {"ledger": False}) == []
    assert read(tmp_path / "elsewhere", {}) == []
    assert not (tmp_path / "elsewhere" / "crawl.sqlite").exists()


def test_sightings_of_the_same_bytes_are_one_record(tmp_path: Path) -> None:
    seen = [Sighting("zara", "p1", "u2", "k", 0, "1"), Sighting("farfetch", "p0", "u1", "k", 0, "9")]
    picture = encode(scene(1))
    collect_into(tmp_path, {"u1": picture, "u2": picture}, seen)
    images, _ = collect(read(tmp_path, {}), ImageStore(tmp_path / "images"))
    (image,) = images
    assert [one.sighting.image_url for one in image.sightings] == ["u1", "u2"]


def test_a_picture_that_left_the_store_is_told(tmp_path: Path) -> None:
    ids = collect_into(tmp_path, {"u1": encode(scene(1))}, [Sighting("zara", "p", "u1", "k", 0, "1")])
    store = ImageStore(tmp_path / "images")
    path = store.path(ids["u1"])
    assert path is not None
    path.unlink()
    assert collect(read(tmp_path, {}), store) == ([], [ids["u1"]])


def test_facts_are_merged() -> None:
    def seen(source: str, url: str, **facts: object) -> SourceRecord:
        return SourceRecord("x", Sighting(source, "p", url, "k", 0, facts.pop("product_id", ""), **facts))  # type: ignore[arg-type]

    one = seen("zara", "a", gender=Gender.MEN, product_id="1", colour="navy")
    two = seen("zara", "b", gender=Gender.WOMEN, view=View.MODEL, brand="B", product_id="2")
    three = seen("farfetch", "c", category="coats", product_id="3")
    facts = merge([one, two, three])
    assert (facts.source, facts.product_id, facts.category) == ("farfetch", "3", "coats")
    assert (facts.gender, facts.view, facts.brand, facts.colour) == (Gender.UNISEX, View.MODEL, "B", "navy")
    assert merge([three]).gender is Gender.UNKNOWN
    assert merge([one, three]).gender is Gender.MEN


def test_configured_sources_default_to_the_ledger() -> None:
    assert CurationConfig().sources == SourcesConfig(ledger=True, hr_viton=(), folders=())
