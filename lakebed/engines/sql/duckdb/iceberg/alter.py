"""ALTER TABLE of Iceberg tables: columns by their ids, properties, the name.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-managing-tables.html
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from pyiceberg import types as ice
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import (
    AddSchemaUpdate,
    RemovePropertiesUpdate,
    SetCurrentSchemaUpdate,
    SetPropertiesUpdate,
    TableUpdate,
)

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb.catalog import Shape
from lakebed.engines.sql.duckdb.ddl.lookup import nothing, qualified, require_database, task_error
from lakebed.engines.sql.duckdb.iceberg import commits, ddl, properties
from lakebed.engines.sql.duckdb.iceberg.tables import IcebergTable
from lakebed.engines.sql.duckdb.iceberg.types import to_iceberg
from lakebed.engines.sql.duckdb.run import Run

Fields = list[ice.NestedField]


def set_properties(run: Run, statement: st.SetProperties, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … SET TBLPROPERTIES: those Athena has for Iceberg tables."""

    def attempt(table: IcebergTable) -> Sequence[TableUpdate]:
        given = properties.to_metadata(statement.properties, table.metadata.properties)
        return [SetPropertiesUpdate(updates=given)]

    commits.retried(run, ddl.loaded(run, shape), attempt)
    return nothing(run)


