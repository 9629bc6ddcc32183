"""JSON files. Every record is looked at once, so that a field of two types becomes a choice.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-json-home.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .. import _json, _records, _types
from .. import gluetypes as g
from .._options import flag
from .errors import error_of
from .frame import SparkFrame
from .modules import functions
from .scans import Scan, with_origins
from .types import to_spark


@dataclass
class Look:
    """What was seen of some lines: the shape of records, and how many lines held no one record."""

    shape: _records.Shape = field(default_factory=_records.Shape)
    broken: int = 0
    irregular: int = 0


def read(scan: Scan) -> SparkFrame:
    """Return the records of JSON files."""
    pick = _json.path(scan.options.get("jsonPath"))
    plain = not scan.options.get("jsonPath")
    texts = scan.texts(whole=flag(scan.options, "multiLine"))
    look = _look(texts, pick)
    schema = look.shape.struct()
    whole = with_origins(scan, schema)
    if plain and not (look.broken or look.irregular or _types.has_choice(schema)):
        return SparkFrame.of(_by_spark(texts, schema, scan), whole)
    rows = texts.rdd.mapPartitions(_rows(pick, schema))
    df = scan.session.createDataFrame(rows, to_spark(whole), verifySchema=False)
    frame = SparkFrame.of(df, whole)
    if not look.broken:
        return frame
    return frame.with_errors(lambda: texts.rdd.mapPartitions(_errors(pick)))


def _look(texts: Any, pick: _json.Pick) -> Look:
    def see(rows: Iterable[Any]) -> Iterable[Look]:
        look = Look()
        for row in rows:
            try:
                records = list(_json.records(_text(row[0]), pick))
            except ValueError:
                look.broken += 1
                continue
            look.irregular += len(records) > 1
            for record in records:
                look.shape.see(record)
        return [look]

    whole = Look()
    for look in texts.rdd.mapPartitions(see).collect():
        whole.shape.add(look.shape)
        whole.broken += look.broken
        whole.irregular += look.irregular
    return whole


def _by_spark(texts: Any, schema: g.StructType, scan: Scan) -> Any:
    """Parse in Spark's own code, which is right where every line is one record."""
    if not schema.fields:
        return texts.limit(0).select(*[f"`{name}`" for name, _, _ in scan.origins])
    origins = [f"`{name}`" for name, _, _ in scan.origins]
    parsed = functions.from_json(texts["value"], to_spark(schema)).alias("\0record")
    lines = texts.where(functions.length(functions.trim(texts["value"])) > 0)
    return lines.select(parsed, *origins).select("`\0record`.*", *origins)


def _rows(pick: _json.Pick, schema: g.StructType) -> Callable[[Iterable[Any]], Iterable[Any]]:
    def run(rows: Iterable[Any]) -> Iterable[Any]:
        for row in rows:
            try:
                records = list(_json.records(_text(row[0]), pick))
            except ValueError:
                continue
            for record in records:
                yield (*_records.encode(record, schema), *row[1:])

    return run


def _errors(pick: _json.Pick) -> Callable[[Iterable[Any]], Iterable[Any]]:
    def run(rows: Iterable[Any]) -> Iterable[Any]:
        for row in rows:
            try:
                list(_json.records(_text(row[0]), pick))
            except ValueError as problem:
                yield error_of(problem, row[0], "")

    return run


def _text(value: str | None) -> str:
    return (value or "").removeprefix("\ufeff")
