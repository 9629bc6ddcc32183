"""Live Tail, by boto3: an answer that goes on."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest
from botocore.config import Config

from tests.services.glue.test_databases import error_of
from tests.services.logs.events import events, now

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"


def tail(logs, *groups, **more):
    answer = logs.start_live_tail(logGroupIdentifiers=[ARN + name for name in groups], **more)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    return contextlib.closing(answer["responseStream"])


def updates(stream, count):
    """Return the messages of the next updates that have some."""
    found = []
    for event in stream:
        found += [one["message"] for one in event["sessionUpdate"]["sessionResults"]]
        if len(found) >= count:
            return found
    raise AssertionError(found)


def test_what_comes_is_sent_within_a_second(logs, stream):
    logs.put_log_events(**stream, logEvents=events("before"))
    with tail(logs, "/app", logEventFilterPattern="ERROR") as following:
        begin = next(iter(following))["sessionStart"]
        assert len(begin.pop("sessionId")) == 36
        assert len(begin.pop("requestId")) == 16
        assert begin == {
            "logGroupIdentifiers": [f"{ARN}/app"],
            "logStreamNames": [],
            "logStreamNamePrefixes": [],
            "logEventFilterPattern": "ERROR",
        }
        assert next(iter(following)) == {
            "sessionUpdate": {"sessionMetadata": {"sampled": False}, "sessionResults": []}
        }
        made = events("ERROR one", "fine")
        logs.put_log_events(**stream, logEvents=made)
        for event in following:
            if found := event["sessionUpdate"]["sessionResults"]:
                break
    (shown,) = found
    assert abs(shown.pop("ingestionTime") - now()) < 60_000
    assert shown == {
        "logGroupIdentifier": "000000000000:/app",
        "logStreamName": "one",
        "message": "ERROR one",
        "timestamp": made[0]["timestamp"],
    }


def test_streams_are_chosen_and_each_event_comes_once(logs, stream):
    for name in ("web-1", "web-2"):
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
    with tail(logs, "/app", logStreamNamePrefixes=["web-"]) as following:
        next(iter(following))
        for index in range(3):
            for name in ("web-1", "one", "web-2"):
                logs.put_log_events(
                    logGroupName="/app", logStreamName=name, logEvents=events(f"{name} {index}")
                )
        expected = [f"{name} {index}" for index in range(3) for name in ("web-1", "web-2")]
        assert sorted(updates(following, 6)) == sorted(expected)
        logs.put_log_events(
            logGroupName="/app", logStreamName="web-1", logEvents=events("late", at=now() - 900_000)
        )
        assert updates(following, 1) == ["late"]


def test_of_many_events_some_are_shown(logs, stream):
    with tail(logs, "/app") as following:
        next(iter(following))
        logs.put_log_events(**stream, logEvents=events(*map(str, range(2000))))
        for event in itertools.islice(following, 5):
            update = event["sessionUpdate"]
            if update["sessionResults"]:
                break
    assert update["sessionMetadata"] == {"sampled": True}
    assert [one["message"] for one in update["sessionResults"]] == [
        str(4 * index) for index in range(500)
    ]


def test_there_are_fifteen_sessions_at_a_time(lakebed, stream):
    # boto3 takes this error for throttling.
    logs = lakebed.client("logs", config=Config(retries={"total_max_attempts": 1}))
    open_ones = [tail(logs, "/app").__enter__() for _ in range(15)]
    assert error_of(lambda: tail(logs, "/app")) == (
        "LimitExceededException", "Resource limit exceeded.", 400,
    )  # fmt: skip
    for one in open_ones:
        one.close()
    for _ in range(200):
        time.sleep(0.01)
        try:
            tail(logs, "/app").__enter__().close()
            break
        except logs.exceptions.LimitExceededException:
            pass
    else:
        pytest.fail("a closed session still counts")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"logGroupIdentifiers": ["/app"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [f"{ARN}/app:*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [f"{ARN}nope"]}, "ResourceNotFoundException"),
        (
            {"logGroupIdentifiers": [f"{ARN}/app"] * 2, "logStreamNames": ["one"]},
            "InvalidParameterException",
        ),
        (
            {
                "logGroupIdentifiers": [f"{ARN}/app"],
                "logStreamNames": ["one"],
                "logStreamNamePrefixes": ["o"],
            },
            "InvalidParameterException",
        ),
        (
            {"logGroupIdentifiers": [f"{ARN}/app"], "logEventFilterPattern": "a-b"},
            "InvalidParameterException",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(logs, stream, given, code):
    assert error_of(lambda: logs.start_live_tail(**given))[0] == code


def test_a_server_stops_in_spite_of_open_sessions(tmp_path):
    from lakebed.testing import environment, start

    server = start(tmp_path / "data")
    with environment(server.environment):
        logs = server.client("logs")
        logs.create_log_group(logGroupName="/app")
        following = tail(logs, "/app").__enter__()
        next(iter(following))
        begun = time.monotonic()
        server.stop()
    assert time.monotonic() - begun < 3
    assert [event for event in following if "sessionUpdate" not in event] == []
