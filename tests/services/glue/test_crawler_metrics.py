"""Metrics of crawlers, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.crawler_runs import crawled, held, make_crawler, put_orders


@pytest.fixture
def glue(lakebed):
    put_orders(lakebed)
    return lakebed.client("glue")


def metrics(glue, **request):
    return glue.get_crawler_metrics(**request)["CrawlerMetricsList"]


def test_a_crawler_that_never_ran_has_done_nothing(glue):
    make_crawler(glue)
    assert metrics(glue) == [
        {
            "CrawlerName": "orders",
            "TimeLeftSeconds": 0.0,
            "StillEstimating": False,
            "LastRuntimeSeconds": 0.0,
            "MedianRuntimeSeconds": 0.0,
            "TablesCreated": 0,
            "TablesUpdated": 0,
            "TablesDeleted": 0,
        }
    ]


def test_the_metrics_are_of_the_last_crawl_and_the_median_of_all(glue):
    make_crawler(glue)
    crawled(glue)
    (first,) = metrics(glue)
    assert (first["TablesCreated"], first["TablesUpdated"], first["TablesDeleted"]) == (1, 0, 0)
    assert 0 < first["LastRuntimeSeconds"] == first["MedianRuntimeSeconds"]
    crawled(glue)
    (second,) = metrics(glue)
    assert second["TablesCreated"] == 0
    both = (first["LastRuntimeSeconds"], second["LastRuntimeSeconds"])
    assert second["MedianRuntimeSeconds"] == pytest.approx(sum(both) / 2)


def test_a_crawl_that_runs_is_estimated_from_those_before(lakebed, glue):
    crawled(glue, make_crawler(glue, "before"))
    with held(lakebed, "orders"):
        glue.start_crawler(Name="before")
        before, running = metrics(glue, CrawlerNameList=["orders", "before"])
        assert (running["StillEstimating"], running["TimeLeftSeconds"]) == (True, 0.0)
        assert (before["StillEstimating"], before["TablesCreated"]) == (False, 1)
        assert before["TimeLeftSeconds"] < before["MedianRuntimeSeconds"]


def test_metrics_come_in_pages_and_by_name(glue):
    for name in ("b", "a", "c"):
        make_crawler(glue, name)
    first = glue.get_crawler_metrics(MaxResults=2)
    second = glue.get_crawler_metrics(MaxResults=2, NextToken=first["NextToken"])
    pages = [[one["CrawlerName"] for one in page["CrawlerMetricsList"]] for page in (first, second)]
    assert pages == [["a", "b"], ["c"]]
    named = glue.get_crawler_metrics(CrawlerNameList=["c", "nope", "a"], MaxResults=1)
    more = metrics(glue, CrawlerNameList=["c", "nope", "a"], NextToken=named["NextToken"])
    assert [one["CrawlerName"] for one in (*named["CrawlerMetricsList"], *more)] == ["a", "c"]
