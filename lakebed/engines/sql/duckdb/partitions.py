"""Which partitions a scan reads: from the catalog or by projection, pruned by the predicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from lakebed.dialect import conversions, lower, tree
from lakebed.dialect.types import Type
from lakebed.engines.sql.duckdb import conditions, projection, udf
from lakebed.engines.sql.duckdb.catalog import Server, Shape, member
from lakebed.engines.sql.duckdb.readers.arrow import Array, arrow
from lakebed.engines.sql.duckdb.readers.storage import HIVE_NULL, Storage, literal

_VALUES_MAX = 64


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition (or the whole table without): its values, where it lies, how it is stored."""

    values: tuple[str, ...]
    location: str
    storage: Storage


def chosen(
    server: Server, connection: duckdb.DuckDBPyConnection, scan: tree.Scan, shape: Shape
) -> list[Partition]:
    """Return the partitions that may hold rows of the answer."""
    descriptor = member(shape, "StorageDescriptor")
    if not scan.table.partition_columns:
        return [Partition((), descriptor["Location"], Storage.of(descriptor, shape))]
    said = conditions.of_scan(scan, lambda expr: evaluated(connection, expr))
    if projection.enabled(shape):
        storage = Storage.of(descriptor, shape)
        made = projection.partitions(scan, shape, said)
        kept = _kept(connection, scan, [values for values, _ in made])
        return [Partition(*made[at], storage) for at in kept]
    found = _registered(server, scan, said)
    kept = _kept(connection, scan, [tuple(one["Values"]) for one in found])
    storages: dict[str, Storage] = {}
    out: list[Partition] = []
    for one in (found[at] for at in kept):
        own = member(one, "StorageDescriptor")
        if not own.get("Columns"):
            # Clients may register a partition without its columns: it has the table's.
            own = {**own, "Columns": descriptor.get("Columns", [])}
        key = repr({name: own[name] for name in own if name != "Location"})
        if key not in storages:
            storages[key] = Storage.of(own, shape)
        out.append(Partition(tuple(one["Values"]), own["Location"], storages[key]))
    return out


def evaluated(connection: duckdb.DuckDBPyConnection, expr: tree.Expr) -> str | None:
    """Compute an expression without columns; one that fails is left to the query."""
    text = f"SELECT CAST({lower.Lowering(lower.no_tables).expr(expr)} AS VARCHAR)"
    try:
        udf.define(connection, text)
        row = connection.execute(text).fetchone()
    except duckdb.Error:
        return None
    return row[0] if row is not None and isinstance(row[0], str) else None


def _registered(
    server: Server, scan: tree.Scan, said: Sequence[conditions.Condition]
) -> list[Shape]:
    """Ask the catalog, with what it can decide itself as Expression."""
    request: Shape = {"DatabaseName": scan.table.database, "TableName": scan.table.name}
    names = [name for name, _ in scan.table.partition_columns]
    expression = conditions.glue_expression(said, names)
    if expression is not None:
        request["Expression"] = expression
    return list(server.pages("get_partitions", request, "Partitions"))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of columns that are known before the data is read: `c{first}` and on, as texts."""

    first: int
    kinds: Sequence[Type]
    values: Sequence[tuple[str, ...]]


def _kept(
    connection: duckdb.DuckDBPyConnection, scan: tree.Scan, values: Sequence[tuple[str, ...]]
) -> Sequence[int]:
    """Return the numbers of the partitions whose values all predicates accept."""
    kinds = [kind for _, kind in scan.table.partition_columns]
    return kept(
        connection, scan.relation, scan.prunes, Rows(len(scan.table.columns), kinds, values)
    )


def kept(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    prunes: Sequence[tree.Expr],
    rows: Rows,
) -> Sequence[int]:
    """Return the numbers of the rows that all predicates over their columns accept."""
    if not prunes or not rows.values:
        return range(len(rows.values))
    writer = lower.Lowering(lower.no_tables)
    tests = " AND ".join(writer.expr(prune) for prune in prunes)
    text = f"SELECT lbn FROM ({_written(connection, rows)}) AS {relation} WHERE {tests}"
    udf.define(connection, text)
    return sorted(row[0] for row in connection.execute(text).fetchall())


def _written(connection: duckdb.DuckDBPyConnection, rows: Rows) -> str:
    kinds, values = rows.kinds, rows.values
    names = [f"c{rows.first + at}" for at in range(len(kinds))]
    if len(values) <= _VALUES_MAX:
        listed = ", ".join(
            f"({at}, {', '.join(literal(one, kind) for one, kind in zip(of, kinds, strict=True))})"
            for at, of in enumerate(values)
        )
        return f"SELECT * FROM (VALUES {listed}) AS lbv(lbn, {', '.join(names)})"
    pa = arrow()

    columns: dict[str, Array] = {
        name: pa.array([one[at] for one in values], pa.string()) for at, name in enumerate(names)
    }
    connection.register("lbp", pa.table({"lbn": pa.array(range(len(values))), **columns}))
    casts = ", ".join(
        conversions.plain_value(f"nullif({name}, '{HIVE_NULL}')", kind) + f" AS {name}"
        for name, kind in zip(names, kinds, strict=True)
    )
    return f"SELECT lbn, {casts} FROM lbp"
