"""Schedules of crawlers: set, put in force, taken out of force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.services.glue._crawler_cron import warm
from lakebed.services.glue._crawler_schedules import started, stopped, with_schedule
from lakebed.services.glue._crawlers import CRAWLERS, SCHEDULED, hold_crawler, replace

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


@long
def update_crawler_schedule(
    ctx: Context, request: shapes.UpdateCrawlerScheduleRequest
) -> shapes.UpdateCrawlerScheduleResponse:
    """Set the schedule of a crawler; an empty one takes it away.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawlerSchedule.html
    """
    warm()
    row = hold_crawler(ctx, request["CrawlerName"])
    row = with_schedule(ctx, row, request.get("Schedule", ""))
    CRAWLERS.put(ctx, replace(row, updated=ctx.clock.now(), version=row.version + 1))
    return {}


@long
def start_crawler_schedule(
    ctx: Context, request: shapes.StartCrawlerScheduleRequest
) -> shapes.StartCrawlerScheduleResponse:
    """Put a crawler's schedule in force: it is SCHEDULED.

    It is at once, so that nobody meets TRANSITIONING. The sentences of these errors are ours.
    https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawlerSchedule.html
    """
    warm()
    row = hold_crawler(ctx, request["CrawlerName"])
    if not row.schedule:
        raise AwsError("NoScheduleException", f"Crawler with name {row.name} has no schedule")
    if row.schedule_state == SCHEDULED:
        message = f"The schedule of crawler with name {row.name} is already running"
        raise AwsError("SchedulerRunningException", message)
    CRAWLERS.put(ctx, started(ctx, row))
    return {}


def stop_crawler_schedule(
    ctx: Context, request: shapes.StopCrawlerScheduleRequest
) -> shapes.StopCrawlerScheduleResponse:
    """Take a crawler's schedule out of force; a crawl that runs goes on.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StopCrawlerSchedule.html
    """
    row = hold_crawler(ctx, request["CrawlerName"])
    if row.schedule_state != SCHEDULED:
        message = f"The schedule of crawler with name {row.name} isn't running"
        raise AwsError("SchedulerNotRunningException", message)
    CRAWLERS.put(ctx, stopped(ctx, row))
    return {}
