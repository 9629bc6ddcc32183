"""Records of JSON to a Parquet or ORC file with the columns of a table.

The values are read as Athena reads lines of JSON (`readers/json_lines`): the same SerDes. Records
that do not fit are found by halves, so that a buffer without any costs nothing more.
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec

from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, parse_type
from lakebed.engines.delivery import (
    CONVERSION_FAILED,
    Conversion,
    Failure,
    JsonForm,
    Record,
)
from lakebed.engines.delivery.columnar import written
from lakebed.engines.delivery.processors import documents
from lakebed.engines.sql.duckdb.readers import arrow_values, json_lines
from lakebed.engines.sql.duckdb.readers.arrow import Array, arrow
from lakebed.engines.sql.duckdb.readers.storage import Storage

_PARSE = "DataFormatConversion.ParseError"
_MALFORMED = "DataFormatConversion.MalformedData"
_SCHEMA = "DataFormatConversion.InvalidSchema"
_decoder = msgspec.json.Decoder(float_hook=Decimal)
Row = dict[str, Any]


class Converted(msgspec.Struct, frozen=True):
    """A file of columns: its bytes, when its oldest record came, how many rows it has."""

    data: bytes
    oldest: int
    count: int


class _Rows(msgspec.Struct, frozen=True):
    """The documents of one record."""

    record: Record
    rows: list[Row]


def convert(
    conversion: Conversion, pieces: Sequence[tuple[Record, bytes]]
) -> tuple[Converted | None, list[Failure]]:
    """Return the file of the records that fit the table, if any does, and the others."""
    failures: list[Failure] = []
    try:
        names = [column.name for column in conversion.columns]
        kinds = [parse_type(column.type) for column in conversion.columns]
        rules = json_lines.Dialect.of(_storage(conversion.json)).rules
        for kind in kinds:
            arrow_values.arrow_type(kind)
    except (TrinoError, ValueError) as error:
        return None, [_failed(record, _SCHEMA, str(error)) for record, _ in pieces]
    parsed = _parsed(pieces, failures)
    batches: list[tuple[list[Array], list[_Rows]]] = []
    pending = [parsed] if parsed else []
    while pending:
        half = pending.pop()
        try:
            rows = [row for one in half for row in one.rows]
            batches.append((arrow_values.members(rows, names, kinds, rules), half))
        except TrinoError as error:
            if len(half) == 1:
                failures.append(_failed(half[0].record, _MALFORMED, error.message))
            else:
                # The first half lies on top: batches come in the order of the records.
                pending += (half[len(half) // 2 :], half[: len(half) // 2])
    kept = [one for _, half in batches for one in half]
    if not kept:
        return None, failures
    table = _table(names, kinds, [columns for columns, _ in batches])
    oldest = min(one.record.arrival for one in kept)
    return Converted(written(conversion.file, table), oldest, table.num_rows), failures


def _storage(form: JsonForm) -> Storage:
    """Return the SerDe as a table of Athena would name it."""
    if form.is_hive:
        options = {"timestamp.formats": ",".join(form.timestamp_formats)}
        return Storage(json_lines.HIVE[0], "", tuple(options.items()), (), ())
    options = {
        "case.insensitive": str(form.is_case_insensitive).lower(),
        "dots.in.keys": str(form.has_dots_as_underscores).lower(),
    }
    keys = {f"mapping.{column}": key for column, key in form.keys.items()}
    return Storage(json_lines.OPENX, "", tuple((options | keys).items()), (), ())


def _parsed(pieces: Sequence[tuple[Record, bytes]], failures: list[Failure]) -> list[_Rows]:
    parsed: list[_Rows] = []
    for record, data in pieces:
        try:
            rows = _documents(data)
        except (ValueError, RecursionError, ArithmeticError) as error:
            message = f"ParseException while reading JSON: {error}"
            failures.append(_failed(record, _PARSE, message))
            continue
        if not all(isinstance(row, dict) for row in rows):
            message = "A JSONObject text must begin with '{'"
            failures.append(_failed(record, _PARSE, message))
            continue
        parsed.append(_Rows(record, cast("list[Row]", rows)))
    return parsed


def _documents(data: bytes) -> list[Any]:
    """Return the documents of a record: nearly always it is one."""
    try:
        return [_decoder.decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [_decoder.decode(text) for text, _ in documents(data)]


def _failed(record: Record, code: str, message: str) -> Failure:
    return Failure(CONVERSION_FAILED, code, message, record)


def _table(names: Sequence[str], kinds: Sequence[Type], batches: Sequence[list[Array]]) -> Any:
    pa = arrow()
    columns: list[Any] = []
    for at, kind in enumerate(kinds):
        chunks = [_named(batch[at], kind) for batch in batches]
        columns.append(pa.chunked_array(chunks).combine_chunks())
    return pa.table(columns, names=list(names))


def _named(array: Array, kind: Type) -> Array:
    """Return an array whose structs have the names of the table's type, not those of readers."""
    pa = arrow()
    mask = array.is_null() if array.null_count else None
    if kind.name == "row":
        fields = zip(range(array.type.num_fields), kind.inner, strict=True)
        children = [_named(array.field(at), inner) for at, inner in fields]
        return pa.StructArray.from_arrays(children, list(kind.fields), mask=mask)
    if kind.name == "array":
        return pa.ListArray.from_arrays(
            array.offsets, _named(array.values, kind.inner[0]), mask=mask
        )
    if kind.name == "map":
        keys, items = (
            _named(half, inner)
            for half, inner in zip((array.keys, array.items), kind.inner, strict=True)
        )
        return pa.MapArray.from_arrays(array.offsets, keys, items, mask=mask)
    return array
