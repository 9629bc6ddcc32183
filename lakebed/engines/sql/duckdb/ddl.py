"""DDL and utility statements: what they ask of the Data Catalog, the lines they answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import hive_name, parse_type
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import (
    ServiceError,
    Shape,
    columns_of,
    folder,
    member,
    members,
)
from lakebed.engines.sql.duckdb.run import Run

_TEXT = (
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)
STORAGE = {
    "TEXTFILE": _TEXT,
    "JSON": ("org.openx.data.jsonserde.JsonSerDe", *_TEXT[1:]),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    ),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    ),
}
_KINDS = {
    st.Select: ("DML", "SELECT"),
    st.Explain: ("UTILITY", "EXPLAIN"),
    st.CreateTableAs: ("DDL", "CREATE_TABLE_AS_SELECT"),
    st.CreateDatabase: ("DDL", "CREATE_DATABASE"),
    st.DropDatabase: ("DDL", "DROP_DATABASE"),
    st.CreateTable: ("DDL", "CREATE_TABLE"),
    st.DropTable: ("DDL", "DROP_TABLE"),
    st.ShowDatabases: ("UTILITY", "SHOW_DATABASES"),
    st.ShowTables: ("UTILITY", "SHOW_TABLES"),
    st.ShowColumns: ("UTILITY", "SHOW_COLUMNS"),
    st.ShowPartitions: ("UTILITY", "SHOW_PARTITIONS"),
    st.ShowCreateTable: ("UTILITY", "SHOW_CREATE_TABLE"),
    st.ShowTableProperties: ("UTILITY", "SHOW_TBLPROPERTIES"),
    st.Describe: ("UTILITY", "DESCRIBE_TABLE"),
    st.RepairTable: ("DDL", "MSCK_REPAIR_TABLE"),
    st.AddPartitions: ("DDL", "ALTER_TABLE_ADD_PARTITION"),
    st.DropPartitions: ("DDL", "ALTER_TABLE_DROP_PARTITION"),
}


def kind_of(statement: st.Statement) -> dict[str, str]:
    """Return Athena's statement type and substatement type."""
    kind, sub = _KINDS[type(statement)]
    return {
        "statement_type": kind,
        "substatement_type": sub,
        "result_suffix": ("csv" if sub == "SELECT" else "txt"),
    }


def run(context: Run, statement: st.Statement) -> dict[str, Any]:
    """Run a DDL or utility statement."""
    context.planned = time.perf_counter()
    return _RULES[type(statement)](context, statement)


def qualified(run: Run, name: st.Name) -> tuple[str, str]:
    """Return database and table, the database being the query's if not given."""
    return (name.database or run.database).lower(), name.table.lower()


def require_database(run: Run, database: str) -> None:
    """Refuse a database that does not exist."""
    if not run.catalog.has_database(database):
        raise TrinoError("SCHEMA_NOT_FOUND", f"Database {database} not found", 1, 1)


def _found(run: Run, name: st.Name) -> tuple[str, str, Shape]:
    database, table = qualified(run, name)
    shape = run.catalog.shape(database, table)
    if shape is None:
        raise TrinoError("TABLE_NOT_FOUND", f"Table not found {database}.{table}")
    return database, table, shape


def _nothing(run: Run) -> dict[str, Any]:
    return results.lines(run.scratch, [], [])


def create_database(run: Run, statement: st.CreateDatabase) -> dict[str, Any]:
    """CREATE DATABASE."""
    database: Shape = {"Name": statement.name}
    if statement.comment is not None:
        database["Description"] = statement.comment
    if statement.location is not None:
        database["LocationUri"] = statement.location
    if statement.properties:
        database["Parameters"] = dict(statement.properties)
    try:
        run.catalog.server.ask("create_database", {"DatabaseInput": database})
    except ServiceError as error:
        if error.code != "AlreadyExistsException":
            raise
        if not statement.if_not_exists:
            message = f"Database {statement.name} already exists"
            raise TrinoError("SCHEMA_ALREADY_EXISTS", message) from error
    return _nothing(run)


def drop_database(run: Run, statement: st.DropDatabase) -> dict[str, Any]:
    """DROP DATABASE: with tables in it only when CASCADE is said."""
    if not run.catalog.has_database(statement.name):
        if statement.if_exists:
            return _nothing(run)
        raise TrinoError("SCHEMA_NOT_FOUND", f"Database does not exist: {statement.name}")
    server = run.catalog.server
    tables = list(server.pages("get_tables", {"DatabaseName": statement.name}, "TableList"))
    if tables and not statement.cascade:
        message = f"Database {statement.name} is not empty. One or more tables exist."
        raise TrinoError("SCHEMA_NOT_EMPTY", message)
    server.ask("delete_database", {"Name": statement.name})
    return _nothing(run)


