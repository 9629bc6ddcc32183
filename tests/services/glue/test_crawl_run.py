"""The life of a crawl, by boto3: begun, waiting, stopped, killed, refused; what its log says."""

from __future__ import annotations

import contextlib
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from lakebed.testing import server, start
from tests.dispatch.test_dispatcher import events
from tests.services.glue.crawler_runs import (
    crawled,
    held,
    lines,
    make_crawler,
    put_orders,
    summary,
    wait_ready,
)
from tests.services.glue.test_databases import body, error_of

NOON = "cron(0 12 * * ? *)"


@pytest.fixture
def glue(lakebed):
    put_orders(lakebed)
    return lakebed.client("glue")


def test_a_crawl_succeeds_and_says_so_everywhere(lakebed, glue):
    make_crawler(glue)
    assert body(glue.start_crawler(Name="orders")) == {}
    crawler = wait_ready(glue)
    (crawl,) = glue.list_crawls(CrawlerName="orders")["Crawls"]
    last = crawler["LastCrawl"]
    crawl_id = last["MessagePrefix"]
    assert last == {
        "Status": "SUCCEEDED",
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": "orders",
        "MessagePrefix": crawl_id,
        "StartTime": last["StartTime"],
    }
    assert summary(crawl) == {"TABLE": {"ADD": {"Details": {"names": ["orders"]}, "Count": 1}}}
    assert crawl.pop("EndTime") >= crawl.pop("StartTime") == last["StartTime"]
    assert crawl.pop("Summary")
    assert crawl == {
        "CrawlId": crawl_id,
        "State": "COMPLETED",
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": "orders",
        "MessagePrefix": crawl_id,
        "DPUHour": 0.0,
    }
    policy = '{"UpdateBehavior":"UPDATE_IN_DATABASE","DeleteBehavior":"DEPRECATE_IN_DATABASE"}'
    said = [line.removeprefix(f"[{crawl_id}] ") for line in lines(lakebed)]
    assert [line for line in said if line.startswith("BENCHMARK")] == [
        "BENCHMARK : Running Start Crawl for Crawler orders",
        "BENCHMARK : Classification complete, writing results to database shop",
        "BENCHMARK : Finished writing to Catalog",
        "BENCHMARK : Crawler has finished running and is in state READY",
    ]
    assert f"INFO : Crawler configured with SchemaChangePolicy {policy}." in said
    assert "INFO : Created table orders in database shop" in said
    assert said[-3:-1] == ["INFO : Run Summary For TABLE:", "INFO : ADD: 1"]
    assert glue.get_table(DatabaseName="shop", Name="orders")["Table"]["Name"] == "orders"


