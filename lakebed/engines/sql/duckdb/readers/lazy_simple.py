"""Delimited text: org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe.

https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html. Columns are taken by order. A
field that is no value of its type is NULL, a field that is not there is NULL, fields too many are
ignored. Nested values are text, too: level by level the separators are `field.delim`,
`collection.delim`, `mapkey.delim`, then \\004 … \\010. How Hive reads numbers (a fraction of an
integer is cut off) and escapes is remembered from its source, not copied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lakebed.dialect import conversions, lower
from lakebed.dialect.errors import not_supported
from lakebed.dialect.types import APPROXIMATE, INTEGERS, UNBOUNDED, Type, duck_name, varchar
from lakebed.engines.sql.duckdb.readers import java_dates
from lakebed.engines.sql.duckdb.readers.arrow import Batch, arrow
from lakebed.engines.sql.duckdb.readers.lines import (
    TextFiles,
    line_rows,
    numbers,
    text_array,
)
from lakebed.engines.sql.duckdb.readers.storage import Scan, Storage, Stored
from lakebed.engines.sql.duckdb.readers.stream import Rows

SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_DEFAULTS = "\x01\x02\x03\x04\x05\x06\x07\x08"
_REFUSED = ("serialization.last.column.takes.rest", "hive.serialization.extend.nesting.levels",
            "hive.serialization.extend.additional.nesting.levels")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is written: separators by level, NULL, escape, formats of timestamps.

    `guard` says what DuckDB's casts must be kept from: `all` it would take, `points`, or nothing.
    """

    separators: tuple[str, ...]
    null: str
    escape: str = ""
    formats: tuple[str, ...] = ()
    guard: str = "all"

    @classmethod
    def of(cls, storage: Storage) -> Dialect:
        """Read the SerDe's parameters."""
        for name in _REFUSED:
            if storage.flag(name):
                raise not_supported(f"The SerDe property {name}")
        if storage.option("serialization.encoding", "utf-8").lower() not in ("utf-8", "utf8"):
            given = storage.option("serialization.encoding")
            raise not_supported(f"The serialization.encoding {given}")
        first = storage.option("field.delim") or storage.option("serialization.format", "1")
        given = [
            first,
            storage.option("collection.delim") or storage.option("colelction.delim", "2"),
            storage.option("mapkey.delim", "3"),
        ]
        separators = (*map(character, given), *_DEFAULTS[3:])
        escape = storage.option("escape.delim")
        null = dict(storage.options).get("serialization.null.format", "\\N")
        formats = tuple(filter(None, storage.option("timestamp.formats").split(",")))
        return cls(separators, null, character(escape) if escape else "", formats)


def character(given: str) -> str:
    """Read a separator: a number is a byte, else the first character counts."""
    if re.fullmatch(r"-?\d{1,3}", given) and -128 <= int(given) <= 127:
        return chr(int(given) % 256)
    if given.startswith("\\") and len(given) > 1:
        given = given.encode().decode("unicode_escape")
    return given[:1]


def read(scan: Scan) -> list[str]:
    """Write the texts that read delimited text."""
    dialect = Dialect.of(scan.storage)
    files = TextFiles.of(scan, scan.files)
    quick = not files.footer and not dialect.escape and len(dialect.separators[0].encode()) == 1
    out: list[str] = []
    slow: list[Stored] = []
    fast: dict[str, list[Stored]] = {}
    for one in scan.files:
        guard = _guard(one, dialect) if quick else None
        (slow if guard is None else fast.setdefault(guard, [])).append(one)
    for guard, found in fast.items():
        source = _read_csv(scan, found, dialect, files.header)
        values = _values(scan, replace(dialect, guard=guard), "t{}")
        out.append(scan.select(values, source, found))
    if slow:
        files = TextFiles(slow, files.header, files.footer, files.meter)
        out.append(_slow(scan, dialect, files))
    return out


def _guard(stored: Stored, dialect: Dialect) -> str | None:
    """Return how a plain file's integers are read; None if DuckDB may not split its lines."""
    from lakebed.engines.sql.duckdb.readers.survey import survey

    found = survey(stored, dialect.separators[0])
    if not found.plain:
        return None
    return "all" if found.odd else "points" if found.points else ""


def _slow(scan: Scan, dialect: Dialect, files: TextFiles) -> str:
    """Write the text that splits lines given by us."""
    if dialect.escape:
        source = scan.register(_unescaped(scan, dialect, files))
        return scan.select(_values(scan, dialect, "t{}"), source, files.files, "lbf")
    lines = scan.register(line_rows(files))
    separator = lower.quoted(dialect.separators[0])
    source = f"(SELECT string_split(line, {separator}) AS lbl, lbf FROM {lines})"
    values = {
        column.at: column.converted(
            value(f"lbl[{column.position + 1}]", column.kind, Level(dialect, 1))
        )
        if column.position >= 0
        else scan.null(column)
        for column in scan.columns
    }
    return scan.select(values, source, files.files, "lbf")


