"""CREATE EXTERNAL TABLE, DROP TABLE, and what ALTER TABLE changes of a table itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import hive_name, parse_type
from lakebed.engines.sql.duckdb.catalog import (
    ServiceError,
    Shape,
    columns_of,
    is_delta,
    is_iceberg,
    member,
    members,
)
from lakebed.engines.sql.duckdb.ddl.lookup import (
    found,
    keys_of,
    nothing,
    partition,
    qualified,
    require_database,
    semantic_error,
    task_error,
    update_partition,
    update_table,
)
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.storage import FORMATS, descriptor, table_input

_LOCATION = re.compile(r"s3[an]?://[^/]")
_SCHEMA_PROPERTIES = ("avro.schema.literal", "avro.schema.url")


def create_table(run: Run, statement: st.CreateTable) -> dict[str, Any]:
    """CREATE EXTERNAL TABLE: checks the types, then writes what Athena writes to Glue."""
    database, table = qualified(run, statement.name)
    require_database(run, database)
    if not statement.location:
        raise TrinoError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a LOCATION", 1, 1)
    _check_location(statement.location)
    _check_columns((*statement.columns, *statement.partitions))
    if statement.properties.get("table_type", "").upper() == "DELTA":
        from lakebed.engines.sql.duckdb.delta import ddl

        made = ddl.create(run, (database, table), statement)
    else:
        made = _table_input(table, statement)
    try:
        request = {"DatabaseName": database, "TableInput": made}
        run.catalog.server.ask("create_table", request)
    except ServiceError as error:
        if error.code != "AlreadyExistsException":
            raise
        if not statement.if_not_exists:
            message = f"AlreadyExistsException(message:Table {table} already exists)"
            raise task_error(message) from error
    return nothing(run)


def _check_location(location: str) -> None:
    if not _LOCATION.match(location):
        message = f"LOCATION must be of the form s3://bucket/path/: {location}"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)


def _check_columns(columns: Sequence[st.ColumnDefinition]) -> None:
    seen: set[str] = set()
    for one in columns:
        if one.name in seen:
            raise semantic_error(f"Duplicate column name: {one.name}", 10036)
        seen.add(one.name)
        parse_type(one.type)


def columns_shape(columns: Sequence[st.ColumnDefinition]) -> list[Shape]:
    """Return columns as the Data Catalog keeps them."""
    out: list[Shape] = []
    for one in columns:
        shape = {"Name": one.name, "Type": _stored_type(one.type)}
        if one.comment is not None:
            shape["Comment"] = one.comment
        out.append(shape)
    return out


def _stored_type(text: str) -> str:
    if text in ("integer", "double precision"):
        return {"integer": "int"}.get(text, "double")
    return text if "(" not in text or text.startswith("decimal") else hive_name(parse_type(text))


def _table_input(table: str, statement: st.CreateTable) -> Shape:
    if statement.stored_as not in FORMATS:
        raise semantic_error(f"Unrecognized file format in STORED AS clause: {statement.stored_as}")
    serde, reads, writes = FORMATS[statement.stored_as]
    storage = (
        statement.serde or serde,
        statement.input_format or reads,
        statement.output_format or writes,
    )
    parameters = dict(statement.serde_properties) or {"serialization.format": "1"}
    columns = columns_shape(statement.columns)
    described = any(key in statement.serde_properties for key in _SCHEMA_PROPERTIES)
    if not columns and not described:
        raise semantic_error("Either list of columns or a custom serializer should be specified")
    # Athena keeps a location without its last slash.
    shape = descriptor(storage, columns, str(statement.location).rstrip("/"), parameters)
    if statement.buckets is not None:
        names = {one.name for one in statement.columns}
        unknown = [name for name in statement.buckets.columns if name not in names]
        if unknown:
            raise semantic_error(f"Invalid column reference {unknown[0]}", 10002)
        shape["BucketColumns"] = list(statement.buckets.columns)
        shape["NumberOfBuckets"] = statement.buckets.count
    properties = dict(statement.properties)
    if statement.comment is not None:
        properties["comment"] = statement.comment
    return table_input(table, shape, columns_shape(statement.partitions), properties)


def create_iceberg_table(run: Run, statement: st.CreateIcebergTable) -> dict[str, Any]:
    """CREATE TABLE of an Iceberg table."""
    from lakebed.engines.sql.duckdb.iceberg import ddl

    return ddl.create_table(run, statement)


def drop_table(run: Run, statement: st.DropTable) -> dict[str, Any]:
    """DROP TABLE: the definition only, as Athena does for external tables; of Iceberg all."""
    database, table = qualified(run, statement.name)
    shape = run.catalog.shape(database, table)
    if shape is None:
        if statement.if_exists:
            return nothing(run)
        raise semantic_error(f"Table not found {database}.{table}", 10001)
    if shape.get("TableType") == "VIRTUAL_VIEW":
        raise semantic_error("Cannot drop a view with DROP TABLE", 10118)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import ddl

        return ddl.drop_table(run, database, table, shape)
    run.catalog.server.ask("delete_table", {"DatabaseName": database, "Name": table})
    return nothing(run)


def set_properties(run: Run, statement: st.SetProperties) -> dict[str, Any]:
    """ALTER TABLE … SET TBLPROPERTIES."""
    _, _, shape = found(run, statement.name)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import alter

        return alter.set_properties(run, statement, shape)
    refuse_delta(shape, "ALTER TABLE SET TBLPROPERTIES")
    given = dict(statement.properties)
    given.pop("EXTERNAL", None)  # Athena: "setting 'EXTERNAL'='FALSE' has no effect"
    update_table(run, shape, Parameters={**member(shape, "Parameters"), **given})
    return nothing(run)


def unset_properties(run: Run, statement: st.UnsetProperties) -> dict[str, Any]:
    """ALTER TABLE … UNSET TBLPROPERTIES, which Athena has for Iceberg tables."""
    from lakebed.engines.sql.duckdb.iceberg import alter

    shape = _iceberg_only(run, statement.name, "UNSET TBLPROPERTIES")
    return alter.unset_properties(run, statement, shape)


def drop_column(run: Run, statement: st.DropColumn) -> dict[str, Any]:
    """ALTER TABLE … DROP COLUMN, which Athena has for Iceberg tables."""
    from lakebed.engines.sql.duckdb.iceberg import alter

    shape = _iceberg_only(run, statement.name, "DROP COLUMN")
    return alter.drop_column(run, statement, shape)


def rename_table(run: Run, statement: st.RenameTable) -> dict[str, Any]:
    """ALTER TABLE … RENAME TO, which Athena has for Iceberg tables."""
    from lakebed.engines.sql.duckdb.iceberg import alter

    shape = _iceberg_only(run, statement.name, "RENAME TO")
    return alter.rename_table(run, statement, shape)


def refuse_delta(shape: Shape, what: str) -> None:
    """Refuse what Athena does not have for Delta Lake tables (its error is not documented)."""
    if is_delta(shape):
        message = f"{what} is not supported for Delta Lake table {shape['DatabaseName']}."
        raise TrinoError("NOT_SUPPORTED", message + shape["Name"])


def _iceberg_only(run: Run, name: st.Name, what: str) -> Shape:
    _, _, shape = found(run, name)
    if not is_iceberg(shape):
        raise not_supported(f"ALTER TABLE {what} of a Hive table", 1, 1)
    return shape


def set_location(run: Run, statement: st.SetLocation) -> dict[str, Any]:
    """ALTER TABLE … SET LOCATION, of the table or of one partition."""
    _, _, shape = found(run, statement.name)
    if is_iceberg(shape):
        raise not_supported("ALTER TABLE SET LOCATION of an Iceberg table", 1, 1)
    refuse_delta(shape, "ALTER TABLE SET LOCATION")
    _check_location(statement.location)
    if statement.partition is None:
        storage = {**shape["StorageDescriptor"], "Location": statement.location}
        update_table(run, shape, StorageDescriptor=storage)
        return nothing(run)
    one = partition(run, shape, statement.partition)
    storage = {**one["StorageDescriptor"], "Location": statement.location}
    update_partition(run, shape, one["Values"], {**one, "StorageDescriptor": storage})
    return nothing(run)


def add_columns(run: Run, statement: st.AddColumns) -> dict[str, Any]:
    """ALTER TABLE … ADD COLUMNS or REPLACE COLUMNS, of the table or of one partition."""
    _, _, shape = found(run, statement.name)
    _refuse_view(shape)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import alter

        return alter.add_columns(run, statement, shape)
    refuse_delta(shape, "ALTER TABLE ADD COLUMNS")
    _check_columns(statement.columns)
    given = columns_shape(statement.columns)
    keys = keys_of(shape)
    for one in given:
        if one["Name"] in keys:
            raise semantic_error(f"Duplicate column name: {one['Name']}", 10036)

    def changed(columns: list[Shape]) -> list[Shape]:
        if statement.replaces:
            return given
        names = {one["Name"].lower() for one in columns}
        for one in given:
            if one["Name"] in names:
                raise task_error(f"Duplicate column name: {one['Name']}")
        return [*columns, *given]

    _change_columns(run, shape, statement.partition, changed)
    return nothing(run)


def change_column(run: Run, statement: st.ChangeColumn) -> dict[str, Any]:
    """ALTER TABLE … CHANGE COLUMN: its name, type, comment and place."""
    _, _, shape = found(run, statement.name)
    _refuse_view(shape)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import alter

        return alter.change_column(run, statement, shape)
    refuse_delta(shape, "ALTER TABLE CHANGE COLUMN")
    _check_columns([statement.column])
    new = columns_shape([statement.column])[0]

    def changed(columns: list[Shape]) -> list[Shape]:
        names = [one["Name"].lower() for one in columns]
        if statement.old not in names:
            raise task_error(f"Invalid column reference {statement.old}")
        if new["Name"] != statement.old and new["Name"] in names + keys_of(shape):
            raise task_error(f"Duplicate column name: {new['Name']}")
        at = names.index(statement.old)
        rest = columns[:at] + columns[at + 1 :]
        if statement.after is None:
            return [*columns[:at], new, *columns[at + 1 :]]
        if not statement.after:
            return [new, *rest]
        others = [one["Name"].lower() for one in rest]
        if statement.after not in others:
            raise task_error(f"Invalid column reference {statement.after}")
        behind = others.index(statement.after) + 1
        return [*rest[:behind], new, *rest[behind:]]

    _change_columns(run, shape, statement.partition, changed)
    return nothing(run)


def _change_columns(
    run: Run, shape: Shape, values: st.PartitionValues | None, changed: Any
) -> None:
    if values is None:
        storage = {**shape["StorageDescriptor"], "Columns": changed(columns_of(shape))}
        update_table(run, shape, StorageDescriptor=storage)
        return
    one = partition(run, shape, values)
    before = members(member(one, "StorageDescriptor"), "Columns") or columns_of(shape)
    storage = {**one["StorageDescriptor"], "Columns": changed(before)}
    update_partition(run, shape, one["Values"], {**one, "StorageDescriptor": storage})


def _refuse_view(shape: Shape) -> None:
    if shape.get("TableType") == "VIRTUAL_VIEW":
        raise semantic_error("ALTER TABLE can't be used on a view", 10131)
