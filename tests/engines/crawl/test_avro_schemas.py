"""One Avro schema for files of several: every column is in it, and absent ones are null."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.avro_schemas import united

_MICROS = {"type": "long", "logicalType": "timestamp-micros"}


def _schema(**fields: Any) -> str:
    listed = [{"name": name, "type": kind} for name, kind in fields.items()]
    return json.dumps({"type": "record", "name": "r", "fields": listed})


def _read(schema: str, record: dict[str, Any], literal: str) -> Any:
    file = io.BytesIO()
    fastavro.writer(file, json.loads(schema), [record])
    file.seek(0)
    return next(iter(fastavro.reader(file, json.loads(literal))))


def test_the_only_schema_that_has_all_columns_is_kept_as_it_is() -> None:
    schema = _schema(Id="long", b="string")
    assert united([schema, schema], [Column("id", "bigint")]) == schema


def test_fields_of_all_schemas_are_there_with_their_own_types() -> None:
    first, second = _schema(Id="long"), _schema(Id="long", at=["null", _MICROS])
    columns = [Column("id", "bigint"), Column("at", "timestamp")]
    assert json.loads(united([first, second], columns))["fields"] == [
        {"name": "Id", "type": ["null", "long"], "default": None},
        {"name": "at", "type": ["null", _MICROS], "default": None},
    ]


def test_each_file_is_read_by_the_schema_of_all() -> None:
    numbers = {"type": "array", "items": "int"}
    first, second = _schema(a="int", b="string"), _schema(a="double", c=numbers)
    columns = [Column("a", "double"), Column("b", "string"), Column("c", "array<int>")]
    literal = united([first, second], columns)
    assert _read(first, {"a": 1, "b": "x"}, literal) == {"a": 1.0, "b": "x", "c": None}
    assert _read(second, {"a": 2.5, "c": [1]}, literal) == {"a": 2.5, "b": None, "c": [1]}


def test_a_column_that_no_schema_has_is_written_from_its_type() -> None:
    kinds = {
        "s": "struct<x:int,y:array<struct<z:date>>>",
        "m": "map<string,double>",
        "d": "decimal(9,2)",
        "v": "varchar(5)",
        "n": "smallint",
    }
    literal = united([_schema(a="int")], [Column(name, kind) for name, kind in kinds.items()])
    assert fastavro.parse_schema(json.loads(literal))
    assert [field["name"] for field in json.loads(literal)["fields"]] == list(kinds)