def create_table(run: Run, statement: st.CreateTable) -> dict[str, Any]:
    """CREATE EXTERNAL TABLE: checks the types, then writes what Athena writes to Glue."""
    database, table = qualified(run, statement.name)
    require_database(run, database)
    if not statement.location:
        raise TrinoError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a LOCATION", 1, 1)
    if not re.match(r"s3[an]?://[^/]", statement.location):
        message = f"LOCATION must be of the form s3://bucket/path/: {statement.location}"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)
    seen: set[str] = set()
    for one in (*statement.columns, *statement.partitions):
        if one.name in seen:
            raise TrinoError("DUPLICATE_COLUMN_NAME", f"Duplicate column name {one.name}")
        seen.add(one.name)
        parse_type(one.type)
    try:
        request = {"DatabaseName": database, "TableInput": _table_input(table, statement)}
        run.catalog.server.ask("create_table", request)
    except ServiceError as error:
        if error.code != "AlreadyExistsException":
            raise
        if not statement.if_not_exists:
            message = f"Table {table} already exists"
            raise TrinoError("TABLE_ALREADY_EXISTS", message) from error
    return _nothing(run)


def _columns(columns: tuple[st.ColumnDefinition, ...]) -> list[Shape]:
    out: list[Shape] = []
    for one in columns:
        shape = {"Name": one.name, "Type": _stored_type(one.type)}
        if one.comment is not None:
            shape["Comment"] = one.comment
        out.append(shape)
    return out


def _stored_type(text: str) -> str:
    return text if "(" not in text or text.startswith("decimal") else hive_name(parse_type(text))


def _table_input(table: str, statement: st.CreateTable) -> Shape:
    if statement.stored_as not in STORAGE:
        raise not_supported(f"STORED AS {statement.stored_as}", 1, 1)
    serde, reads, writes = STORAGE[statement.stored_as]
    parameters = dict(statement.serde_properties)
    if not parameters:
        parameters = {"serialization.format": "1"}
    properties = {"EXTERNAL": "TRUE", **statement.properties}
    if statement.comment is not None:
        properties["comment"] = statement.comment
    properties["transient_lastDdlTime"] = str(int(time.time()))
    return {
        "Name": table,
        "Owner": "hadoop",
        "Retention": 0,
        "StorageDescriptor": {
            "Columns": _columns(statement.columns),
            "Location": statement.location,
            "InputFormat": statement.input_format or reads,
            "OutputFormat": statement.output_format or writes,
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "SerializationLibrary": statement.serde or serde,
                "Parameters": parameters,
            },
            "BucketColumns": [],
            "SortColumns": [],
            "Parameters": {},
            "StoredAsSubDirectories": False,
        },
        "PartitionKeys": _columns(statement.partitions),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": properties,
    }


def drop_table(run: Run, statement: st.DropTable) -> dict[str, Any]:
    """DROP TABLE: the definition only, as Athena does for external tables."""
    database, table = qualified(run, statement.name)
    try:
        run.catalog.server.ask("delete_table", {"DatabaseName": database, "Name": table})
    except ServiceError as error:
        if error.code != "EntityNotFoundException":
            raise
        if not statement.if_exists:
            message = f"Table not found {database}.{table}"
            raise TrinoError("TABLE_NOT_FOUND", message) from error
    return _nothing(run)


_LOOSE_STAR = re.compile(r"(?<![.\])])\*")


def _matching(found: list[Shape], pattern: str | None) -> list[str]:
    """Return the names that a pattern matches: a regular expression, or `*` for anything."""
    names = sorted(one["Name"] for one in found)
    if pattern is None:
        return names
    try:
        expression = re.compile(_LOOSE_STAR.sub(".*", pattern.lower()))
    except re.error as error:
        message = f"Invalid pattern {pattern!r}: {error}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message) from None
    return [name for name in names if expression.fullmatch(name)]


def show_databases(run: Run, statement: st.ShowDatabases) -> dict[str, Any]:
    """SHOW DATABASES."""
    found = list(run.catalog.server.pages("get_databases", {}, "DatabaseList"))
    names = _matching(found, statement.pattern)
    return results.lines(run.scratch, [[name] for name in names], ["database_name"])


def show_tables(run: Run, statement: st.ShowTables) -> dict[str, Any]:
    """SHOW TABLES; Athena reads its pattern as a regular expression."""
    database = (statement.database or run.database).lower()
    require_database(run, database)
    found = list(run.catalog.server.pages("get_tables", {"DatabaseName": database}, "TableList"))
    names = _matching(found, statement.pattern)
    return results.lines(run.scratch, [[name] for name in names], ["tab_name"])


