"""Live Tail: events as they come, in an answer that goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.bodies import Event, EventStream
from lakebed.core.limits import (
    LIVE_TAIL_EVENTS_MAX,
    LIVE_TAIL_SECONDS_MAX,
    LIVE_TAIL_SESSIONS_MAX,
    LIVE_TAIL_UPDATES_WAITING_MAX,
    LOG_SCANNED_BYTES_MAX,
)
from lakebed.services.logs._events import columns
from lakebed.services.logs._filter_pattern import compile_pattern
from lakebed.services.logs._reading import Keep
from lakebed.services.logs.model import (
    BLOCK_EVENTS,
    BLOCKS,
    GROUP_SIZES,
    Block,
    LogGroup,
    identified_group,
    invalid,
    limit_exceeded,
)
from lakebed.store import Range, Scope

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes

UPDATE_SECONDS = 1.0
DATA_EVENTS = True
"""Audited only by setting."""


class _Session(msgspec.Struct):
    """What a session shows, and the number of the last event it has seen of each group."""

    groups: Sequence[LogGroup]
    names: frozenset[str]
    prefixes: tuple[str, ...]
    keep: Keep | None
    seen: dict[str, int]

    def shows(self, stream: str) -> bool:
        if self.names:
            return stream in self.names
        return not self.prefixes or stream.startswith(self.prefixes)


def start_live_tail(
    ctx: Context, request: shapes.StartLiveTailRequest
) -> shapes.StartLiveTailResponse:
    """Send what comes into up to ten groups, once a second, for three hours at most.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
    """
    identifiers = request["logGroupIdentifiers"]
    names, prefixes = request.get("logStreamNames", []), request.get("logStreamNamePrefixes", [])
    _check(identifiers, names, prefixes)
    groups = [identified_group(ctx, identifier) for identifier in identifiers]
    pattern = request.get("logEventFilterPattern", "").strip()
    session = _Session(
        groups,
        frozenset(names),
        tuple(prefixes),
        compile_pattern(pattern).matches if pattern else None,
        {group.id: _last_number(ctx, group.id) for group in groups},
    )
    run_id = _place(ctx)
    stream = EventStream(LIVE_TAIL_UPDATES_WAITING_MAX)
    members = {
        "requestId": ctx.request_id,
        "sessionId": ctx.ids.uuid(),
        "logGroupIdentifiers": identifiers,
        "logStreamNames": names,
        "logStreamNamePrefixes": prefixes,
        "logEventFilterPattern": pattern,
    }
    stream.send(Event("sessionStart", members))
    runs = ctx.runs

    def abandoned() -> None:
        runs.cancel(run_id)

    stream.when_abandoned(abandoned)
    ctx.runs.start(ctx, run_id, lambda caller: _follow(caller, session, stream))
    answer: Any = {"responseStream": stream}
    return answer


def _check(identifiers: list[str], names: list[str], prefixes: list[str]) -> None:
    """Refuse what AWS's page says is refused; the last sentence is ours."""
    if names and prefixes:
        raise invalid("Only one of logStreamNames or logStreamNamePrefixes can be provided.")
    if (names or prefixes) and len(identifiers) > 1:
        raise invalid(
            "logStreamNames and logStreamNamePrefixes can only be used with a single log group."
        )
    if any(not one.startswith("arn:") or one.endswith("*") for one in identifiers):
        raise invalid("logGroupIdentifiers are ARNs of log groups, without an asterisk at the end.")


def _place(ctx: Context) -> str:
    """Return the id of a run that is not running, as many as there may be sessions."""
    for number in range(LIVE_TAIL_SESSIONS_MAX):
        run_id = f"live tail {ctx.account} {ctx.region} {number}"
        if not ctx.runs.is_running(run_id):
            return run_id
    raise limit_exceeded()


def _last_number(scope: Scope, group_id: str) -> int:
    size = GROUP_SIZES.get(scope, group_id)
    return 0 if size is None else size.last_number


async def _follow(caller: Caller, session: _Session, stream: EventStream) -> None:
    """Send updates until the time is over, or nobody reads any more."""
    try:
        for _ in range(int(LIVE_TAIL_SECONDS_MAX / UPDATE_SECONDS)):
            await asyncio.sleep(UPDATE_SECONDS)
            found: list[dict[str, Any]] = []
            if await caller.write(lambda ctx: _has_more(ctx, session)):
                found = await caller.look(lambda ctx: _more(ctx, session))
            stream.send(
                Event(
                    "sessionUpdate",
                    {
                        "sessionMetadata": {"sampled": len(found) > LIVE_TAIL_EVENTS_MAX},
                        "sessionResults": _sampled(found),
                    },
                )
            )
        message = "The session was open for three hours."
        stream.send(Event("SessionTimeoutException", {"message": message}, is_exception=True))
    finally:
        stream.close()


def _has_more(ctx: Context, session: _Session) -> bool:
    return any(_last_number(ctx, group_id) > seen for group_id, seen in session.seen.items())


def _more(ctx: Context, session: _Session) -> list[dict[str, Any]]:
    """Return what came into the groups since the last update, in the order of its arrival."""
    found: list[dict[str, Any]] = []
    for group in session.groups:
        seen = session.seen[group.id]
        blocks = list(BLOCKS.scan(ctx, Range((group.id,), after=(seen,))))
        size = 0
        for block in reversed(blocks):
            size += block.size_bytes
            if size > LOG_SCANNED_BYTES_MAX:
                break
            if session.shows(block.stream):
                found += _events_of(ctx, session, group, block)
        if blocks:
            session.seen[group.id] = blocks[-1].number
    found.sort(key=lambda event: (event["ingestionTime"], event["timestamp"]))
    return found


def _events_of(
    ctx: Context, session: _Session, group: LogGroup, block: Block
) -> list[dict[str, Any]]:
    events = BLOCK_EVENTS.get(ctx, group.id, block.number)
    if events is None:
        return []
    seen, keep = session.seen[group.id], session.keep
    numbers, ingested = columns(events)
    return [
        {
            "logStreamName": block.stream,
            # As remembered of AWS: the account, then the name.
            "logGroupIdentifier": f"{group.account}:{group.name}",
            "message": message,
            "timestamp": time,
            "ingestionTime": arrived,
        }
        for time, number, arrived, message in zip(
            events.times, numbers, ingested, events.messages, strict=True
        )
        if number > seen and (keep is None or keep(message))
    ]


def _sampled(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many events as an update may have, evenly chosen."""
    if len(found) <= LIVE_TAIL_EVENTS_MAX:
        return found
    step = len(found) / LIVE_TAIL_EVENTS_MAX
    return [found[int(at * step)] for at in range(LIVE_TAIL_EVENTS_MAX)]
