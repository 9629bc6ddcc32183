"""Text in a field, parsed where it stands.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-transforms-Unbox.html
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import _json, _records
from .. import gluetypes as g
from .._not_built import NotBuiltError
from .._paths import Path
from . import columns as c
from .modules import functions
from .types import to_spark

Parse = Callable[[str], Any]


def unboxed(
    df: Any, schema: g.StructType, path: Path, format: str, options: Mapping[str, Any]
) -> tuple[Any, g.StructType]:
    """Return the frame with the text at a path replaced by the record in it."""
    parse = _parser(format, options)
    column = c.find(c.top(schema), path)
    if column is None or not isinstance(column.type, g.StringType):
        return df, schema
    kind = _given(options) or _seen(df.select(column.value.alias("text")), parse)

    def decode(text: str | None) -> Any:
        return _records.encode(_quietly(text, parse), kind)

    decoded = functions.udf(decode, to_spark(kind))

    def change(one: c.Column) -> list[c.Column]:
        return [c.Column(one.name, decoded(one.value), kind)]

    columns = c.edit(c.top(schema), path, change)
    made = g.StructType([one.field() for one in columns])
    return df.select(*[one.value.alias(one.name) for one in columns]), made


def _given(options: Mapping[str, Any]) -> g.DataType | None:
    text = options.get("withSchema")
    return g.DataType.fromJsonValue(json.loads(text)) if text else None


def _seen(texts: Any, parse: Parse) -> g.DataType:
    def look(rows: Iterable[Any]) -> Iterable[_records.Shape]:
        shape = _records.Shape()
        for row in rows:
            shape.see(_quietly(row[0], parse))
        return [shape]

    whole = _records.Shape()
    for shape in texts.rdd.mapPartitions(look).collect():
        whole.add(shape)
    return whole.type()


def _quietly(text: str | None, parse: Parse) -> Any:
    """Return what a text holds; nothing if it is broken."""
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        return None


def _parser(format: str, options: Mapping[str, Any]) -> Parse:
    if format == "json":
        return lambda text: next(_json.values(text), None)
    if format == "csv":
        return lambda text: _csv_record(text, options)
    raise NotBuiltError(f"Unbox of format {format}")


def _csv_record(text: str, options: Mapping[str, Any]) -> dict[str, str] | None:
    rows = list(
        csv.reader(
            text.splitlines(),
            delimiter=options.get("separator", ","),
            escapechar=options.get("escaper"),
        )
    )
    names: list[str] | None = rows.pop(0) if options.get("withHeader") and rows else None
    if options.get("skipFirst") and rows:
        rows.pop(0)
    if not rows:
        return None
    names = names or [f"col{at}" for at in range(len(rows[0]))]
    return dict(zip(names, rows[0], strict=False))
