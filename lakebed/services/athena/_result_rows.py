"""Reads pages of rows out of a result file: Athena's CSV, or the plain lines of a DDL statement."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lakebed.core.bodies import FileSlice
from lakebed.core.limits import KIB

Row = list[str | None]
_BLOCK_BYTES = 256 * KIB


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the byte of the file at which the next page starts (None at the end)."""

    rows: list[Row]
    next_offset: int | None


def read_page(file: FileSlice, offset: int, rows_max: int, *, is_csv: bool) -> Page:
    """Read up to `rows_max` rows from `offset` on; the file is closed."""
    data = b""
    position = offset
    rows: list[Row] = []
    consumed = 0
    try:
        while len(rows) < rows_max:
            block = os.pread(file.descriptor, _BLOCK_BYTES, file.start + position)
            position += len(block)
            data = data[consumed:] + block
            consumed = 0
            is_last = position >= file.length or not block
            while len(rows) < rows_max:
                end = _row_end(data, consumed, is_csv=is_csv)
                if end < 0:
                    if not is_last or consumed >= len(data):
                        break
                    end = len(data)
                rows.append(_parse(data[consumed:end].decode("utf-8"), is_csv=is_csv))
                consumed = min(end + 1, len(data))
            if is_last:
                break
        reached = position - (len(data) - consumed)
        return Page(rows, reached if reached < file.length else None)
    finally:
        os.close(file.descriptor)


def _row_end(data: bytes, start: int, *, is_csv: bool) -> int:
    """Return where the row's line end stands, outside of quotes, or -1 if it is not in `data`."""
    end = data.find(b"\n", start)
    if not is_csv:
        return end
    searched, quotes = start, 0
    while end >= 0:
        quotes += data.count(b'"', searched, end)
        if quotes % 2 == 0:
            return end
        searched = end
        end = data.find(b"\n", end + 1)
    return -1


def _parse(line: str, *, is_csv: bool) -> Row:
    if not is_csv:
        return [line]
    row: Row = []
    position, length = 0, len(line)
    while position <= length:
        if position < length and line[position] == '"':
            end = line.find('"', position + 1)
            while end >= 0 and line[end + 1 : end + 2] == '"':
                end = line.find('"', end + 2)
            end = length if end < 0 else end
            row.append(line[position + 1 : end].replace('""', '"'))
            position = end + 2
        else:
            end = line.find(",", position)
            end = length if end < 0 else end
            row.append(line[position:end] or None)
            position = end + 1
    return row
