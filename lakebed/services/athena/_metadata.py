"""The `.metadata` file beside a result: the columns, in the protocol-buffer form drivers read.

AWS documents only that the file is binary and describes the columns
(https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html). Field numbers are
those that public drivers parse: 1 the query, 2 and 3 what an update was and counted, 4 the columns;
in a column they follow ColumnInfo's members. Which members a column has depends on its type, as
files measured on Athena show.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakebed.engines.sql import Column

_NULLABLE = {"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}
_MEASURED = frozenset(
    {
        "tinyint", "smallint", "integer", "bigint", "double", "float", "decimal", "varchar", "char",
        "varbinary", "timestamp", "time", "timestamp with time zone", "time with time zone",
    }
)  # fmt: skip
"""Types whose columns have a precision, a scale and a case."""
_SCALED = _MEASURED | {"date"}
_CASED = _SCALED | {"boolean", "interval day to second", "interval year to month"}


def metadata_file(
    query_id: str, columns: Sequence[Column], update: tuple[str, int] | None = None
) -> bytes:
    """Return the metadata file of a query's result; `update` is the statement and its count."""
    head = _text(1, query_id)
    if update is not None:
        head += _text(2, update[0]) + _number(3, update[1])
    return head + b"".join(_message(4, _column(column)) for column in columns)


def _column(column: Column) -> bytes:
    kind = column.type
    return (
        _text(1, "hive")
        + _text(4, column.name)
        + _text(5, column.name)
        + _text(6, kind)
        + (_number(7, column.precision) if kind in _MEASURED else b"")
        + (_number(8, column.scale) if kind in _SCALED else b"")
        + _number(9, _NULLABLE.get(column.nullable, 3))
        + (_number(10, int(column.case_sensitive)) if kind in _CASED else b"")
    )


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())
