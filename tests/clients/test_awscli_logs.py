"""The AWS CLI over CloudWatch Logs: tail, follow, queries."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from tests.clients.clients import client, environment, run
from tests.services.logs.events import events

pytestmark = pytest.mark.slow


@pytest.fixture
def app(lakebed):
    logs = lakebed.client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="one")
    logs.put_log_events(
        logGroupName="/app", logStreamName="one", logEvents=events("INFO a", "ERROR b")
    )
    return lakebed


def tailing(app, tmp_path):
    """Return the CLI if it is version 2: the first one has no `logs tail`."""
    program = client("aws")
    if run(app, program, "--version", folder=tmp_path).startswith("aws-cli/1."):
        pytest.skip("version 1 of the AWS CLI has no `logs tail`: install version 2")
    return program


def test_a_group_is_tailed(app, tmp_path):
    program = tailing(app, tmp_path)
    text = run(app, program, "logs", "tail", "/app", folder=tmp_path)
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["one INFO a", "one ERROR b"]
    words = ("logs", "tail", "/app", "--filter-pattern", "ERROR", "--format", "short")
    assert run(app, program, *words, folder=tmp_path).split(" ", 1)[1] == "ERROR b\n"


def test_a_group_is_followed(app, tmp_path):
    process = subprocess.Popen(
        [tailing(app, tmp_path), "logs", "tail", "/app", "--follow", "--format", "short"],
        cwd=tmp_path, env=environment(app, tmp_path), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().endswith("INFO a\n")
        assert process.stdout.readline().endswith("ERROR b\n")
        app.client("logs").put_log_events(
            logGroupName="/app", logStreamName="one",
            logEvents=events("late", at=int(time.time() * 1000)),
        )  # fmt: skip
        assert process.stdout.readline().endswith("late\n")
    finally:
        process.terminate()
        process.wait(20)


def test_a_query_is_run(app, tmp_path):
    def aws(*words):
        text = run(app, client("aws"), "logs", *words, "--output", "json", folder=tmp_path)
        return json.loads(text)

    now = int(time.time())
    started = aws(
        "start-query", "--log-group-name", "/app", "--start-time", str(now - 600),
        "--end-time", str(now), "--query-string", "stats count(*) as n by @logStream",
    )  # fmt: skip
    until = time.monotonic() + 20
    while (found := aws("get-query-results", "--query-id", started["queryId"]))["status"] in (
        "Running", "Scheduled",
    ) and time.monotonic() < until:  # fmt: skip
        time.sleep(0.2)
    assert found["results"] == [
        [{"field": "@logStream", "value": "one"}, {"field": "n", "value": "2"}]
    ]
