"""Log events: put, get, filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import (
    LOG_BATCH_BYTES_MAX,
    LOG_BATCH_HOURS_MAX,
    LOG_EVENT_BYTES_MAX,
    LOG_FUTURE_HOURS_MAX,
    LOG_PAGE_EVENTS_MAX,
    LOG_PAST_DAYS_MAX,
)
from lakebed.services.logs._event_pages import (
    Place,
    backward_token,
    event_id,
    forward_token,
    page_of,
    place_of,
)
from lakebed.services.logs._events import Batch, append, size_of
from lakebed.services.logs._filter_pattern import compile_pattern
from lakebed.services.logs._reading import FIRST, LAST, Position, Search
from lakebed.services.logs._subscriptions import hand_on
from lakebed.services.logs.model import (
    DAY_MS,
    GROUP_SIZES,
    GroupSize,
    LogGroup,
    find_group,
    find_stream,
    group_of,
    invalid,
    now_ms,
    sequence_token,
)

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

_HOUR_MS = 3_600_000
DATA_EVENTS = True
"""Audited only by setting, as on AWS: a log of all logs is a second log."""


def put_log_events(
    ctx: Context, request: shapes.PutLogEventsRequest
) -> shapes.PutLogEventsResponse:
    """Keep a batch of events in the order of their times; those too old or too new are named.

    Sequence tokens are passed over, as AWS does since 2023. `entity` is not built.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    """
    if request.get("entity"):
        raise NotBuiltError("logs", "PutLogEvents", "entity")
    group = find_group(ctx, request["logGroupName"])
    # Large requests are handled in threads beside the loop: this transaction becomes the store's
    # only writer before it reads what it changes. (To insert a row that is there is a write.)
    GROUP_SIZES.insert(ctx, GroupSize(group.id))
    stream = find_stream(ctx, group, request["logStreamName"])
    times = [event["timestamp"] for event in request["logEvents"]]
    messages = [event["message"] for event in request["logEvents"]]
    sizes = list(map(size_of, messages))
    _check_batch(times, sizes)
    now = now_ms(ctx)
    begin, end, rejected = _accepted(group, times, now)
    answer: shapes.PutLogEventsResponse = {"nextSequenceToken": sequence_token(stream)}
    if rejected:
        answer["rejectedLogEventsInfo"] = rejected
    if begin < end:
        if times[end - 1] - times[begin] > LOG_BATCH_HOURS_MAX * _HOUR_MS:
            raise invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than "
                "24 hours."
            )
        batch = Batch(times[begin:end], messages[begin:end], sizes[begin:end])
        append(ctx, stream, batch, now)
        if group.subscriptions:
            hand_on(ctx, group, stream, batch)
    return answer


def _check_batch(times: list[int], sizes: list[int]) -> None:
    for size in sizes:
        if size > LOG_EVENT_BYTES_MAX:
            raise invalid(
                f"Log event too large: {size} bytes exceeds limit of {LOG_EVENT_BYTES_MAX}"
            )
    total = sum(sizes)
    if total > LOG_BATCH_BYTES_MAX:
        raise invalid(f"Upload too large: {total} bytes exceeds limit of {LOG_BATCH_BYTES_MAX}")
    if any(map(int.__gt__, times, times[1:])):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")


def _accepted(group: LogGroup, times: list[int], now: int) -> tuple[int, int, Any]:
    """Return from where to where a batch is taken, and what AWS says of the rest."""
    rejected: dict[str, int] = {}
    expired = _index(times, now - group.retention_days * DAY_MS) if group.retention_days else 0
    too_old = _index(times, now - LOG_PAST_DAYS_MAX * DAY_MS)
    end = _index(times, now + LOG_FUTURE_HOURS_MAX * _HOUR_MS + 1)
    if end < len(times):
        rejected["tooNewLogEventStartIndex"] = end
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    return max(expired, too_old), end, rejected


def _index(times: list[int], bound: int) -> int:
    """Return the index of the first event at a time or later."""
    from bisect import bisect_left

    return bisect_left(times, bound)


@long
def get_log_events(
    ctx: Context, request: shapes.GetLogEventsRequest
) -> shapes.GetLogEventsResponse:
    """Return a page of one stream's events, the latest ones unless `startFromHead`.

    At the end of the stream the token given is returned, as AWS does.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    """
    _check_unmask("GetLogEvents", request)
    group = group_of(ctx, request)
    stream = find_stream(ctx, group, request["logStreamName"])
    start, end = _bounds(ctx, group, request, is_end_included=False)
    given = request.get("nextToken")
    is_reverse = not request.get("startFromHead", False)
    if given is not None:
        place = place_of(given)
        is_reverse = place.is_backward
        start, end = _narrowed(start, end, place)
    search = Search(group.id, start, end, stream.id, is_reverse=is_reverse)
    found, _ = page_of(ctx, search, request.get("limit") or LOG_PAGE_EVENTS_MAX)
    if is_reverse:
        found.reverse()
    edge = (end if is_reverse else start) if given is not None else (max(start[0], 0), 0)
    last = found[-1][:2] if found else edge
    first = found[0][:2] if found else edge
    return {
        "events": [
            {"timestamp": time, "message": message, "ingestionTime": ingested}
            for time, _, _, ingested, message in found
        ],
        "nextForwardToken": forward_token(last),
        "nextBackwardToken": backward_token(first),
    }


@long
def filter_log_events(
    ctx: Context, request: shapes.FilterLogEventsRequest
) -> shapes.FilterLogEventsResponse:
    """Return a page of a group's events that match a pattern, in the order of their times.

    A page holds what 64 MiB of events gave; it may be empty and name the next one.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    _check_unmask("FilterLogEvents", request)
    group = group_of(ctx, request)
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names and prefix:
        raise invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    search = Search(group.id, *_bounds(ctx, group, request, is_end_included=True))
    search.is_reverse = not request.get("startFromHead", True)
    _choose_streams(ctx, group, search, names, prefix)
    if pattern := request.get("filterPattern", "").strip():
        search.keep = compile_pattern(pattern).matches
    if given := request.get("nextToken"):
        place = place_of(given)
        search.is_reverse = place.is_backward
        search.start, search.end = _narrowed(search.start, search.end, place)
    found, reached = page_of(ctx, search, request.get("limit") or LOG_PAGE_EVENTS_MAX)
    answer: shapes.FilterLogEventsResponse = {
        "events": [
            {
                "logStreamName": stream,
                "timestamp": time,
                "message": message,
                "ingestionTime": ingested,
                "eventId": event_id((time, number)),
            }
            for time, number, stream, ingested, message in found
        ],
        "searchedLogStreams": [],
    }
    if reached is not None:
        token = backward_token if search.is_reverse else forward_token
        answer["nextToken"] = token(reached)
    return answer


