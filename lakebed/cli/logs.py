"""`lakebed logs`: the groups, or the events of one, as they are or as they come."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lakebed.cli.aws import ApiError, AwsClient, UnreachableError
from lakebed.cli.settings import Resolved

POLL_SECONDS = 1.0
LATE_MS = 60_000
"""So much later than others an event may come and is still shown by `--follow`."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

Event = Mapping[str, Any]


def logs(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status: 0, 1 AWS's error, 2 no server or no such time."""
    try:
        client = AwsClient(resolved, options.endpoint_url or "")
        if options.group is None:
            return _groups(client, options)
        start = since(options.since, time.time())
        for event in _events(client, options, start):
            print(_line(event, as_json=options.json), flush=options.follow)
    except (UnreachableError, ValueError) as error:
        print(f"lakebed logs: {error}", file=sys.stderr)
        return 2
    except ApiError as error:
        print(f"lakebed logs: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()  # a closed pipe is no error worth a word
    return 0


def since(text: str, now: float) -> int:
    """Return a time in ms: so long before now (`10m`), or as it stands (ISO 8601, UTC if bare)."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if found:
        return int((now - int(found[1]) * _UNITS[found[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"--since {text}: expected a length of time (30s, 10m, 2h, 1d, 1w) or a time "
            "(2026-11-21T10:00)"
        ) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _groups(client: AwsClient, options: argparse.Namespace) -> int:
    for group in _pages(client, "DescribeLogGroups", {}, "logGroups"):
        if options.json:
            print(json.dumps(group))
            continue
        days = group.get("retentionInDays")
        kept = f"{days} days" if days else "for ever"
        print(f"{group['logGroupName']}  {group['storedBytes']:,} bytes, kept {kept}")
    return 0


def _events(client: AwsClient, options: argparse.Namespace, start: int) -> Iterator[Event]:
    request: dict[str, Any] = {"logGroupName": options.group, "startTime": start}
    if options.filter:
        request["filterPattern"] = options.filter
    if options.stream:
        request["logStreamNamePrefix"] = options.stream
    seen: dict[str, int] = {}
    while True:
        for event in _pages(client, "FilterLogEvents", request, "events"):
            if event["eventId"] not in seen:
                yield event
                if options.follow:
                    seen[event["eventId"]] = event["timestamp"]
        if not options.follow:
            return
        if seen:
            oldest = max(seen.values()) - LATE_MS
            request["startTime"] = max(start, oldest)
            seen = {key: at for key, at in seen.items() if at >= oldest}
        time.sleep(POLL_SECONDS)


def _pages(
    client: AwsClient, operation: str, request: Mapping[str, Any], member: str
) -> Iterator[dict[str, Any]]:
    """Yield the items of every page: CloudWatch Logs writes its tokens with a small letter."""
    token: dict[str, Any] = {}
    while True:
        answer = client.call("logs", operation, {**request, **token})
        yield from answer.get(member, [])
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}


def _line(event: Event, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(event, ensure_ascii=False)
    milliseconds = int(event["timestamp"])
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    text = str(event["message"]).rstrip("\n")
    at = f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
    return f"{at} {event['logStreamName']} {text}"
