"""A client of CloudWatch Logs, and one with a group and a stream."""

from __future__ import annotations

import pytest


@pytest.fixture
def logs(lakebed):
    return lakebed.client("logs")


@pytest.fixture
def stream(logs):
    """The members that name a stream that is there."""
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="one")
    return {"logGroupName": "/app", "logStreamName": "one"}
