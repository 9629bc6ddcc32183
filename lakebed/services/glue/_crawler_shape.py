"""Crawlers and crawls as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.services.glue._crawlers import (
    LOG_GROUP,
    READY,
    TARGET_KINDS,
    Crawl,
    Crawler,
    log_stream,
)

_LISTS = {"S3Targets": "Exclusions", "JdbcTargets": "Exclusions"}
"""Lists of a target that AWS shows when they were not given."""
DPU_HOURS = 0.0
"""Data processing units are what AWS rents out for crawls; one here uses none, and costs none."""
_STATUS = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}


def definition_shape(row: Crawler) -> dict[str, Any]:
    """Return the definition with all kinds of targets, as GetCrawler and a crawl see it."""
    given: Mapping[str, Any] = row.definition["Targets"]
    targets = {kind: [_target(kind, one) for one in given.get(kind, ())] for kind in TARGET_KINDS}
    return {"Name": row.name, **row.definition, "Targets": targets}


def crawler_shape(row: Crawler, now: float) -> Any:
    """Return a crawler as GetCrawler shows it."""
    shown = {
        **definition_shape(row),
        "State": row.state,
        # Milliseconds: the page says only "the total time elapsed since the last crawl began".
        "CrawlElapsedTime": 0 if row.state == READY else int((now - row.crawl_started) * 1000),
        "CreationTime": row.created,
        "LastUpdated": row.updated,
        "Version": row.version,
    }
    if row.schedule:
        shown["Schedule"] = {"ScheduleExpression": row.schedule, "State": row.schedule_state}
    if row.last:
        shown["LastCrawl"] = dict(row.last)
    return shown


def last_crawl(crawl: Crawl) -> dict[str, Any]:
    """Return an ended crawl as LastCrawl shows it."""
    shown = {
        "Status": _STATUS[crawl.state],
        "LogGroup": LOG_GROUP,
        "LogStream": log_stream(crawl.crawler),
        "MessagePrefix": crawl.id,
        "StartTime": crawl.started,
    }
    if crawl.error:
        shown["ErrorMessage"] = crawl.error
    return shown


def crawl_shape(crawl: Crawl) -> Any:
    """Return a crawl as ListCrawls shows it."""
    shown: dict[str, Any] = {
        "CrawlId": crawl.id,
        "State": crawl.state,
        "StartTime": crawl.started,
        "LogGroup": LOG_GROUP,
        "LogStream": log_stream(crawl.crawler),
        "MessagePrefix": crawl.id,
    }
    if crawl.ended:
        shown["EndTime"] = crawl.ended
        shown["DPUHour"] = DPU_HOURS
    if crawl.summary:
        shown["Summary"] = msgspec.json.encode(crawl.summary).decode()
    if crawl.error:
        shown["ErrorMessage"] = crawl.error
    return shown


def _target(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    name = _LISTS.get(kind)
    return dict(given) if name is None else {name: [], **given}