def _check_unmask(operation: str, request: Any) -> None:
    if request.get("unmask"):
        # Nothing is ever masked here, but whoever asks relies on a policy that masks.
        raise NotBuiltError("logs", operation, "unmask")


def _choose_streams(
    ctx: Context, group: LogGroup, search: Search, names: list[str] | None, prefix: str | None
) -> None:
    if names:
        wanted = {find_stream(ctx, group, name).name for name in names}
        if len(wanted) == 1:
            search.stream_id = find_stream(ctx, group, names[0]).id
        else:
            search.is_wanted = wanted.__contains__
    elif prefix:
        search.is_wanted = lambda name: name.startswith(prefix)


def _bounds(
    ctx: Context, group: LogGroup, request: Any, *, is_end_included: bool
) -> tuple[Position, Position]:
    """Return the positions between which a request's events are; none that has expired."""
    start, end = request.get("startTime"), request.get("endTime")
    begin = FIRST if start is None else (start, 0)
    if group.retention_days:
        begin = max(begin, (now_ms(ctx) - group.retention_days * DAY_MS, 0))
    if end is None:
        return begin, LAST
    return begin, (end + is_end_included, 0)


def _narrowed(start: Position, end: Position, place: Place) -> tuple[Position, Position]:
    if place.is_backward:
        return start, min(end, place.position)
    return max(start, place.position), end
