"""Query executions, by boto3: start, watch, stop, and what is refused."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from tests.services.athena.athena_client import finish, rows, start
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
    ("parameter", "value"),
    [
        ("'abc'", "abc"), ("1 + 1", "2"), ("DATE '2020-01-01'", "2020-01-01"), ("NULL", None),
        ("Rome", "Rome"), ("it's", "it's"), ("abc def", "abc def"), ("x + 1", "x + 1"),
        ("123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("1, 2", "1, 2"), ("1 FROM (VALUES 1) t", "1 FROM (VALUES 1) t"), ("*", "*"),
        ("1 AS x", "1 AS x"), ("(SELECT 1)", "(SELECT 1)"), ("?", "?"), (" ", " "), ("'", "'"),
    ],
)  # fmt: skip
def test_a_parameter_is_one_expression_or_a_string(athena, parameter, value):
    query = finish(athena, "SELECT ? AS v", ExecutionParameters=[parameter])
    assert rows(athena, query) == [["v"], [value]]


def test_parameters_must_be_as_many_as_question_marks(athena):
    for text, parameters in (("SELECT ?, ?", ["1"]), ("SELECT ?", ["1", "2"])):
        query = finish(athena, text, ExecutionParameters=parameters)
        assert query["Status"]["StateChangeReason"].startswith("INVALID_PARAMETER_USAGE: ")
    query = finish(athena, "SELECT 1", ExecutionParameters=["9"])
    assert rows(athena, query)[1] == ["1"]


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


@pytest.mark.parametrize(
    "changed",
    [
        {"QueryString": "SELECT 2"},
        {"QueryExecutionContext": {"Database": "default"}},
        {"QueryExecutionContext": {"Catalog": "AwsDataCatalog"}},
        {"ResultConfiguration": {"OutputLocation": "s3://results/other/"}},
    ],
)
def test_a_token_stands_for_the_same_parameters(athena, changed):
    arguments = {
        "QueryString": "SELECT 1", "ResultConfiguration": OUTPUT, "ClientRequestToken": "t" * 32,
    }  # fmt: skip
    first = athena.start_query_execution(**arguments)["QueryExecutionId"]
    finish(athena, "SELECT 1")
    assert athena.start_query_execution(**arguments)["QueryExecutionId"] == first
    assert error_of(lambda: athena.start_query_execution(**{**arguments, **changed})) == (
        "InvalidRequestException", "Idempotent parameters do not match", 400,
    )  # fmt: skip


def reusing(athena, text, minutes=None, **more):
    by_age = {"Enabled": True, **({} if minutes is None else {"MaxAgeInMinutes": minutes})}
    return finish(
        athena, text, ResultReuseConfiguration={"ResultReuseByAgeConfiguration": by_age}, **more
    )


def reused(query):
    return query["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]


def test_a_result_is_reused_when_all_is_the_same(athena, lakebed):
    text = "SELECT random() AS r"
    first = finish(athena, text)
    again = reusing(athena, text)
    assert (reused(first), reused(again)) == (False, True)
    assert again["QueryExecutionId"] != first["QueryExecutionId"]
    assert again["ResultConfiguration"] == first["ResultConfiguration"]
    assert again["ResultReuseConfiguration"] == {
        "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}
    }
    assert again["Statistics"]["DataScannedInBytes"] == 0
    assert rows(athena, again) == rows(athena, first)
    athena.create_work_group(Name="team")
    for different in (
        finish(athena, text),
        reusing(athena, text + " -- other"),
        reusing(athena, text, WorkGroup="team"),
        reusing(athena, text, QueryExecutionContext={"Database": "default"}),
        reusing(athena, text, ResultConfiguration={"OutputLocation": "s3://results/other/"}),
        reusing(athena, text, minutes=0),
    ):
        assert not reused(different)
    last = reusing(athena, text)
    assert reused(last)
    key = last["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results/")
    lakebed.client("s3").delete_object(Bucket="results", Key=key)
    assert not reused(reusing(athena, text))


def test_statements_that_change_things_are_never_reused(athena):
    finish(athena, "CREATE DATABASE shop")
    again = reusing(athena, "CREATE DATABASE IF NOT EXISTS shop")
    assert not reused(again)


def test_an_expected_owner_must_own_the_bucket(athena):
    owner = {"OutputLocation": "s3://results/q/", "ExpectedBucketOwner": "000000000000"}
    query = finish(athena, "SELECT 1", ResultConfiguration=owner)
    assert query["ResultConfiguration"]["ExpectedBucketOwner"] == "000000000000"
    assert error_of(
        lambda: start(
            athena, "SELECT 1", ResultConfiguration=owner | {"ExpectedBucketOwner": "1" * 12}
        )
    ) == ("InvalidRequestException", "Unable to verify/create output bucket results", 400)


def test_encryption_and_ownership_are_shown_and_client_side_encryption_refused(athena):
    given = {
        "OutputLocation": "s3://results/q/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
    }
    query = finish(athena, "SELECT 1", ResultConfiguration=given)
    assert query["ResultConfiguration"] == given | {
        "OutputLocation": f"s3://results/q/{query['QueryExecutionId']}.csv"
    }
    cse = {"EncryptionOption": "CSE_KMS", "KmsKey": "k"}
    code, message, _ = error_of(
        lambda: start(
            athena, "SELECT 1", ResultConfiguration=given | {"EncryptionConfiguration": cse}
        )
    )
    assert (code, "EncryptionConfiguration CSE_KMS" in message) == ("LakebedNotBuilt", True)


def test_a_bucket_that_goes_away_fails_the_query_with_its_type(athena, lakebed):
    lakebed.client("s3").create_bucket(Bucket="fleeting")
    known = start(
        athena, "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
        "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 3)) c(z)",
        ResultConfiguration={"OutputLocation": "s3://fleeting/"},
    )  # fmt: skip
    lakebed.client("s3").delete_bucket(Bucket="fleeting")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        status = athena.get_query_execution(**known)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.05)
    assert (status["State"], status["AthenaError"]["ErrorType"]) == ("FAILED", 1306)


def test_the_text_loses_blanks_and_semicolons(athena):
    assert finish(athena, " \n SELECT 1 ;\n")["Query"] == "SELECT 1"


def test_queries_wait_as_queued_and_are_stopped_there(athena):
    running = [start(athena, LONG) for _ in range(4)]
    waiting = [start(athena, f"SELECT {n}") for n in range(2)]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        states = [state_of(athena, one) for one in running]
        if states == ["RUNNING"] * 4:
            break
        time.sleep(0.02)
    assert states == ["RUNNING"] * 4
    assert [state_of(athena, one) for one in waiting] == ["QUEUED"] * 2
    athena.stop_query_execution(**waiting[0])
    assert state_of(athena, waiting[0]) == "CANCELLED"
    athena.stop_query_execution(**running[0])
    deadline = time.monotonic() + 20
    while state_of(athena, waiting[1]) != "SUCCEEDED" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert state_of(athena, waiting[1]) == "SUCCEEDED"
    queued = athena.get_query_execution(**waiting[1])["QueryExecution"]["Statistics"]
    assert queued["QueryQueueTimeInMillis"] > 0
    for one in running[1:]:
        athena.stop_query_execution(**one)


def state_of(athena, known):
    return athena.get_query_execution(**known)["QueryExecution"]["Status"]["State"]
