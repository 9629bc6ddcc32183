"""Events: the account's last ninety days, looked up."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.audit_files import backwards, newest_first
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import (
    EVENTS_LOOKED_THROUGH_BYTES,
    EVENTS_LOOKED_UP_DAYS,
    EVENTS_LOOKED_UP_MAX,
)
from lakebed.services.cloudtrail._records import resources_of, username_of

if TYPE_CHECKING:
    from lakebed.shapes import cloudtrail as shapes

_DAY = 86_400


@long
def lookup_events(ctx: Context, request: shapes.LookupEventsRequest) -> shapes.LookupEventsResponse:
    """Return management events of the last 90 days in this region, the newest first.

    A page reads so much of the audit log at most; it may then be empty and name the next one. How
    far back there are events depends on how much was called, too: the log has a size.
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """
    if request.get("EventCategory"):
        raise NotBuiltError("cloudtrail", "LookupEvents", "Insights events")
    attributes = request.get("LookupAttributes") or []
    if len(attributes) > 1:
        message = "You can specify only one lookup attribute."
        raise AwsError("InvalidLookupAttributesException", message)
    size = request.get("MaxResults") or EVENTS_LOOKED_UP_MAX
    now = ctx.clock.now()
    start = max(request.get("StartTime") or 0.0, now - EVENTS_LOOKED_UP_DAYS * _DAY)
    until = request.get("EndTime") or now + 1
    if start > until:
        message = "The start time must be before the end time."
        raise AwsError("InvalidTimeRangeException", message)
    skip = _read_token(request.get("NextToken"))
    found: list[Any] = []
    read, place = 0, skip
    for place, line in _lines(ctx, skip):
        read += len(line)
        event = json.loads(line)
        when = datetime.fromisoformat(event["eventTime"]).timestamp()
        if when < start:
            return {"Events": found}
        if _fits(ctx, event, attributes) and when <= until:
            found.append(_shape(event, when, line))
        if len(found) == size or read > EVENTS_LOOKED_THROUGH_BYTES:
            return {"Events": found, "NextToken": _token(place)}
    return {"Events": found}


def _lines(ctx: Context, skip: tuple[int, int]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield lines from the end of the log on, or from a place: file, bytes from its start."""
    is_there = not skip[0]
    for path in newest_first(ctx.settings.state_dir / "audit"):
        inode = path.stat().st_ino
        if not is_there and inode != skip[0]:
            continue
        for offset, line in backwards(path):
            if is_there or offset < skip[1]:
                is_there = True
                yield (inode, offset), line
        is_there = True


def _fits(ctx: Context, event: Mapping[str, Any], attributes: Any) -> bool:
    if event["recipientAccountId"] != ctx.account or event["awsRegion"] != ctx.region:
        return False
    if not event.get("managementEvent", True):
        return False
    return all(_has(event, one["AttributeKey"], one["AttributeValue"]) for one in attributes)


def _has(event: Mapping[str, Any], key: str, value: str) -> bool:
    if key in ("ResourceName", "ResourceType"):
        return any(one.get(key) == value for one in resources_of(event))
    known = {
        "EventId": event.get("eventID"),
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "ReadOnly": str(event.get("readOnly", False)).lower(),
        "Username": username_of(event),
        "AccessKeyId": event["userIdentity"].get("accessKeyId"),
    }
    return known.get(key) == (value.lower() if key == "ReadOnly" else value)


def _shape(event: Mapping[str, Any], when: float, line: bytes) -> Any:
    shape: dict[str, Any] = {
        "EventId": event.get("eventID", event["requestID"]),
        "EventName": event["eventName"],
        "ReadOnly": str(event.get("readOnly", False)).lower(),
        "EventTime": when,
        "EventSource": event["eventSource"],
        "Resources": resources_of(event),
        "CloudTrailEvent": line.decode(),
    }
    if username := username_of(event):
        shape["Username"] = username
    if access_key := event["userIdentity"].get("accessKeyId"):
        shape["AccessKeyId"] = access_key
    return shape


def _token(place: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(f"{place[0]}:{place[1]}".encode()).decode()


def _read_token(token: str | None) -> tuple[int, int]:
    if not token:
        return 0, 0
    try:
        inode, _, end = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(inode), int(end)
    except (ValueError, binascii.Error):
        raise AwsError("InvalidNextTokenException", "Invalid token.") from None
