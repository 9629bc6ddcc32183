"""The SQL engine that hands queries to Trino."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql import EngineSettings, Lake, Outcome, SqlQuery
from lakebed.engines.sql.duckdb.pool import DuckDbEngine, failed
from lakebed.engines.sql.trino.child import Child, ChildError
from lakebed.engines.sql.trino.client import Client

log = logging.getLogger("lakebed.engines.sql")


class TrinoEngine(DuckDbEngine):
    """The embedded engine's queue and workers; its queries run elsewhere."""

    statements = "lakebed.engines.sql.trino.statements"

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        assert settings.server is not None
        self._url = settings.server.sql_trino_url
        self._child = None if self._url else Child(settings.server)
        self._starting = asyncio.Lock()

    async def run(
        self, query: SqlQuery, lake: Lake, begun: Callable[[], None] | None = None
    ) -> Outcome:
        """Run a statement to its end; the first one starts the child, if there is to be one."""
        try:
            await self._started()
        except ChildError as error:
            return failed(query, "GENERIC_INTERNAL_ERROR", str(error))
        return await super().run(query, lake, begun)

    async def warm(self) -> None:
        """Start the child and a worker."""
        with contextlib.suppress(ChildError):
            await self._started()
        await super().warm()

    async def close(self) -> None:
        """End every query and the child."""
        await super().close()
        if self._child is not None:
            await self._child.stop()

    @property
    def remote_url(self) -> str:
        """Where the workers send queries."""
        return self._url

    async def cancel_remote(self, query: str) -> None:
        """End a query of the cluster, after its worker was killed."""
        with contextlib.suppress(OSError, TrinoError):
            await asyncio.to_thread(Client(self._url, {}).cancel, query)

    async def _started(self) -> None:
        if self._child is None or self._url and self._child.is_alive:
            return
        async with self._starting:
            if not (self._url and self._child.is_alive):
                self._url = await self._child.start()