def show_columns(run: Run, statement: st.ShowColumns) -> dict[str, Any]:
    """SHOW COLUMNS."""
    _, _, shape = _found(run, statement.name)
    columns = columns_of(shape) + (members(shape, "PartitionKeys"))
    rows = [[one["Name"].ljust(20)] for one in columns]
    return results.lines(run.scratch, rows, ["field"])


def partition_path(keys: list[Shape], values: list[str]) -> str:
    """Write a partition as Hive does: `year=2024/month=1`."""
    pairs = zip(keys, values, strict=True)
    return "/".join(f"{key['Name']}={quote(value, safe=' ,-_.~@+')}" for key, value in pairs)


def show_partitions(run: Run, statement: st.ShowPartitions) -> dict[str, Any]:
    """SHOW PARTITIONS."""
    database, table, shape = _found(run, statement.name)
    keys = members(shape, "PartitionKeys")
    if not keys:
        message = f"Table {table} is not a partitioned table"
        raise TrinoError("GENERIC_USER_ERROR", message)
    paths = sorted(partition_path(keys, one["Values"]) for one in _partitions(run, database, table))
    return results.lines(run.scratch, [[path] for path in paths], ["partition"])


def _partitions(run: Run, database: str, table: str) -> list[Shape]:
    request = {"DatabaseName": database, "TableName": table}
    return list(run.catalog.server.pages("get_partitions", request, "Partitions"))


def show_create_table(run: Run, statement: st.ShowCreateTable) -> dict[str, Any]:
    """SHOW CREATE TABLE."""
    database, table, shape = _found(run, statement.name)
    descriptor = shape["StorageDescriptor"]
    serde = member(descriptor, "SerdeInfo")
    lines = [f"CREATE EXTERNAL TABLE `{database}.{table}`("]
    lines += _column_lines(columns_of(shape))
    if shape.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_column_lines(shape["PartitionKeys"])]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_property_lines(serde["Parameters"])]
    lines += ["STORED AS INPUTFORMAT ", f"  '{descriptor.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{descriptor.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{descriptor.get('Location', '')}'"]
    shown = dict(member(shape, "Parameters"))
    shown.pop("EXTERNAL", None)
    if shown:
        lines += ["TBLPROPERTIES (", *_property_lines(shown)]
    return results.lines(run.scratch, [[line] for line in lines], ["createtab_stmt"])


def _column_lines(columns: list[Shape]) -> list[str]:
    out: list[str] = []
    for at, one in enumerate(columns):
        comment = f" COMMENT '{one['Comment']}'" if one.get("Comment") else " "
        end = ")" if at == len(columns) - 1 else ", "
        out.append(f"  `{one['Name']}` {one.get('Type', '')}{comment}{end}")
    return out


def _property_lines(properties: dict[str, str]) -> list[str]:
    shown = [f"  {key!r}={value!r}" for key, value in sorted(properties.items())]
    return [line + ("," if at < len(shown) - 1 else ")") for at, line in enumerate(shown)]


def show_properties(run: Run, statement: st.ShowTableProperties) -> dict[str, Any]:
    """SHOW TBLPROPERTIES."""
    _, table, shape = _found(run, statement.name)
    properties = member(shape, "Parameters")
    if statement.key is not None:
        missing = f"Table {table} does not have property: {statement.key}"
        rows = [[properties.get(statement.key, missing)]]
    else:
        rows = [[key, value] for key, value in sorted(properties.items())]
    return results.lines(run.scratch, rows, ["prpt_name", "prpt_value"])


def describe(run: Run, statement: st.Describe) -> dict[str, Any]:
    """DESCRIBE: columns padded as Hive pads them, then the partition columns."""
    if statement.extended:
        raise not_supported("DESCRIBE EXTENDED or FORMATTED", 1, 1)
    _, _, shape = _found(run, statement.name)
    keys = members(shape, "PartitionKeys")
    columns = columns_of(shape)
    rows = [_described(one) for one in [*columns, *keys]]
    if keys:
        rows += [["", "", ""], ["# Partition Information", "", ""]]
        rows += [["# col_name".ljust(20), "data_type".ljust(20), "comment".ljust(20)]]
        rows += [["", "", ""], *(_described(one) for one in keys)]
    return results.lines(run.scratch, rows, ["col_name", "data_type", "comment"])


def _described(column: Shape) -> list[str]:
    parts = (column["Name"], column.get("Type", ""), column.get("Comment") or "")
    return [part.ljust(20) for part in parts]


