"""The child process: reads a file, asks DuckDB, writes the records of the answer.

`answer(request)` takes a `Question` as JSON and returns a `Found` as MessagePack.
"""

# PyArrow's own annotations are partly unknown.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, cast

import duckdb
import msgspec
import pyarrow as pa

from lakebed.engines.object_select import Found, Question, SelectError, Target
from lakebed.engines.object_select.lower import Lowered, Value, lower, shown
from lakebed.engines.object_select.parse import parse
from lakebed.engines.object_select.records import MISSING, Reader, Record, found_in
from lakebed.engines.object_select.tree import Path, Statement

_BATCH = 4096
_encode = msgspec.json.encode


def answer(request: bytes) -> bytes:
    """Answer one question."""
    return msgspec.msgpack.encode(select(msgspec.json.decode(request, type=Question)))


def select(question: Question) -> Found:
    """Run a statement over a file."""
    statement = parse(question.expression)
    reader = Reader(question.source, statement.source)
    written = bytearray()
    code = message = ""
    try:
        write = _Writer(question.target, reader)
        if not statement.projections:
            rows = _whole(statement, reader)
            for record in itertools.islice(rows, _limit(statement)):
                written += write.whole(record)
        else:
            for names, row in _answers(statement, reader):
                written += write.row(names, row)
    except SelectError as error:
        code, message = error.code, error.message
    return Found(bytes(written), reader.scanned, reader.processed, code, message)


def _limit(statement: Statement) -> int | None:
    return None if statement.limit < 0 else statement.limit


def _whole(statement: Statement, reader: Reader) -> Iterator[Record]:
    """Yield the records that a condition keeps, as they are."""
    if statement.where is None:
        yield from reader.records()
        return
    lowered = lower(statement)
    connection = _connection()
    for records in _batches(reader):
        connection.register("records", _table(records, lowered.paths, reader))
        kept = _run(connection, f"SELECT i FROM records WHERE {lowered.where} ORDER BY i")
        for (at,) in kept.fetchall():
            yield records[at]


def _answers(statement: Statement, reader: Reader) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield the names and values of each record of the answer."""
    lowered = lower(statement)
    failed: list[SelectError] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for records in _batches(reader):
                yield from _table(records, lowered.paths, reader).to_batches()
        except SelectError as error:
            failed.append(error)

    source = pa.RecordBatchReader.from_batches(_schema(lowered.paths), batches())
    connection = _connection()
    connection.register("records", source)
    text = f"SELECT {', '.join(_selected(lowered))} FROM records"
    text += f" WHERE {lowered.where}" if lowered.where else ""
    text += f" LIMIT {statement.limit}" if statement.limit >= 0 else ""
    cursor = _run(connection, text)
    names = [name for name, _ in lowered.columns]
    while rows := _fetched(cursor):
        for row in rows:
            values = iter(row)
            yield names, [_value(value, values) for _, value in lowered.columns]
    if failed:
        raise failed[0]


def _selected(lowered: Lowered) -> Iterator[str]:
    for _, value in lowered.columns:
        yield shown(value)
        if value.kind == "any":
            yield f"{value.text}_m"


class _Json(str):
    """A value as JSON already."""


def _value(value: Value, row: Iterator[Any]) -> Any:
    found = next(row)
    if value.kind == "json":
        return None if found is None else msgspec.json.decode(found)
    if value.kind != "any":
        return found
    is_missing = next(row)
    return MISSING if is_missing else None if found is None else _Json(found)


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _run(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyConnection:
    try:
        return connection.execute(text)
    except duckdb.Error as error:
        raise _failed(error) from error


def _fetched(cursor: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    try:
        return cursor.fetchmany(_BATCH)
    except duckdb.Error as error:
        raise _failed(error) from error


def _failed(error: duckdb.Error) -> SelectError:
    said = str(error).splitlines()[0]
    if isinstance(error, duckdb.ConversionException | duckdb.InvalidInputException):
        return SelectError(
            "CastFailed", f"Attempt to convert from one data type to another: {said}"
        )
    return SelectError("EvaluatorInvalidArguments", said)


# -- the table of records --------------------------------------------------------------------------


def _batches(reader: Reader) -> Iterator[list[Record]]:
    records = reader.records()
    while batch := list(itertools.islice(records, _BATCH)):
        yield batch


def _schema(paths: list[Path]) -> pa.Schema:
    fields = [pa.field("i", pa.int64())]
    for at in range(len(paths)):
        fields += [
            pa.field(f"p{at}_j", pa.string()), pa.field(f"p{at}_s", pa.string()),
            pa.field(f"p{at}_n", pa.float64()), pa.field(f"p{at}_b", pa.bool_()),
            pa.field(f"p{at}_m", pa.bool_()),
        ]  # fmt: skip
    return pa.schema(fields)


def _table(records: list[Record], paths: list[Path], reader: Reader) -> pa.Table:
    names = {name: at for at, name in reversed(list(enumerate(reader.names)))}
    names |= {name.lower(): at for name, at in names.items() if name.lower() not in names}
    columns: list[list[Any]] = [list(range(len(records)))]
    for path in paths:
        rows = [_columns_of(found_in(record, path, names)) for record in records]
        columns += [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 5
    return pa.Table.from_arrays(
        [
            pa.array(column, field.type)
            for column, field in zip(columns, _schema(paths), strict=True)
        ],
        schema=_schema(paths),
    )


def _columns_of(value: Any) -> tuple[Any, ...]:
    """Return a value's JSON, text, number, truth, and whether it is missing."""
    if value is MISSING:
        return None, None, None, None, True
    if value is None:
        return None, None, None, None, False
    if isinstance(value, bool):
        return ("true" if value else "false"), None, None, value, False
    if isinstance(value, int | float | Decimal):
        return _number(value), None, float(value), None, False
    text = value if isinstance(value, str) else None
    if isinstance(value, datetime.datetime | datetime.date):
        text = value.isoformat()
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
    return _encode(value if text is None else text).decode(), text, None, None, False


