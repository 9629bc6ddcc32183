"""What the tests of crawls share: a crawler is made, runs to its end, and what it made is shown."""

from __future__ import annotations

import time
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/crawls"


def crawled(lakebed, name: str = "c", **members: Any) -> dict[str, Any]:
    """Create a crawler unless it is there, run it, and return its LastCrawl."""
    glue = lakebed.client("glue")
    if members:
        glue.create_crawler(Name=name, **{"Role": ROLE, "DatabaseName": "db", **members})
    glue.start_crawler(Name=name)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        crawler = glue.get_crawler(Name=name)["Crawler"]
        if crawler["State"] == "READY":
            return crawler["LastCrawl"]
        time.sleep(0.02)
    raise AssertionError(f"the crawl did not end: {crawler}")


def tables(lakebed, database: str = "db") -> dict[str, dict[str, Any]]:
    """Return the tables of a database by name."""
    found = lakebed.client("glue").get_tables(DatabaseName=database)["TableList"]
    return {one["Name"]: one for one in found}
