"""What a reader is given: how files are stored, which files, which of their columns are wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from lakebed.dialect import conversions, lower, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import BIGINT, INTEGERS, Type, duck_name, parse_type
from lakebed.engines.sql.duckdb.catalog import File, Shape, member, members
from lakebed.engines.sql.duckdb.readers.stream import Meter, Rows

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
HIDDEN_ROW_POSITION = ("$row\0position", BIGINT)
"""Where a row is in its file, as delete files of Iceberg say it; no text can hold this name."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage descriptor, hashable: partitions that share one are read together.

    `columns` are names in lower case with Hive's spelling of their types, as the partition (or the
    table without) declares them; `options` the SerDe's parameters, `table` the table's properties.
    """

    serde: str
    input_format: str
    options: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    table: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, descriptor: Shape, table: Shape) -> Storage:
        """Read a storage descriptor of the catalog."""
        serde = member(descriptor, "SerdeInfo")
        return cls(
            serde.get("SerializationLibrary") or "",
            descriptor.get("InputFormat") or "",
            tuple(sorted(member(serde, "Parameters").items())),
            tuple((c["Name"].lower(), c.get("Type") or "string")
                  for c in members(descriptor, "Columns")),
            tuple(sorted(member(table, "Parameters").items())),
        )  # fmt: skip

    def option(self, name: str, default: str = "") -> str:
        """Return a SerDe parameter; an empty one counts as absent."""
        return dict(self.options).get(name) or default

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a SerDe parameter, or the table's property, that is true or false."""
        given = dict(self.options).get(name) or dict(self.table).get(name)
        return default if not given else given.strip().lower() == "true"

    def count(self, name: str) -> int:
        """Return a number that a property of the table, or the SerDe, gives (0 if absent)."""
        given = dict(self.table).get(name) or dict(self.options).get(name) or "0"
        if not given.strip().isdigit():
            message = f"Invalid value for {name} property: {given}"
            raise TrinoError("HIVE_INVALID_METADATA", message)
        return int(given)


@dataclass(frozen=True, slots=True)
class Column:
    """A used column of the data: `c{at}` of the answer.

    `position` is where the files have it by order (-1: they do not), `kind` the type that the
    partition declares, `wanted` the table's.
    """

    at: int
    name: str
    position: int
    kind: Type
    wanted: Type

    def converted(self, text: str) -> str:
        """Turn a value of the partition's type into one of the table's."""
        if self.kind == self.wanted:
            return text
        return conversions.convert(text, self.kind, self.wanted, null_on_error=True)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a scan: the object, its bucket, the number of its partition."""

    file: File
    bucket: str
    part: int


@dataclass
class Scan:
    """The files of one storage descriptor, and what is wanted of them.

    `parts` are the values of each partition, `keys` the used partition columns as (at, number,
    type), `hidden` the used hidden columns as (at, name). `register` makes Arrow rows a relation of
    the database and returns its name. `footers` are the paths whose footers the query has read.
    """

    storage: Storage
    database: str
    table: str
    columns: list[Column]
    keys: list[tuple[int, int, Type]]
    hidden: list[tuple[int, str]]
    parts: list[tuple[str, ...]]
    names: tuple[str, ...]
    files: list[Stored]
    connection: duckdb.DuckDBPyConnection
    register: Callable[[Rows], str]
    meter: Meter
    find: Callable[[str], list[File]]
    opened: list[str] = field(default_factory=list[str])
    footers: set[str] = field(default_factory=set[str])

    def listed(self, files: Sequence[Stored]) -> str:
        """Write the list of files that DuckDB itself opens."""
        self.opened += [one.file.path for one in files]
        return "[" + ", ".join(lower.quoted(one.file.path) for one in files) + "]"

    def select(
        self,
        values: dict[int, str],
        source: str,
        files: Sequence[Stored],
        number: str = "file_index",
    ) -> str:
        """Write the SELECT: the columns' texts, then what depends on the file read only.

        `number` names the column that counts `files`.
        """
        out = [f"{text} AS c{at}" for at, text in values.items()]
        for at, key, kind in self.keys:
            texts = [self.parts[one.part][key] for one in files]
            out.append(f"{_by_file(texts, number, lambda t, k=kind: literal(t, k))} AS c{at}")
        for at, name in self.hidden:
            out.append(f"{self._hidden(name, files, number)} AS c{at}")
        return f"SELECT {', '.join(out) or '1 AS c0'} FROM {source}"

    def _hidden(self, name: str, files: Sequence[Stored], number: str) -> str:
        kind = dict(tree.HIDDEN_COLUMNS)[name]
        texts = [hidden_text(name, one, self.names, self.parts[one.part]) for one in files]
        return _by_file(texts, number, lambda text: literal(text, kind))

    def null(self, column: Column) -> str:
        """Write the value of a column that the files do not have."""
        return f"CAST(NULL AS {duck_name(column.wanted)})"


def hidden_text(name: str, stored: Stored, names: Sequence[str], values: Sequence[str]) -> str:
    """Return a hidden column's value for a file of a partition, as text."""
    if name == "$path":
        return f"s3://{stored.bucket}/{stored.file.key}"
    if name == "$file_size":
        return str(stored.file.size)
    if name == "$partition":
        return "/".join(f"{key}={value}" for key, value in zip(names, values, strict=True))
    changed = datetime.fromtimestamp(os.stat(stored.file.path).st_mtime, UTC)
    return changed.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _by_file(texts: list[str], number: str, write: Callable[[str], str]) -> str:
    """Write a value that depends on the file: the text itself when all have the same."""
    distinct = list(dict.fromkeys(texts))
    if len(distinct) == 1:
        return write(distinct[0])
    listed = f"[{', '.join(map(write, distinct))}]"
    if len(distinct) == len(texts):
        return f"list_extract({listed}, CAST({number} AS BIGINT) + 1)"
    places = {text: at + 1 for at, text in enumerate(distinct)}
    order = ", ".join(str(places[text]) for text in texts)
    return f"list_extract({listed}, list_extract([{order}], CAST({number} AS BIGINT) + 1))"