# -- what is written -------------------------------------------------------------------------------


def _number(value: float | Decimal) -> str:
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if is_whole else repr(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


class _Writer:
    """Writes records as the target says."""

    def __init__(self, target: Target, reader: Reader) -> None:
        self._target = target
        self._reader = reader

    def whole(self, record: Record) -> bytes:
        """Write a record as it is."""
        if self._target.csv is not None:
            values = record.fields
            if values is None:
                held = record.value
                members = cast("dict[str, Any]", held)
                values = list(members.values()) if isinstance(held, dict) else [held]
            return self._csv(values)
        if record.fields is None:
            value = {} if record.value is MISSING else record.value
            text = _encode(value, enc_hook=str)
            return text + self._target.record.encode()
        names = self._reader.names
        named = {
            names[at] if at < len(names) else f"_{at + 1}": one
            for at, one in enumerate(record.fields)
        }
        return _encode(named) + self._target.record.encode()

    def row(self, names: list[str], values: list[Any]) -> bytes:
        """Write a record of an answer."""
        if self._target.csv is not None:
            return self._csv(values)
        members = [
            f"{_encode(name).decode()}:{_json(value)}"
            for name, value in zip(names, values, strict=True)
            if value is not MISSING
        ]
        return f"{{{','.join(members)}}}{self._target.record}".encode()

    def _csv(self, values: Iterable[Any]) -> bytes:
        form = self._target.csv
        assert form is not None
        special = (form.field, form.record, form.quote, "\n", "\r")
        written: list[str] = []
        for value in values:
            text = _plain(value)
            if form.quotes == "ALWAYS" or any(one and one in text for one in special):
                text = form.quote + text.replace(form.quote, form.escape + form.quote) + form.quote
            written.append(text)
        return (form.field.join(written) + form.record).encode()


def _json(value: Any) -> str:
    if isinstance(value, _Json):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _number(value)
    return _encode(_time(value)).decode()


def _plain(value: Any) -> str:
    if value is None or value is MISSING:
        return ""
    if isinstance(value, _Json):
        decoded = msgspec.json.decode(str(value))
        return decoded if isinstance(decoded, str) else str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    found = _time(value)
    return found if isinstance(found, str) else _encode(found, enc_hook=str).decode()


def _time(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    return value
