"""Queries by a Trino cluster (or a child process of ours), over the same catalog and objects.

DDL, SHOW and the catalog's own statements stay with the embedded engine, which asks the catalog
itself; SELECT, EXPLAIN, CREATE TABLE AS and INSERT INTO are handed to Trino as they are. Trino
reads the Glue catalog and S3 of this server, with the root keys: what a user may read is not asked
there.
"""

from __future__ import annotations

from lakebed.engines.sql import EngineSettings, SqlEngine


def open_engine(settings: EngineSettings) -> SqlEngine:
    """Return an engine; a child starts with the first query or with `warm`."""
    from lakebed.engines.sql.trino.engine import TrinoEngine

    return TrinoEngine(settings)
