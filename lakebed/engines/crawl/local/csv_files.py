"""CSV by the rules of AWS's guide: five delimiters, at least two columns and two rows.

A header is taken for one if every cell of it is text, a name the catalog allows and (but for the
last, which a trailing delimiter leaves empty) shorter than 150 characters, and if some cell below
it is not text. Else the columns are `col0`, `col1`, …. Types are `bigint`, `double` and `string`:
dates and truth values are text unless a custom classifier names their types. The table's SerDe is
LazySimpleSerDe, which knows no quotes, so a column with quoted cells is `string`, whatever they
hold. A header counts among the two rows: the guide speaks of "a header from the first row of data".
What decides between delimiters, and how ragged rows may be, is ours.
https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-builtin-rules

A custom classifier says some of this itself, and is content with one row beside a header.
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-csv
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lakebed.engines.crawl import Column, Finding, Storage
from lakebed.engines.crawl.local import storages
from lakebed.engines.crawl.local.csv_rows import Row, Table, cut, decoded
from lakebed.engines.crawl.local.csv_types import kind_among, kind_of
from lakebed.engines.crawl.local.source import Source
from lakebed.engines.crawl.local.values import column_name

DELIMITERS = ",|\t;\x01"
HEADER_CHARACTERS_MAX = 150
_EVEN_ROWS = 0.8
"""The share of rows that must have as many cells as most rows have."""
_NAME = re.compile(r"[\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\t]{1,255}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a file must be to be CSV; the defaults are those of the built-in classifier.

    `header` is UNKNOWN, PRESENT or ABSENT; `names` those of the columns, if they are given; `kinds`
    the custom data types, None for the built-in ones; `serde` OpenCSVSerDe, LazySimpleSerDe or
    None: the first if there are quoted cells, else the second.
    """

    delimiters: str = DELIMITERS
    quote: str = '"'
    header: str = "UNKNOWN"
    names: tuple[str, ...] = ()
    is_trimmed: bool = False
    columns_min: int = 2
    rows_min: int = 2
    kinds: frozenset[str] | None = None
    serde: str = "LazySimpleSerDe"

    def kind_of(self, cells: Sequence[str]) -> str:
        """Return the type of a column."""
        if self.kinds is None:
            return kind_of(cells, self.is_trimmed)
        return kind_among(cells, self.kinds, self.is_trimmed)


BUILT_IN = Rules()


def classify(source: Source) -> Finding | None:
    """Take a file of rows with one of the five delimiters."""
    return by_rules(source, BUILT_IN)


def by_rules(source: Source, rules: Rules) -> Finding | None:
    """Take a file of rows as the rules have it."""
    text = decoded(source)
    if not text:
        return None
    tables = [cut(text, mark, rules.quote, rules.columns_min) for mark in rules.delimiters]
    good = [table for table in tables if table is not None and _is_even(table, rules)]
    if not good:
        return None
    best = max(good, key=lambda table: (table.evenness, table.width))
    return _found(source, best, rules)


def _is_even(table: Table, rules: Rules) -> bool:
    return table.width >= rules.columns_min and table.evenness >= _EVEN_ROWS


def _found(source: Source, table: Table, rules: Rules) -> Finding | None:
    body = _columns(table.rows[1:], table.width)
    first = _padded(table.rows[0], table.width)
    names = _names(first, body, rules)
    if rules.names and len(rules.names) != table.width:
        return None
    data = len(table.rows) - 1 if names else len(table.rows)
    if not data or len(table.rows) < rules.rows_min:
        return None
    parameters = {
        "delimiter": table.delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": "false",
        "typeOfData": "file",
    }
    if names is None:
        names = [f"col{at}" for at in range(table.width)]
        body = [(cell, *cells) for cell, cells in zip(first, body, strict=True)]
    else:
        parameters["skip.header.line.count"] = "1"
    storage, kinds = _stored(table, body, rules)
    named = zip(distinct(rules.names or names), kinds, strict=True)
    columns = tuple(Column(name, kind) for name, kind in named)
    if storage.serde == storages.OPEN_CSV and table.quoted:
        parameters["areColumnsQuoted"] = "true"
    return source.finding("csv", columns, storage, parameters, _rows_seen(source, table, data))


def _stored(
    table: Table, body: Sequence[Sequence[str]], rules: Rules
) -> tuple[Storage, Sequence[str]]:
    """Return the SerDe, and the types of the columns as that SerDe reads them."""
    kinds = [rules.kind_of(cells) for cells in body]
    if rules.serde == "OpenCSVSerDe" or (rules.serde == "None" and table.quoted):
        storage = storages.open_csv(table.delimiter, rules.quote)
        # It refuses an empty cell of a number, and reads dates only as numbers.
        return storage, [
            kind if kind in ("bigint", "int", "double", "boolean") and all(cells) else "string"
            for kind, cells in zip(kinds, body, strict=True)
        ]
    storage = storages.text(storages.LAZY_SIMPLE, {"field.delim": table.delimiter})
    return storage, ["string" if at in table.quoted else kind for at, kind in enumerate(kinds)]


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


def _names(first: Row, body: Sequence[Sequence[str]], rules: Rules) -> list[str] | None:
    """Return the names that the first row gives, None if it is data."""
    if rules.header == "ABSENT":
        return None
    cells = [cell.strip() for cell in first]
    named = [cell or f"col{at}" for at, cell in enumerate(cells)]
    if rules.header == "PRESENT" or (rules.names and tuple(cells) == rules.names):
        return named
    return named if _is_header(cells, body) else None


def _is_header(cells: Row, body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is a header, by the guide's rule."""
    *leading, last = cells
    if not all(leading) or (not last and any(cell.strip() for cell in body[-1])):
        return False
    if any(len(cell) >= HEADER_CHARACTERS_MAX for cell in leading):
        return False
    named = [*leading, last] if last else leading
    if any(not _NAME.fullmatch(cell) or kind_of([cell], True) != "string" for cell in named):
        return False
    return any(_differs(cells) for cells in body)


def _differs(cells: Sequence[str]) -> bool:
    """Tell whether one cell of a column is no text."""
    return kind_of(cells, True) != "string" or any(
        cell and kind_of([cell], True) != "string" for cell in cells
    )


def distinct(names: Sequence[str]) -> list[str]:
    """Fold names to lower case; a second `a` becomes `a_1`: a table has each name once."""
    found: dict[str, None] = {}
    for name in names:
        folded = unique = column_name(name)
        number = 0
        while unique in found:
            number += 1
            unique = f"{folded}_{number}"
        found[unique] = None
    return list(found)
