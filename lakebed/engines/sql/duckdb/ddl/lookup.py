"""Databases, tables and partitions that a statement names, and how Hive says they are missing.

The sentences are those that Hive's parts of Athena answer, `FAILED: …`; users' reports show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import Shape, members
from lakebed.engines.sql.duckdb.run import Run

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
_WRITABLE = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys",
    "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable",
)  # fmt: skip


def semantic_error(message: str, number: int = 0) -> TrinoError:
    """Return what Hive says of a statement that means nothing."""
    numbered = f" [Error {number}]:" if number else ""
    return TrinoError("FAILED", f"SemanticException{numbered} {message}")


def task_error(message: str) -> TrinoError:
    """Return what Hive says of a statement that the catalog refused."""
    return TrinoError("FAILED", _TASK + message)


def qualified(run: Run, name: st.Name) -> tuple[str, str]:
    """Return database and table, the database being the query's if not given."""
    return (name.database or run.database).lower(), name.table.lower()


def require_database(run: Run, database: str) -> None:
    """Refuse a database that does not exist."""
    if not run.catalog.has_database(database):
        raise semantic_error(f"Database does not exist: {database}", 10072)


def found(run: Run, name: st.Name) -> tuple[str, str, Shape]:
    """Return database, table and the table's shape."""
    database, table = qualified(run, name)
    shape = run.catalog.shape(database, table)
    if shape is None:
        raise semantic_error(f"Table not found {database}.{table}", 10001)
    return database, table, shape


def keys_of(shape: Shape) -> list[str]:
    """Return the names of a table's partition columns."""
    return [one["Name"].lower() for one in members(shape, "PartitionKeys")]


def ordered_values(shape: Shape, values: Mapping[str, str]) -> list[str]:
    """Return the values of a whole partition in the order of the table's partition columns."""
    keys = keys_of(shape)
    if not keys:
        raise semantic_error("table is not partitioned but partition spec exists: " + _spec(values))
    if sorted(values) != sorted(keys):
        unknown = [key for key in values if key not in keys]
        if unknown:
            raise semantic_error(f"Column {unknown[0]} not found in partition columns {keys}")
        raise semantic_error(f"partition spec {_spec(values)} doesn't contain all (", 10006)
    return [values[key] for key in keys]


def partition(run: Run, shape: Shape, values: Mapping[str, str]) -> Shape:
    """Return one partition."""
    ordered = ordered_values(shape, values)
    request = {"DatabaseName": shape["DatabaseName"], "TableName": shape["Name"]}
    answer = run.catalog.server.ask(
        "batch_get_partition", {**request, "PartitionsToGet": [{"Values": ordered}]}
    )
    there = members(answer, "Partitions")
    if not there:
        raise semantic_error(f"Partition not found {_spec(values)}", 10006)
    return there[0]


def _spec(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}={value}" for key, value in values.items()) + "}"


def update_table(run: Run, shape: Shape, **changes: Any) -> None:
    """Write a table back with some members changed."""
    kept = {key: shape[key] for key in _WRITABLE if key in shape}
    request = {"DatabaseName": shape["DatabaseName"], "TableInput": {**kept, **changes}}
    run.catalog.server.ask("update_table", request)
    run.catalog.forget(shape["DatabaseName"], shape["Name"])


def update_partition(run: Run, shape: Shape, values: list[str], changed: Shape) -> None:
    """Write a partition back, under the values it now has."""
    kept = ("Values", "StorageDescriptor", "Parameters")
    request = {
        "DatabaseName": shape["DatabaseName"],
        "TableName": shape["Name"],
        "PartitionValueList": values,
        "PartitionInput": {key: changed[key] for key in kept if key in changed},
    }
    run.catalog.server.ask("update_partition", request)


def nothing(run: Run) -> dict[str, Any]:
    """Return the outcome of a statement that shows nothing."""
    return results.lines(run.scratch, [], [])
