"""Crawlers: what is to be crawled, with which role, by which rules, and whether it runs."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_CRAWLERS_MAX, GLUE_PAGE_MAX, GLUE_TAGS_MAX
from lakebed.services.glue._crawl_life import begin, forget, settled, stop
from lakebed.services.glue._crawl_memory import forget_crawler
from lakebed.services.glue._crawler_cron import warm
from lakebed.services.glue._crawler_input import definition, refuse_unbuilt
from lakebed.services.glue._crawler_schedules import with_schedule
from lakebed.services.glue._crawler_shape import crawler_shape
from lakebed.services.glue._crawlers import (
    CRAWLERS,
    ENTRY,
    READY,
    Crawler,
    find_crawler,
    hold_crawler,
    invalid,
    replace,
)
from lakebed.services.glue.model import TAGS, arn_of, put_tags, read_token, write_token
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import glue as shapes

_UNBUILT = (
    "Targets.DynamoDBTargets",
    "Targets.MongoDBTargets",
    "Targets.S3Targets.EventQueueArn",
    "Targets.S3Targets.DlqEventQueueArn",
    "Targets.CatalogTargets.EventQueueArn",
    "Targets.CatalogTargets.DlqEventQueueArn",
    "RecrawlPolicy.RecrawlBehavior CRAWL_EVENT_MODE",
    "LineageConfiguration.CrawlerLineageSettings ENABLE",
    "LakeFormationConfiguration.UseLakeFormationCredentials",
)


@long
def create_crawler(
    ctx: Context, request: shapes.CreateCrawlerRequest
) -> shapes.CreateCrawlerResponse:
    """Create a crawler; nothing is crawled until it is started.

    Targets of DynamoDB and MongoDB, event queues, lineage and Lake Formation credentials are
    refused by name. In a thread, because of the library that reads schedules.
    https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
    """
    refuse_unbuilt("CreateCrawler", request, _UNBUILT)
    now, tags = ctx.clock.now(), request.get("Tags")
    row = Crawler(request["Name"], definition(ctx, "CreateCrawler", request), now, now)
    if request.get("Schedule"):
        warm()
    if tags and len(tags) > GLUE_TAGS_MAX:
        raise invalid(f"A resource has at most {GLUE_TAGS_MAX} tags.")
    if not CRAWLERS.insert(ctx, row):
        message = f"Crawler with name {row.name} already exists"
        raise AwsError("AlreadyExistsException", message)
    if CRAWLERS.count(ctx) > GLUE_CRAWLERS_MAX:
        message = f"Number of crawlers exceeds the limit of {GLUE_CRAWLERS_MAX}."
        raise AwsError("ResourceNumberLimitExceededException", message)
    CRAWLERS.put(ctx, with_schedule(ctx, row, request.get("Schedule", "")))
    put_tags(ctx, arn_of(ctx, "crawler", row.name), tags)
    return {}


def get_crawler(ctx: Context, request: shapes.GetCrawlerRequest) -> shapes.GetCrawlerResponse:
    """Return a crawler, its state and how its last crawl ended.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawler.html
    """
    row = settled(ctx, find_crawler(ctx, request["Name"], ENTRY))
    return {"Crawler": crawler_shape(row, ctx.clock.now())}


def get_crawlers(ctx: Context, request: shapes.GetCrawlersRequest) -> shapes.GetCrawlersResponse:
    """Return the crawlers by name, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawlers.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    span = Range(after=read_token(request.get("NextToken")), limit=size + 1)
    found, now = list(CRAWLERS.scan(ctx, span)), ctx.clock.now()
    page: shapes.GetCrawlersResponse = {
        "Crawlers": [crawler_shape(settled(ctx, row), now) for row in found[:size]]
    }
    if len(found) > size:
        page["NextToken"] = write_token(found[size - 1].name)
    return page


def batch_get_crawlers(
    ctx: Context, request: shapes.BatchGetCrawlersRequest
) -> shapes.BatchGetCrawlersResponse:
    """Return up to 100 crawlers by name; those that are not there are named.

    https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetCrawlers.html
    """
    now = ctx.clock.now()
    shown: list[Any] = []
    missing: list[str] = []
    for name in dict.fromkeys(request["CrawlerNames"]):
        row = CRAWLERS.get(ctx, name)
        if row is None:
            missing.append(name)
        else:
            shown.append(crawler_shape(settled(ctx, row), now))
    return {"Crawlers": shown, "CrawlersNotFound": missing}