def repair_table(run: Run, statement: st.RepairTable) -> dict[str, Any]:
    """MSCK REPAIR TABLE: adds the partitions whose folders are there and unknown."""
    database, table, shape = _found(run, statement.name)
    keys = members(shape, "PartitionKeys")
    if not keys:
        return _nothing(run)
    location = folder(shape["StorageDescriptor"]["Location"])
    prefix = location.split("/", 3)[3]
    found: dict[tuple[str, ...], str] = {}
    for file in run.catalog.server.files(location):
        parts = file.key[len(prefix) :].split("/")[: len(keys)]
        names = [part.partition("=")[0].lower() for part in parts]
        if names == [key["Name"] for key in keys] and "/" in file.key[len(prefix) :]:
            values = tuple(unquote(part.partition("=")[2]) for part in parts)
            found[values] = location + "/".join(parts) + "/"
    known = {tuple(one["Values"]) for one in _partitions(run, database, table)}
    missing = {values: where for values, where in sorted(found.items()) if values not in known}
    _add(run, shape, missing)
    rows: list[list[str]] = []
    if missing:
        paths = [f"{table}:{partition_path(keys, list(values))}" for values in missing]
        rows = [[f"Partitions not in metastore:\t{chr(9).join(paths)}"]]
        rows += [[f"Repair: Added partition to metastore {path}"] for path in paths]
    return results.lines(run.scratch, rows, [])


def _add(run: Run, shape: Shape, partitions: dict[tuple[str, ...], str]) -> list[Shape]:
    descriptor = {
        key: value for key, value in shape["StorageDescriptor"].items() if key != "Location"
    }
    inputs = [
        {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": location}}
        for values, location in partitions.items()
    ]
    errors: list[Shape] = []
    for at in range(0, len(inputs), 100):
        request = {
            "DatabaseName": shape["DatabaseName"],
            "TableName": shape["Name"],
            "PartitionInputList": inputs[at : at + 100],
        }
        errors += members(run.catalog.server.ask("batch_create_partition", request), "Errors")
    return errors


def add_partitions(run: Run, statement: st.AddPartitions) -> dict[str, Any]:
    """ALTER TABLE … ADD PARTITION."""
    _, _, shape = _found(run, statement.name)
    keys = [one["Name"] for one in members(shape, "PartitionKeys")]
    base = folder(shape["StorageDescriptor"]["Location"])
    added: dict[tuple[str, ...], str] = {}
    for values, location in statement.partitions:
        if sorted(values) != sorted(keys):
            message = f"Partition spec {dict(values)} does not name the columns {keys}"
            raise TrinoError("GENERIC_USER_ERROR", message)
        ordered = [values[key] for key in keys]
        path = partition_path(shape["PartitionKeys"], ordered)
        added[tuple(ordered)] = folder(location) if location else f"{base}{path}/"
    errors = _add(run, shape, added)
    for error in errors:
        detail = member(error, "ErrorDetail")
        if detail.get("ErrorCode") != "AlreadyExistsException" or not statement.if_not_exists:
            message = detail.get("ErrorMessage", "Partition already exists.")
            raise TrinoError("ALREADY_EXISTS", message)
    return _nothing(run)


def drop_partitions(run: Run, statement: st.DropPartitions) -> dict[str, Any]:
    """ALTER TABLE … DROP PARTITION."""
    database, table, shape = _found(run, statement.name)
    keys = [one["Name"] for one in members(shape, "PartitionKeys")]
    for values in statement.partitions:
        unknown = [key for key in values if key not in keys]
        if unknown:
            raise TrinoError("COLUMN_NOT_FOUND", f"{unknown[0]} is no partition column of {table}")
        chosen = [
            one["Values"]
            for one in _partitions(run, database, table)
            if all(dict(zip(keys, one["Values"], strict=True))[k] == v for k, v in values.items())
        ]
        if not chosen and not statement.if_exists:
            raise TrinoError("NOT_FOUND", f"Partition {dict(values)} does not exist")
        request = {"DatabaseName": database, "TableName": table}
        for at in range(0, len(chosen), 25):
            part = [{"Values": one} for one in chosen[at : at + 25]]
            run.catalog.server.ask(
                "batch_delete_partition", {**request, "PartitionsToDelete": part}
            )
    return _nothing(run)


_RULES: dict[type, Callable[[Run, Any], dict[str, Any]]] = {
    st.CreateDatabase: create_database,
    st.DropDatabase: drop_database,
    st.CreateTable: create_table,
    st.DropTable: drop_table,
    st.ShowDatabases: show_databases,
    st.ShowTables: show_tables,
    st.ShowColumns: show_columns,
    st.ShowPartitions: show_partitions,
    st.ShowCreateTable: show_create_table,
    st.ShowTableProperties: show_properties,
    st.Describe: describe,
    st.RepairTable: repair_table,
    st.AddPartitions: add_partitions,
    st.DropPartitions: drop_partitions,
}
