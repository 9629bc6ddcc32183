"""SELECT."""

from __future__ import annotations

from typing import Any

from lakebed.dialect import statements
from lakebed.engines.sql.duckdb import results
from lakebed.engines.sql.duckdb.planning import analysed, lowered
from lakebed.engines.sql.duckdb.run import Run


def select(run: Run, statement: statements.Select) -> dict[str, Any]:
    """Run a query into a result file."""
    query = analysed(run, statement.query)
    text, scanner = lowered(run, query)
    path = run.scratch / "result.csv"
    statement_text = results.copy_as_csv(text, query.columns, path)
    run.prepare(statement_text, scanner.paths)
    copied = run.connection.execute(statement_text).fetchone()
    scanned = run.scanned(scanner.meter.read_bytes)
    if not results.has_own_header(query.columns):
        results.add_header(query.columns, path)
    named = zip(results.names(query.columns), query.columns, strict=True)
    return {
        "columns": [results.column(name, kind) for name, (_, kind) in named],
        "result": str(path),
        "result_suffix": "csv",
        "result_bytes": path.stat().st_size,
        "row_count": copied[0] if copied else 0,
        "data_scanned_bytes": scanned,
    }
