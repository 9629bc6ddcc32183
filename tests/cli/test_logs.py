"""`lakebed logs`: groups, events, and events as they come."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from lakebed.cli.logs import since
from tests.cli.commands import lakebed as command
from tests.services.logs.events import events


def run(lakebed, *arguments):
    return command("logs", lakebed.data_dir, *arguments)


@pytest.fixture
def app(lakebed):
    logs = lakebed.client("logs")
    logs.create_log_group(logGroupName="/app")
    for name in ("web-1", "job"):
        logs.create_log_stream(logGroupName="/app", logStreamName=name)
        made = events(f"INFO {name}", f"ERROR {name} \U0001f4a5", at=1000 * (int(time.time()) - 60))
        logs.put_log_events(logGroupName="/app", logStreamName=name, logEvents=made)
    return lakebed


def test_groups_are_listed(app):
    app.client("logs").put_retention_policy(logGroupName="/app", retentionInDays=7)
    done = run(app)
    assert (done.returncode, done.stdout) == (0, "/app  152 bytes, kept 7 days\n")
    assert json.loads(run(app, "--json").stdout)["logGroupName"] == "/app"


def test_events_are_shown_by_stream_filter_and_time(app):
    lines = run(app, "/app").stdout.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "web-1 INFO web-1", "job INFO job",
        "web-1 ERROR web-1 \U0001f4a5", "job ERROR job \U0001f4a5",
    ]  # fmt: skip
    assert lines[0][19:24] == ".999Z"
    assert len(run(app, "/app", "--stream", "web").stdout.splitlines()) == 2
    (found,) = run(app, "/app", "--filter", "ERROR job", "--json").stdout.splitlines()
    assert json.loads(found)["message"] == "ERROR job \U0001f4a5"
    assert run(app, "/app", "--since", "30s").stdout == ""


def test_what_goes_wrong_is_said(app):
    done = run(app, "/nope")
    assert (done.returncode, done.stderr) == (
        1, "lakebed logs: ResourceNotFoundException: The specified log group does not exist.\n",
    )  # fmt: skip
    done = run(app, "/app", "--since", "yesterday")
    assert (done.returncode, done.stderr) == (
        2,
        "lakebed logs: --since yesterday: expected a length of time (30s, 10m, 2h, 1d, 1w) or a "
        "time (2026-11-21T10:00)\n",
    )
    done = run(app, "--endpoint-url", "http://127.0.0.1:9")
    assert (done.returncode, "nobody answers" in done.stderr) == (2, True)


def test_a_time_is_a_length_or_a_moment():
    assert since("10m", 1000.0) == 400_000
    assert since("1d", 86_400.0) == 0
    assert since("1970-01-01T00:01", 0.0) == 60_000
    assert since("1970-01-01T01:01+01:00", 0.0) == 60_000


def test_follow_shows_what_comes_once(app):
    logs = app.client("logs")
    process = subprocess.Popen(
        [sys.executable, "-m", "lakebed.cli.main", "logs", "/app", "-f",
         "--data-dir", str(app.data_dir), "--filter", "?job ?late"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        shown = [process.stdout.readline() for _ in range(2)]
        names = {"logGroupName": "/app", "logStreamName": "web-1"}
        logs.put_log_events(**names, logEvents=events("one job", at=int(time.time() * 1000)))
        # It is older than what was shown already, and still seen.
        late = int(time.time() * 1000) - 5000
        logs.put_log_events(**names, logEvents=events("late", at=late))
        shown += [process.stdout.readline() for _ in range(2)]
    finally:
        process.terminate()
        process.wait(10)
    assert sorted(line.split(" ", 2)[2] for line in shown) == [
        "ERROR job \U0001f4a5\n", "INFO job\n", "late\n", "one job\n",
    ]  # fmt: skip
