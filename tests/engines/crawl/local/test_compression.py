"""Compressed files: the formats of the guide, damage, bombs, archives."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.engines.crawl.local.looking import columns, look

_TEXT = b"a,b\n1,x\n2,y\n"


def _zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, _TEXT)
    return file.getvalue()


def _hadoop(codec: str) -> Callable[[bytes], bytes]:
    def compress(text: bytes) -> bytes:
        packed = pa.compress(text, codec, asbytes=True)
        return struct.pack(">II", len(text), len(packed)) + packed

    return compress


def _snappy_frames(text: bytes) -> bytes:
    body = b"\0\0\0\0" + text
    return b"\xff\x06\x00\x00sNaPpY" + b"\x01" + len(body).to_bytes(3, "little") + body


@pytest.mark.parametrize(
    ("name", "compress", "compression"),
    [
        ("d.csv.gz", gzip.compress, "gzip"),
        ("d.csv.bz2", bz2.compress, "bzip2"),
        ("d.csv.lz4", lambda text: pa.compress(text, "lz4", asbytes=True), "lz4"),
        ("d.lz4", _hadoop("lz4_raw"), "lz4"),
        ("d.snappy", _hadoop("snappy"), "snappy"),
        ("d.csv.snappy", _snappy_frames, "snappy"),
        ("d.zip", lambda _: _zip("d.csv"), "zip"),
    ],
)
def test_each_format_of_the_guide(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes], compression: str
) -> None:
    found = look(tmp_path, compress(_TEXT), name)
    assert (found.classification, found.compression, found.message) == ("csv", compression, "")
    assert columns(found) == ["a bigint", "b string"]
    assert found.records == 2


def test_a_bomb_costs_no_more_than_its_first_megabyte(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 25_000_000, 1)
    found = look(tmp_path, bomb, "bomb.csv.gz")
    assert columns(found) == ["a bigint", "b bigint"]
    assert found.records > 1_000_000


def test_half_a_gzip_file_says_so(tmp_path: Path) -> None:
    found = look(tmp_path, gzip.compress(_TEXT)[:-12], "d.gz")
    assert (found.classification, found.message) == (
        "UNKNOWN",
        "The gzip data cannot be read: Unexpected end of input stream",
    )


def test_an_archive_of_several_files_is_not_classified(tmp_path: Path) -> None:
    found = look(tmp_path, _zip("a.csv", "b.csv"))
    assert (found.classification, found.message) == (
        "UNKNOWN",
        "Only a ZIP archive of one file can be classified; this has 2.",
    )


def test_excel_says_that_it_is_not_glues(tmp_path: Path) -> None:
    found = look(tmp_path, _zip("[Content_Types].xml", "xl/workbook.xml"), "book.xlsx")
    assert found.message == "Excel workbooks are not a format of AWS Glue's crawlers."


def test_zstandard_says_that_it_is_not_glues(tmp_path: Path) -> None:
    found = look(tmp_path, pa.compress(_TEXT, "zstd", asbytes=True), "d.csv.zst")
    assert (found.classification, found.message) == (
        "UNKNOWN",
        "Zstandard is not among the compressed formats of AWS Glue's guide.",
    )


def test_rubbish_is_unknown(tmp_path: Path) -> None:
    rubbish = bytes(range(256)) * 40
    assert look(tmp_path, rubbish).classification == "UNKNOWN"
    assert look(tmp_path, rubbish, "d.snappy").message.startswith("The snappy data cannot be read")
    assert look(tmp_path, b"\x1f\x8b\x08" + rubbish).message.startswith("The gzip data cannot")
    assert look(tmp_path, b"PK\x03\x04" + rubbish).message.startswith("The zip data cannot be read")
