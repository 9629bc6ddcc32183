"""What the tests of EventBridge share."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import ClientError

BASE = "arn:aws:events:us-east-1:000000000000"
GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/seen"
ROLE = "arn:aws:iam::000000000000:role/bridge"


def body(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what the SDK adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def refused(call: Any) -> tuple[str, str]:
    """Return code and sentence of a refusal."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


def rule(lakebed: Any, pattern: Any, *targets: Any, name: str = "r", **members: Any) -> None:
    """Make a rule with its targets."""
    events = lakebed.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), **members)
    if targets:
        answer = events.put_targets(Rule=name, Targets=list(targets), **members)
        assert answer["FailedEntryCount"] == 0


def seen(lakebed: Any, pattern: Any, name: str = "r") -> None:
    """Have a rule write the events that fit a pattern into a log group."""
    lakebed.client("logs").create_log_group(logGroupName="/aws/events/seen")
    rule(lakebed, pattern, {"Id": "log", "Arn": GROUP}, name=name)


def shown(lakebed: Any, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
    """Wait until so many events were written into the log group; return them."""
    logs = lakebed.client("logs")
    until = time.monotonic() + seconds
    found: list[Any] = []
    while time.monotonic() < until:
        found = logs.filter_log_events(logGroupName="/aws/events/seen")["events"]
        if len(found) >= count:
            break
        time.sleep(0.05)
    assert len(found) == count, found
    return [json.loads(one["message"]) for one in found]


def put(lakebed: Any, detail: Any, **members: Any) -> str:
    """Put one event, and return its id."""
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": json.dumps(detail), **members}
    answer = lakebed.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]
