"""Parquet: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe, read by DuckDB.

Columns are found by name, as Athena does by default, or by order when the SerDe says
`parquet.column.index.access` = true. Files of one schema are read together; each schema gets the
text that its own types need.
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from lakebed.dialect import lower
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import duck_types, typed
from lakebed.engines.sql.duckdb.readers.storage import Scan, Stored

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
BY_ORDER = "parquet.column.index.access"

Columns = tuple[tuple[str, str], ...]
"""Name and DuckDB's type of each column of a file."""


_KNOWN_MAX = 20_000
_known: dict[tuple[str, int, int], Columns] = {}
"""The columns of files seen by this worker, by path, size and time of the last change."""


def read(scan: Scan) -> list[str]:
    """Write the texts that read Parquet files."""
    keys = read_footers(scan.connection, [one.file.path for one in scan.files], scan.footers)
    groups: dict[Columns, list[Stored]] = {}
    for one in scan.files:
        groups.setdefault(_known[keys[one.file.path]], []).append(one)
    return [_one_schema(scan, files, columns) for columns, files in groups.items()]


def read_footers(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], done: set[str]
) -> dict[str, tuple[str, int, int]]:
    """Learn the columns of files, and read the footers of those that are not `done`.

    They are read before the query is: what it reads then is data alone.
    """
    try:
        keys = {path: _key(path) for path in paths}
        unknown = [path for path in paths if keys[path] not in _known]
        if len(_known) + len(unknown) > _KNOWN_MAX:
            _known.clear()
            unknown = list(keys)
        if unknown:
            _look(connection, unknown, keys)
            done.update(unknown)
        listed = ", ".join(lower.quoted(path) for path in keys if path not in done)
        if listed:
            connection.execute(f"SELECT count(*) FROM parquet_file_metadata([{listed}])").fetchall()
    except (duckdb.Error, OSError) as error:
        raise TrinoError("HIVE_CANNOT_OPEN_SPLIT", str(error).split("\n")[0]) from error
    done.update(keys)
    return keys


def _key(path: str) -> tuple[str, int, int]:
    found = os.stat(path)
    return path, found.st_size, found.st_mtime_ns


def _look(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    keys: Mapping[str, tuple[str, int, int]],
) -> None:
    """Learn the columns of files: those of one of each schema are asked for."""
    for group in _by_schema(connection, paths):
        first = f"read_parquet([{lower.quoted(group[0])}], hive_partitioning=false)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {first}").fetchall()
        columns = tuple((str(row[0]), str(row[1])) for row in described)
        for path in group:
            _known[keys[path]] = columns


def _by_schema(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[list[str]]:
    if len(paths) == 1:
        return [list(paths)]
    member = (
        "concat_ws('|', name, type, type_length, repetition_type, num_children, converted_type, "
        "scale, precision, logical_type)"
    )
    listed = ", ".join(lower.quoted(path) for path in paths)
    text = (
        "SELECT list(file_name) FROM (SELECT file_name, hash(list(m)) AS h FROM (SELECT "
        f"file_name, {member} AS m FROM parquet_schema([{listed}])) GROUP BY file_name) GROUP BY h"
    )
    return [[str(path) for path in row[0]] for row in connection.execute(text).fetchall()]


def _one_schema(scan: Scan, files: Sequence[Stored], columns: Columns) -> str:
    source = f"read_parquet({scan.listed(files)}, hive_partitioning=false)"
    have = [Have(name, lower.identifier(name), kind) for name, kind in columns]
    path = f"s3://{files[0].bucket}/{files[0].file.key}"
    values = typed_values(scan, have, Form("parquet", path, scan.storage.flag(BY_ORDER)))
    return scan.select(values, source, files)


@dataclass(frozen=True, slots=True)
class Form:
    """What kind of file it is, one of them for errors, whether columns are found by order."""

    name: str
    path: str
    by_order: bool


class Have(NamedTuple):
    """A column of the files: its name, the text that reads it, DuckDB's type of it."""

    name: str
    text: str
    kind: str


def typed_values(scan: Scan, have: Sequence[Have], form: Form) -> dict[int, str]:
    """Write each used column of files that have the columns `have`."""
    names = {one.name.lower(): at for at, one in reversed(list(enumerate(have)))}
    values: dict[int, str] = {}
    for column in scan.columns:
        at = column.position if form.by_order else names.get(column.name, -1)
        if not 0 <= at < len(have) or have[at].kind == '"NULL"':
            values[column.at] = scan.null(column)
            continue
        place = typed.Place(column.name, form.name, form.path)
        stored = duck_types.parse(have[at].kind)
        values[column.at] = typed.value(have[at].text, stored, column.wanted, place)
    return values
