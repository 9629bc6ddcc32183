"""Partitions: ALTER TABLE … ADD, DROP and RENAME PARTITION, MSCK REPAIR TABLE, SHOW PARTITIONS."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from lakebed.dialect import statements as st
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import Shape, folder, is_delta, member, members
from lakebed.engines.sql.duckdb.ddl.lookup import (
    found,
    keys_of,
    nothing,
    ordered_values,
    partition,
    semantic_error,
    task_error,
    update_partition,
)
from lakebed.engines.sql.duckdb.ddl.tables import refuse_delta
from lakebed.engines.sql.duckdb.readers.storage import HIVE_NULL
from lakebed.engines.sql.duckdb.run import Run

_ADDED_AT_ONCE, _DROPPED_AT_ONCE = 100, 25


def partition_path(keys: list[str], values: list[str]) -> str:
    """Write a partition as Hive does: `year=2024/month=1`."""
    pairs = zip(keys, values, strict=True)
    return "/".join(f"{key}={quote(value, safe=' ,-_.~@+')}" for key, value in pairs)


def all_partitions(run: Run, shape: Shape) -> list[Shape]:
    """Return the partitions of a table, without their columns."""
    request = {
        "DatabaseName": shape["DatabaseName"],
        "TableName": shape["Name"],
        "ExcludeColumnSchema": True,
    }
    return list(run.catalog.server.pages("get_partitions", request, "Partitions"))


def show_partitions(run: Run, statement: st.ShowPartitions) -> dict[str, Any]:
    """SHOW PARTITIONS."""
    database, table, shape = found(run, statement.name)
    if is_delta(shape):
        from lakebed.engines.sql.duckdb.delta import ddl

        shape = ddl.synchronised(run, shape)
    keys = keys_of(shape)
    if not keys:
        raise semantic_error(f"Table {database}.{table} is not a partitioned table", 10241)
    if is_delta(shape):
        from lakebed.engines.sql.duckdb.delta import ddl

        values = ddl.partition_values(run, shape)
        shown = [partition_path(keys, [one or HIVE_NULL for one in row]) for row in values]
        return results.lines(run.scratch, [[path] for path in shown], ["partition"])
    paths = sorted(partition_path(keys, one["Values"]) for one in all_partitions(run, shape))
    return results.lines(run.scratch, [[path] for path in paths], ["partition"])


def repair_table(run: Run, statement: st.RepairTable) -> dict[str, Any]:
    """MSCK REPAIR TABLE: adds the partitions whose folders are there and unknown."""
    _, table, shape = found(run, statement.name)
    refuse_delta(shape, "MSCK REPAIR TABLE")
    keys = keys_of(shape)
    if not keys:
        return nothing(run)
    location = folder(shape["StorageDescriptor"]["Location"])
    prefix = location.split("/", 3)[3]
    there: dict[tuple[str, ...], str] = {}
    for file in run.catalog.server.files(location):
        parts = file.key[len(prefix) :].split("/")[: len(keys)]
        names = [part.partition("=")[0].lower() for part in parts]
        if names == keys and file.key.count("/", len(prefix)) >= len(keys):
            values = tuple(unquote(part.partition("=")[2]) for part in parts)
            there[values] = location + "/".join(parts) + "/"
    known = {tuple(one["Values"]) for one in all_partitions(run, shape)}
    missing = {values: where for values, where in sorted(there.items()) if values not in known}
    add(run, shape, missing)
    rows: list[list[str]] = []
    if missing:
        paths = [f"{table}:{partition_path(keys, list(values))}" for values in missing]
        rows = [[f"Partitions not in metastore:\t{chr(9).join(paths)}"]]
        rows += [[f"Repair: Added partition to metastore {path}"] for path in paths]
    return results.lines(run.scratch, rows, [])


def add(run: Run, shape: Shape, partitions: dict[tuple[str, ...], str]) -> list[Shape]:
    """Add partitions at their locations, with the table's storage; return the errors."""
    descriptor = {
        key: value for key, value in shape["StorageDescriptor"].items() if key != "Location"
    }
    inputs = [
        {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": location}}
        for values, location in partitions.items()
    ]
    errors: list[Shape] = []
    for at in range(0, len(inputs), _ADDED_AT_ONCE):
        request = {
            "DatabaseName": shape["DatabaseName"],
            "TableName": shape["Name"],
            "PartitionInputList": inputs[at : at + _ADDED_AT_ONCE],
        }
        errors += members(run.catalog.server.ask("batch_create_partition", request), "Errors")
    return errors


def add_partitions(run: Run, statement: st.AddPartitions) -> dict[str, Any]:
    """ALTER TABLE … ADD PARTITION."""
    _, _, shape = found(run, statement.name)
    refuse_delta(shape, "ALTER TABLE ADD PARTITION")
    base = folder(shape["StorageDescriptor"]["Location"])
    added: dict[tuple[str, ...], str] = {}
    for values, location in statement.partitions:
        ordered = ordered_values(shape, values)
        path = partition_path(keys_of(shape), ordered)
        added[tuple(ordered)] = folder(location) if location else f"{base}{path}/"
    for error in add(run, shape, added):
        detail = member(error, "ErrorDetail")
        if detail.get("ErrorCode") != "AlreadyExistsException":
            raise task_error(f"MetaException(message:{detail.get('ErrorMessage')})")
        if not statement.if_not_exists:
            raise task_error("AlreadyExistsException(message:Partition already exists.)")
    return nothing(run)


def drop_partitions(run: Run, statement: st.DropPartitions) -> dict[str, Any]:
    """ALTER TABLE … DROP PARTITION: every partition with the values given."""
    database, table, shape = found(run, statement.name)
    refuse_delta(shape, "ALTER TABLE DROP PARTITION")
    keys = keys_of(shape)
    for values in statement.partitions:
        unknown = [key for key in values if key not in keys]
        if unknown:
            raise semantic_error(f"Column {unknown[0]} not found", 10002)
        chosen = [
            one["Values"]
            for one in all_partitions(run, shape)
            if all(dict(zip(keys, one["Values"], strict=True))[k] == v for k, v in values.items())
        ]
        if not chosen and not statement.if_exists:
            spec = ", ".join(f"{key} = '{value}'" for key, value in values.items())
            raise semantic_error(f"Partition not found ({spec})", 10006)
        request = {"DatabaseName": database, "TableName": table}
        for at in range(0, len(chosen), _DROPPED_AT_ONCE):
            part = [{"Values": one} for one in chosen[at : at + _DROPPED_AT_ONCE]]
            run.catalog.server.ask(
                "batch_delete_partition", {**request, "PartitionsToDelete": part}
            )
    return nothing(run)


def rename_partition(run: Run, statement: st.RenamePartition) -> dict[str, Any]:
    """ALTER TABLE … PARTITION … RENAME TO PARTITION: its values, not its files."""
    _, _, shape = found(run, statement.name)
    refuse_delta(shape, "ALTER TABLE RENAME PARTITION")
    one = partition(run, shape, statement.partition)
    wanted = ordered_values(shape, statement.to)
    update_partition(run, shape, one["Values"], {**one, "Values": wanted})
    return nothing(run)
