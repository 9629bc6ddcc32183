"""BSON and Amazon Ion: types of their own, binary and text, samples that are cut."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import bson
import pytest
from amazon.ion import simpleion

from lakebed.engines.crawl import Storage
from tests.engines.crawl.local.looking import columns, look

_MOMENT = datetime(2024, 1, 2, tzinfo=UTC)


def test_bson(tmp_path: Path) -> None:
    document = {"_id": bson.ObjectId(), "n": 1, "long": bson.Int64(1), "x": 1.5, "at": _MOMENT,
                "raw": b"x", "yes": True, "none": None, "tags": ["a"], "in": {"a": 1}}  # fmt: skip
    found = look(tmp_path, bson.encode(document) * 3)
    assert columns(found) == [
        "_id string",
        "n int",
        "long bigint",
        "x double",
        "at timestamp",
        "raw binary",
        "yes boolean",
        "none string",
        "tags array<string>",
        "in struct<a:int>",
    ]
    assert (found.classification, found.records, found.storage) == ("bson", 3, Storage())


def test_a_document_of_two_megabytes_is_read_whole(tmp_path: Path) -> None:
    assert columns(look(tmp_path, bson.encode({"a": "x" * 2_000_000}))) == ["a string"]


def test_bytes_that_are_no_bson(tmp_path: Path) -> None:
    assert look(tmp_path, b"\x20\x00\x00\x00\x02" + b"\xff" * 40).classification == "UNKNOWN"
    assert look(tmp_path, bson.encode({"a": 1})[:-3]).classification == "UNKNOWN"


_ROW: dict[str, Any] = {
    "Id": 1, "x": 1.5, "d": Decimal("12.345"), "at": _MOMENT, "raw": b"x", "yes": True,
    "none": None, "tags": ["a", "b"], "in": {"a": 3_000_000_000},
}  # fmt: skip
_COLUMNS = [
    "id int",
    "x double",
    "d decimal(5,3)",
    "at timestamp",
    "raw binary",
    "yes boolean",
    "none string",
    "tags array<string>",
    "in struct<a:bigint>",
]


@pytest.mark.parametrize("binary", [True, False])
def test_ion(tmp_path: Path, binary: bool) -> None:
    data = simpleion.dumps([_ROW] * 2, binary=binary, sequence_as_stream=True)
    found = look(tmp_path, data)
    assert columns(found) == _COLUMNS
    assert (found.classification, found.records) == ("ion", 2)
    assert found.storage == Storage(
        "com.amazon.ionhiveserde.formats.IonInputFormat",
        "com.amazon.ionhiveserde.formats.IonOutputFormat",
        "com.amazon.ionhiveserde.IonHiveSerDe",
    )


def test_ion_text_without_its_mark(tmp_path: Path) -> None:
    found = look(tmp_path, "{name: 'x', n: 1}\n{name: y, n: 2}\n")
    assert (found.classification, columns(found)) == ("ion", ["name string", "n int"])


@pytest.mark.parametrize("text", ["$ion_1_0 1 2 3", "{a: 1} 5", "{a: 1", "{a b}"])
def test_what_is_no_ion_of_structs(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, text).classification == "UNKNOWN"


def test_a_long_ion_file_is_judged_by_its_beginning(tmp_path: Path) -> None:
    found = look(tmp_path, "{a: 1, b: two}\n" * 100_000)
    assert (found.classification, columns(found)) == ("ion", ["a int", "b string"])
