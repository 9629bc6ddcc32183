"""Events for tests: at times near now, as CloudWatch Logs takes no others."""

from __future__ import annotations

import time

HOUR = 3_600_000
DAY = 24 * HOUR


def now() -> int:
    return int(time.time() * 1000)


def events(*messages, at=None, step=1):
    """Return events in a row, the last one at a time (default: a minute ago)."""
    last = now() - 60_000 if at is None else at
    begin = last - step * (len(messages) - 1)
    return [
        {"timestamp": begin + step * index, "message": message}
        for index, message in enumerate(messages)
    ]


def messages(answer):
    return [event["message"] for event in answer["events"]]
