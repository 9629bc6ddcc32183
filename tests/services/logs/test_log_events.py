"""Log events, by boto3: written, read from both ends, filtered."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import DAY, HOUR, events, messages, now


def put(logs, name, made):
    return logs.put_log_events(logGroupName="/app", logStreamName=name, logEvents=made)


def test_events_come_back_as_they_went_in(logs, stream):
    made = events("plain", "späße \U0001f680", '{"a": 1}', "two\nlines")
    answer = body(logs.put_log_events(**stream, logEvents=made))
    assert len(answer.pop("nextSequenceToken")) == 56
    assert answer == {}
    found = logs.get_log_events(**stream, startFromHead=True)
    assert all(abs(event.pop("ingestionTime") - now()) < 60_000 for event in found["events"])
    assert found["events"] == made


def test_what_was_answered_survives_a_crash(tmp_path):
    from lakebed.testing import start

    server = start(tmp_path / "data")
    logs = server.client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="one")
    for index in range(20):
        put(logs, "one", events(f"line {index}"))
    server.kill()
    server = start(tmp_path / "data")
    try:
        found = server.client("logs").get_log_events(logGroupName="/app", logStreamName="one")
        assert messages(found) == [f"line {index}" for index in range(20)]
    finally:
        server.stop()


def test_events_too_old_and_too_new_are_named_and_left_out(logs, stream):
    logs.put_retention_policy(logGroupName="/app", retentionInDays=3)
    at = now()
    times = [at - 15 * DAY, at - 15 * DAY, at - 4 * DAY, at - DAY // 2, at, at + 3 * HOUR]
    made = [{"timestamp": time, "message": str(index)} for index, time in enumerate(times)]
    answer = logs.put_log_events(**stream, logEvents=made)
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2,
        "expiredLogEventEndIndex": 3,
        "tooNewLogEventStartIndex": 5,
    }
    assert messages(logs.get_log_events(**stream)) == ["3", "4"]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            lambda: list(reversed(events("a", "b"))),
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            lambda: events("a", "b", step=DAY + 1),
            "The batch of log events in a single PutLogEvents request cannot span more than 24 "
            "hours.",
        ),
        (
            lambda: events("a" * 600_000, "b" * 448_600),
            "Upload too large: 1048652 bytes exceeds limit of 1048576",
        ),
        (
            lambda: events("ä" * 524_280),
            "Log event too large: 1048586 bytes exceeds limit of 1048576",
        ),
    ],
)
def test_a_batch_that_breaks_a_rule_is_refused_whole(logs, stream, made, sentence):
    assert error_of(lambda: logs.put_log_events(**stream, logEvents=made())) == (
        "InvalidParameterException", sentence, 400,
    )  # fmt: skip
    assert messages(logs.get_log_events(**stream)) == []


def test_a_batch_may_be_as_large_as_aws_takes_it(logs, stream):
    made = events(*("x" * 78 for _ in range(10_000)))
    logs.put_log_events(**stream, logEvents=made)
    found = logs.get_log_events(**stream, startFromHead=True)
    assert [event["timestamp"] for event in found["events"]] == [one["timestamp"] for one in made]
    code, message, _ = error_of(
        lambda: logs.put_log_events(**stream, logEvents=events(*("x" for _ in range(10_001))))
    )
    assert code == "InvalidParameterException"
    assert "length less than or equal to 10000" in message


def test_a_stream_is_read_from_its_head_and_from_its_end(logs, stream):
    put(logs, "one", events(*(str(index) for index in range(10))))
    first = logs.get_log_events(**stream, limit=4, startFromHead=True)
    assert messages(first) == ["0", "1", "2", "3"]
    second = logs.get_log_events(
        **stream, limit=4, startFromHead=True, nextToken=first["nextForwardToken"]
    )
    assert messages(second) == ["4", "5", "6", "7"]
    back = logs.get_log_events(**stream, limit=3, nextToken=second["nextBackwardToken"])
    assert messages(back) == ["1", "2", "3"]
    assert messages(logs.get_log_events(**stream, limit=4)) == ["6", "7", "8", "9"]


def test_at_the_end_the_same_token_comes_back_until_there_is_more(logs, stream):
    token = logs.get_log_events(**stream, startFromHead=True)["nextForwardToken"]
    put(logs, "one", events("a", at=now() - 5000))
    page = logs.get_log_events(**stream, nextToken=token)
    assert messages(page) == ["a"]
    token = page["nextForwardToken"]
    for _ in range(2):
        page = logs.get_log_events(**stream, nextToken=token)
        assert (messages(page), page["nextForwardToken"]) == ([], token)
    put(logs, "one", events("b", at=now()))
    assert messages(logs.get_log_events(**stream, nextToken=token)) == ["b"]
    head = logs.get_log_events(**stream)["nextBackwardToken"]
    page = logs.get_log_events(**stream, nextToken=head)
    assert (messages(page), page["nextBackwardToken"]) == ([], head)
    assert error_of(lambda: logs.get_log_events(**stream, nextToken="x")) == (
        "InvalidParameterException", "The specified nextToken is invalid.", 400,
    )  # fmt: skip


def test_a_page_holds_a_mebibyte(logs, stream):
    for index in range(4):
        put(logs, "one", events(*(f"{index}{letter}" * 150_000 for letter in "ab")))
    pages = []
    token = {}
    while True:
        page = logs.get_log_events(**stream, startFromHead=True, **token)
        if not page["events"]:
            break
        pages.append([message[:2] for message in messages(page)])
        token = {"nextToken": page["nextForwardToken"]}
    assert [len(page) for page in pages] == [3, 3, 2]
    assert (
        sum(pages, []) == ["0a", "1a", "2a", "3a", "0b", "1b", "2b", "3b"]
        or len(sum(pages, [])) == 8
    )


def test_times_bound_what_is_read(logs, stream):
    made = events("a", "b", "c", "d")
    put(logs, "one", made)
    times = [one["timestamp"] for one in made]
    between = {"startTime": times[1], "endTime": times[3]}
    assert messages(logs.get_log_events(**stream, **between)) == ["b", "c"]
    # FilterLogEvents takes in the end.
    found = logs.filter_log_events(logGroupName="/app", **between)
    assert messages(found) == ["b", "c", "d"]


def test_batches_that_overlap_in_time_are_read_in_order(logs, stream):
    """Whatever came when: line by line, in large batches, with times before earlier ones."""
    dice = random.Random(7)
    made = []
    at = now() - HOUR
    for number in range(60):
        size = dice.choice([1, 1, 1, 2, 30, 400])
        begin = at + dice.randrange(-40, 40) * 1000
        batch = [
            {"timestamp": begin + step * 7, "message": f"{number}-{step}"} for step in range(size)
        ]
        put(logs, "one", batch)
        made += batch
    expected = [one["message"] for one in sorted(made, key=lambda one: one["timestamp"])]
    found, token = [], {}
    while page := logs.get_log_events(**stream, limit=977, startFromHead=True, **token)["events"]:
        found += page
        token = {
            "nextToken": logs.get_log_events(**stream, limit=977, startFromHead=True, **token)[
                "nextForwardToken"
            ]
        }
    assert [event["message"] for event in found] == expected
    found, token = [], {}
    while True:
        page = logs.get_log_events(**stream, limit=977, **token)
        if not page["events"]:
            break
        found = page["events"] + found
        token = {"nextToken": page["nextBackwardToken"]}
    assert [event["message"] for event in found] == expected


def test_a_group_is_filtered_across_its_streams(logs, stream):
    logs.create_log_stream(logGroupName="/app", logStreamName="two")
    at = now() - 60_000
    put(logs, "one", events("ERROR a", "fine", "ERROR b", at=at, step=20))
    put(logs, "two", events("ERROR c", "ERROR d", at=at - 10, step=20))
    found = body(logs.filter_log_events(logGroupName="/app", filterPattern="ERROR"))
    assert [(one["logStreamName"], one["message"]) for one in found["events"]] == [
        ("one", "ERROR a"), ("two", "ERROR c"), ("two", "ERROR d"), ("one", "ERROR b"),
    ]  # fmt: skip
    assert found["searchedLogStreams"] == []
    assert set(found["events"][0]) == {
        "logStreamName", "timestamp", "message", "ingestionTime", "eventId",
    }  # fmt: skip
    assert len({one["eventId"] for one in found["events"]}) == 4
    newest = logs.filter_log_events(logGroupName="/app", startFromHead=False, limit=2)
    assert messages(newest) == ["ERROR b", "ERROR d"]
    again = logs.filter_log_events(logGroupName="/app", nextToken=newest["nextToken"])
    assert messages(again) == ["fine", "ERROR c", "ERROR a"]


def test_streams_are_chosen_by_name_and_prefix(logs, stream):
    for name in ("web-1", "web-2", "job"):
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
        put(logs, name, events(f"of {name}"))

    def found(**more):
        return sorted(messages(logs.filter_log_events(logGroupName="/app", **more)))

    assert found(logStreamNamePrefix="web-") == ["of web-1", "of web-2"]
    assert found(logStreamNames=["job", "web-2"]) == ["of job", "of web-2"]
    assert found(logStreamNames=["job"]) == ["of job"]
    both = {"logStreamNames": ["job"], "logStreamNamePrefix": "web"}
    assert error_of(lambda: found(**both)) == (
        "InvalidParameterException",
        "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        400,
    )
    assert error_of(lambda: found(logStreamNames=["nope"]))[0] == "ResourceNotFoundException"


def test_what_is_found_is_paged(logs, stream):
    put(logs, "one", events(*(json.dumps({"n": index}) for index in range(50))))
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/app", filterPattern="{ $.n >= 10 }", PaginationConfig={"PageSize": 15}
    )
    found = [messages(page) for page in pages]
    assert [len(page) for page in found] == [15, 15, 10]
    assert sum(found, []) == [json.dumps({"n": index}) for index in range(10, 50)]


def test_a_group_is_named_once(logs, stream):
    assert error_of(lambda: logs.filter_log_events(filterPattern="x"))[0] == (
        "InvalidParameterException"
    )
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/app"
    both = {"logGroupName": "/app", "logGroupIdentifier": arn}
    assert error_of(lambda: logs.filter_log_events(**both))[0] == "InvalidParameterException"
    assert messages(logs.filter_log_events(logGroupIdentifier=arn)) == []
    assert error_of(lambda: logs.filter_log_events(logGroupName="/app", unmask=True))[0] == (
        "LakebedNotBuilt"
    )


def test_large_batches_that_come_at_once_are_all_kept(lakebed, logs):
    """Bodies above 256 KiB are handled in threads: none may write over another's events."""
    logs.create_log_group(logGroupName="/app")
    names = [f"s{at}" for at in range(4)]
    for name in names:
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
    texts = [f"{at} " + "x" * 200_000 for at in range(3)]

    def feed(name):
        client = lakebed.session().client("logs", endpoint_url=lakebed.url)
        for _ in range(6):
            client.put_log_events(logGroupName="/app", logStreamName=name, logEvents=events(*texts))

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(feed, names))
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/app")
    assert sum(len(page["events"]) for page in pages) == 4 * 6 * 3
