"""Log streams: create, list by name or by their last event, delete."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import LOG_BLOCKS_SLICE, LOGS_LIST_MAX
from lakebed.services.logs._events import delete_blocks
from lakebed.services.logs._pages import after, beyond, page, token
from lakebed.services.logs.model import (
    BLOCKS,
    LOG_STREAMS,
    LogGroup,
    LogStream,
    find_group,
    find_stream,
    group_arn,
    group_of,
    invalid,
    now_ms,
    sequence_token,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes


def create_log_stream(ctx: Context, request: shapes.CreateLogStreamRequest) -> None:
    """Create a log stream in a group.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
    """
    group = find_group(ctx, request["logGroupName"])
    stream = LogStream(group.id, request["logStreamName"], ctx.ids.token(64), now_ms(ctx))
    if not LOG_STREAMS.insert(ctx, stream):
        message = "The specified log stream already exists"
        raise AwsError("ResourceAlreadyExistsException", message)


def delete_log_stream(ctx: Context, request: shapes.DeleteLogStreamRequest) -> Generator[None]:
    """Delete a log stream with its events, a slice at a time.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.html
    """
    group = find_group(ctx, request["logGroupName"])
    stream = find_stream(ctx, group, request["logStreamName"])
    span = Range((group.id, stream.id), limit=LOG_BLOCKS_SLICE, index="of_stream_by_first")
    while blocks := list(BLOCKS.scan(ctx, span)):
        delete_blocks(ctx, group.id, blocks)
        yield
    LOG_STREAMS.delete(ctx, group.id, stream.name)


def describe_log_streams(
    ctx: Context, request: shapes.DescribeLogStreamsRequest
) -> shapes.DescribeLogStreamsResponse:
    """Return a group's streams by name or by the time of their last event, either way round.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
    """
    group = group_of(ctx, request)
    prefix = request.get("logStreamNamePrefix", "")
    by_time = request.get("orderBy", "LogStreamName") == "LastEventTime"
    if by_time and prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    size = request.get("limit") or LOGS_LIST_MAX
    span = _span(group, request, by_time, size + 1)
    found, has_more = page(LOG_STREAMS.scan(ctx, span), size)
    answer: shapes.DescribeLogStreamsResponse = {
        "logStreams": [_described(group, stream) for stream in found]
    }
    if has_more:
        last = found[-1]
        answer["nextToken"] = token(str(last.last_event), last.name)
    return answer


def _span(group: LogGroup, request: Any, by_time: bool, limit: int) -> Range:
    """Return the rows of a page and of one more, in the order asked for."""
    last = after(request.get("nextToken"))
    is_reverse = request.get("descending", False)
    if by_time:
        reached = (int(last[0]), last[1]) if last else None
        return Range(
            (group.id,), after=reached, limit=limit, index="by_last_event", reverse=is_reverse
        )
    prefix = request.get("logStreamNamePrefix", "")
    start, end = (prefix,), (beyond(prefix),)
    name = (last[1],) if last else None
    if is_reverse and name is not None:
        return Range((group.id,), start=start, end=name, limit=limit, reverse=True)
    begin = start if name is None else None
    return Range((group.id,), start=begin, after=name, end=end, limit=limit, reverse=is_reverse)


def _described(group: LogGroup, stream: LogStream) -> Any:
    shape: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": f"{group_arn(group)}:log-stream:{stream.name}",
        # Always zero since 2019, as LogStream's page in the API reference says.
        "storedBytes": 0,
        "uploadSequenceToken": sequence_token(stream),
    }
    if stream.last_event >= 0:
        shape["firstEventTimestamp"] = stream.first_event
        shape["lastEventTimestamp"] = stream.last_event
        shape["lastIngestionTime"] = stream.last_ingestion
    return shape