def list_crawlers(ctx: Context, request: shapes.ListCrawlersRequest) -> shapes.ListCrawlersResponse:
    """Return the names of the crawlers, or of those with all of some tags, a page at a time.

    https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawlers.html
    """
    size = min(request.get("MaxResults") or GLUE_PAGE_MAX, GLUE_PAGE_MAX)
    wanted = dict(request.get("Tags") or {}).items()
    after = read_token(request.get("NextToken"))
    names: list[str] = []
    # Bounded: an account has at most 1,000 crawlers.
    for row in CRAWLERS.scan(ctx, Range(after=after)):
        if wanted:
            tags = TAGS.get(ctx, arn_of(ctx, "crawler", row.name))
            if tags is None or not wanted <= tags.tags.items():
                continue
        names.append(row.name)
        if len(names) > size:
            break
    page: shapes.ListCrawlersResponse = {"CrawlerNames": names[:size]}
    if len(names) > size:
        page["NextToken"] = write_token(names[size - 1])
    return page


@long
def update_crawler(
    ctx: Context, request: shapes.UpdateCrawlerRequest
) -> shapes.UpdateCrawlerResponse:
    """Replace the members that are given; an empty Schedule or Configuration is taken away.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html
    """
    refuse_unbuilt("UpdateCrawler", request, _UNBUILT)
    known = find_crawler(ctx, request["Name"], ENTRY)
    members = definition(ctx, "UpdateCrawler", request, known.definition)
    if request.get("Schedule"):
        warm()
    row = settled(ctx, hold_crawler(ctx, known.name, ENTRY))
    if row.state != READY:
        # The sentence is AWS's, though some clients have met it under InvalidInputException.
        message = (
            "Cannot update Crawler while running. Please stop crawl or wait until it completes "
            "to update."
        )
        raise AwsError("CrawlerRunningException", message)
    changed = replace(row, definition=members, updated=ctx.clock.now(), version=row.version + 1)
    if "Schedule" in request and request["Schedule"] != row.schedule:
        changed = with_schedule(ctx, changed, request["Schedule"])
    CRAWLERS.put(ctx, changed)
    return {}


def delete_crawler(
    ctx: Context, request: shapes.DeleteCrawlerRequest
) -> Generator[None, None, shapes.DeleteCrawlerResponse]:
    """Delete a crawler with its schedule, history and tags; what it made in the catalog stays.

    https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteCrawler.html
    """
    yield from forget_crawler(ctx, _ready(ctx, request["Name"]).name)
    row = _ready(ctx, request["Name"])  # It may have been started between two slices.
    forget(ctx, row)
    CRAWLERS.delete(ctx, row.name)
    TAGS.delete(ctx, arn_of(ctx, "crawler", row.name))
    return {}


def start_crawler(ctx: Context, request: shapes.StartCrawlerRequest) -> shapes.StartCrawlerResponse:
    """Start a crawl, whatever is scheduled.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html
    """
    row = settled(ctx, hold_crawler(ctx, request["Name"]))
    if row.state != READY:
        message = f"Crawler with name {row.name} has already started"
        raise AwsError("CrawlerRunningException", message)
    begin(ctx, row)
    return {}


def stop_crawler(ctx: Context, request: shapes.StopCrawlerRequest) -> shapes.StopCrawlerResponse:
    """Stop the crawl that runs; what it has written stays.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StopCrawler.html
    """
    row = settled(ctx, hold_crawler(ctx, request["Name"]))
    stop(ctx, row)
    return {}


def _ready(ctx: Context, name: str) -> Crawler:
    """Return a crawler that may be deleted: one that does not run."""
    row = settled(ctx, hold_crawler(ctx, name, ENTRY))
    if row.state != READY:
        message = f"Cannot delete crawler {row.name} while it's running"
        raise AwsError("CrawlerRunningException", message)
    return row
