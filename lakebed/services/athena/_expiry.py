"""What becomes of old queries: history of 45 days, managed results of 24 hours.

https://docs.aws.amazon.com/athena/latest/ug/querying.html
"""

from __future__ import annotations

from pathlib import Path

from lakebed.context import Caller, Context
from lakebed.core.limits import MANAGED_RESULT_HOURS, QUERY_HISTORY_DAYS
from lakebed.core.settings import Settings
from lakebed.services.athena.model import (
    CLIENT_TOKENS,
    QUERIES,
    QUERY_STAGES,
    QueryExecution,
)
from lakebed.store import Range

_EXPIRED_PER_START = 20


def managed_folder(settings: Settings) -> Path:
    """Return where results are that Athena keeps itself; a folder a day, then a file a query."""
    return settings.state_dir / "results"


def managed_file(settings: Settings, query: QueryExecution) -> Path:
    """Return the file of a query's managed result."""
    return managed_folder(settings) / f"{int(query.submitted // 86_400)}" / query.id


def expire(ctx: Context, work_group: str) -> None:
    """Delete a few queries that are past the retention; each start pays for a little of it."""
    oldest = ctx.clock.now() - QUERY_HISTORY_DAYS * 86_400
    span = Range((work_group,), end=(oldest,), limit=_EXPIRED_PER_START, index="by_time")
    for query in list(QUERIES.scan(ctx, span)):
        forget(ctx, query)


def forget(ctx: Context, query: QueryExecution) -> None:
    """Delete a query and all that is known of it; one that still runs is stopped."""
    QUERIES.delete(ctx, query.id)
    QUERY_STAGES.delete(ctx, query.id)
    if query.client_token:
        CLIENT_TOKENS.delete(ctx, query.client_token)
    if query.settings.is_managed:
        path = managed_file(ctx.settings, query)
        ctx.store.after_commit(lambda: path.unlink(missing_ok=True))
    if query.is_live:
        stop(ctx, query.id)


def stop(ctx: Context, query_id: str) -> None:
    """Stop a query's engine once the caller's transaction is committed."""
    engine = ctx.engines.sql

    async def work(_: Caller) -> None:
        await engine.stop(query_id)

    ctx.runs.start(ctx, f"stop {query_id}", work)


def is_gone(query: QueryExecution, now: float) -> bool:
    """Tell whether a managed result is past its hours."""
    return query.settings.is_managed and now > query.completed + MANAGED_RESULT_HOURS * 3600


def sweep_managed(settings: Settings, now: float) -> None:
    """Remove the managed results of whole days that are past their hours. For a thread."""
    import shutil

    oldest = int((now - MANAGED_RESULT_HOURS * 3600) // 86_400)
    folder = managed_folder(settings)
    if folder.is_dir():
        for day in folder.iterdir():
            if day.name.isdecimal() and int(day.name) < oldest:
                shutil.rmtree(day, ignore_errors=True)
