"""Runtime statistics, by boto3: what the engine counted."""

from __future__ import annotations

import pytest

from tests.services.athena.athena_client import finish
from tests.services.glue.test_databases import error_of


def statistics_of(athena, query):
    answer = athena.get_query_runtime_statistics(QueryExecutionId=query["QueryExecutionId"])
    return answer["QueryRuntimeStatistics"]


@pytest.fixture
def numbers(athena, lakebed):
    lakebed.client("s3").put_object(
        Bucket="results", Key="n/a.csv", Body=b"".join(b"%d\n" % n for n in range(1000))
    )
    finish(athena, "CREATE DATABASE shop")
    finish(athena, "CREATE EXTERNAL TABLE shop.n (i int) LOCATION 's3://results/n/'")
    return "shop.n"


def names(node):
    return [node["Name"], *(name for child in node.get("Children", ()) for name in names(child))]


def test_rows_bytes_time_and_plan_are_the_engines(athena, numbers):
    query = finish(athena, f"SELECT i % 7 AS r, count(*) AS c FROM {numbers} GROUP BY 1")
    found = statistics_of(athena, query)
    statistics = query["Statistics"]
    assert found["Timeline"] == {
        name: statistics[name]
        for name in (
            "QueryQueueTimeInMillis", "ServicePreProcessingTimeInMillis",
            "QueryPlanningTimeInMillis", "EngineExecutionTimeInMillis",
            "ServiceProcessingTimeInMillis", "TotalExecutionTimeInMillis",
        )
    }  # fmt: skip
    assert found["Timeline"]["TotalExecutionTimeInMillis"] >= sum(
        found["Timeline"][name]
        for name in ("QueryQueueTimeInMillis", "EngineExecutionTimeInMillis")
    )
    rows = found["Rows"]
    assert (rows["InputRows"], rows["InputBytes"], rows["OutputRows"]) == (1000, 3890, 7)
    assert rows["OutputBytes"] == len(b'"r","c"\n') + 7 * len(b'"0","143"\n')
    stage = found["OutputStage"]
    assert (stage["StageId"], stage["State"], stage["SubStages"]) == (0, "FINISHED", [])
    assert {name: stage[name] for name in rows} == rows
    operators = names(stage["QueryStagePlan"])
    assert any("GROUP_BY" in name for name in operators)
    assert any("SCAN" in name for name in operators)


def test_ddl_and_failures_have_a_timeline_only(athena):
    for text in ("SHOW DATABASES", "SELECT nope(1)"):
        assert statistics_of(athena, finish(athena, text)).keys() == {"Timeline"}


def test_an_unknown_query_has_none(athena):
    assert error_of(lambda: athena.get_query_runtime_statistics(QueryExecutionId="x")) == (
        "InvalidRequestException", "QueryExecution x was not found", 400,
    )  # fmt: skip
