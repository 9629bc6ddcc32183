"""SHOW and DESCRIBE: the catalog in the lines that Hive prints."""

from __future__ import annotations

import re
import time
from typing import Any

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import Type, hive_name, parse_type
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.catalog import (
    Shape,
    columns_of,
    is_delta,
    is_iceberg,
    member,
    members,
)
from lakebed.engines.sql.duckdb.ddl.lookup import (
    found,
    partition,
    require_database,
    semantic_error,
    task_error,
)
from lakebed.engines.sql.duckdb.run import Run

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


def show_views(run: Run, statement: st.ShowViews) -> dict[str, Any]:
    """SHOW VIEWS; the pattern is a regular expression, as that of SHOW TABLES."""
    database = (statement.database or run.database).lower()
    require_database(run, database)
    pages = run.catalog.server.pages("get_tables", {"DatabaseName": database}, "TableList")
    names = _matching([one for one in pages if _is_view(one)], statement.pattern)
    return results.lines(run.scratch, [[name] for name in names], ["views"])


def _is_view(shape: Shape) -> bool:
    return shape.get("TableType") == "VIRTUAL_VIEW"


def _synchronised(run: Run, shape: Shape) -> Shape:
    """Return a table with the columns it has now: a Delta table's are in its log."""
    if not is_delta(shape):
        return shape
    from lakebed.engines.sql.duckdb.delta import ddl

    return ddl.synchronised(run, shape)


def show_columns(run: Run, statement: st.ShowColumns) -> dict[str, Any]:
    """SHOW COLUMNS."""
    _, _, shape = found(run, statement.name)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import ddl

        return ddl.show_columns(run, shape)
    shape = _synchronised(run, shape)
    columns = columns_of(shape) + members(shape, "PartitionKeys")
    rows = [[one["Name"].ljust(20)] for one in columns]
    return results.lines(run.scratch, rows, ["field"])


def show_create_table(run: Run, statement: st.ShowCreateTable) -> dict[str, Any]:
    """SHOW CREATE TABLE."""
    database, table, shape = found(run, statement.name)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import ddl

        return ddl.show_create_table(run, shape)
    if is_delta(shape):
        from lakebed.engines.sql.duckdb.delta import ddl as delta

        return delta.show_create_table(run, shape)
    if _is_view(shape):
        raise semantic_error(f"{database}.{table} is a view: use SHOW CREATE VIEW")
    descriptor = shape["StorageDescriptor"]
    serde = member(descriptor, "SerdeInfo")
    lines = [f"CREATE EXTERNAL TABLE `{table}`("]
    lines += _column_lines(columns_of(shape))
    if shape.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_column_lines(shape["PartitionKeys"])]
    if descriptor.get("BucketColumns"):
        lines += ["CLUSTERED BY ( ", *(f"  {name}, " for name in descriptor["BucketColumns"])]
        lines[-1] = lines[-1].removesuffix(", ") + ") "
        lines += [f"INTO {descriptor['NumberOfBuckets']} BUCKETS"]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_property_lines(serde["Parameters"])]
    lines += ["STORED AS INPUTFORMAT ", f"  '{descriptor.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{descriptor.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{descriptor.get('Location', '')}'"]
    shown = dict(member(shape, "Parameters"))
    shown.pop("EXTERNAL", None)
    comment = shown.pop("comment", None)
    if comment is not None:
        at = next(at for at, line in enumerate(lines) if line.endswith(")")) + 1
        lines.insert(at, f"COMMENT {_literal(comment)}")
    if shown:
        lines += ["TBLPROPERTIES (", *_property_lines(shown)]
    return results.lines(run.scratch, [[line] for line in lines], ["createtab_stmt"])


_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\000"}


def _literal(text: str) -> str:
    """Write a string as Hive's grammar reads it back."""

    def shown(letter: str) -> str:
        return _ESCAPES.get(letter) or (letter if letter >= " " else f"\\u{ord(letter):04X}")

    return "'" + "".join(map(shown, text)) + "'"


def _column_lines(columns: list[Shape]) -> list[str]:
    out: list[str] = []
    for at, one in enumerate(columns):
        comment = f" COMMENT {_literal(one['Comment'])}" if one.get("Comment") else " "
        end = ")" if at == len(columns) - 1 else ", "
        out.append(f"  `{one['Name']}` {one.get('Type', '')}{comment}{end}")
    return out