def unset_properties(run: Run, statement: st.UnsetProperties, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … UNSET TBLPROPERTIES; one that is not set is no error."""

    def attempt(table: IcebergTable) -> Sequence[TableUpdate]:
        held = table.metadata.properties
        keys = [properties.metadata_key(key, held) for key in statement.keys]
        there = [key for key in keys if key in held]
        return [RemovePropertiesUpdate(removals=there)] if there else []

    commits.retried(run, ddl.loaded(run, shape), attempt)
    return nothing(run)


def rename_table(run: Run, statement: st.RenameTable, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … RENAME TO: another name in the catalog for the same metadata."""
    to_database, to_name = qualified(run, statement.to)
    if statement.to.database is None:
        to_database = shape["DatabaseName"]
    require_database(run, to_database)
    if run.catalog.shape(to_database, to_name) is not None:
        message = f"Table '{to_database}.{to_name}' already exists"
        raise TrinoError("TABLE_ALREADY_EXISTS", message)
    kept = ("Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType",
            "Parameters")  # fmt: skip
    table = {"Name": to_name, **{key: shape[key] for key in kept if key in shape}}
    server = run.catalog.server
    server.ask("create_table", {"DatabaseName": to_database, "TableInput": table})
    server.ask("delete_table", {"DatabaseName": shape["DatabaseName"], "Name": shape["Name"]})
    run.catalog.forget(shape["DatabaseName"], shape["Name"])
    return nothing(run)


def add_columns(run: Run, statement: st.AddColumns, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … ADD COLUMNS, or REPLACE COLUMNS."""
    _refuse_partition(statement.partition)

    def changed(fields: Fields, next_id: Callable[[], int]) -> Fields:
        if statement.replaces:
            return _replaced(fields, statement.columns, next_id)
        return [*fields, *(_new_field(one, fields, next_id) for one in statement.columns)]

    return _change_schema(run, shape, changed)


def drop_column(run: Run, statement: st.DropColumn, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … DROP COLUMN."""

    def changed(fields: Fields, next_id: Callable[[], int]) -> Fields:
        del next_id
        _place(fields, statement.column)
        left = [one for one in fields if one.name != statement.column]
        if not left:
            raise task_error("Cannot drop the only column of a table")
        return left

    return _change_schema(run, shape, changed)


def change_column(run: Run, statement: st.ChangeColumn, shape: Shape) -> dict[str, Any]:
    """ALTER TABLE … CHANGE COLUMN: its name, a wider type, its comment, its place."""
    _refuse_partition(statement.partition)

    def changed(fields: Fields, next_id: Callable[[], int]) -> Fields:
        at = _place(fields, statement.old)
        new = _altered(fields[at], statement.column, next_id)
        others = [one for one in fields if one.name != statement.old]
        if any(one.name == new.name for one in others):
            raise task_error(f"Duplicate column name: {new.name}")
        if statement.after is None:
            return [*others[:at], new, *others[at:]]
        behind = _place(others, statement.after) + 1 if statement.after else 0
        return [*others[:behind], new, *others[behind:]]

    return _change_schema(run, shape, changed)


def _refuse_partition(partition: object) -> None:
    if partition is not None:
        raise not_supported("ALTER TABLE … PARTITION of an Iceberg table", 1, 1)


def _place(fields: Fields, name: str) -> int:
    found = [at for at, one in enumerate(fields) if one.name == name]
    if not found:
        raise task_error(f"Invalid column reference {name}")
    return found[0]


def _new_field(
    column: st.ColumnDefinition, fields: Sequence[ice.NestedField], next_id: Callable[[], int]
) -> ice.NestedField:
    if any(one.name == column.name for one in fields):
        raise task_error(f"Duplicate column name: {column.name}")
    number = next_id()
    kind = to_iceberg(parse_type(column.type), iter(next_id, None))
    return ice.NestedField(number, column.name, kind, required=False, doc=column.comment)


def _altered(
    field: ice.NestedField, column: st.ColumnDefinition, next_id: Callable[[], int]
) -> ice.NestedField:
    """Return a column with its new name, type and comment: the type may only be widened."""
    kind = to_iceberg(parse_type(column.type), itertools.count(1))
    old = field.field_type
    if isinstance(old, ice.PrimitiveType) and isinstance(kind, ice.PrimitiveType):
        if old != kind and not _widens(old, kind):
            message = f"Cannot change column type: {field.name}: {old} -> {kind}"
            raise TrinoError("ICEBERG_COMMIT_ERROR", f"Failed to change column: {message}")
    elif str(_bare(old)) != str(_bare(kind)):
        raise not_supported("Changing what is inside a column of an Iceberg table", 1, 1)
    else:
        kind = old
    del next_id
    doc = column.comment if column.comment is not None else field.doc
    return ice.NestedField(field.field_id, column.name, kind, required=field.required, doc=doc)


def _bare(kind: ice.IcebergType) -> ice.IcebergType:
    """Return a type with ids that depend on its form alone."""
    schema = Schema(ice.NestedField(1, "x", kind, required=False))
    return assign_fresh_schema_ids(schema).fields[0].field_type


def _widens(old: ice.IcebergType, new: ice.IcebergType) -> bool:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html"""
    if isinstance(old, ice.DecimalType) and isinstance(new, ice.DecimalType):
        return old.scale == new.scale and old.precision <= new.precision
    pairs = ((ice.IntegerType, ice.LongType), (ice.FloatType, ice.DoubleType))
    return any(isinstance(old, one) and isinstance(new, other) for one, other in pairs)


def _replaced(
    fields: Fields, columns: Sequence[st.ColumnDefinition], next_id: Callable[[], int]
) -> Fields:
    """Return the columns a REPLACE names: those that are there keep their ids."""
    known = {one.name: one for one in fields}
    out: Fields = []
    for one in columns:
        if any(field.name == one.name for field in out):
            raise task_error(f"Duplicate column name: {one.name}")
        old = known.get(one.name)
        out.append(_altered(old, one, next_id) if old else _new_field(one, out, next_id))
    return out


def _change_schema(
    run: Run, shape: Shape, changed: Callable[[Fields, Callable[[], int]], Fields]
) -> dict[str, Any]:
    def attempt(table: IcebergTable) -> Sequence[TableUpdate]:
        metadata = table.metadata
        ids = itertools.count(metadata.last_column_id + 1)
        schema = metadata.schema()
        fields = changed(list(schema.fields), lambda: next(ids))
        _keep_partitions(metadata, fields)
        kept = _identifiers(schema, fields)
        number = max(one.schema_id for one in metadata.schemas) + 1
        made = Schema(*fields, schema_id=number, identifier_field_ids=kept)
        # A schema that the table had before is taken again.
        known = next((one for one in metadata.schemas if one == made), None)
        number = known.schema_id if known is not None else number
        if number == metadata.current_schema_id:
            return []
        current = SetCurrentSchemaUpdate.model_validate({"schema-id": number})
        return [current] if known is not None else [AddSchemaUpdate(schema=made), current]

    commits.retried(run, ddl.loaded(run, shape), attempt)
    return nothing(run)


def _identifiers(schema: Schema, fields: Fields) -> list[int]:
    kept = {one.field_id for one in fields}
    return [one for one in schema.identifier_field_ids if one in kept]


def _keep_partitions(metadata: TableMetadata, fields: Fields) -> None:
    """Refuse the loss of a column the table is partitioned by."""
    kept = {one.field_id for one in fields}
    for one in metadata.spec().fields:
        if one.source_id not in kept and _is_column(metadata, one.source_id):
            message = "Cannot drop partition field: " + one.name
            raise TrinoError("NOT_SUPPORTED", message)


def _is_column(metadata: TableMetadata, number: int) -> bool:
    return any(one.field_id == number for one in metadata.schema().fields)