def test_a_crawler_runs_once_at_a_time_and_is_left_alone_meanwhile(lakebed, glue):
    with held(lakebed, "orders"):
        crawler = glue.get_crawler(Name="orders")["Crawler"]
        assert (crawler["State"], "LastCrawl" in crawler) == ("RUNNING", False)
        assert error_of(lambda: glue.start_crawler(Name="orders")) == (
            "CrawlerRunningException", "Crawler with name orders has already started", 400,
        )  # fmt: skip
        assert error_of(lambda: glue.update_crawler(Name="orders")) == (
            "CrawlerRunningException",
            "Cannot update Crawler while running. Please stop crawl or wait until it completes to "
            "update.",
            400,
        )
        assert error_of(lambda: glue.delete_crawler(Name="orders")) == (
            "CrawlerRunningException", "Cannot delete crawler orders while it's running", 400,
        )  # fmt: skip
        time.sleep(0.01)
        assert glue.get_crawler(Name="orders")["Crawler"]["CrawlElapsedTime"] >= 10
        (crawl,) = glue.list_crawls(CrawlerName="orders")["Crawls"]
        assert (crawl["State"], "EndTime" in crawl) == ("RUNNING", False)
    assert wait_ready(glue)["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_stopped_crawl_is_cancelled(lakebed, glue):
    with held(lakebed, "orders"):
        assert body(glue.stop_crawler(Name="orders")) == {}
        last = wait_ready(glue)["LastCrawl"]
    assert (last["Status"], "ErrorMessage" in last) == ("CANCELLED", False)
    (crawl,) = glue.list_crawls(CrawlerName="orders")["Crawls"]
    assert (crawl["State"], "EndTime" in crawl) == ("STOPPED", True)
    assert lines(lakebed)[-1].endswith("Crawler has finished running and is in state READY")
    assert crawled(glue)["Status"] == "SUCCEEDED"


def test_no_update_is_lost_between_crawls_that_come_and_go(lakebed, glue):
    make_crawler(glue)
    made = Counter()

    def work(number):
        client = lakebed.session().client("glue", endpoint_url=lakebed.url)
        calls = (
            lambda: client.update_crawler_schedule(CrawlerName="orders", Schedule=NOON),
            lambda: client.update_crawler(Name="orders", Description=str(number)),
            lambda: client.start_crawler(Name="orders"),
            lambda: client.stop_crawler(Name="orders"),
        )
        for at in range(24):
            with contextlib.suppress(ClientError):
                calls[(at + number) % 4]()
                made[(at + number) % 4] += 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert wait_ready(glue)["Version"] == 1 + made[0] + made[1]
    crawls = glue.list_crawls(CrawlerName="orders", MaxResults=100)["Crawls"]
    assert len(crawls) == made[2]
    assert {crawl["State"] for crawl in crawls} <= {"COMPLETED", "STOPPED"}


def test_crawls_above_the_bound_wait_for_their_turn(lakebed, glue):
    with held(lakebed, "c0", "c1", "c2", "c3"):
        glue.stop_crawler(Name="c2")
        assert wait_ready(glue, "c2")["LastCrawl"]["Status"] == "CANCELLED"
        waiting = [line.partition("] ")[2] for line in lines(lakebed, "c2")]
    assert waiting == [
        "BENCHMARK : Running Start Crawl for Crawler c2",
        "BENCHMARK : Crawler has finished running and is in state READY",
    ]
    for name in ("c0", "c1", "c3"):
        assert wait_ready(glue, name)["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_crawl_that_cannot_go_on_has_failed_and_says_why(lakebed, glue):
    make_crawler(glue)
    glue.delete_database(Name="shop")
    lakebed.client("s3").delete_object(Bucket="lake", Key="orders/orders.csv")
    lakebed.client("s3").delete_bucket(Bucket="lake")
    last = crawled(glue)
    assert last["Status"] == "FAILED"
    assert last["ErrorMessage"]
    (crawl,) = glue.list_crawls(CrawlerName="orders")["Crawls"]
    assert (crawl["State"], crawl["ErrorMessage"]) == ("FAILED", last["ErrorMessage"])
    crawl_id = last["MessagePrefix"]
    assert f"[{crawl_id}] ERROR : {last['ErrorMessage']}" in lines(lakebed)


def test_a_name_that_no_log_stream_may_have_is_written_with_dashes_below(lakebed, glue):
    last = crawled(glue, make_crawler(glue, "a:b*c"))
    assert (last["Status"], last["LogStream"]) == ("SUCCEEDED", "a_b_c")
    started = f"[{last['MessagePrefix']}] BENCHMARK : Running Start Crawl for Crawler a:b*c"
    assert lines(lakebed, "a_b_c")[0] == started


def test_a_crawl_acts_as_its_role(lakebed, glue):
    make_crawler(glue)
    crawled(glue)
    made = [
        event["userIdentity"]
        for event in events(lakebed, "CreateTable")
        if event["requestParameters"].get("DatabaseName") == "shop"
    ]
    assert {
        "type": "AssumedRole",
        "principalId": "crawls:AWS-Crawler",
        "arn": "arn:aws:sts::000000000000:assumed-role/crawls/AWS-Crawler",
        "accountId": "000000000000",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": "arn:aws:iam::000000000000:role/crawls",
                "accountId": "000000000000",
                "userName": "crawls",
            }
        },
    } in made
    with urllib.request.urlopen(f"{lakebed.url}/_lakebed/metrics", timeout=5) as answer:
        counted = answer.read().decode()
    not_enforced = 'operation="create_table",code="not enforced: AccessDenied"'
    assert f'lakebed_calls_total{{service="glue",{not_enforced}}}' in counted


