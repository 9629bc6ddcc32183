"""Parquet: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe, read by DuckDB.

Columns are found by name, as Athena does by default, or by order when the SerDe says
`parquet.column.index.access` = true. Files of one schema are read together; each schema gets the
text that its own types need.
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from lakebed.dialect import lower
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import duck_types, typed
from lakebed.engines.sql.duckdb.readers.storage import Scan, Stored

SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
BY_ORDER = "parquet.column.index.access"


def read(scan: Scan) -> list[str]:
    """Write the texts that read Parquet files."""
    return [_one_schema(scan, files) for files in _by_schema(scan)]


def _by_schema(scan: Scan) -> list[list[Stored]]:
    if len(scan.files) == 1:
        return [scan.files]
    by_path = {one.file.path: one for one in scan.files}
    paths = ", ".join(lower.quoted(path) for path in by_path)
    member = (
        "concat_ws('|', name, type, type_length, repetition_type, num_children, converted_type, "
        "scale, precision, logical_type)"
    )
    text = (
        "SELECT list(file_name) FROM (SELECT file_name, hash(list(m)) AS h FROM (SELECT "
        f"file_name, {member} AS m FROM parquet_schema([{paths}])) GROUP BY file_name) GROUP BY h"
    )
    try:
        found = scan.connection.execute(text).fetchall()
    except duckdb.Error as error:
        raise _unreadable(error) from error
    groups = [{str(path) for path in row[0]} for row in found]
    return [[one for path, one in by_path.items() if path in group] for group in groups]


def _unreadable(error: duckdb.Error) -> TrinoError:
    return TrinoError("HIVE_CANNOT_OPEN_SPLIT", str(error).split("\n")[0])


def _one_schema(scan: Scan, files: Sequence[Stored]) -> str:
    listed = scan.listed(files)
    source = f"read_parquet({listed}, hive_partitioning=false)"
    first = f"read_parquet([{lower.quoted(files[0].file.path)}], hive_partitioning=false)"
    try:
        described = scan.connection.execute(f"DESCRIBE SELECT * FROM {first}").fetchall()
    except duckdb.Error as error:
        raise _unreadable(error) from error
    have = [Have(str(row[0]), lower.identifier(str(row[0])), str(row[1])) for row in described]
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