def _property_lines(properties: dict[str, str]) -> list[str]:
    shown = [f"  {_literal(key)}={_literal(value)}" for key, value in sorted(properties.items())]
    return [line + ("," if at < len(shown) - 1 else ")") for at, line in enumerate(shown)]


def show_properties(run: Run, statement: st.ShowTableProperties) -> dict[str, Any]:
    """SHOW TBLPROPERTIES."""
    _, table, shape = found(run, statement.name)
    properties = member(shape, "Parameters")
    if statement.key is not None:
        missing = f"Table {table} does not have property: {statement.key}"
        rows = [[properties.get(statement.key, missing)]]
    else:
        rows = [[key, value] for key, value in sorted(properties.items())]
    return results.lines(run.scratch, rows, ["prpt_name", "prpt_value"])


def describe(run: Run, statement: st.Describe) -> dict[str, Any]:
    """DESCRIBE: columns padded as Hive pads them, then the partition columns, then the details."""
    _, _, shape = found(run, statement.name)
    if is_iceberg(shape):
        from lakebed.engines.sql.duckdb.iceberg import ddl

        return ddl.describe(run, shape)
    shape = _synchronised(run, shape)
    shown = shape
    if statement.partition is not None:
        part = partition(run, shape, statement.partition)
        shown = {**shape, **part, "PartitionKeys": members(shape, "PartitionKeys")}
    if statement.path:
        rows = _described_path(shown, statement.path)
    elif statement.style == "FORMATTED":
        rows = [_HEADER, _EMPTY, *map(_described, columns_of(shown)), *_described_keys(shown)]
        rows += _details(shown)
    else:
        keys = members(shown, "PartitionKeys")
        rows = [_described(one) for one in [*columns_of(shown), *keys]]
        rows += _described_keys(shown)
        if statement.style == "EXTENDED":
            rows += [_EMPTY, ["Detailed Table Information", _on_one_line(_thrift(shown)), ""]]
    return results.lines(run.scratch, rows, ["col_name", "data_type", "comment"])


_HEADER = ["# col_name".ljust(20), "data_type".ljust(20), "comment".ljust(20)]
_EMPTY = ["", " ", " "]
"""A line without columns: Hive shows what is missing as a blank; drivers of Athena end there."""


def _described_keys(shape: Shape) -> list[list[str]]:
    keys = members(shape, "PartitionKeys")
    if not keys:
        return []
    rows = [_EMPTY, ["# Partition Information", " ", " "], _HEADER, _EMPTY]
    return [*rows, *(_described(one) for one in keys)]


def _described(column: Shape) -> list[str]:
    parts = (column["Name"], column.get("Type", ""), column.get("Comment") or "")
    return [part.ljust(20) for part in parts]


def _described_path(shape: Shape, path: tuple[str, ...]) -> list[list[str]]:
    columns = {one["Name"].lower(): one for one in columns_of(shape)}
    columns |= {one["Name"].lower(): one for one in members(shape, "PartitionKeys")}
    if path[0].lower() not in columns:
        raise task_error(f"cannot find field {path[0]} from {sorted(columns)}")
    if len(path) == 1:
        return [_described(columns[path[0].lower()])]
    kind = parse_type(columns[path[0].lower()].get("Type") or "string")
    for step in path[1:]:
        kind = _inside(kind, step)
    if kind.name != "row":
        return [[path[-1].ljust(20), hive_name(kind).ljust(20), "from deserializer".ljust(20)]]
    inner = zip(kind.fields, kind.inner, strict=True)
    return [
        [str(name).ljust(20), hive_name(one).ljust(20), "from deserializer".ljust(20)]
        for name, one in inner
    ]


def _inside(kind: Type, step: str) -> Type:
    place = {("array", "$elem$"): 0, ("map", "$key$"): 0, ("map", "$value$"): 1}.get(
        (kind.name, step.lower())
    )
    if place is None and kind.name == "row" and step.lower() in kind.fields:
        place = kind.fields.index(step.lower())
    if place is None:
        raise task_error(f"Unknown type for {step} in {hive_name(kind)}")
    return kind.inner[place]


