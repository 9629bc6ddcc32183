"""Reads pages of rows out of a result file: Athena's CSV, or the plain lines of a DDL statement.

Rows come as the JSON of the API's own shape, `{"Data": [{"VarCharValue": …}]}`: clients fetch
thousands at a time, and a row without NULLs and quotes inside, which is nearly every one, becomes
it by one replacement.
"""

from __future__ import annotations

import os
import re
from typing import Any

import msgspec

from lakebed.core.bodies import FileSlice
from lakebed.core.limits import KIB

_BLOCK_BYTES = 256 * KIB
_ESCAPED = re.compile(rb"[\x00-\x1f\\]")
"""What JSON does not show as it is."""
_encode = msgspec.json.encode


class Page(msgspec.Struct, frozen=True):
    """Rows, each as JSON, and the byte of the file at which the next page starts.

    None says that the page is not full; a full one has a place to go on even at the file's end.
    """

    rows: list[bytes]
    next_offset: int | None


def read_page(
    file: FileSlice,
    offset: int,
    rows_max: int,
    columns: int | None,
    block_bytes: int = _BLOCK_BYTES,
) -> Page:
    """Read up to `rows_max` rows from `offset` on, by blocks; the file is closed.

    `columns` is how many a row of a CSV has; None says that a row is a plain line.
    """
    rows: list[bytes] = []
    data, position = b"", offset
    try:
        while len(rows) < rows_max:
            block = os.pread(file.descriptor, block_bytes, file.start + position)
            position += len(block)
            is_last = not block or position >= file.length
            data += block
            taken = _take(data, rows, rows_max, columns, is_last)
            data = data[taken:]
            if is_last:
                break
    finally:
        os.close(file.descriptor)
    return Page(rows, position - len(data) if len(rows) == rows_max else None)


def _take(data: bytes, rows: list[bytes], rows_max: int, columns: int | None, is_last: bool) -> int:
    """Append the whole rows of `data`, as many as fit; return how many bytes they are."""
    taken, length = 0, len(data)
    while len(rows) < rows_max and taken < length:
        end = data.find(b"\n", taken)
        row = None
        if end >= 0 or is_last:
            row = _simple(data[taken : end if end >= 0 else length], columns)
            end = end if row is not None else _row_end(data, taken)
        if end < 0:
            if not is_last:
                break  # the rest of this row is in the next block
            end = length
        rows.append(row if row is not None else _encode({"Data": _parse(data[taken:end].decode())}))
        taken = min(end + 1, length)
    return taken


def _simple(line: bytes, columns: int | None) -> bytes | None:
    """Return a line as JSON that is a whole row of quoted values without quotes inside; else None.

    Every value has its two quotes. If there are no more, and as many `","` as columns less one,
    then none is NULL (it would lack both its quotes and a separator) and none holds a quote.
    """
    if columns is None:
        return _encode({"Data": [{"VarCharValue": line.decode()}]})
    if (
        line[:1] != b'"'
        or line[-1:] != b'"'
        or line.count(b'"') != 2 * columns
        or line.count(b'","') != columns - 1
        or _ESCAPED.search(line)
    ):
        return None
    values = line.replace(b'","', b'"},{"VarCharValue":"')
    return b'{"Data":[{"VarCharValue":' + values + b"}]}"


def _row_end(data: bytes, start: int) -> int:
    """Return where the row's line end stands, outside of quotes, or -1 if it is not in `data`."""
    end = data.find(b"\n", start)
    searched, quotes = start, 0
    while end >= 0:
        quotes += data.count(b'"', searched, end)
        if quotes % 2 == 0:
            return end
        searched = end
        end = data.find(b"\n", end + 1)
    return -1


def _parse(line: str) -> list[dict[str, str]]:
    """Take any row of a CSV apart; NULL is a value without quotes, and without VarCharValue."""
    row: list[dict[str, Any]] = []
    position, length = 0, len(line)
    while position <= length:
        if position < length and line[position] == '"':
            end = line.find('"', position + 1)
            while end >= 0 and line[end + 1 : end + 2] == '"':
                end = line.find('"', end + 2)
            end = length if end < 0 else end
            row.append({"VarCharValue": line[position + 1 : end].replace('""', '"')})
            position = end + 2
        else:
            end = line.find(",", position)
            end = length if end < 0 else end
            row.append({"VarCharValue": line[position:end]} if end > position else {})
            position = end + 1
    return row
