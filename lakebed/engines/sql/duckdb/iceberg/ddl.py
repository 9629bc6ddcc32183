"""CREATE TABLE, DROP TABLE and ALTER TABLE of Iceberg tables, and the statements that show them.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-managing-tables.html
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyiceberg import types as ice
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, parse_type
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import ServiceError, Shape, member
from lakebed.engines.sql.duckdb.ddl.lookup import (
    nothing,
    qualified,
    require_database,
    task_error,
)
from lakebed.engines.sql.duckdb.iceberg import commits, partitioning, properties, tables
from lakebed.engines.sql.duckdb.iceberg.tables import METADATA_LOCATION, IcebergTable
from lakebed.engines.sql.duckdb.iceberg.types import to_glue, to_iceberg
from lakebed.engines.sql.duckdb.run import Run

_DELETED_AT_ONCE = 1000


def create_table(run: Run, statement: st.CreateIcebergTable) -> dict[str, Any]:
    """CREATE TABLE … TBLPROPERTIES ('table_type' = 'ICEBERG')."""
    database, name = qualified(run, statement.name)
    require_database(run, database)
    if run.catalog.shape(database, name) is not None:
        if statement.if_not_exists:
            return nothing(run)
        message = f"AlreadyExistsException(message:Table {name} already exists)"
        raise task_error(message)
    columns = [(one.name, parse_type(one.type), one.comment) for one in statement.columns]
    given = properties.to_metadata(statement.properties, {})
    made = new_metadata(columns, statement.partitions, statement.location, given)
    try:
        create(run, (database, name), made, comment=statement.comment)
    except ServiceError as error:
        if error.code == "AlreadyExistsException" and statement.if_not_exists:
            run.catalog.iceberg_files().undo()
            return nothing(run)
        raise
    return nothing(run)


def new_metadata(
    columns: Sequence[tuple[str, Type, str | None]],
    transforms: Sequence[st.Transform],
    location: str,
    given: Mapping[str, str],
) -> TableMetadata:
    """Return the metadata of a new table without data."""
    names = [name for name, _, _ in columns]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise TrinoError(
                "DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once"
            )
    ids = itertools.count(len(columns) + 1)
    fields = [
        ice.NestedField(at, name, to_iceberg(kind, ids), required=False, doc=comment)
        for at, (name, kind, comment) in enumerate(columns, 1)
    ]
    schema = Schema(*fields)
    spec: PartitionSpec = partitioning.spec_of(schema, transforms)
    base = {"write.format.default": "PARQUET"}
    kind = given.get("write.format.default", "PARQUET")
    if kind == "PARQUET":
        base["write.parquet.compression-codec"] = "zstd"
    return new_table_metadata(
        schema, spec, UNSORTED_SORT_ORDER, location.rstrip("/"), {**base, **given}
    )


def create(
    run: Run, name: tuple[str, str], metadata: TableMetadata, comment: str | None = None
) -> None:
    """Write a new table's metadata file and enter it into the catalog."""
    location = commits.written(run.catalog.iceberg_files(), metadata, 0)
    parameters = {"EXTERNAL": "TRUE", "table_type": "ICEBERG", METADATA_LOCATION: location}
    if comment is not None:
        parameters["comment"] = comment
    table: Shape = {
        "Name": name[1],
        "Owner": "hadoop",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {**parameters, "transient_lastDdlTime": str(int(time.time()))},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": commits.glue_columns(metadata),
            "Location": metadata.location,
            "Compressed": False,
            "NumberOfBuckets": 0,
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
    }
    files = run.catalog.iceberg_files()
    run.catalog.server.ask("create_table", {"DatabaseName": name[0], "TableInput": table})
    files.put.clear()


def drop_table(run: Run, database: str, name: str, shape: Shape) -> dict[str, Any]:
    """DROP TABLE: the table's files, too, as Athena does for Iceberg.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-drop-table.html
    """
    location = member(shape, "StorageDescriptor").get("Location")
    run.catalog.server.ask("delete_table", {"DatabaseName": database, "Name": name})
    run.catalog.forget(database, name)
    if location:
        remove_files(run, location)
    return nothing(run)


def remove_files(run: Run, location: str) -> None:
    """Delete every object below a location."""
    bucket = location.split("://", 1)[1].split("/", 1)[0]
    for one in run.catalog.server.files(location):
        run.catalog.server.delete(f"s3://{bucket}/{one.key}")


def loaded(run: Run, shape: Shape) -> IcebergTable:
    """Read the metadata of a table Glue has shown."""
    files = run.catalog.iceberg_files()
    return tables.load(run.catalog, files, shape["DatabaseName"], shape["Name"])


def show_create_table(run: Run, shape: Shape) -> dict[str, Any]:
    """SHOW CREATE TABLE, in the form that CREATE TABLE of Iceberg takes."""
    table = loaded(run, shape)
    metadata = table.metadata
    schema = metadata.schema()
    lines = [f"CREATE TABLE {table.database}.{table.name} ("]
    for at, one in enumerate(schema.fields):
        comment = f" COMMENT {_literal(one.doc)}" if one.doc else ""
        end = ")" if at == len(schema.fields) - 1 else ","
        lines.append(f"  {one.name} {to_glue(one.field_type)}{comment}{end}")
    parts = [
        _shown(transform, column)
        for _, transform, column in partitioning.show(metadata.spec(), schema)
    ]
    comment = member(shape, "Parameters").get("comment")
    if comment:
        lines.append(f"COMMENT {_literal(comment)}")
    if parts:
        lines.append(f"PARTITIONED BY ({', '.join(parts)})")
    lines += [f"LOCATION '{metadata.location}'", "TBLPROPERTIES ("]
    shown = [f"  '{key}'='{value}'" for key, value in properties.shown(metadata).items()]
    lines += [one + ("," if at < len(shown) - 1 else "") for at, one in enumerate(shown)]
    lines.append(");")
    return results.lines(run.scratch, [[line] for line in lines], ["createtab_stmt"])


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _shown(transform: str, column: str) -> str:
    if transform == "identity":
        return f"`{column}`"
    name, _, number = transform.rstrip("]").partition("[")
    return f"{name}({number}, `{column}`)" if number else f"{name}(`{column}`)"


def show_columns(run: Run, shape: Shape) -> dict[str, Any]:
    """SHOW COLUMNS: those the table has now."""
    fields = loaded(run, shape).metadata.schema().fields
    return results.lines(run.scratch, [[one.name.ljust(20)] for one in fields], ["field"])


def describe(run: Run, shape: Shape) -> dict[str, Any]:
    """DESCRIBE: the columns, and how the table is partitioned (the form is remembered)."""
    metadata = loaded(run, shape).metadata
    schema = metadata.schema()
    rows = [["# Table schema:", "", ""], ["# col_name", "data_type", "comment"]]
    rows += [[one.name, to_glue(one.field_type), one.doc or ""] for one in schema.fields]
    rows += [["", " ", " "], ["# Partition spec:", "", ""]]
    rows += [["# field_name", "field_transform", "column_name"]]
    rows += [list(one) for one in partitioning.show(metadata.spec(), schema)]
    return results.lines(run.scratch, rows, ["col_name", "data_type", "comment"])
