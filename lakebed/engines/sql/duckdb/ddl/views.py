"""CREATE VIEW, DROP VIEW, SHOW CREATE VIEW."""

from __future__ import annotations

from typing import Any

from lakebed.dialect import analyse
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import hive_name
from lakebed.engines.sql.duckdb import results, views
from lakebed.engines.sql.duckdb.catalog import Shape
from lakebed.engines.sql.duckdb.ddl.lookup import nothing, qualified
from lakebed.engines.sql.duckdb.run import Run


def create_view(run: Run, statement: st.CreateView) -> dict[str, Any]:
    """CREATE VIEW: analyses the query, then keeps its text and its columns."""
    database, name = qualified(run, statement.name)
    if not run.catalog.has_database(database):
        raise TrinoError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", 1, 1)
    before = run.catalog.shape(database, name)
    full = f"awsdatacatalog.{database}.{name}"
    if before is not None and before.get("TableType") != "VIRTUAL_VIEW":
        raise TrinoError("TABLE_ALREADY_EXISTS", f"Table already exists: '{full}'", 1, 1)
    if before is not None and not statement.or_replace:
        raise TrinoError("TABLE_ALREADY_EXISTS", f"View already exists: '{full}'", 1, 1)
    query = analyse.Analyser(run.catalog, run.database, run.text).query(statement.query)
    columns = analyse.named_columns(query)
    definition = views.Definition(
        statement.text,
        "awsdatacatalog",
        run.database,
        [views.Column(column, str(kind)) for column, kind in columns],
        statement.comment,
        # Athena looks at a view's tables as whoever asks; Trino must be told.
        run_as_invoker=True,
    )
    table: Shape = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": views.encoded(definition),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": statement.comment or "Presto View"},
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": hive_name(kind)} for column, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    operation = "create_table" if before is None else "update_table"
    run.catalog.server.ask(operation, {"DatabaseName": database, "TableInput": table})
    return nothing(run)


def _found_view(run: Run, name: st.Name, *, may_miss: bool = False) -> Shape | None:
    database, view = qualified(run, name)
    shape = run.catalog.shape(database, view)
    full = f"awsdatacatalog.{database}.{view}"
    if shape is not None and shape.get("TableType") != "VIRTUAL_VIEW":
        message = f"View '{full}' does not exist, but a table with that name exists."
        raise TrinoError("TABLE_NOT_FOUND", message, 1, 1)
    if shape is None and not may_miss:
        raise TrinoError("TABLE_NOT_FOUND", f"View '{full}' does not exist", 1, 1)
    return shape


def drop_view(run: Run, statement: st.DropView) -> dict[str, Any]:
    """DROP VIEW."""
    shape = _found_view(run, statement.name, may_miss=statement.if_exists)
    if shape is not None:
        request = {"DatabaseName": shape["DatabaseName"], "Name": shape["Name"]}
        run.catalog.server.ask("delete_table", request)
    return nothing(run)


def show_create_view(run: Run, statement: st.ShowCreateView) -> dict[str, Any]:
    """SHOW CREATE VIEW: a statement that makes the view again."""
    shape = _found_view(run, statement.name)
    assert shape is not None
    made = views.decoded(shape)
    head = f"CREATE VIEW {made.catalog}.{shape['DatabaseName']}.{shape['Name']}"
    if made.comment:
        quoted = made.comment.replace("'", "''")
        head += f" COMMENT '{quoted}'"
    lines = [f"{head} AS ", *made.original_sql.splitlines()]
    return results.lines(run.scratch, [[line] for line in lines], ["Create View"])
