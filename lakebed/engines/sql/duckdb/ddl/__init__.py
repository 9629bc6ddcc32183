"""Statements that work on the catalog: what each asks of it, the lines it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lakebed.dialect import statements as st
from lakebed.engines.sql.duckdb.ddl import databases, partitions, prepared, shows, tables, views
from lakebed.engines.sql.duckdb.run import Run

_KINDS: dict[type, tuple[str, str]] = {
    st.Select: ("DML", "SELECT"),
    st.Explain: ("DML", "EXPLAIN"),
    st.CreateTableAs: ("DDL", "CREATE_TABLE_AS_SELECT"),
    st.Insert: ("DML", "INSERT"),
    st.Delete: ("DML", "DELETE"),
    st.Update: ("DML", "UPDATE"),
    st.Merge: ("DML", "MERGE"),
    st.Optimize: ("DML", "OPTIMIZE"),
    st.Vacuum: ("DML", "VACUUM"),
    st.Unload: ("DML", "UNLOAD"),
    st.CreateView: ("DDL", "CREATE_VIEW"),
    st.DropView: ("DDL", "DROP_VIEW"),
    st.Prepare: ("DDL", "PREPARE"),
    st.Deallocate: ("DDL", "DEALLOCATE"),
    st.CreateDatabase: ("DDL", "CREATE_DATABASE"),
    st.AlterDatabase: ("DDL", "ALTER_DATABASE_PROPERTIES"),
    st.DropDatabase: ("DDL", "DROP_DATABASE"),
    st.CreateTable: ("DDL", "CREATE_TABLE"),
    st.CreateIcebergTable: ("DDL", "CREATE_TABLE"),
    st.DropTable: ("DDL", "DROP_TABLE"),
    st.ShowDatabases: ("UTILITY", "SHOW_DATABASES"),
    st.ShowTables: ("UTILITY", "SHOW_TABLES"),
    st.ShowViews: ("UTILITY", "SHOW_VIEWS"),
    st.ShowColumns: ("UTILITY", "SHOW_COLUMNS"),
    st.ShowPartitions: ("UTILITY", "SHOW_PARTITIONS"),
    st.ShowCreateTable: ("UTILITY", "SHOW_CREATE_TABLE"),
    st.ShowCreateView: ("UTILITY", "SHOW_CREATE_VIEW"),
    st.ShowTableProperties: ("UTILITY", "SHOW_TBLPROPERTIES"),
    st.Describe: ("UTILITY", "DESCRIBE_TABLE"),
    st.RepairTable: ("DDL", "MSCK_REPAIR_TABLE"),
    st.AddPartitions: ("DDL", "ALTER_TABLE_ADD_PARTITION"),
    st.DropPartitions: ("DDL", "ALTER_TABLE_DROP_PARTITION"),
    st.RenamePartition: ("DDL", "ALTER_TABLE_RENAME_PARTITION"),
    st.AddColumns: ("DDL", "ALTER_TABLE_ADD_COLUMNS"),
    st.ChangeColumn: ("DDL", "ALTER_TABLE_CHANGE_COLUMN"),
    st.DropColumn: ("DDL", "ALTER_TABLE_DROP_COLUMN"),
    st.RenameTable: ("DDL", "ALTER_TABLE_RENAME"),
    st.UnsetProperties: ("DDL", "ALTER_TABLE_PROPERTIES"),
    st.SetLocation: ("DDL", "ALTER_TABLE_SET_LOCATION"),
    st.SetProperties: ("DDL", "ALTER_TABLE_PROPERTIES"),
}


def kind_of(statement: st.Statement) -> dict[str, str]:
    """Return Athena's statement type and substatement type."""
    kind, sub = _KINDS[type(statement)]
    if isinstance(statement, st.AddColumns) and statement.replaces:
        sub = "ALTER_TABLE_REPLACE_COLUMNS"
    return {
        "statement_type": kind,
        "substatement_type": sub,
        "result_suffix": ("csv" if sub == "SELECT" else "txt"),
    }


def run(context: Run, statement: st.Statement) -> dict[str, Any]:
    """Run a DDL or utility statement."""
    context.planned = time.perf_counter()
    return _RULES[type(statement)](context, statement)


_RULES: dict[type, Callable[[Run, Any], dict[str, Any]]] = {
    st.CreateDatabase: databases.create_database,
    st.AlterDatabase: databases.alter_database,
    st.DropDatabase: databases.drop_database,
    st.CreateTable: tables.create_table,
    st.CreateIcebergTable: tables.create_iceberg_table,
    st.DropTable: tables.drop_table,
    st.SetProperties: tables.set_properties,
    st.DropColumn: tables.drop_column,
    st.RenameTable: tables.rename_table,
    st.UnsetProperties: tables.unset_properties,
    st.SetLocation: tables.set_location,
    st.AddColumns: tables.add_columns,
    st.ChangeColumn: tables.change_column,
    st.CreateView: views.create_view,
    st.DropView: views.drop_view,
    st.ShowCreateView: views.show_create_view,
    st.Prepare: prepared.prepare,
    st.Deallocate: prepared.deallocate,
    st.ShowDatabases: shows.show_databases,
    st.ShowTables: shows.show_tables,
    st.ShowViews: shows.show_views,
    st.ShowColumns: shows.show_columns,
    st.ShowCreateTable: shows.show_create_table,
    st.ShowTableProperties: shows.show_properties,
    st.Describe: shows.describe,
    st.ShowPartitions: partitions.show_partitions,
    st.RepairTable: partitions.repair_table,
    st.AddPartitions: partitions.add_partitions,
    st.DropPartitions: partitions.drop_partitions,
    st.RenamePartition: partitions.rename_partition,
}
