"""Starts the crawls whose time has come; what the server's clock calls. Not an operation."""

from __future__ import annotations

import logging

import msgspec

from lakebed.context import Context
from lakebed.services.glue._crawl_life import begin, settled
from lakebed.services.glue._crawler_schedules import plan_next
from lakebed.services.glue._crawlers import CRAWLERS, CRAWLS_DUE, READY, SCHEDULED, CrawlDue, held

log = logging.getLogger("lakebed.crawls")


def put_off(ctx: Context, due: CrawlDue, until: float) -> None:
    """Try a crawler that could not be started again later, unless another time was set."""
    if CRAWLS_DUE.get(ctx, due.account, due.region, due.crawler) == due:
        CRAWLS_DUE.put(ctx, msgspec.structs.replace(due, due=until))


def start_due(ctx: Context, due: CrawlDue, now: float) -> bool:
    """Start a crawl that is due, and put down its next time, both or neither.

    False if the crawler is running: then this time is passed over. Times that passed before `now`
    as well, while no server ran, are made up for by this one crawl.
    """
    ctx = msgspec.structs.replace(ctx, account=due.account, region=due.region)
    if CRAWLS_DUE.get(ctx, due.account, due.region, due.crawler) != due:
        return False  # Another time was set meanwhile.
    row = CRAWLERS.get(ctx, due.crawler)
    row = None if row is None else held(ctx, row)
    if row is None or row.schedule_state != SCHEDULED:
        CRAWLS_DUE.delete(ctx, due.account, due.region, due.crawler)
        return False
    plan_next(ctx, row, now)
    row = settled(ctx, row)
    if row.state != READY:
        log.info("crawler %s is running: its schedule is passed over this time", row.name)
        return False
    begin(ctx, row)
    return True