def test_files_that_open_mode_lets_through_are_counted_once_a_batch():
    with server() as running:
        put_orders(running)
        s3, glue = running.client("s3"), running.client("glue")
        for number in range(30):
            s3.put_object(Bucket="lake", Key=f"orders/{number}.csv", Body=b"id,name\n1,a\n")
        make_crawler(glue)
        crawled(glue)
        with urllib.request.urlopen(f"{running.url}/_lakebed/metrics", timeout=5) as answer:
            counted = answer.read().decode()
    not_enforced = 'service="s3",operation="get_object",code="not enforced: AccessDenied"'
    assert f"lakebed_calls_total{{{not_enforced}}} 1\n" in counted


def test_a_crawl_whose_role_may_nothing_fails_in_strict_mode(tmp_path):
    server = start(tmp_path / "data")
    try:
        put_orders(server)
        make_crawler(server.client("glue"))
    finally:
        server.stop()
    server = start(tmp_path / "data", "--mode", "strict")
    try:
        glue = server.client("glue")
        last = crawled(glue)
        assert last["Status"] == "FAILED"
        assert last["ErrorMessage"].startswith(
            "User: arn:aws:sts::000000000000:assumed-role/crawls/AWS-Crawler is not authorized to "
            "perform: "
        )
        assert last["ErrorMessage"].endswith(
            "(Service: Amazon S3; Status Code: 403; Error Code: AccessDenied). For more "
            "information, see Setting up IAM Permissions in the Developer Guide "
            "(http://docs.aws.amazon.com/glue/latest/dg/getting-started-access.html)."
        )
        assert glue.get_tables(DatabaseName="shop")["TableList"] == []
        code, message, _ = error_of(lambda: make_crawler(glue, "more"))
        assert code == "InvalidInputException"
        assert message.startswith("Unable to validate existence of s3 target s3://lake because: ")
    finally:
        server.stop()


def test_a_crawl_that_died_with_its_server_has_failed(tmp_path):
    server = start(tmp_path / "data")
    put_orders(server)
    glue = server.client("glue")
    make_crawler(glue)
    glue.start_crawler(Name="orders")
    server.kill()
    server = start(tmp_path / "data")
    try:
        glue = server.client("glue")
        (crawl,) = glue.list_crawls(CrawlerName="orders")["Crawls"]
        said = "The server stopped while the crawler was running. Run the crawler again."
        assert (crawl["State"], crawl["ErrorMessage"]) == ("FAILED", said)
        crawler = glue.get_crawler(Name="orders")["Crawler"]
        assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "FAILED")
        assert crawled(glue)["Status"] == "SUCCEEDED"
    finally:
        server.stop()


def test_a_server_that_stops_ends_its_crawls(tmp_path):
    server = start(tmp_path / "data")
    put_orders(server)
    with held(server, "orders"):
        server.stop()
    server = start(tmp_path / "data")
    try:
        crawler = server.client("glue").get_crawler(Name="orders")["Crawler"]
        last = crawler["LastCrawl"]
        assert (crawler["State"], last["Status"]) == ("READY", "FAILED")
        said = "The server stopped while the crawler was running. Run the crawler again."
        assert last["ErrorMessage"] == said
        assert lines(server)[-2:] == [
            f"[{last['MessagePrefix']}] ERROR : {said}",
            f"[{last['MessagePrefix']}] BENCHMARK : Crawler has finished running and is in state "
            "READY",
        ]
    finally:
        server.stop()
