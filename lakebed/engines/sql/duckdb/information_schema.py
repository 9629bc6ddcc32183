"""`information_schema`: the Data Catalog as tables, made for each query from what it asks for.

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from lakebed.dialect import lower, tree
from lakebed.dialect.grouping import references
from lakebed.dialect.information_schema import CATALOG, COLUMNS, NAME
from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb import udf, views
from lakebed.engines.sql.duckdb.catalog import LakeCatalog, Shape, columns_of, members

Row = tuple[str | int | None, ...]


def source(catalog: LakeCatalog, connection: duckdb.DuckDBPyConnection, scan: tree.Scan) -> str:
    """Return the text of a scan's rows; only the databases its predicates allow are read."""
    databases = [one["Name"] for one in catalog.server.pages("get_databases", {}, "DatabaseList")]
    wanted = _allowed(connection, scan, sorted([*databases, NAME]))
    rows = list(_rows(catalog, scan.table.name, wanted))
    names = ", ".join(f"c{at}" for at in range(len(COLUMNS[scan.table.name])))
    if not rows:
        nulls = ", ".join("CAST(NULL AS VARCHAR)" for _ in COLUMNS[scan.table.name])
        return f"SELECT {names} FROM (VALUES ({nulls})) AS lbs({names}) WHERE false"
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return f"SELECT {names} FROM (VALUES {values}) AS lbs({names})"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    return str(value) if isinstance(value, int) else lower.quoted(value)


def _allowed(
    connection: duckdb.DuckDBPyConnection, scan: tree.Scan, databases: Sequence[str]
) -> list[str]:
    """Keep the databases that the predicates over catalog and database alone accept."""
    prunes = [
        prune for prune in scan.prunes if all(ref.index <= 1 for ref in references(prune) or ())
    ]
    if not prunes or not databases:
        return list(databases)
    writer = lower.Lowering(lower.no_tables)
    tests = " AND ".join(writer.expr(prune) for prune in prunes)
    values = ", ".join(f"({lower.quoted(CATALOG)}, {lower.quoted(one)})" for one in databases)
    text = f"SELECT c1 FROM (VALUES {values}) AS {scan.relation}(c0, c1) WHERE {tests}"
    udf.define(connection, text)
    kept = {row[0] for row in connection.execute(text).fetchall()}
    return [one for one in databases if one in kept]


def _rows(catalog: LakeCatalog, name: str, databases: Sequence[str]) -> Iterator[Row]:
    for database in databases:
        if name == "schemata":
            yield CATALOG, database
            continue
        if database == NAME:
            continue
        request = {"DatabaseName": database}
        for shape in catalog.server.pages("get_tables", request, "TableList"):
            is_view = shape.get("TableType") == "VIRTUAL_VIEW"
            if name == "tables":
                kind = "VIEW" if is_view else "BASE TABLE"
                yield CATALOG, database, shape["Name"], kind
            elif name == "columns":
                yield from _columns(database, shape)
            elif is_view:
                text = views.decoded({**shape, "DatabaseName": database}).original_sql
                yield CATALOG, database, shape["Name"], text


def _columns(database: str, shape: Shape) -> Iterator[Row]:
    columns, keys = columns_of(shape), members(shape, "PartitionKeys")
    for at, one in enumerate([*columns, *keys], 1):
        kind = str(parse_type(one.get("Type") or "string"))
        extra = "partition key" if at > len(columns) else None
        name = one["Name"].lower()
        yield (CATALOG, database, shape["Name"], name, at, None, "YES", kind,
               one.get("Comment"), extra)  # fmt: skip
