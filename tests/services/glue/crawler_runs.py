"""What tests of crawls share: a bucket with files, a crawler over them, a wait for its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

ROLE = "service-role/crawls"
ORDERS = b"id,name,price\n1,apple,1.5\n2,pear,2.5\n3,plum,3.5\n"


def put_orders(lakebed, key: str = "orders/orders.csv", bucket: str = "lake") -> None:
    """Put a CSV file of three rows where a crawler finds it."""
    s3 = lakebed.client("s3")
    if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=ORDERS)


def make_crawler(glue, name: str = "orders", database: str = "shop", **members) -> str:
    """Create a database and a crawler of `s3://lake/orders/`."""
    if database not in {one["Name"] for one in glue.get_databases()["DatabaseList"]}:
        glue.create_database(DatabaseInput={"Name": database})
    targets = {"S3Targets": [{"Path": "s3://lake/orders/"}]}
    given = {"Name": name, "Role": ROLE, "DatabaseName": database, "Targets": targets}
    glue.create_crawler(**{**given, **members})
    return name


def wait_ready(glue, name: str = "orders", seconds: float = 30.0) -> dict:
    """Wait until a crawler is READY, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        crawler = glue.get_crawler(Name=name)["Crawler"]
        if crawler["State"] == "READY":
            return crawler
        time.sleep(0.02)
    raise AssertionError(f"{name} is still {crawler['State']}")


def crawled(glue, name: str = "orders") -> dict:
    """Run a crawler to its end, and return its LastCrawl."""
    glue.start_crawler(Name=name)
    return wait_ready(glue, name)["LastCrawl"]


def lines(lakebed, name: str = "orders") -> list[str]:
    """Return the lines of a crawler's log."""
    events = lakebed.client("logs").get_log_events(
        logGroupName="/aws-glue/crawlers", logStreamName=name, startFromHead=True
    )
    return [event["message"] for event in events["events"]]


def summary(crawl: dict) -> dict:
    """Return the Summary of a crawl, read."""
    return json.loads(crawl["Summary"])


@contextlib.contextmanager
def held(lakebed, *names: str):
    """Crawls that do not end before the block does: what looks into their files stands still."""
    glue = lakebed.client("glue")
    crawled(glue, make_crawler(glue, "warming"))  # so that there is something to hold
    children = list(_children(lakebed.process.pid))
    assert children
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        put_orders(lakebed, key="orders/more.csv")  # something new to be looked into
        for name in names:
            glue.start_crawler(Name=make_crawler(glue, name))
        yield
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)


def _children(parent: int):
    """Return the processes of the crawl engine that a server has started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
            if int(fields[1]) == parent and b"lakebed.engines.crawl" in command:
                yield int(path.parent.name)
