"""Schedules of crawlers as rows: what is due when, and what happens when it is.

A row of `CRAWLS_DUE` says when a crawler is to be started next, so a schedule survives a restart.
It is advanced in the same transaction that starts the crawl: no time is carried out twice. Times
that passed while no server ran are made up for by one crawl.
"""

from __future__ import annotations

from lakebed.context import Context
from lakebed.services.glue._crawler_cron import check_schedule, next_time
from lakebed.services.glue._crawlers import (
    CRAWLS_DUE,
    NOT_SCHEDULED,
    SCHEDULED,
    CrawlDue,
    Crawler,
    replace,
)


def with_schedule(ctx: Context, row: Crawler, expression: str) -> Crawler:
    """Return the crawler with another schedule, which begins now; an empty one ends it.

    One that was taken out of force stays so: whoever stopped it did so knowingly.
    """
    if not expression:
        return replace(stopped(ctx, row), schedule="")
    check_schedule(expression)
    is_stopped = bool(row.schedule) and row.schedule_state == NOT_SCHEDULED
    row = replace(row, schedule=expression)
    return row if is_stopped else started(ctx, row)


def started(ctx: Context, row: Crawler) -> Crawler:
    """Return the crawler with its schedule in force, and put down when it is due next."""
    plan_next(ctx, row, ctx.clock.now())
    return replace(row, schedule_state=SCHEDULED)


def stopped(ctx: Context, row: Crawler) -> Crawler:
    """Return the crawler with its schedule out of force."""
    CRAWLS_DUE.delete(ctx, ctx.account, ctx.region, row.name)
    return replace(row, schedule_state=NOT_SCHEDULED)


def plan_next(ctx: Context, row: Crawler, after: float) -> None:
    """Put down when a crawler is due first after a time; nothing if that is never."""
    due = next_time(row.schedule, after)
    if due is None:
        CRAWLS_DUE.delete(ctx, ctx.account, ctx.region, row.name)
    else:
        CRAWLS_DUE.put(ctx, CrawlDue(ctx.account, ctx.region, row.name, due))
