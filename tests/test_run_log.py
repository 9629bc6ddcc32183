"""The log of a run: lines are in CloudWatch Logs within a second, and all at the run's end."""

from __future__ import annotations

import asyncio

import pytest

from lakebed import run_log
from lakebed.core.clock import SimulatedClock
from lakebed.core.errors import AwsError
from lakebed.run_log import RunLog


class Logs:
    """Answers as CloudWatch Logs does, without a group or a stream at first."""

    def __init__(self):
        self.made = []
        self.batches = []
        self.failures = []

    async def call(self, service, operation, request):
        assert service == "logs"
        if operation != "put_log_events":
            if operation in self.made:
                raise AwsError("ResourceAlreadyExistsException", "is there")
            self.made.append(operation)
            return {}
        if self.failures:
            raise self.failures.pop()
        if len(self.made) < 2:
            raise AwsError("ResourceNotFoundException", "is not there")
        assert {name: request[name] for name in ("logGroupName", "logStreamName")} == {
            "logGroupName": "/aws-glue/crawlers", "logStreamName": "flights",
        }  # fmt: skip
        self.batches.append([event["message"] for event in request["logEvents"]])
        times = [event["timestamp"] for event in request["logEvents"]]
        assert times == sorted(times)
        return {}


def log_of(logs):
    return RunLog(logs, SimulatedClock(), "/aws-glue/crawlers", "flights")


def test_lines_are_written_within_a_second_and_at_the_end(monkeypatch):
    monkeypatch.setattr(run_log, "FLUSH_SECONDS", 0.01)
    logs = Logs()

    async def run():
        async with log_of(logs) as log:
            log.write("one")
            log.write("two")
            await asyncio.sleep(0.05)
            assert logs.batches == [["one", "two"]]
            log.write("three")
            log.write("")

    asyncio.run(run())
    assert logs.batches == [["one", "two"], ["three", " "]]
    assert logs.made == ["create_log_group", "create_log_stream"]


def test_a_failing_run_writes_its_last_lines():
    logs = Logs()
    logs.made = ["create_log_group"]

    async def run():
        async with log_of(logs) as log:
            log.write("late", at=2.0)
            log.write("early", at=1.0)
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(run())
    assert logs.batches == [["early", "late"]]


def test_what_could_not_be_written_is_tried_again(caplog):
    logs = Logs()
    logs.failures = [AwsError("ServiceUnavailableException", "later")]

    async def run():
        async with log_of(logs) as log:
            log.write("kept")
            await log.flush()
            assert logs.batches == []

    asyncio.run(run())
    assert logs.batches == [["kept"]]
    assert "could not be written" in caplog.text


def test_many_and_long_lines_are_cut_into_requests():
    logs = Logs()

    async def run():
        async with log_of(logs) as log:
            for _ in range(10_001):
                log.write("x")
            log.write("ä" * 1_000_000)
            for _ in range(9):
                log.write("y" * 1_000_000)

    asyncio.run(run())
    first, second, *rest = logs.batches
    assert (len(first), second) == (10_000, ["x"])
    assert rest[0][0].endswith("ä [...]")
    assert len(rest[0][0].encode()) <= 1_048_576 - 26
    assert [len(batch) for batch in rest[1:-1]] == [1] * len(rest[1:-1])
    assert rest[-1][-1] == "[WARN] 2 lines were left out: they came faster than written"
