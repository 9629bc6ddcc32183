"""Single events, by the pointer that a query's result has, and the fields of recent ones."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import LOG_PAGE_EVENTS_MAX
from lakebed.services.logs._discovery import fields_of
from lakebed.services.logs._reading import Position, Search
from lakebed.services.logs.model import (
    LOG_GROUPS,
    LogGroup,
    group_of,
    invalid,
    not_found,
    now_ms,
)

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_MINUTE_MS = 60_000


def get_log_record(
    ctx: Context, request: shapes.GetLogRecordRequest
) -> shapes.GetLogRecordResponse:
    """Return an event by its `@ptr`, with all the fields that are discovered in it.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogRecord.html
    """
    if request.get("unmask"):
        raise NotBuiltError("logs", "GetLogRecord", "unmask")
    group, (time, number) = _pointed_at(ctx, request["logRecordPointer"])
    if group is not None:
        search = Search(group.id, (time, number - 1), (time, number + 1))
        for at, _, stream, ingested, message in search.events(ctx):
            record = {
                **fields_of(message),
                "@timestamp": str(at),
                "@ingestionTime": str(ingested),
                "@message": message,
                "@logStream": stream,
                "@log": f"{ctx.account}:{group.name}",
            }
            return {"logRecord": record}
    raise not_found("The specified log record does not exist.")


def _pointed_at(ctx: Context, pointer: str) -> tuple[LogGroup | None, Position]:
    """Return the group and the place that a pointer names; None for a group that is gone."""
    try:
        text = base64.b64decode(pointer, validate=True).decode()
        group_id, time, number, name = text.split("/", 3)
        position = (int(time), int(number))
    except (binascii.Error, ValueError):
        raise invalid("The specified log record pointer is invalid.") from None
    group = LOG_GROUPS.get(ctx, ctx.account, ctx.region, name)
    return (group if group is not None and group.id == group_id else None), position


@long
def get_log_group_fields(
    ctx: Context, request: shapes.GetLogGroupFieldsRequest
) -> shapes.GetLogGroupFieldsResponse:
    """Return the fields of a group's recent events, and in how many percent of them each is.

    Of the events 8 minutes before and after a time, or of the last 15 minutes; at most 10,000.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogGroupFields.html
    """
    group = group_of(ctx, request)
    time = request.get("time")
    if time is None:
        end = now_ms(ctx)
        start = end - 15 * _MINUTE_MS
    else:
        # In seconds; milliseconds are remembered to be taken, too.
        middle = time * 1000 if time < 100_000_000_000 else time
        start, end = middle - 8 * _MINUTE_MS, middle + 8 * _MINUTE_MS
    counts: Counter[str] = Counter()
    total = 0
    search = Search(group.id, (start, 0), (end + 1, 0), is_reverse=True)
    for _, _, _, _, message in search.events(ctx):
        total += 1
        counts.update(fields_of(message).keys())
        if total == LOG_PAGE_EVENTS_MAX:
            break
    for name in ("@timestamp", "@message", "@logStream", "@ingestionTime", "@log"):
        counts[name] = total
    found: list[Any] = [
        {"name": name, "percent": round(100 * count / total)}
        for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if count
    ]
    return {"logGroupFields": found}
