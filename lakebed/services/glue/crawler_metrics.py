"""Metrics of crawlers: how long their crawls take, and what the last one did to tables."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.limits import CRAWLS_MEASURED_MAX, GLUE_PAGE_MAX
from lakebed.services.glue._crawl_life import settled
from lakebed.services.glue._crawlers import CRAWLERS, CRAWLS, READY, Crawler
from lakebed.services.glue.model import read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes


@long
def get_crawler_metrics(
    ctx: Context, request: shapes.GetCrawlerMetricsRequest
) -> shapes.GetCrawlerMetricsResponse:
    """Return the metrics of some crawlers, or of all by name, a page at a time.

    The tables are those of the last crawl, as the console shows them; the median is of the last
    hundred crawls. A crawl that runs is expected to take the median.
    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawlerMetrics.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    after = read_token(request.get("NextToken"))
    names = request.get("CrawlerNameList")
    if names:
        start = "" if after is None else after[0]
        rows = [CRAWLERS.get(ctx, name) for name in sorted(set(names)) if name > start]
        found = [row for row in rows if row is not None]
    else:
        found = list(CRAWLERS.scan(ctx, Range(after=after, limit=size + 1)))
    page: shapes.GetCrawlerMetricsResponse = {
        "CrawlerMetricsList": [_metrics(ctx, settled(ctx, row)) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def _metrics(ctx: Context, row: Crawler) -> Any:
    span = Range((row.name,), limit=CRAWLS_MEASURED_MAX, reverse=True)
    ended = [crawl for crawl in CRAWLS.scan(ctx, span) if crawl.ended]
    seconds = [crawl.ended - crawl.started for crawl in ended]
    usual = median(seconds) if seconds else 0.0
    is_running = row.state != READY
    left = usual - (ctx.clock.now() - row.crawl_started) if is_running else 0.0
    last = ended[0] if ended else None
    return {
        "CrawlerName": row.name,
        "TimeLeftSeconds": max(left, 0.0),
        "StillEstimating": is_running and not seconds,
        "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
        "MedianRuntimeSeconds": usual,
        "TablesCreated": last.tables_created if last else 0,
        "TablesUpdated": last.tables_updated if last else 0,
        "TablesDeleted": last.tables_deleted if last else 0,
    }
