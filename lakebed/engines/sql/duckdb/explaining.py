"""EXPLAIN: the engine's plan, what a statement reads and writes, or that it is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lakebed.dialect import analyse, tree
from lakebed.dialect import statements as st
from lakebed.engines.sql.duckdb import conditions, results
from lakebed.engines.sql.duckdb.ddl.lookup import qualified
from lakebed.engines.sql.duckdb.planning import lowered
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing import statements as writing

_EXACT = "EXACTLY"
_BOUNDS = {
    "=": (_EXACT, _EXACT), ">": ("ABOVE", None), ">=": (_EXACT, None), "<": (None, "BELOW"),
    "<=": (None, _EXACT),
}  # fmt: skip


def explain(run: Run, statement: st.Explain) -> dict[str, Any]:
    """Answer EXPLAIN; only EXPLAIN ANALYZE reads data."""
    analyser = analyse.Analyser(run.catalog, run.database, run.text)
    query = _query(run, analyser, statement.statement)
    analyse.used_columns(analyser.scans, query)
    if statement.type == "VALIDATE":
        # Alone among the lines of plain text, EXPLAIN has the name of its column above it.
        return results.lines(run.scratch, [["Valid"], ["true"]], ["Valid"])
    text, scanner = lowered(run, query)
    if statement.type == "LOGICAL":
        run.connection.execute("SET explain_output = 'optimized_only'")
    run.prepare(text, scanner.paths)
    if statement.type == "IO":
        rows = _rows(run, f"EXPLAIN (FORMAT json) {text}")
        plan = json.dumps(_tables(run, analyser, statement.statement, rows), indent=2)
    else:
        verb = "EXPLAIN ANALYZE" if statement.is_analyze else "EXPLAIN"
        if statement.format != "TEXT":
            analyze = "ANALYZE, " if statement.is_analyze else ""
            verb = f"EXPLAIN ({analyze}FORMAT {statement.format.lower()})"
        plan = _plan(run, f"{verb} {text}")
    shown = [[line] for line in plan.splitlines()]
    outcome = results.lines(run.scratch, [["Query Plan"], *shown], ["Query Plan"])
    if statement.is_analyze:
        outcome["data_scanned_bytes"] = run.scanned(scanner.meter.read_bytes)
    return outcome


def _query(run: Run, analyser: analyse.Analyser, statement: st.Statement) -> tree.Query:
    """Return the typed query of a statement, checked against the table it goes to."""
    assert isinstance(statement, st.Select | st.Insert | st.CreateTableAs | st.Unload)
    query = analyser.query(statement.query)
    if isinstance(statement, st.Insert):
        return writing.inserted(run, statement, query)
    if isinstance(statement, st.CreateTableAs):
        analyse.named_columns(query)
    return query


def _plan(run: Run, text: str) -> str:
    return "\n".join(row[1] for row in run.connection.execute(text).fetchall()).strip("\n\t ")


def _tables(
    run: Run, analyser: analyse.Analyser, statement: st.Statement, rows: float | str
) -> dict[str, Any]:
    """Return what TYPE IO shows; costs that the engine does not estimate are NaN, as in Trino."""
    inputs = [
        {"table": _named(scan.table.database, scan.table.name),
         "constraint": {"none": False, "columnConstraints": list(_constraints(scan))}}
        for scan in analyser.scans
    ]  # fmt: skip
    shown: dict[str, Any] = {"inputTableColumnInfos": inputs}
    if isinstance(statement, st.Insert | st.CreateTableAs):
        shown["outputTable"] = _named(*qualified(run, statement.name))
    unknown = dict.fromkeys(("outputSizeInBytes", "cpuCost", "maxMemory", "networkCost"), "NaN")
    return shown | {"estimate": {"outputRowCount": rows, **unknown}}


def _named(database: str, table: str) -> dict[str, Any]:
    return {"catalog": "awsdatacatalog", "schemaTable": {"schema": database, "table": table}}


def _constraints(scan: tree.Scan) -> Iterator[dict[str, Any]]:
    """Yield what the query says of partition columns: no other partition is read."""
    for one in conditions.of_scan(scan):
        name, kind = scan.table.partition_columns[one.column]
        operator = "=" if one.operator == "IN" else one.operator
        if operator not in _BOUNDS:
            continue
        low, high = _BOUNDS[operator]
        ranges = [
            {"low": {"value": value, "bound": low} if low else {"bound": "ABOVE"},
             "high": {"value": value, "bound": high} if high else {"bound": "BELOW"}}
            for value in one.values
        ]  # fmt: skip
        domain = {"nullsAllowed": False, "ranges": ranges}
        yield {"columnName": name, "type": str(kind), "domain": domain}


def _rows(run: Run, text: str) -> float | str:
    """Return the engine's estimate of how many rows the query answers."""
    plan = json.loads(_plan(run, text))[0]
    while "Estimated Cardinality" not in plan["extra_info"]:
        if not plan["children"]:
            return "NaN"
        plan = plan["children"][0]
    return float(plan["extra_info"]["Estimated Cardinality"])
