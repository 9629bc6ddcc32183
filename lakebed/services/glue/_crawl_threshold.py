"""The most tables that a crawl may make: TableThreshold of a crawler's Configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.services.glue._crawl import CrawlError, Crawling


def check_threshold(crawling: Crawling, count: int) -> None:
    """Refuse more tables than the Configuration allows, before any is made.

    https://docs.aws.amazon.com/glue/latest/dg/crawler-maximum-number-of-tables.html
    """
    output: Mapping[str, Any] = crawling.configuration.get("CrawlerOutput") or {}
    tables: Mapping[str, Any] = output.get("Tables") or {}
    threshold = int(tables.get("TableThreshold") or 0)
    if threshold and count > threshold:
        message = f"The number of tables detected by crawler: {count} is greater than the table "
        raise CrawlError(f"{message}threshold value provided: {threshold}. No tables were created.")
