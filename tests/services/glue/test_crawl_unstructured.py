"""Images, audio, video and documents made a table, by boto3 and Athena."""

from __future__ import annotations

import json

import pytest

from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue import media_files as made
from tests.services.glue.crawlers import crawled, tables

ON = json.dumps({"Version": 1.0, "Lakebed": {"UnstructuredFiles": True}})
TARGETS = {"S3Targets": [{"Path": "s3://lake/media", "Exclusions": ["private/**"]}]}


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def put(athena, **files: bytes) -> None:
    """Put files; two underscores in a name are a slash, the last one a dot."""
    for name, body in files.items():
        key = ".".join(name.replace("__", "/").rsplit("_", 1))
        athena.s3.put_object(Bucket="lake", Key=f"media/{key}", Body=body)


def crawl(athena) -> dict:
    last = crawled(athena.lakebed, Targets=TARGETS, Configuration=ON)
    assert last["Status"] == "SUCCEEDED", last
    return last


def facts(athena, columns: str, where: str = "true") -> list:
    return athena.rows(f"SELECT {columns} FROM media_files WHERE {where} ORDER BY path")


def test_files_of_all_kinds_are_found_by_sql(athena):
    put(
        athena, photos__a_jpg=made.photo(), photos__b_PNG=made.picture(),
        talks__film_mp4=made.film(),
        talks__clip_webm=made.webm(), talks__old_avi=made.avi(), talks__mov_mov=made.film(b"qt  "),
        sound_wav=made.sound(), song_mp3=made.song(), paper_pdf=made.pdf(),
        letter_docx=made.letter(),
        data_csv=b"a,b\n1,2\n", private__x_png=made.picture(), _hidden__y_png=made.picture(),
    )  # fmt: skip
    crawl(athena)
    assert facts(athena, "name, kind, media_type") == [
        ["letter.docx", "document",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        ["paper.pdf", "document", "application/pdf"],
        ["a.jpg", "image", "image/jpeg"], ["b.PNG", "image", "image/png"],
        ["song.mp3", "audio", "audio/mpeg"], ["sound.wav", "audio", "audio/wav"],
        ["clip.webm", "video", "video/webm"], ["film.mp4", "video", "video/mp4"],
        ["mov.mov", "video", "video/quicktime"], ["old.avi", "video", "video/x-msvideo"],
    ]  # fmt: skip
    assert facts(athena, "name, width, height, duration_seconds", "width IS NOT NULL") == [
        ["a.jpg", "40", "30", None], ["b.PNG", "3", "2", None], ["clip.webm", "640", "360", "2.5"],
        ["film.mp4", "640", "360", "12.5"], ["mov.mov", "640", "360", "12.5"],
        ["old.avi", "320", "240", "4.0"],
    ]  # fmt: skip
    assert facts(
        athena, "author, camera_make, camera_model, CAST(taken AS varchar), latitude, longitude",
        "extension = 'jpg'",
    ) == [["Ada", "Lakecam", "L1", "2024-05-01 12:30:00.000", "46.948", "-7.4416667"]]  # fmt: skip
    assert facts(athena, "title, author, album, pages", "kind IN ('audio', 'document')") == [
        ["Letter", "Bo", None, "3"], ["On lakes", "Ada", None, "2"],
        ["Été", "Ada", "Lakes", None], [None, None, None, None],
    ]  # fmt: skip
    assert facts(athena, "name", "duration_seconds = 0.5 AND size_bytes = 8044") == [["sound.wav"]]
    assert facts(athena, "name", "message IS NOT NULL") == []


def check_table(athena) -> None:
    """See that the table says what it is, and where its rows are."""
    ((name, table),) = tables(athena.lakebed).items()
    assert name == "media_files"
    assert table["StorageDescriptor"]["Location"] == "s3://lake/media/_lakebed_files/"
    assert athena.keys("media/_lakebed_files/") == ["media/_lakebed_files/files.parquet"]
    assert table["Parameters"] == {
        "CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": "c", "classification": "parquet", "compressionType": "none",
        "typeOfData": "file", "lakebed.content": "unstructured-files", "objectCount": "3",
        "recordCount": "3", "sizeKey": str(3 * len(made.picture())),
    }  # fmt: skip


def test_another_crawl_looks_only_into_what_is_new(athena):
    put(athena, a_png=made.picture(), b_png=made.picture(), c_png=made.picture())
    crawl(athena)
    check_table(athena)
    put(athena, b_png=made.picture(size=(9, 9)), d_gif=made.picture("GIF"))
    athena.s3.delete_object(Bucket="lake", Key="media/c.png")
    last = crawled(athena.lakebed)
    assert facts(athena, "name, width") == [["a.png", "3"], ["b.png", "9"], ["d.gif", "3"]]
    logs = athena.lakebed.client("logs").get_log_events(
        logGroupName=last["LogGroup"], logStreamName=last["LogStream"], startFromHead=True
    )["events"]
    looked = [one["message"].partition(" : ")[2] for one in logs if "Looked into" in one["message"]]
    assert looked == [
        "Looked into 3 of 3 files at s3://lake/media", "Looked into 2 of 3 files at s3://lake/media",
    ]  # fmt: skip


def test_rubbish_has_a_message_and_the_rest_is_found(athena):
    bomb = made.archive(docProps__core_xml="<a><title>" + " " * 20_000_000 + "</title></a>")
    put(
        athena, bad_jpg=b"\xff\xd8 rubbish", bad_mp4=made.film()[:60], bad_pdf=b"%PDF-1.7",
        bad_mp3=bytes(300), bomb_docx=bomb, empty_png=b"", good_png=made.picture(),
        loop_webm=b"\x1a\x45\xdf\xa3" + b"\x00" * 50, large_png=made.picture(size=(1, 60_000)),
    )  # fmt: skip
    crawl(athena)
    assert facts(athena, "name, height", "message IS NULL AND height IS NOT NULL") == [
        ["good.png", "2"], ["large.png", "60000"],
    ]  # fmt: skip
    broken = [one for (one,) in facts(athena, "name", "message IS NOT NULL")]
    assert {"bad.jpg", "bad.mp4", "bad.pdf", "bomb.docx", "empty.png", "loop.webm"} <= set(broken)
    assert len(facts(athena, "name")) == 9


def test_without_the_option_no_such_table_is_made(athena):
    put(athena, a_png=made.picture())
    last = crawled(athena.lakebed, Targets=TARGETS)
    assert last["Status"] == "SUCCEEDED"
    assert "media_files" not in tables(athena.lakebed)
    assert athena.keys("media/_lakebed_files/") == []
