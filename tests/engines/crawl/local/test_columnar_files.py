"""Parquet, ORC and Avro: columns from the schemas that the files carry."""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest

from tests.engines.crawl.local.looking import columns, look, look_at

_TYPES: list[tuple[Any, str]] = [
    (pa.bool_(), "boolean"),
    (pa.int8(), "tinyint"),
    (pa.int16(), "smallint"),
    (pa.int32(), "int"),
    (pa.int64(), "bigint"),
    (pa.uint32(), "bigint"),
    (pa.uint64(), "decimal(20,0)"),
    (pa.float32(), "float"),
    (pa.float64(), "double"),
    (pa.string(), "string"),
    (pa.binary(), "binary"),
    (pa.binary(4), "binary"),
    (pa.date32(), "date"),
    (pa.timestamp("ms"), "timestamp"),
    (pa.timestamp("us", "UTC"), "timestamp"),
    (pa.time64("us"), "bigint"),
    (pa.decimal128(10, 2), "decimal(10,2)"),
    (pa.list_(pa.int32()), "array<int>"),
    (pa.map_(pa.string(), pa.float64()), "map<string,double>"),
    (pa.struct([("A", pa.int32()), ("b", pa.list_(pa.string()))]), "struct<A:int,b:array<string>>"),
]
_ORC = [pair for pair in _TYPES if not str(pair[0]).startswith(("uint", "time64", "fixed"))]


def _table(types: list[tuple[Any, str]]) -> pa.Table:
    fields = [pa.field(f"C{at}", kind) for at, (kind, _) in enumerate(types)]
    return pa.table([pa.nulls(3, kind) for kind, _ in types], schema=pa.schema(fields))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "wrong-suffix.csv"
    pyarrow.parquet.write_table(_table(_TYPES), path)
    found = look_at(path)
    assert columns(found) == [f"c{at} {kind}" for at, (_, kind) in enumerate(_TYPES)]
    assert (found.classification, found.records, found.compression) == ("parquet", 3, "none")
    assert found.storage.serde == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    assert found.parameters == {"typeOfData": "file"}


def test_orc(tmp_path: Path) -> None:
    path = tmp_path / "data"
    pyarrow.orc.write_table(_table(_ORC), path)
    found = look_at(path)
    assert columns(found) == [f"c{at} {kind}" for at, (_, kind) in enumerate(_ORC)]
    assert (found.classification, found.records) == ("orc", 3)
    assert found.storage.serde == "org.apache.hadoop.hive.ql.io.orc.OrcSerde"


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_half_a_parquet_file_says_so(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "half.parquet"
    pyarrow.parquet.write_table(_table(_TYPES), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    found = look_at(path)
    assert (found.classification, found.message) == (
        "UNKNOWN",
        "The Parquet file has no footer: its end is missing.",
    )


def test_a_damaged_footer_says_so(tmp_path: Path) -> None:
    found = look(tmp_path, b"PAR1" + b"\x07" * 64 + b"\x10\x00\x00\x00PAR1")
    assert found.classification == "UNKNOWN"
    assert found.message.startswith("The Parquet footer cannot be read: ")


def test_a_damaged_orc_file_says_so(tmp_path: Path) -> None:
    found = look(tmp_path, b"ORC" + b"\x00" * 64)
    assert found.message.startswith("The ORC footer cannot be read: ")


def test_a_text_that_begins_like_orc_is_a_text(tmp_path: Path) -> None:
    assert look(tmp_path, "ORC,b\n1,2\n3,4\n").classification == "csv"


_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Row",
    "fields": [
        {"name": "Id", "type": "long"},
        {"name": "maybe", "type": ["null", "int"]},
        {"name": "several", "type": ["null", "int", "string"]},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9,
                                   "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b"]}},
        {"name": "again", "type": "Kind"},
        {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "float"}}},
        {"name": "inner", "type": {"type": "record", "name": "Inner", "fields": [
            {"name": "x", "type": "boolean"},
            {"name": "self", "type": ["null", "Inner"]}]}},
    ],
}  # fmt: skip


def _avro(rows: int) -> bytes:
    row = {"Id": 1, "maybe": None, "several": "x", "price": Decimal("1.50"), "day": 1, "at": 1,
           "kind": "a", "again": "b", "tags": {}, "inner": {"x": True, "self": None}}  # fmt: skip
    file = BytesIO()
    fastavro.writer(file, _SCHEMA, [row] * rows, codec="deflate")
    return file.getvalue()


def test_avro(tmp_path: Path) -> None:
    found = look(tmp_path, _avro(7))
    assert columns(found) == [
        "id bigint",
        "maybe int",
        "several string",
        "price decimal(9,2)",
        "day date",
        "at timestamp",
        "kind string",
        "again string",
        "tags map<string,array<float>>",
        "inner struct<x:boolean,self:string>",
    ]
    assert (found.classification, found.records) == ("avro", 7)
    assert found.storage.serde == "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
    literal = found.storage.serde_parameters["avro.schema.literal"]
    assert json.loads(literal)["fields"][0] == {"name": "Id", "type": "long"}


def test_half_an_avro_header_says_so(tmp_path: Path) -> None:
    found = look(tmp_path, _avro(1)[:60])
    assert found.classification == "UNKNOWN"
    assert found.message.startswith("The Avro file cannot be read: ")


def test_a_damaged_length_in_an_avro_header_says_so(tmp_path: Path) -> None:
    whole = _avro(1)
    found = look(tmp_path, whole[:35] + b"\xfe\xff\xff\xff\xff\xff\xff\x7f" + whole[36:])
    assert found.classification == "UNKNOWN"
    assert found.message.startswith("The Avro file cannot be read: ")