def _values(scan: Scan, dialect: Dialect, name: str) -> dict[int, str]:
    return {
        column.at: column.converted(
            typed(name.format(column.position), column.kind, Level(dialect, 1))
        )
        if column.position >= 0
        else scan.null(column)
        for column in scan.columns
    }


def _read_csv(scan: Scan, files: Sequence[Stored], dialect: Dialect, skip: int) -> str:
    count = max(len(scan.storage.columns), 1)
    columns = ", ".join(f"'t{at}': 'VARCHAR'" for at in range(count))
    return (
        f"read_csv({scan.listed(files)}, columns={{{columns}}}, "
        f"delim={lower.quoted(dialect.separators[0])}, header=false, skip={skip}, quote='', "
        f"escape='', nullstr={lower.quoted(dialect.null)}, auto_detect=false, null_padding=true, "
        "strict_mode=false, hive_partitioning=false)"
    )


def _unescaped(scan: Scan, dialect: Dialect, files: TextFiles) -> Rows:
    """Return rows of the used columns' raw fields, split at separators that are not escaped."""
    pa = arrow()

    used = [column for column in scan.columns if column.position >= 0]
    names = [f"t{column.position}" for column in used]
    fields = [pa.field(name, pa.string()) for name in names] + [pa.field("lbf", pa.int32())]
    schema = pa.schema(fields)
    escape, separator = dialect.escape.encode(), dialect.separators[0].encode()
    marks = re.compile(re.escape(escape) + b".|" + re.escape(separator), re.S)
    nested = any(column.kind.inner for column in used)
    if nested:
        raise not_supported("escape.delim in a table with nested columns")
    null = dialect.null.encode()
    plain_text = _unescape(escape)

    def cells(line: bytes) -> list[bytes | None]:
        parts = line.split(separator) if escape not in line else _fields(line, marks, separator)
        last = len(parts)
        raw = [parts[c.position] if c.position < last else None for c in used]
        return [None if one == null else one and plain_text(one) for one in raw]

    def make() -> Iterator[Batch]:
        for number, batch in files.batches():
            rows = [cells(line) for line in batch]
            columns = [text_array([row[at] for row in rows]) for at in range(len(used))]
            yield pa.record_batch([*columns, numbers(number, len(batch))], schema=schema)

    return Rows(schema, make)


def _fields(line: bytes, marks: re.Pattern[bytes], separator: bytes) -> list[bytes]:
    """Split a line at the separators that no escape precedes."""
    out: list[bytes] = []
    start = 0
    for mark in marks.finditer(line):
        if mark.group() == separator:
            out.append(line[start : mark.start()])
            start = mark.end()
    return [*out, line[start:]]


def _unescape(escape: bytes) -> Callable[[bytes], bytes]:
    pattern = re.compile(re.escape(escape) + b"(.)", re.S)
    special = {b"n": b"\n", b"r": b"\r"}

    def plain_text(text: bytes) -> bytes:
        if escape not in text:
            return text
        return pattern.sub(lambda m: special.get(m.group(1), m.group(1)), text)

    return plain_text


@dataclass(frozen=True, slots=True)
class Level:
    """Where in a nested value the text stands: which separator is next."""

    dialect: Dialect
    depth: int

    @property
    def separator(self) -> str:
        """The separator of this level, as a literal."""
        if self.depth >= len(self.dialect.separators):
            raise not_supported("More than eight levels of separators in text")
        return lower.quoted(self.dialect.separators[self.depth])

    def down(self, levels: int = 1) -> Level:
        """Return a deeper level."""
        return Level(self.dialect, self.depth + levels)


def value(text: str, kind: Type, level: Level) -> str:
    """Write the value of a field's text, NULL for the NULL text."""
    return typed(f"nullif({text}, {lower.quoted(level.dialect.null)})", kind, level)


def typed(text: str, kind: Type, level: Level) -> str:
    """Write the value of a field's text that is NULL already where it says so."""
    if kind.inner:
        return _nested(text, kind, level)
    return scalar(text, kind, level.dialect.formats, level.dialect.guard)


