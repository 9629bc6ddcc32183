"""Delimited text cut into rows of cells, as a classifier of CSV looks at it.

Quoted cells may hold delimiters and line ends; which columns have quoted cells is kept, because
LazySimpleSerDe reads the quotes as a part of the value.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from lakebed.core.limits import CRAWL_RECORDS_MAX
from lakebed.engines.crawl.local.source import Source

COLUMNS_MAX = 10_000

Row = list[str]


@dataclass(slots=True)
class Table:
    """A text cut into rows of cells; `quoted` are the positions of columns with quoted cells."""

    delimiter: str
    rows: list[Row]
    width: int
    quoted: frozenset[int]
    is_cut: bool
    evenness: float


def decoded(source: Source) -> str | None:
    """Return the whole lines of a text with plain line ends, None if the file is no text."""
    lines = source.lines()
    if not lines or b"\x00" in lines:
        return None
    text = lines.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def cut(text: str, delimiter: str, quote: str, columns_min: int) -> Table | None:
    """Cut a text into rows; None where the first line has not the delimiter, as it needs to."""
    first = text[: text.find("\n")] if "\n" in text else text
    if columns_min > 1 and delimiter not in first:
        return None
    quoted: frozenset[int] = frozenset()
    if quote and quote in text:
        rows, quoted, is_cut = _unquoted(text, delimiter, quote)
    else:
        lines = text.split("\n", CRAWL_RECORDS_MAX + 1)
        is_cut = len(lines) > CRAWL_RECORDS_MAX + 1
        rows = [line.split(delimiter) for line in lines[: CRAWL_RECORDS_MAX + 1] if line]
    if not rows:
        return None
    widths = Counter(map(len, rows))
    width, most = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    if width > COLUMNS_MAX:
        return None
    return Table(delimiter, rows, width, quoted, is_cut, most / len(rows))


@lru_cache(maxsize=64)
def _cells(delimiter: str, quote: str) -> re.Pattern[str]:
    """Return what matches one cell, quoted or not, with what ends it."""
    mark, end = re.escape(quote), re.escape(delimiter)
    return re.compile(
        rf"[ ]*+{mark}((?:[^{mark}\\]++|\\.|{mark}{mark})*+){mark}[ ]*+({end}|\n|\Z)"
        rf"|([^{end}\n]*+)({end}|\n|\Z)",
        re.DOTALL,
    )


def _unquoted(text: str, delimiter: str, quote: str) -> tuple[list[Row], frozenset[int], bool]:
    rows: list[Row] = []
    row: Row = []
    quoted: set[int] = set()
    doubled = quote * 2
    for match in _cells(delimiter, quote).finditer(text):
        inner, ended, plain, plain_end = match.groups()
        if inner is None:
            row.append(plain)
            ended = plain_end
        else:
            if inner and rows:
                quoted.add(len(row))
            row.append(inner.replace(doubled, quote) if doubled in inner else inner)
        if ended == delimiter:
            continue
        if row != [""]:
            rows.append(row)
        row = []
        if len(rows) > CRAWL_RECORDS_MAX:
            return rows, frozenset(quoted), True
        if match.end() == len(text):
            break
    return rows, frozenset(quoted), False
