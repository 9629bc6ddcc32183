"""The nouns of crawling and where they are kept: crawlers, their crawls, schedules, classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Table

replace = msgspec.structs.replace

READY = "READY"
RUNNING = "RUNNING"
STOPPING = "STOPPING"
SCHEDULED = "SCHEDULED"
NOT_SCHEDULED = "NOT_SCHEDULED"
LOG_GROUP = "/aws-glue/crawlers"
TARGET_KINDS = (
    "S3Targets", "JdbcTargets", "MongoDBTargets", "DynamoDBTargets", "CatalogTargets",
    "DeltaTargets", "IcebergTargets", "HudiTargets",
)  # fmt: skip
"""The members of CrawlerTargets, in the order in which they are crawled and shown."""


class Crawler(msgspec.Struct, frozen=True):
    """A crawler: `definition` is what CreateCrawler said, without name, schedule and tags.

    While it is not READY, `crawl_id` and `crawl_started` say which crawl it is about; `last` is the
    LastCrawl of GetCrawler. Times are seconds since the epoch. `schedule` is empty without one.
    """

    name: str
    definition: Mapping[str, Any]
    created: float
    updated: float
    version: int = 1
    state: str = READY
    schedule: str = ""
    schedule_state: str = NOT_SCHEDULED
    crawl_id: str = ""
    crawl_started: float = 0.0
    last: Mapping[str, Any] = {}


class Crawl(msgspec.Struct, frozen=True):
    """A crawl, as CrawlerHistory shows it; `seconds` it worked, without its wait for a turn."""

    crawler: str
    started: float
    id: str
    state: str = RUNNING
    ended: float = 0.0
    summary: Mapping[str, Any] = {}
    error: str = ""
    seconds: float = 0.0
    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    chain: str = ""
    trigger: str = ""
    """Of a crawl that a trigger started: what it is a part of (see `_triggers.Chain`)."""
    is_launched: bool = False
    """Of such a crawl: whether it was its turn."""


class CrawlTurn(msgspec.Struct, frozen=True):
    """A crawl of any account that runs or waits, in the order in which they were started."""

    since: float
    id: str


class CrawlDue(msgspec.Struct, frozen=True):
    """When the schedule of a crawler of any account starts it next."""

    account: str
    region: str
    crawler: str
    due: float


CRAWLERS = Table("glue_crawler", Crawler, key=("name",))
CRAWLS = Table("glue_crawl", Crawl, key=("crawler", "started", "id"), numbers=("started",))
CRAWL_TURNS = Table(
    "glue_crawl_turn", CrawlTurn, key=("since", "id"), numbers=("since",), everywhere=True
)
CRAWLS_DUE = Table(
    "glue_crawl_due",
    CrawlDue,
    key=("account", "region", "crawler"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)


ENTRY = "Crawler entry with name {}"
NAME = "Crawler with name {}"
"""How AWS's sentences begin: which one depends on the operation; clients have met both."""


def find_crawler(ctx: Context, name: str, sentence: str = NAME) -> Crawler:
    """Return the crawler of this name; EntityNotFoundException without it."""
    row = CRAWLERS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"{sentence.format(name)} does not exist")
    return row


def hold_crawler(ctx: Context, name: str, sentence: str = NAME) -> Crawler:
    """Return the crawler of this name, which nobody else changes before this transaction's end.

    Handlers in threads write while those of the loop read: whoever changes a crawler makes itself
    the store's only writer before it reads it.
    """
    row = held(ctx, find_crawler(ctx, name, sentence))
    return row or find_crawler(ctx, name, sentence)


def held(ctx: Context, row: Crawler) -> Crawler | None:
    """Make this transaction the only writer; return the crawler as it is by now, None if gone.

    To insert a row that is there changes nothing, but it is a write.
    """
    if CRAWLERS.insert(ctx, row):
        CRAWLERS.delete(ctx, row.name)
        return None
    return CRAWLERS.get(ctx, row.name)


def invalid(message: str) -> AwsError:
    """Return the error for what AWS's crawlers do not accept."""
    return AwsError("InvalidInputException", message)


def log_stream(crawler: str) -> str:
    """Return the stream of a crawler's log: its name, without what a stream's name cannot hold."""
    return crawler.replace(":", "_").replace("*", "_")
