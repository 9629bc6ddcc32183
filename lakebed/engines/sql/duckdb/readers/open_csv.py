"""CSV with quotes: org.apache.hadoop.hive.serde2.OpenCSVSerde.

https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html. A line is a record: a line break in
quotes is none of the value. Numbers must be there: an empty one is HIVE_BAD_DATA. A DATE is the
number of days, a TIMESTAMP of milliseconds since 1970. How the parser takes quotes and escapes (an
escape counts inside of quotes only, before a quote or an escape; a quote that is never closed takes
the rest of its line with it) is remembered from opencsv 2.3, written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lakebed.dialect import lower
from lakebed.dialect.errors import not_supported
from lakebed.dialect.types import INTEGERS, UNBOUNDED, Type, duck_name
from lakebed.engines.sql.duckdb.readers.arrow import Array, Batch, arrow
from lakebed.engines.sql.duckdb.readers.lines import TextFiles, numbers
from lakebed.engines.sql.duckdb.readers.storage import Column, Scan, Storage
from lakebed.engines.sql.duckdb.readers.stream import Rows

SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def read(scan: Scan) -> list[str]:
    """Write the text that reads CSV."""
    files = TextFiles.of(scan, scan.files)
    used = [column for column in scan.columns if column.position >= 0]
    rows = _rows(files, parser(scan.storage), used)
    lenient = scan.storage.flag("use.null.for.invalid.data")
    values = {
        one.at: one.converted(value(f"t{one.at}", one, lenient))
        if one.position >= 0
        else scan.null(one)
        for one in scan.columns
    }
    return [scan.select(values, scan.register(rows), scan.files, "lbf")]


def parser(storage: Storage) -> Callable[[str], list[str]]:
    """Return what splits a line, as the SerDe's parameters say."""
    characters = [
        storage.option(name, default)
        for name, default in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    ]
    separator, quote, escape = (
        (one.encode().decode("unicode_escape") if one.startswith("\\") and len(one) > 1 else one)[0]
        for one in characters
    )

    def split(line: str) -> list[str]:
        if quote not in line and escape not in line:
            return line.split(separator)
        quick = _all_quoted(line, separator, quote, escape)
        return quick if quick is not None else _parsed(line, separator, quote, escape)

    return split


def _all_quoted(line: str, separator: str, quote: str, escape: str) -> list[str] | None:
    """Split a line whose fields are all in quotes, with nothing special inside; else None."""
    if line[:1] != quote or line[-1:] != quote or len(line) < 2 or escape in line:
        return None
    fields = line[1:-1].split(f"{quote}{separator}{quote}")
    return fields if not any(quote in field for field in fields) else None


def _parsed(line: str, separator: str, quote: str, escape: str) -> list[str]:
    """Split a line, a character at a time."""
    out: list[str] = []
    field: list[str] = []
    quoted = inside = False
    at, last = 0, len(line) - 1
    while at <= last:
        one = line[at]
        following = line[at + 1] if at < last else ""
        if one == escape and (escape != quote):
            if quoted and following and following in (quote, escape):
                field.append(following)
                at += 1
        elif one == quote:
            if (quoted or inside) and following == quote:
                field.append(following)
                at += 1
            else:
                _quote(line, at, field, (separator, quote))
                quoted = not quoted
            inside = not inside
        elif one == separator and not quoted:
            out.append("".join(field))
            field, inside = [], False
        else:
            field.append(one)
            inside = True
        at += 1
    return out if quoted else [*out, "".join(field)]


def _quote(line: str, at: int, field: list[str], marks: tuple[str, str]) -> None:
    """Keep a quote that stands in the middle of a field; drop blanks before an opening one."""
    separator, quote = marks
    middle = at > 2 and line[at - 1] != separator and at < len(line) - 1
    if middle and line[at + 1] != separator:
        if field and "".join(field).isspace():
            field.clear()
        else:
            field.append(quote)


def _rows(files: TextFiles, split: Callable[[str], list[str]], used: Sequence[Column]) -> Rows:
    pa = arrow()

    fields = [pa.field(f"t{one.at}", pa.string()) for one in used]
    schema = pa.schema([*fields, pa.field("lbf", pa.int32())])

    def make() -> Iterator[Batch]:
        for number, lines in files.batches():
            texts = b"\n".join(lines).decode("utf-8", "replace").split("\n")
            records = [split(text) for text in texts]
            columns = [_column(records, one.position) for one in used]
            yield pa.record_batch([*columns, numbers(number, len(lines))], schema=schema)

    return Rows(schema, make)


def _column(records: Sequence[list[str]], at: int) -> Array:
    pa = arrow()

    return pa.array([one[at] if at < len(one) else None for one in records], pa.string())


def value(text: str, column: Column, lenient: bool) -> str:
    """Write the value of a field; what is none is HIVE_BAD_DATA."""
    kind = column.kind
    if kind.inner or kind.name in ("varbinary",):
        raise not_supported(f"A column of type {kind} in an OpenCSV table")
    if kind.name == "varchar" and kind.numbers[0] == UNBOUNDED:
        return text
    if kind.name == "varchar":
        return f"left({text}, {kind.numbers[0]})"
    if kind.name == "char":
        return f"rpad(left({text}, {kind.numbers[0]}), {kind.numbers[0]}, ' ')"
    tried = _tried(text, kind)
    if lenient:
        return tried
    message = lower.quoted(f"Error parsing field value for field {column.position}: ")
    shown = f"{message} || 'For input string: \"' || {text} || '\"'"
    raised = f"lb_raise('HIVE_BAD_DATA', {shown})"
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE coalesce({tried}, {raised}) END"


def _tried(text: str, kind: Type) -> str:
    whole = f"TRY_CAST(CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN {text} END AS "
    if kind.name in INTEGERS:
        return f"{whole}{duck_name(kind)})"
    if kind.name == "boolean":
        return f"(lower({text}) = 'true')"
    if kind.name == "date":
        return f"(DATE '1970-01-01' + {whole}INTEGER))"
    if kind.name == "timestamp":
        return f"epoch_ms({whole}BIGINT))"
    return f"TRY_CAST({text} AS {duck_name(kind)})"
