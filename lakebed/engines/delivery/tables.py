"""Records on their way into an Iceberg table: read, checked, and staged as a file of rows.

A row has the table's values as columns c0, c1, … and what is to be done with it as `op`. What
several changes of a buffer do to the same keys is settled here, in the order they came in, so that
one statement brings all of them into the table. Pure work, done in a child process.
https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-considerations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec

from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.delivery import TABLE_FAILED, Failure, Record
from lakebed.engines.delivery.values import MisfitError, Staging, arrow_type, staging_of, stored
from lakebed.engines.sql.duckdb.readers.arrow import arrow

INSERT, UPDATE, DELETE = "insert", "update", "delete"
OPERATIONS = (INSERT, UPDATE, DELETE)
MISSING = "Iceberg.MissingColumnWithinRecord"
MISMATCH = "Iceberg.SchemaTypeMismatch"
NO_KEYS = "Iceberg.UniqueKeysNotFound"
BAD_DATA = "Iceberg.InvalidRecord"
UNSUPPORTED = "Iceberg.UnsupportedColumnType"
_MODULE = "delivery.tables"
_decoder = msgspec.json.Decoder(float_hook=Decimal)
Row = dict[str, Any]


class TableColumn(msgspec.Struct, frozen=True):
    """A column of an Iceberg table: `type` is its type in the table's metadata."""

    name: str
    type: Any
    is_required: bool = False


class Change(msgspec.Struct, frozen=True):
    """A record and what it does to the table."""

    record: Record
    operation: str = INSERT


class TableOrder(msgspec.Struct, frozen=True):
    """The changes of one table in the order they came, and the columns that tell rows apart."""

    columns: list[TableColumn]
    keys: tuple[str, ...]
    changes: list[Change]


class Staged(msgspec.Struct, frozen=True):
    """A Parquet file of rows (empty without any), and the records that do not fit the table.

    `columns` is how the columns c0, c1, … are staged; `has_changes` tells that some row is more
    than an insert.
    """

    columns: list[Staging]
    data: bytes
    has_changes: bool
    failures: list[Failure]


async def staged(order: TableOrder, bounds: Bounds) -> Staged:
    """Stage an order in a child process; ChildError if it does not come to an end."""
    said = await ask(_MODULE, msgspec.msgpack.encode(order), bounds)
    try:
        return msgspec.msgpack.decode(said, type=Staged)
    except msgspec.DecodeError as error:
        raise ChildError("It answered with something else.") from error


def answer(request: bytes) -> bytes:
    """Stage an order, in the child."""
    return msgspec.msgpack.encode(stage(msgspec.msgpack.decode(request, type=TableOrder)))


def stage(order: TableOrder) -> Staged:
    """Return the rows that a table's changes come to."""
    try:
        columns = [staging_of(column.type) for column in order.columns]
    except MisfitError as error:
        records = [change.record for change in order.changes]
        failed = [Failure(TABLE_FAILED, UNSUPPORTED, str(error), one) for one in records]
        return Staged([], b"", False, failed)
    failures: list[Failure] = []
    rows = _Rows(order)
    for change in order.changes:
        try:
            rows.add(change.operation, _row(order, change))
        except _RowError as error:
            failures.append(Failure(TABLE_FAILED, error.code, str(error), change.record))
    kept = rows.kept
    data = _file(order.columns, kept) if kept else b""
    return Staged(columns, data, any(one != INSERT for one, _ in kept), failures)


class _RowError(Exception):
    """A record that does not fit the table."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Rows:
    """The rows so far, in order: an update or a delete takes the place of those with its keys."""

    def __init__(self, order: TableOrder) -> None:
        names = [column.name for column in order.columns]
        self._places = [names.index(key) for key in order.keys if key in names]
        self._found: dict[int, tuple[str, list[Any]]] = {}
        self._by_key: dict[tuple[str, ...], list[int]] = {}
        self._next = 0

    def add(self, operation: str, row: list[Any]) -> None:
        self._next += 1
        key = tuple(repr(row[place]) for place in self._places)
        same = self._by_key.setdefault(key, []) if self._places else []
        if operation != INSERT:
            for number in same:
                self._found.pop(number, None)
            same.clear()
        same.append(self._next)
        self._found[self._next] = (operation, row)

    @property
    def kept(self) -> list[tuple[str, list[Any]]]:
        return list(self._found.values())


def _row(order: TableOrder, change: Change) -> list[Any]:
    """Return a record's values for the table; of one that deletes only the keys are looked at."""
    if change.operation not in OPERATIONS:
        message = f"The operation must be one of {', '.join(OPERATIONS)}: {change.operation}"
        raise _RowError(BAD_DATA, message)
    document = _document(change.record.data)
    if change.operation != INSERT:
        _check_keys(order, document)
    is_deleted = change.operation == DELETE
    row: list[Any] = []
    for column in order.columns:
        if is_deleted and column.name not in order.keys:
            row.append(None)
            continue
        if column.name not in document:
            raise _RowError(MISSING, f"The record has no column {column.name}.")
        value = document[column.name]
        if value is None and column.is_required:
            raise _RowError(MISMATCH, f"The column {column.name} is required, but null.")
        try:
            row.append(stored(column.type, value))
        except MisfitError as error:
            raise _RowError(MISMATCH, f"The column {column.name}: {error}") from error
    return row


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        found: Any = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
        raise _RowError(BAD_DATA, f"The record is not a single JSON object: {error}") from error
    if not isinstance(found, dict):
        raise _RowError(BAD_DATA, "The record is not a single JSON object.")
    return cast("Mapping[str, Any]", found)


def _check_keys(order: TableOrder, document: Mapping[str, Any]) -> None:
    if not order.keys:
        message = "The table has no unique keys, which updates and deletes need."
        raise _RowError(NO_KEYS, message)
    for key in order.keys:
        if document.get(key) is None:
            raise _RowError(NO_KEYS, f"The record has no value for the unique key {key}.")


def _file(columns: Sequence[TableColumn], rows: Sequence[tuple[str, list[Any]]]) -> bytes:
    pa = arrow()
    arrays = [
        pa.array([row[at] for _, row in rows], arrow_type(column.type))
        for at, column in enumerate(columns)
    ]
    arrays.append(pa.array([operation for operation, _ in rows], pa.string()))
    names = [*(f"c{at}" for at in range(len(columns))), "op"]
    sink = pa.BufferOutputStream()
    arrow("pyarrow.parquet").write_table(pa.table(arrays, names=names), sink, compression="snappy")
    return sink.getvalue().to_pybytes()
