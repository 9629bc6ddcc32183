"""The life of a crawl as rows: begun, waiting, running, stopped, ended, or found dead.

The crawler's row says whether it runs; the crawl's row is its history. Both change together.
"""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import CRAWL_HISTORY_DAYS, CRAWL_HISTORY_MAX
from lakebed.services.glue._classifiers import classifiers_of
from lakebed.services.glue._crawl_rows import end
from lakebed.services.glue._crawl_run import Job, run_crawl
from lakebed.services.glue._crawler_role import role_context
from lakebed.services.glue._crawler_schedules import stopped
from lakebed.services.glue._crawler_shape import definition_shape
from lakebed.services.glue._crawlers import (
    CRAWL_TURNS,
    CRAWLERS,
    CRAWLS,
    READY,
    RUNNING,
    STOPPING,
    Crawl,
    Crawler,
    CrawlTurn,
    held,
    replace,
)
from lakebed.services.glue._runs import house_of
from lakebed.services.glue._told_states import tell_crawl_start
from lakebed.store import Range

_DAY_SECONDS = 86_400
_DIED = "The server stopped while the crawler was running. Run the crawler again."


def begin(ctx: Context, row: Crawler, chain: str = "", trigger: str = "") -> Crawler:
    """Put down a crawl of a crawler that is READY, and run it after the commit."""
    now, crawl_id = ctx.clock.now(), ctx.ids.uuid()
    crawl = Crawl(row.name, now, crawl_id, chain=chain, trigger=trigger)
    row = replace(row, state=RUNNING, crawl_id=crawl_id, crawl_started=now)
    CRAWLERS.put(ctx, row)
    CRAWLS.put(ctx, crawl)
    tell_crawl_start(ctx, crawl)
    expire(ctx, row.name, now)
    _launch(ctx, row, crawl)
    return row


def _launch(ctx: Context, row: Crawler, crawl: Crawl) -> None:
    """Have a crawl that was put down take its turn after the commit."""
    CRAWL_TURNS.put(ctx, CrawlTurn(crawl.started, crawl.id))
    shown = definition_shape(row)
    classifiers = classifiers_of(ctx, shown["Classifiers"])
    job = Job(row.name, crawl.id, crawl.started, shown, classifiers, bool(crawl.chain))
    house = house_of(ctx)
    as_role = role_context(ctx, shown["Role"])
    ctx.runs.start(as_role, crawl.id, lambda caller: run_crawl(caller, house, job))


def stop(ctx: Context, row: Crawler) -> None:
    """Stop the crawl of a crawler: it is STOPPING until the run has ended."""
    if row.state == STOPPING:
        message = f"Crawler with name {row.name} is stopping"
        raise AwsError("CrawlerStoppingException", message)
    if row.state == READY:
        message = f"Crawler with name {row.name} isn't running"
        raise AwsError("CrawlerNotRunningException", message)
    CRAWLERS.put(ctx, replace(row, state=STOPPING))
    crawl_id, runs = row.crawl_id, ctx.runs

    def cancel() -> None:
        runs.cancel(crawl_id)

    ctx.store.after_commit(cancel)


def settled(ctx: Context, row: Crawler) -> Crawler:
    """Return the crawler as it is; a crawl that died with its server has ended FAILED."""
    if row.state == READY or ctx.runs.is_running(row.crawl_id):
        return row
    now = held(ctx, row)
    if now is None or now.state == READY or now.crawl_id != row.crawl_id:
        return now or row  # The run has ended between the reading of its row and the asking for it.
    row = now
    crawl = CRAWLS.get(ctx, row.name, row.crawl_started, row.crawl_id)
    if crawl is None:
        raise RuntimeError(f"the crawl {row.crawl_id} of {row.name} has no row")
    if row.state == STOPPING:
        return end(ctx, replace(crawl, state="STOPPED"))
    if crawl.chain and not crawl.is_launched:
        _launch(ctx, row, crawl)
        return row
    return end(ctx, replace(crawl, state="FAILED", error=_DIED))


def forget(ctx: Context, row: Crawler) -> None:
    """Delete the history and the schedule of a crawler."""
    stopped(ctx, row)
    CRAWLS.delete_range(ctx, Range((row.name,)))


def expire(ctx: Context, name: str, now: float) -> None:
    """Delete the crawls that are older than is kept, or more."""
    CRAWLS.delete_range(ctx, Range((name,), end=(now - CRAWL_HISTORY_DAYS * _DAY_SECONDS,)))
    excess = CRAWLS.count(ctx, name) - CRAWL_HISTORY_MAX
    if excess > 0:
        for crawl in list(CRAWLS.scan(ctx, Range((name,), limit=excess))):
            CRAWLS.delete(ctx, crawl.crawler, crawl.started, crawl.id)
