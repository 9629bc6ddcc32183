"""The embedded SQL engine: DuckDB in worker processes that never outlive a query's memory."""

from __future__ import annotations

from lakebed.engines.sql import EngineSettings, SqlEngine


def open_engine(settings: EngineSettings | None = None) -> SqlEngine:
    """Return an engine; its worker processes start with the first query or with `warm`."""
    from lakebed.engines.sql.duckdb.pool import DuckDbEngine

    return DuckDbEngine(settings or EngineSettings())
