"""SELECT."""

from __future__ import annotations

from typing import Any

import duckdb

from lakebed.dialect import lower, statements
from lakebed.engines.sql.duckdb import results, udf
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.run import Run


def select(run: Run, statement: statements.Select) -> dict[str, Any]:
    """Run a query into a result file."""
    query = analysed(run, statement.query)
    text, scanner = lowered(run, query, hoping=True)
    path = run.scratch / "result.csv"
    written = results.copy_as_csv(text, query.columns, path)
    run.prepare(written, scanner.paths)
    try:
        row_count = _copied(run, written)
    except (duckdb.OutOfRangeException, duckdb.ConversionException):
        sure = lower.Lowering(scanner.source).query(query)
        if sure == text:
            raise
        udf.define(run.connection, sure)
        scanner.meter.read_bytes = 0
        row_count = _copied(run, results.copy_as_csv(sure, query.columns, path))
    scanned = run.scanned(scanner.meter.read_bytes)
    if not results.has_own_header(query.columns):
        results.add_header(query.columns, path)
    named = zip(results.names(query.columns), query.columns, strict=True)
    return {
        "columns": [results.column(name, kind) for name, (_, kind) in named],
        "result": str(path),
        "result_suffix": "csv",
        "result_bytes": path.stat().st_size,
        "row_count": row_count,
        "data_scanned_bytes": scanned,
    }


def _copied(run: Run, text: str) -> int:
    found = run.connection.execute(text).fetchone()
    return found[0] if found else 0
