"""Query executions, by boto3: start, watch, stop, and what is refused."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from tests.services.athena.athena_client import finish, start
from tests.services.glue.test_databases import error_of

TEN = "(VALUES 1,2,3,4,5,6,7,8,9,10)"
LONG = f"SELECT count(*) FROM {TEN} a(x) " + " ".join(
    f"CROSS JOIN {TEN} a{n}(x{n})" for n in range(11)
)
OUTPUT = {"OutputLocation": "s3://results/q/"}


def test_a_query_shows_its_whole_life(athena):
    query = finish(athena, "SELECT 1")
    identity, status, statistics = (
        query.pop("QueryExecutionId"), query.pop("Status"), query.pop("Statistics"),
    )  # fmt: skip
    assert query == {
        "Query": "SELECT 1",
        "StatementType": "DML",
        "SubstatementType": "SELECT",
        "ResultConfiguration": {"OutputLocation": f"s3://results/q/{identity}.csv"},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {},
        "WorkGroup": "primary",
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }
    assert status["State"] == "SUCCEEDED"
    assert status["CompletionDateTime"] >= status["SubmissionDateTime"]
    assert statistics["DataScannedInBytes"] == 0
    assert statistics["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]


def test_a_failed_query_says_why_in_athenas_words(athena):
    query = finish(athena, "SELECT nope(1)")
    status = query["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith("FUNCTION_NOT_FOUND: line 1:8: ")
    assert status["AthenaError"] == {
        "ErrorCategory": 2,
        "ErrorType": status["AthenaError"]["ErrorType"],
        "Retryable": False,
        "ErrorMessage": status["StateChangeReason"],
    }


def test_a_client_token_starts_one_query(athena):
    token = "t" * 32
    arguments = {"ResultConfiguration": OUTPUT, "ClientRequestToken": token}
    first = athena.start_query_execution(QueryString="SELECT 1", **arguments)
    second = athena.start_query_execution(QueryString="SELECT 1", **arguments)
    assert first["QueryExecutionId"] == second["QueryExecutionId"]
    code, message, status = error_of(
        lambda: athena.start_query_execution(QueryString="SELECT 2", **arguments)
    )
    assert (code, message, status) == (
        "InvalidRequestException", "Idempotent parameters do not match", 400,
    )  # fmt: skip


def test_parameters_take_the_place_of_question_marks(athena):
    query = finish(athena, "SELECT ? + 1, ?", ExecutionParameters=["41", "'x'"])
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    assert query["ExecutionParameters"] == ["41", "'x'"]
    answer = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])
    assert [d["VarCharValue"] for d in answer["ResultSet"]["Rows"][1]["Data"]] == ["42", "x"]


@pytest.mark.parametrize(
    "parameter", ["1, 2", "1 FROM (VALUES 1) t", "1 AS x", "x", "*", "(SELECT 1)", "?", "", "'"]
)
def test_a_parameter_is_one_constant(athena, parameter):
    query = finish(athena, "SELECT ?", ExecutionParameters=[parameter or " "])
    assert query["Status"]["State"] == "FAILED"
    assert query["Status"]["StateChangeReason"].startswith("INVALID_PARAMETER_USAGE: ")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {},
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input.",
        ),
        ({"OutputLocation": "file:///tmp/x"}, "outputLocation is not a valid S3 path."),
        ({"OutputLocation": "s3://nowhere/x"}, "Unable to verify/create output bucket nowhere"),
    ],
)
def test_output_locations_that_are_refused(athena, configuration, message):
    assert error_of(
        lambda: athena.start_query_execution(
            QueryString="SELECT 1", ResultConfiguration=configuration
        )
    ) == ("InvalidRequestException", message, 400)


def test_what_is_not_built_is_named(athena):
    code, message, status = error_of(
        lambda: athena.start_query_execution(
            QueryString="SELECT 1",
            ResultConfiguration=OUTPUT,
            EngineConfiguration={"MaxConcurrentDpus": 4},
        )
    )
    assert (code, status) == ("LakebedNotBuilt", 400)
    assert "athena.StartQueryExecution (EngineConfiguration)" in message
    code, message, _ = error_of(lambda: athena.list_application_dpu_sizes())
    assert (code, "athena.ListApplicationDPUSizes" in message) == ("LakebedNotBuilt", True)


def test_a_running_query_can_be_stopped(athena):
    started = start(athena, LONG)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = athena.get_query_execution(**started)["QueryExecution"]["Status"]["State"]
        if state == "RUNNING":
            break
        time.sleep(0.01)
    assert state == "RUNNING"
    with pytest.raises(ClientError, match="Query has not yet finished. Current state: RUNNING"):
        athena.get_query_results(**started)
    athena.stop_query_execution(**started)
    status = athena.get_query_execution(**started)["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED", "Query cancelled by user",
    )  # fmt: skip
    assert finish(athena, "SELECT 1")["Status"]["State"] == "SUCCEEDED"
    athena.stop_query_execution(**started)
    again = athena.get_query_execution(**started)["QueryExecution"]["Status"]
    assert again == status


def test_queries_are_listed_the_newest_first_in_pages(athena):
    ids = [finish(athena, f"SELECT {n}")["QueryExecutionId"] for n in range(3)]
    first = athena.list_query_executions(MaxResults=2)
    second = athena.list_query_executions(MaxResults=2, NextToken=first["NextToken"])
    assert [first["QueryExecutionIds"], second["QueryExecutionIds"]] == [
        [ids[2], ids[1]],
        [ids[0]],
    ]
    batch = athena.batch_get_query_execution(QueryExecutionIds=[ids[1], "nope"])
    assert [query["Query"] for query in batch["QueryExecutions"]] == ["SELECT 1"]
    assert batch["UnprocessedQueryExecutionIds"] == [
        {
            "QueryExecutionId": "nope",
            "ErrorCode": "INVALID_INPUT",
            "ErrorMessage": "QueryExecution nope was not found",
        }
    ]


def test_an_unknown_query_is_not_found(athena):
    assert error_of(lambda: athena.get_query_execution(QueryExecutionId="nope")) == (
        "InvalidRequestException", "QueryExecution nope was not found", 400,
    )  # fmt: skip


def test_ten_queries_at_once_all_end(athena):
    started = [start(athena, f"SELECT {n}") for n in range(10)]
    deadline = time.monotonic() + 60
    states = set()
    while time.monotonic() < deadline:
        states = {
            athena.get_query_execution(**one)["QueryExecution"]["Status"]["State"]
            for one in started
        }
        if states == {"SUCCEEDED"}:
            break
        time.sleep(0.05)
    assert states == {"SUCCEEDED"}
