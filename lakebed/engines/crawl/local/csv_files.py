"""CSV by the rules of AWS's guide: five delimiters, at least two columns and two rows of data.

A header is taken for one if every cell of it is text, a name the catalog allows and (but for the
last, which a trailing delimiter leaves empty) shorter than 150 characters, and if some cell below
it is not text. Else the columns are `col0`, `col1`, …. Types are `bigint`, `double` and `string`:
dates and truth values are text unless a custom classifier names their types. The table's SerDe is
LazySimpleSerDe, which knows no quotes, so a column with quoted cells is `string`, whatever they
hold. What decides between delimiters, and how ragged rows may be, is ours.
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-builtin-rules
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from lakebed.core.limits import CRAWL_RECORDS_MAX
from lakebed.engines.crawl import Column, Finding
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.source import Source

DELIMITERS = ",|\t;\x01"
COLUMNS_MAX = 10_000
HEADER_CHARACTERS_MAX = 150
NAME_CHARACTERS_MAX = 255
_EVEN_ROWS = 0.9
"""The share of rows that must have as many cells as most rows have."""
_BIGINT_MAX = (1 << 63) - 1
_BLANK_LINES = re.compile(r"\n{2,}")
_WHOLE = re.compile(r"(?>[ \t]*+(?:[+-]?[0-9]++)?[ \t]*+\n)*+")
_NUMBER = re.compile(
    r"(?>[ \t]*+(?:[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)?[ \t]*+\n)*+"
)
_NAME = re.compile(r"[\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\t]{1,255}")

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


def classify(source: Source) -> Finding | None:
    """Take a file of rows with one of the five delimiters."""
    text = decoded(source)
    if text is None:
        return None
    tables = [table for mark in DELIMITERS if (table := cut(text, mark, '"')) is not None]
    good = [table for table in tables if table.width > 1 and table.evenness >= _EVEN_ROWS]
    if not good:
        return None
    best = max(good, key=lambda table: (table.evenness, table.width))
    return _found(source, best)


def decoded(source: Source) -> str | None:
    """Return the whole lines of a text with plain line ends, None if the file is no text."""
    lines = source.lines()
    if not lines or b"\x00" in lines:
        return None
    text = lines.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def cut(text: str, delimiter: str, quote: str) -> Table | None:
    """Cut a text into rows; None where the first line does not have the delimiter."""
    first = text[: text.find("\n")] if "\n" in text else text
    if delimiter not in first:
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


def _found(source: Source, table: Table) -> Finding | None:
    body = _columns(table.rows[1:], table.width)
    first = _padded(table.rows[0], table.width)
    kinds = [kind_of(cells) for cells in body]
    names = _header(first, body, kinds)
    data = len(table.rows) - 1 if names else len(table.rows)
    if data < 2:
        return None
    if names is None:
        names = [f"col{at}" for at in range(table.width)]
        kinds = [kind_of([cell, *cells]) for cell, cells in zip(first, body, strict=True)]
        skipped = {}
    else:
        skipped = {"skip.header.line.count": "1"}
    columns = tuple(
        Column(name, "string" if at in table.quoted else kind)
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    parameters = {
        **skipped,
        "delimiter": table.delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": "false",
        "typeOfData": "file",
    }
    storage = storages.text(storages.LAZY_SIMPLE, {"field.delim": table.delimiter})
    return source.finding("csv", columns, storage, parameters, _rows_seen(source, table, data))


def _rows_seen(source: Source, table: Table, data: int) -> float:
    """Return the rows of the sample: counted, or estimated by its lines if not all were cut."""
    return source.text.count(b"\n") if table.is_cut else data


def _padded(row: Row, width: int) -> Row:
    return row if len(row) == width else [*row, *[""] * (width - len(row))][:width]


def _columns(rows: Sequence[Row], width: int) -> list[Sequence[str]]:
    """Turn rows into columns, short rows filled up, long ones cut."""
    if not rows:
        return [()] * width
    even = [row if len(row) == width else _padded(row, width) for row in rows]
    return list(zip(*even, strict=True))


def kind_of(cells: Sequence[str]) -> str:
    """Return the type of a column: `bigint`, `double` or `string`; empty cells say nothing."""
    joined = "\n".join(cells)
    if not joined.strip():
        return "string"
    joined += "\n"
    if _WHOLE.fullmatch(joined):
        return "bigint" if _fits(joined) else "double"
    return "double" if _NUMBER.fullmatch(joined) else "string"


def _fits(joined: str) -> bool:
    """Tell whether whole numbers are within `bigint`; only long ones have to be looked at."""
    cells = joined.split()
    if len(max(cells, key=len)) < 19:
        return True
    return all(-_BIGINT_MAX - 1 <= int(cell) <= _BIGINT_MAX for cell in cells if len(cell) > 18)


def _header(first: Row, body: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[str] | None:
    """Return the names that the first row gives, None if it is data."""
    *cells, last = (cell.strip() for cell in first)
    if not all(cells) or (not last and any(cell.strip() for cell in body[-1])):
        return None
    if any(len(cell) >= HEADER_CHARACTERS_MAX for cell in cells):
        return None
    named = [*cells, last] if last else cells
    if any(not _NAME.fullmatch(cell) or kind_of([cell]) != "string" for cell in named):
        return None
    if not any(_differs(kind, cells) for kind, cells in zip(kinds, body, strict=True)):
        return None
    return distinct([*cells, last or f"col{len(cells)}"])


def _differs(kind: str, cells: Sequence[str]) -> bool:
    """Tell whether one cell of a column is no text."""
    return kind != "string" or any(cell and kind_of([cell]) != "string" for cell in cells)


def distinct(names: Sequence[str]) -> list[str]:
    """Fold names to lower case; a second `a` becomes `a_1`: a table has each name once."""
    found: dict[str, None] = {}
    for name in names:
        folded = unique = name.lower()[:NAME_CHARACTERS_MAX]
        number = 0
        while unique in found:
            number += 1
            unique = f"{folded}_{number}"
        found[unique] = None
    return list(found)
