"""The history of crawls, by boto3: in pages, newest first, and through filters."""

from __future__ import annotations

import pytest

from tests.services.glue.crawler_runs import crawled, make_crawler, put_orders
from tests.services.glue.test_databases import body, error_of


@pytest.fixture
def glue(lakebed):
    put_orders(lakebed)
    glue = lakebed.client("glue")
    make_crawler(glue)
    return glue


def ids(glue, *filters, **more):
    wanted = [
        dict(zip(("FieldName", "FilterOperator", "FieldValue"), one, strict=True))
        for one in filters
    ]
    answer = glue.list_crawls(CrawlerName="orders", Filters=wanted, **more)
    return [crawl["CrawlId"] for crawl in answer["Crawls"]]


def milliseconds(moment):
    return str(int(moment.timestamp() * 1000))


def test_crawls_are_listed_newest_first_in_pages(glue):
    made = [crawled(glue)["MessagePrefix"] for _ in range(3)]
    first = glue.list_crawls(CrawlerName="orders", MaxResults=2)
    token = first["NextToken"]
    second = glue.list_crawls(CrawlerName="orders", MaxResults=2, NextToken=token)
    pages = [[crawl["CrawlId"] for crawl in page["Crawls"]] for page in (first, second)]
    assert pages == [[made[2], made[1]], [made[0]]]
    assert "NextToken" not in second
    every = ("STATE", "EQ", "COMPLETED")
    assert ids(glue, every, MaxResults=2, NextToken=token) == [made[0]]


def test_filters_of_crawls(glue):
    first, second = crawled(glue), crawled(glue)
    one, two = first["MessagePrefix"], second["MessagePrefix"]
    began = milliseconds(second["StartTime"])
    assert ids(glue, ("CRAWL_ID", "EQ", one)) == [one]
    assert ids(glue, ("CRAWL_ID", "NE", one)) == [two]
    assert ids(glue, ("STATE", "EQ", "FAILED")) == []
    assert ids(glue, ("START_TIME", "EQ", began)) == [two]
    assert ids(glue, ("START_TIME", "GE", began)) == [two]
    assert ids(glue, ("START_TIME", "LT", began)) == [one]
    assert ids(glue, ("START_TIME", "GT", began)) == []
    assert ids(glue, ("START_TIME", "LT", second["StartTime"].isoformat())) == [one]
    assert ids(glue, ("END_TIME", "LE", began)) == [one]
    assert ids(glue, ("DPU_HOUR", "EQ", "0")) == [two, one]
    assert ids(glue, ("DPU_HOUR", "GT", "0")) == []
    assert ids(glue, ("STATE", "EQ", "COMPLETED"), ("CRAWL_ID", "EQ", two)) == [two]


def test_errors_of_histories(glue):
    missing = ("EntityNotFoundException", "Crawler entry with name nope does not exist", 400)
    assert error_of(lambda: glue.list_crawls(CrawlerName="nope")) == missing
    for wanted, message in (
        (("START_TIME", "GT", "yesterday"), "yesterday is no value of START_TIME."),
        (("STATE", "GT", "FAILED"), "Only EQ or NE operator is allowed for field : STATE"),
    ):
        refused = ("InvalidInputException", message, 400)
        assert error_of(lambda: ids(glue, wanted)) == refused  # noqa: B023
    half = {"FieldName": "CRAWL_ID", "FilterOperator": "NE"}
    sentence = "Invalid Filter Provided: FieldName: CRAWL_ID, FilterOperator: NE, FieldValue: null"
    assert error_of(lambda: glue.list_crawls(CrawlerName="orders", Filters=[half])) == (
        "InvalidInputException", sentence, 400,
    )  # fmt: skip
    token = error_of(lambda: glue.list_crawls(CrawlerName="orders", NextToken="bm8="))
    assert token == ("InvalidInputException", "Invalid NextToken", 400)


def test_the_history_goes_with_its_crawler(glue):
    crawled(glue)
    glue.delete_crawler(Name="orders")
    make_crawler(glue)
    assert body(glue.list_crawls(CrawlerName="orders")) == {"Crawls": []}
    assert "LastCrawl" not in glue.get_crawler(Name="orders")["Crawler"]
