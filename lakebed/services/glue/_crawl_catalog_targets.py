"""Crawls what tables of the Data Catalog point at, and brings these tables up to date.

No table is made and none deleted, and all of a table's folders are one schema.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.glue._crawl import CrawlError, Crawling
from lakebed.services.glue._crawl_folders import Policy
from lakebed.services.glue._crawl_listing import target_of
from lakebed.services.glue._crawl_s3 import found_table, partitions, tables_of


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Crawl the tables that catalog targets name.

    CrawlError for a table that is not in S3; AwsError for one that is not there.
    """
    for target in targets:
        for name in target["Tables"]:
            request = {"DatabaseName": target["DatabaseName"], "Name": name}
            answer = await crawling.caller.call("glue", "get_table", request)
            await _crawl_table(crawling, answer["Table"])


async def _crawl_table(crawling: Crawling, held: Mapping[str, Any]) -> None:
    location: str = held.get("StorageDescriptor", {}).get("Location", "")
    if not location.startswith("s3"):
        message = f"The table {held['DatabaseName']}.{held['Name']} has no location in Amazon S3."
        raise CrawlError(message)
    target = target_of({"Path": location})
    tables = await tables_of(crawling, target, Policy(combines=True))
    whole = next((one for one in tables if one.path == target.prefix), None)
    if whole is None:
        crawling.log.warn(f"{location} holds no files that are one table; {held['Name']} stays")
        return
    await crawling.catalog.update_table(held, found_table(target, whole), partitions(target, whole))
