"""Log streams, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import events, messages, now

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:/app:log-stream:"


def names(answer):
    return [stream["logStreamName"] for stream in answer["logStreams"]]


def make(logs, *given):
    for name in given:
        logs.create_log_stream(logGroupName="/app", logStreamName=name)


def test_a_stream_is_described_with_its_first_and_last_event(logs, stream):
    made = events("a", "b", "c", step=10)
    logs.put_log_events(**stream, logEvents=made)
    (found,) = logs.describe_log_streams(logGroupName="/app")["logStreams"]
    assert abs(found.pop("creationTime") - now()) < 60_000
    assert abs(found.pop("lastIngestionTime") - now()) < 60_000
    assert len(found.pop("uploadSequenceToken")) == 56
    assert found == {
        "logStreamName": "one",
        "arn": f"{ARN}one",
        "firstEventTimestamp": made[0]["timestamp"],
        "lastEventTimestamp": made[2]["timestamp"],
        "storedBytes": 0,
    }


def test_a_name_is_taken_once(logs, stream):
    assert error_of(lambda: logs.create_log_stream(**stream)) == (
        "ResourceAlreadyExistsException", "The specified log stream already exists", 400,
    )  # fmt: skip
    missing = {"logGroupName": "nope", "logStreamName": "one"}
    assert error_of(lambda: logs.create_log_stream(**missing)) == (
        "ResourceNotFoundException", "The specified log group does not exist.", 400,
    )  # fmt: skip
    assert error_of(
        lambda: logs.create_log_stream(logGroupName="/app", logStreamName="a:b")
    )[0] == "InvalidParameterException"  # fmt: skip


def test_streams_are_listed_by_name_both_ways(logs, stream):
    make(logs, "a1", "a2", "a3", "b")
    described = logs.get_paginator("describe_log_streams")
    by_twos = {"logGroupName": "/app", "PaginationConfig": {"PageSize": 2}}
    pages = list(described.paginate(**by_twos, logStreamNamePrefix="a"))
    assert [names(page) for page in pages] == [["a1", "a2"], ["a3"]]
    pages = list(described.paginate(**by_twos, descending=True))
    assert [names(page) for page in pages] == [["one", "b"], ["a3", "a2"], ["a1"]]
    pages = list(described.paginate(**by_twos, descending=True, logStreamNamePrefix="a"))
    assert [names(page) for page in pages] == [["a3", "a2"], ["a1"]]


def test_streams_are_listed_by_their_last_event(logs, stream):
    make(logs, "two", "empty", "three")
    for name, age in (("one", 3), ("two", 1), ("three", 2)):
        made = events(name, at=now() - age * 60_000)
        logs.put_log_events(logGroupName="/app", logStreamName=name, logEvents=made)
    described = logs.get_paginator("describe_log_streams")
    given = {"logGroupIdentifier": "/app", "orderBy": "LastEventTime"}
    by_twos = {"PaginationConfig": {"PageSize": 2}}
    pages = list(described.paginate(**given, descending=True, **by_twos))
    assert [names(page) for page in pages] == [["two", "three"], ["one", "empty"]]
    pages = list(described.paginate(**given, **by_twos))
    assert [names(page) for page in pages] == [["empty", "one"], ["three", "two"]]
    assert error_of(lambda: logs.describe_log_streams(**given, logStreamNamePrefix="t")) == (
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
        400,
    )


def test_a_deleted_stream_takes_its_events_along(logs, stream):
    make(logs, "two")
    for name in ("one", "two"):
        for _ in range(3):
            logs.put_log_events(
                logGroupName="/app", logStreamName=name, logEvents=events(name * 200_000)
            )
    assert body(logs.delete_log_stream(**stream)) == {}
    assert names(logs.describe_log_streams(logGroupName="/app")) == ["two"]
    assert messages(logs.filter_log_events(logGroupName="/app", limit=1)) == ["two" * 200_000]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["storedBytes"] == 3 * (3 * 200_000 + 26)
    assert error_of(lambda: logs.get_log_events(**stream)) == (
        "ResourceNotFoundException", "The specified log stream does not exist.", 400,
    )  # fmt: skip
    logs.create_log_stream(**stream)
    assert messages(logs.get_log_events(**stream)) == []
