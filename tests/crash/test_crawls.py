"""A crawl whose server is killed, or that is stopped, leaves a catalog that the next completes."""

from __future__ import annotations

import time

import pytest

from lakebed import testing
from tests.services.glue.crawled import Lake

CSV = "id,city\n1,Berlin\n2,Paris\n"
FOLDERS = 250


def begun(lake: Lake) -> None:
    """Start a crawl and wait until it writes partitions."""
    lake.put({f"t/d={day}/a.csv": CSV for day in range(FOLDERS)})
    lake.crawler("t/")
    lake.glue.start_crawler(Name="c")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if "t" in lake.tables() and lake.partitions("t"):
            return
    raise AssertionError("no partitions were written")


def whole(lake: Lake) -> None:
    """Assert that every partition there is is right, then that a crawl adds the rest."""
    assert lake.glue.get_crawler(Name="c")["Crawler"]["State"] == "READY"
    for values, part in lake.partitions("t").items():
        assert part["StorageDescriptor"]["Location"] == f"s3://lake/t/d={values[0]}/"
    assert lake.crawl() == {"Status": "SUCCEEDED"}
    found = lake.glue.get_paginator("get_partitions").paginate(DatabaseName="db", TableName="t")
    assert sum(len(page["Partitions"]) for page in found) == FOLDERS
    assert lake.ask("SELECT count(*), sum(id) FROM t") == [[str(2 * FOLDERS), str(3 * FOLDERS)]]


def test_a_killed_server(tmp_path):
    server = testing.start(tmp_path / "data")
    begun(Lake(server))
    server.kill()
    server = testing.start(tmp_path / "data")
    try:
        lake = Lake(server, is_new=False)
        last = lake.glue.get_crawler(Name="c")["Crawler"]["LastCrawl"]
        assert last["Status"] in ("FAILED", "SUCCEEDED")
        whole(lake)
    finally:
        server.stop()


@pytest.mark.slow
def test_a_stopped_crawl(lakebed):
    lake = Lake(lakebed)
    begun(lake)
    try:
        lake.glue.stop_crawler(Name="c")
    except lake.glue.exceptions.CrawlerNotRunningException:
        pass
    else:
        assert lake.ended()["Status"] in ("CANCELLED", "SUCCEEDED")
    whole(lake)
