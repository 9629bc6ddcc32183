"""Crawls what tables of the Data Catalog point at, and brings these tables up to date.

No table is made and none deleted, and all of a table's folders are one schema.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lakebed.services.glue._crawl import CrawlError, Crawling, FoundPartition
from lakebed.services.glue._crawl_delta import native_table
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
    if _is_delta(held):
        await _crawl_delta_table(crawling, held, location)
        return
    if _is_other(held):
        message = f"The table {held['DatabaseName']}.{held['Name']} is of a format that catalog "
        raise CrawlError(f"{message}targets cannot be: Amazon S3 and Delta Lake are permitted.")
    target = target_of({"Path": location})
    tables = await tables_of(crawling, target, Policy(combines=True))
    whole = next((one for one in tables if one.path == target.prefix), None)
    if whole is None:
        crawling.log.warn(f"{location} holds no files that are one table; {held['Name']} stays")
        return
    await crawling.catalog.update_table(held, found_table(target, whole), partitions(target, whole))


def _is_delta(held: Mapping[str, Any]) -> bool:
    """Tell whether a table is Delta Lake's, read by its log and not over a manifest."""
    parameters: Mapping[str, str] = held.get("Parameters") or {}
    said = (parameters.get(key, "") for key in ("table_type", "spark.sql.sources.provider"))
    return "delta" in (one.lower() for one in said)


def _is_other(held: Mapping[str, Any]) -> bool:
    """Tell whether a table is Iceberg's or Hudi's: its files must not be taken for the table."""
    parameters: Mapping[str, str] = held.get("Parameters") or {}
    reads = str(held["StorageDescriptor"].get("InputFormat") or "")
    is_hudi = reads.startswith(("org.apache.hudi.", "com.uber.hoodie."))
    return is_hudi or parameters.get("table_type", "").upper() == "ICEBERG"


async def _crawl_delta_table(crawling: Crawling, held: Mapping[str, Any], location: str) -> None:
    """Bring a Delta Lake table up to date with its log; it has no partitions of its own."""
    serde: Mapping[str, Any] = held["StorageDescriptor"].get("SerdeInfo") or {}
    parameters: Mapping[str, str] = serde.get("Parameters") or {}
    path = parameters.get("path") or location
    found = await native_table(crawling, path)
    if found is None:
        crawling.log.warn(f"{path} holds no Delta Lake table; {held['Name']} stays")
        return
    await crawling.catalog.update_table(held, found, _none())


async def _none() -> AsyncIterator[Sequence[FoundPartition]]:
    """Yield nothing."""
    return
    yield ()
