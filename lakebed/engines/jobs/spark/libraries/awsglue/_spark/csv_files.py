"""CSV files. Every column is text, unless a table of the Data Catalog says otherwise.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-csv-home.html
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import gluetypes as g
from .._options import flag
from . import columns as c
from .frame import SparkFrame
from .modules import functions
from .scans import Scan, own, with_origins
from .types import to_spark

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_HELD = 0xE000
"""Escaped line ends pass the parser as characters that no text has (a private use area)."""


def read(scan: Scan, columns: Sequence[tuple[str, g.DataType]] = ()) -> SparkFrame:
    """Return the rows of CSV files; `columns` are those of a table, in order."""
    frame = _by_python(scan) if _needs_python(scan) else _by_spark(scan)
    return _as_table(frame, columns, scan) if columns else frame


def _needs_python(scan: Scan) -> bool:
    both = flag(scan.options, "withHeader") and flag(scan.options, "skipFirst")
    return bool(scan.options.get("escaper")) or bool(scan.compression) or both


def _by_spark(scan: Scan) -> SparkFrame:
    header, skip = flag(scan.options, "withHeader"), flag(scan.options, "skipFirst")
    quote = str(scan.options.get("quoteChar", '"'))
    df = scan.load(
        "csv",
        sep=scan.options.get("separator", ","),
        quote="" if quote == "-1" else quote,
        escape='"' if quote == "-1" else quote,
        header=str(header or skip).lower(),
        enforceSchema="false" if header else "true",
        multiLine=str(flag(scan.options, "multiLine")).lower(),
        emptyValue="",
        encoding=scan.options.get("encoding"),
    )
    held = own(df, scan)
    if not header:
        held = [c.Column(f"col{at}", one.value, one.type) for at, one in enumerate(held)]
    origins = [functions.col(f"`{name}`") for name, _, _ in scan.origins]
    schema = g.StructType([one.field() for one in held])
    # An empty cell is an empty text to Glue, and null to Spark's reader.
    cells = [functions.coalesce(one.value, functions.lit("")).alias(one.name) for one in held]
    chosen = df.select(*cells, *origins)
    return SparkFrame.of(chosen, with_origins(scan, schema))


def _by_python(scan: Scan) -> SparkFrame:
    """Read what Spark's reader cannot: escapes, and names of files that hide a compression."""
    options, names = dict(scan.options), [name for name, _, _ in scan.origins]

    def records(parts: Iterable[Any]) -> Iterable[Any]:
        for content, origins in parts:
            for record in rows(content.decode(options.get("encoding", "utf-8")), options):
                yield record | dict(zip(names, origins, strict=True))

    made = scan.contents().mapPartitions(records)
    return SparkFrame.of_records(made, g.StructType(scan.origin_fields))


def rows(text: str, options: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    """Return the records of one file."""
    escaper = options.get("escaper")
    if escaper:
        pattern = re.escape(escaper) + "([nrt0])"
        text = re.sub(pattern, lambda one: chr(_HELD + ord(_ESCAPES[one[1]])), text)
    quote = str(options.get("quoteChar", '"'))
    lines: Iterable[str] = io.StringIO(text.removeprefix("\ufeff"), newline="")
    parsed = csv.reader(
        lines,
        delimiter=options.get("separator", ","),
        quotechar=None if quote == "-1" else quote,
        quoting=csv.QUOTE_NONE if quote == "-1" else csv.QUOTE_MINIMAL,
        escapechar=escaper or None,
    )
    nothing: list[str] = []
    names = next(parsed, nothing) if flag(options, "withHeader") else []
    if flag(options, "skipFirst"):
        next(parsed, None)
    for cells in parsed:
        if cells:
            known = [*names, *(f"col{at}" for at in range(len(names), len(cells)))]
            yield {name: _held_back(cell) for name, cell in zip(known, cells, strict=False)}


def _held_back(cell: str) -> str:
    return "".join(chr(ord(one) - _HELD) if _HELD <= ord(one) < _HELD + 32 else one for one in cell)


def _as_table(
    frame: SparkFrame, columns: Sequence[tuple[str, g.DataType]], scan: Scan
) -> SparkFrame:
    """Give the cells the types of a table; those that do not fit stay text, so it is a choice.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-samples-medicaid.html
    """
    df, held = frame.df, c.top(frame.schema)
    cells = held[: len(held) - len(scan.origins)]
    kinds = dict(enumerate(columns))
    typed: list[tuple[c.Column, str, g.DataType]] = [
        (cell, *kinds[at]) for at, cell in enumerate(cells) if at in kinds
    ]
    doubtful = _misfits(df, typed)
    found = [
        _typed(cell, name, kind, at in doubtful) for at, (cell, name, kind) in enumerate(typed)
    ]
    for name, kind in columns[len(typed) :]:
        found.append(c.Column(name, functions.lit(None).cast(to_spark(kind)), kind))
    found += held[len(cells) :]
    schema = g.StructType([one.field() for one in found])
    return SparkFrame.of(df.select(*[one.value.alias(one.name) for one in found]), schema)


def _misfits(df: Any, typed: Sequence[tuple[c.Column, str, g.DataType]]) -> set[int]:
    """Return which columns hold a cell that is not of the column's type."""
    asked = [
        functions.max(_misfit(cell, kind)).alias(f"m{at}")
        for at, (cell, _, kind) in enumerate(typed)
        if not isinstance(kind, g.StringType)
    ]
    if not asked:
        return set()
    answer = df.select(*asked).first()
    return {int(name[1:]) for name in answer.__fields__ if answer[name]}


def _misfit(cell: c.Column, kind: g.DataType) -> Any:
    return (functions.length(functions.trim(cell.value)) > 0) & c.cast(cell, kind).isNull()


def _typed(cell: c.Column, name: str, kind: g.DataType, doubtful: bool) -> c.Column:
    if isinstance(kind, g.StringType):
        return c.Column(name, cell.value, kind)
    value = c.cast(cell, kind)
    if not doubtful:
        return c.Column(name, value, kind)
    text = functions.when(_misfit(cell, kind), cell.value)
    parts = [
        c.Column(kind.typeName(), value, kind),
        c.Column("string", text, g.StringType()),
    ]
    filled = c.Column(name, functions.coalesce(value.cast("string"), text), g.StringType())
    return c.choice(name, parts, filled)
