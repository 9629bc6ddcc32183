"""What the tests of crawls share: a lake, a crawler over it, its catalog, Athena's answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tests.engines.sql.iceberg_tables import Athena

SECONDS_MAX = 60.0


class Lake:
    """A bucket `lake`, a database `db` and a crawler `c` that fills it."""

    def __init__(self, lakebed: Any, *, is_new: bool = True) -> None:
        self.athena = Athena(lakebed, is_new=is_new)
        self.lakebed = lakebed
        self.s3, self.glue = lakebed.client("s3"), lakebed.client("glue")
        self.logs = lakebed.client("logs")

    def put(self, files: Mapping[str, str | bytes]) -> None:
        """Put objects."""
        for key, body in files.items():
            data = body if isinstance(body, bytes) else body.encode()
            self.s3.put_object(Bucket="lake", Key=key, Body=data)

    def drop(self, *keys: str) -> None:
        """Delete objects."""
        for key in keys:
            self.s3.delete_object(Bucket="lake", Key=key)

    def crawler(self, *targets: Any, name: str = "c", **members: Any) -> None:
        """Make a crawler of paths (or whole S3 targets) below the bucket."""
        s3 = [
            {**one, "Path": f"s3://lake/{one['Path']}"}
            if isinstance(one, dict)
            else {"Path": f"s3://lake/{one}"}
            for one in targets
        ]
        configuration = members.pop("Configuration", None)
        if configuration is not None:
            members["Configuration"] = json.dumps({"Version": 1.0, **configuration})
        self.glue.create_crawler(
            Name=name, Role="crawls", DatabaseName="db", Targets={"S3Targets": s3}, **members
        )

    def crawl(self, name: str = "c") -> dict[str, Any]:
        """Crawl to the end; return LastCrawl's status, and message if there is one."""
        self.glue.start_crawler(Name=name)
        last = self.ended(name)
        return {key: last[key] for key in ("Status", "ErrorMessage") if key in last}

    def ended(self, name: str = "c") -> dict[str, Any]:
        """Wait until the crawler is READY; return LastCrawl."""
        until = time.monotonic() + SECONDS_MAX
        while (crawler := self.glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            assert time.monotonic() < until, crawler
            time.sleep(0.02)
        return crawler["LastCrawl"]

    def summary(self, name: str = "c") -> Any:
        """Return what the last crawl changed, as its history says."""
        crawl = self.glue.list_crawls(CrawlerName=name)["Crawls"][0]
        return json.loads(crawl.get("Summary", "{}"))

    def tables(self) -> dict[str, Any]:
        """Return the tables of the database by name."""
        return {one["Name"]: one for one in self.glue.get_tables(DatabaseName="db")["TableList"]}

    def shapes(self) -> dict[str, tuple[str, str]]:
        """Return the tables as `name:type …` of the columns, and of the partition keys' names."""
        return {
            name: (columns(table), " ".join(key["Name"] for key in table["PartitionKeys"]))
            for name, table in self.tables().items()
        }

    def partitions(self, table: str) -> dict[tuple[str, ...], Any]:
        """Return the partitions of a table by values."""
        found = self.glue.get_partitions(DatabaseName="db", TableName=table)["Partitions"]
        return {tuple(one["Values"]): one for one in found}

    def ask(self, sql: str) -> list[Any]:
        """Return the rows of a query."""
        return self.athena.rows(sql)

    def lines(self, name: str = "c") -> list[str]:
        """Return the log of the crawler, without the ids before the lines."""
        page = self.logs.get_log_events(
            logGroupName="/aws-glue/crawlers", logStreamName=name, startFromHead=True
        )
        return [event["message"].partition("] ")[2] for event in page["events"]]


def columns(shape: Any) -> str:
    """Return the columns of a table or partition."""
    given = shape["StorageDescriptor"]["Columns"]
    return " ".join(f"{one['Name']}:{one['Type']}" for one in given)