def _nested(text: str, kind: Type, level: Level) -> str:
    # A list of one element and its lambda name a text once: DuckDB has no other local name.
    parts, own = f"string_split({text}, {level.separator})", f"lb{level.depth}"
    if kind.name == "row":
        members = ", ".join(
            f'"f{at}" := ' + value(f"{own}[{at + 1}]", inner, level.down())
            for at, inner in enumerate(kind.inner)
        )
        packed = f"list_transform([{parts}], lambda {own}: struct_pack({members}))[1]"
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE {packed} END"
    parts = f"CASE WHEN {text} = '' THEN [] ELSE {parts} END"
    if kind.name == "array":
        element = value(own, kind.inner[0], level.down())
        return f"list_transform({parts}, lambda {own}: {element})"
    return _map(text, parts, kind, level)


def _map(text: str, parts: str, kind: Type, level: Level) -> str:
    """Write a map; of equal keys the first counts, an entry without a key is left out."""
    own, separator = f"lb{level.depth}", level.down().separator
    pair = f"string_split({own}, {separator})"
    rest = f"CASE WHEN len({own}p) > 1 THEN array_to_string({own}p[2:], {separator}) END"
    key = value(f"{own}p[1]", kind.inner[0], level.down(2))
    held = value(f"({rest})", kind.inner[1], level.down(2))
    entry = f"list_transform([{pair}], lambda {own}p: struct_pack(k := {key}, v := {held}))[1]"
    entries = f"list_transform({parts}, lambda {own}: {entry})"
    same = f"list_position(list_transform({own}, lambda {own}q: {own}q.k), {own}x.k) = {own}n"
    first = f"list_filter({own}, lambda {own}x, {own}n: {own}x.k IS NOT NULL AND {same})"
    made = f"list_transform([{entries}], lambda {own}: map_from_entries({first}))[1]"
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE {made} END"


def scalar(text: str, kind: Type, formats: tuple[str, ...] = (), guard: str = "all") -> str:
    """Write the value of a text as Hive's lazy objects read it: NULL if it is none."""
    name = duck_name(kind)
    if kind.name == "varchar" and kind.numbers[0] == UNBOUNDED:
        return text
    if kind.name in ("varchar", "char"):
        return conversions.convert(text, varchar(UNBOUNDED), kind)
    if kind.name == "varbinary":
        return f"coalesce(TRY(from_base64({text})), encode({text}))"
    if kind.name == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind.name in INTEGERS:
        return _integer(text, name, guard)
    if kind.name in APPROXIMATE or kind.name == "decimal":
        plain = text if guard in ("", "points") else f"CASE WHEN contains({text}, '_') "
        plain += "" if plain == text else f"THEN NULL ELSE {text} END"
        return f"TRY_CAST(nullif({plain}, '') AS {name})"
    if kind.name == "date":
        return _date(text, guard)
    if kind.name == "timestamp":
        return _timestamp(text, formats)
    raise not_supported(f"A column of type {kind} in a text table")


def _integer(text: str, name: str, guard: str) -> str:
    """Write an integer. The cast alone would take ' 1', '1e3' and '1_0', and round '1.5'."""
    # DuckDB moves a bare TRY_CAST of a column into its CSV reader, where it fails on bad values.
    value = f"TRY_CAST(nullif({text}, '') AS {name})"
    cut = (
        f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+([.][0-9]*)?') "
        f"THEN TRY_CAST(regexp_extract({text}, '^[+-]?[0-9]+') AS {name}) END"
    )
    if guard == "all":
        return f"CASE WHEN {text} = CAST({value} AS VARCHAR) THEN {value} ELSE {cut} END"
    return value if not guard else f"CASE WHEN contains({text}, '.') THEN {cut} ELSE {value} END"


def _date(text: str, guard: str) -> str:
    """Write a date. The cast alone would take 'epoch', '2024/02/29' and blanks around."""
    head = f"regexp_extract({text}, '^[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?: .*)?$')"
    other = f"TRY_CAST(nullif(split_part({head}, ' ', 1), '') AS DATE)"
    if guard == "all":
        return other
    plain = f"strlen({text}) = 10 AND NOT contains({text}, '/')"
    return f"CASE WHEN {plain} THEN TRY_CAST({text} AS DATE) ELSE {other} END"


def _timestamp(text: str, formats: tuple[str, ...]) -> str:
    # The cast alone would take a zone and other marks: 2024-02-29T01:02:03Z, 2024/02/29, epoch.
    plain = " AND ".join(f"NOT contains({text}, '{mark}')" for mark in "TZ+/")
    cast = f"TRY_CAST({text} AS TIMESTAMP)"
    usual = f"CASE WHEN strlen({text}) >= 10 AND {plain} THEN {cast} END"
    tried = [java_dates.timestamp(text, one) for one in formats]
    return f"coalesce({', '.join([*tried, usual])})" if tried else usual