def _details(shape: Shape) -> list[list[str]]:
    """Return the sections that FORMATTED adds."""
    storage = member(shape, "StorageDescriptor")
    serde = member(storage, "SerdeInfo")
    made = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(shape.get("CreateTime") or 0))

    def line(name: str, value: object) -> list[str]:
        return [f"{name}:".ljust(20), str(value).ljust(20), " "]

    rows = [_EMPTY, ["# Detailed Table Information", " ", " "]]
    rows += [line("Database", shape["DatabaseName"]), line("Owner", shape.get("Owner", ""))]
    rows += [line("CreateTime", made), line("LastAccessTime", "UNKNOWN")]
    rows += [line("Protect Mode", "None"), line("Retention", shape.get("Retention", 0))]
    rows += [line("Location", storage.get("Location", ""))]
    rows += [line("Table Type", shape.get("TableType", "")), ["Table Parameters:", " ", " "]]
    rows += _parameters(member(shape, "Parameters"))
    if _is_view(shape):
        return rows
    rows += [_EMPTY, ["# Storage Information", " ", " "]]
    rows += [line("SerDe Library", serde.get("SerializationLibrary", ""))]
    rows += [line("InputFormat", storage.get("InputFormat", ""))]
    rows += [line("OutputFormat", storage.get("OutputFormat", ""))]
    rows += [line("Compressed", "Yes" if storage.get("Compressed") else "No")]
    rows += [line("Num Buckets", storage.get("NumberOfBuckets", -1))]
    rows += [line("Bucket Columns", _listed(storage.get("BucketColumns")))]
    sort = [one["Column"] for one in members(storage, "SortColumns")]
    rows += [line("Sort Columns", _listed(sort)), ["Storage Desc Params:", " ", " "]]
    return rows + _parameters(member(serde, "Parameters"))


def _parameters(found: Shape) -> list[list[str]]:
    pairs = ((key, _on_one_line(str(value))) for key, value in sorted(found.items()))
    return [["", key.ljust(20), value.ljust(20)] for key, value in pairs]


def _listed(names: list[str] | None) -> str:
    return "[" + ", ".join(names or []) + "]"


def _on_one_line(text: str) -> str:
    return text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _thrift(shape: Shape) -> str:
    """Return a table as Hive's metastore prints its structures."""
    storage = member(shape, "StorageDescriptor")
    serde = member(storage, "SerdeInfo")

    def fields(columns: list[Shape]) -> str:
        shown = (
            f"FieldSchema(name:{one['Name']}, type:{one.get('Type', '')}, "
            f"comment:{one.get('Comment', 'null')})"
            for one in columns
        )
        return "[" + ", ".join(shown) + "]"

    def pairs(found: Shape) -> str:
        return "{" + ", ".join(f"{key}={value}" for key, value in sorted(found.items())) + "}"

    return (
        f"Table(tableName:{shape['Name']}, dbName:{shape['DatabaseName']}, "
        f"owner:{shape.get('Owner', 'null')}, createTime:{int(shape.get('CreateTime') or 0)}, "
        f"lastAccessTime:0, retention:{shape.get('Retention', 0)}, "
        f"sd:StorageDescriptor(cols:{fields(columns_of(shape))}, "
        f"location:{storage.get('Location', '')}, inputFormat:{storage.get('InputFormat', '')}, "
        f"outputFormat:{storage.get('OutputFormat', '')}, compressed:false, "
        f"numBuckets:{storage.get('NumberOfBuckets', -1)}, serdeInfo:SerDeInfo(name:null, "
        f"serializationLib:{serde.get('SerializationLibrary', '')}, "
        f"parameters:{pairs(member(serde, 'Parameters'))}), "
        f"bucketCols:{_listed(storage.get('BucketColumns'))}, sortCols:[], parameters:{{}}, "
        "storedAsSubDirectories:false), "
        f"partitionKeys:{fields(members(shape, 'PartitionKeys'))}, "
        f"parameters:{pairs(member(shape, 'Parameters'))}, viewOriginalText:null, "
        f"viewExpandedText:null, tableType:{shape.get('TableType', '')})"
    )