def literal(text: str, kind: Type) -> str:
    """Write a partition's value as a literal of the column's type."""
    if text == HIVE_NULL:
        return f"CAST(NULL AS {duck_name(kind)})"
    if kind.name in ("varchar", "char"):
        return lower.quoted(text)
    if not _fits(text, kind):
        message = f"Invalid partition value '{text}' for {str(kind).upper()} partition key"
        raise TrinoError("HIVE_INVALID_PARTITION_VALUE", message)
    return conversions.plain_value(lower.quoted(text), kind)


def _fits(text: str, kind: Type) -> bool:
    if kind.name in INTEGERS:
        return text.lstrip("+-").isdigit()
    if kind.name == "date":
        return len(text) >= 8 and text.count("-") >= 2 and text.replace("-", "").isdigit()
    return True


def columns_of_files(
    storage: Storage, used: Sequence[tuple[int, tuple[str, Type]]], by_name: bool, where: str
) -> list[Column]:
    """Find each used column of the table in the partition's own columns, checking the types.

    `where` is the sentence's middle that names table and partition. The types that may differ are
    those Trino's Hive connector converts (remembered): anything else is
    HIVE_PARTITION_SCHEMA_MISMATCH, as Athena's guide describes it under schema updates.
    """
    places = {name: at for at, (name, _) in enumerate(storage.columns)}
    found: list[Column] = []
    for at, (name, wanted) in used:
        place = places.get(name, -1) if by_name else at
        if not 0 <= place < len(storage.columns):
            # Files read by name may have what their partition does not declare.
            found.append(Column(at, name, at if by_name else -1, wanted, wanted))
            continue
        theirs, spelled = storage.columns[place]
        kind = parse_type(spelled)
        if kind != wanted and not _converts(kind, wanted):
            first, second = where.split("|")
            message = (
                "There is a mismatch between the table and partition schemas. The types are "
                f"incompatible and cannot be coerced. The column '{name}' in table '{first}' is "
                f"declared as type '{_hive(wanted)}', but partition '{second}' declared column "
                f"'{theirs}' as type '{spelled}'."
            )
            raise TrinoError("HIVE_PARTITION_SCHEMA_MISMATCH", message)
        found.append(Column(at, name, place, kind, wanted))
    return found


def _hive(kind: Type) -> str:
    from lakebed.dialect.types import hive_name

    return hive_name(kind)


def _converts(kind: Type, wanted: Type) -> bool:
    texts = ("varchar", "char")
    if kind.name in INTEGERS and wanted.name in INTEGERS:
        return INTEGERS.index(kind.name) <= INTEGERS.index(wanted.name)
    if kind.name in texts and wanted.name in (*texts, *INTEGERS):
        return True
    if kind.name in INTEGERS and wanted.name == "varchar":
        return True
    numbers = ("real", "double", "decimal")
    if kind.name in numbers and wanted.name in numbers:
        return True
    if kind.name != wanted.name or not kind.inner:
        return False
    if kind.name == "row":
        shared = min(len(kind.inner), len(wanted.inner))
        pairs = zip(kind.inner[:shared], wanted.inner[:shared], strict=True)
        return all(one == other or _converts(one, other) for one, other in pairs)
    pairs = zip(kind.inner, wanted.inner, strict=True)
    return all(one == other or _converts(one, other) for one, other in pairs)
