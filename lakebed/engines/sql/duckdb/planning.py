"""From a parsed query to DuckDB's text and the files it may open."""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect import analyse, lower, rewrite, tree
from lakebed.engines.sql.duckdb import scans
from lakebed.engines.sql.duckdb.run import Run


def analysed(run: Run, node: exp.Expr) -> tree.Query:
    """Return a query's typed form; its scans know which columns are read."""
    run.catalog.expect(rewrite.named_tables(node, run.database))
    analyser = analyse.Analyser(run.catalog, run.database, run.text)
    query = analyser.query(node)
    analyse.used_columns(analyser.scans, query)
    run.scans = analyser.scans
    return query


def lowered(run: Run, query: tree.Query, *, hoping: bool = False) -> tuple[str, scans.Scanner]:
    """Return DuckDB's text of a query, and what it reads; `hoping` as `lower.Lowering` has it."""
    scanner = scans.Scanner(run.catalog, run.connection, run.scans)
    return lower.Lowering(scanner.source, hoping=hoping).query(query), scanner
