"""The `.metadata` file beside a result: the columns, in the protocol-buffer form drivers read.

AWS documents only that the file is binary and describes the columns
(https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html); field numbers
follow the order of GetQueryResults' ColumnInfo.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakebed.engines.sql import Column

_NULLABLE = {"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}


def metadata_file(query_id: str, columns: Sequence[Column]) -> bytes:
    """Return the metadata file of a query's result."""
    return _text(2, query_id) + b"".join(_message(4, _column(column)) for column in columns)


def _column(column: Column) -> bytes:
    return (
        _text(1, "hive")
        + _text(4, column.name)
        + _text(5, column.name)
        + _text(6, column.type)
        + _number(7, column.precision)
        + _number(8, column.scale)
        + _number(9, _NULLABLE.get(column.nullable, 3))
        + _number(10, int(column.case_sensitive))
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
