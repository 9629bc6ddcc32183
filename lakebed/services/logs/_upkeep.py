"""What the clock does to events: retention carried out, deleted groups swept up, a bound kept."""

from __future__ import annotations

from lakebed.core.limits import LOG_BLOCKS_SLICE, LOG_STORED_BYTES_MAX
from lakebed.services.logs._events import delete_blocks
from lakebed.services.logs.model import (
    BLOCKS,
    DAY_MS,
    DELETED_GROUPS,
    GROUP_SIZES,
    LOG_GROUPS,
    LOG_STREAMS,
    GroupSize,
    LogGroup,
)
from lakebed.store import Range, Scope


def groups_with_retention(scope: Scope) -> list[LogGroup]:
    """Return the groups, of all accounts and regions, whose events are not kept for ever."""
    return [group for group in LOG_GROUPS.scan(scope) if group.retention_days]


def expire(scope: Scope, group: LogGroup, now: float) -> int:
    """Delete a few blocks whose every event is past the group's retention; 0 if there are none."""
    cutoff = int(now * 1000) - group.retention_days * DAY_MS
    span = Range((group.id,), end=(cutoff,), limit=LOG_BLOCKS_SLICE, index="by_last")
    blocks = list(BLOCKS.scan(scope, span))
    delete_blocks(scope, group.id, blocks)
    return len(blocks)


def sweep(scope: Scope) -> int:
    """Delete a few rows of a group that is gone; 0 once there is nothing left of any."""
    for gone in DELETED_GROUPS.scan(scope, Range(limit=1)):
        blocks = list(BLOCKS.scan(scope, Range((gone.group_id,), limit=LOG_BLOCKS_SLICE)))
        if blocks:
            delete_blocks(scope, gone.group_id, blocks)
            return len(blocks)
        streams = list(LOG_STREAMS.scan(scope, Range((gone.group_id,), limit=LOG_BLOCKS_SLICE)))
        for stream in streams:
            LOG_STREAMS.delete(scope, stream.group_id, stream.name)
        if not streams:
            GROUP_SIZES.delete(scope, gone.group_id)
            DELETED_GROUPS.delete(scope, gone.group_id)
        return len(streams) + 1
    return 0


def trim(scope: Scope, bytes_max: int = LOG_STORED_BYTES_MAX) -> GroupSize | None:
    """Delete the oldest blocks of the largest group while all groups hold more than they may.

    Returns the group that had to give, None if all is well.
    """
    sizes = list(GROUP_SIZES.scan(scope))
    if sum(size.stored_bytes for size in sizes) <= bytes_max:
        return None
    largest = max(sizes, key=lambda size: size.stored_bytes)
    span = Range((largest.group_id,), limit=LOG_BLOCKS_SLICE, index="by_last")
    delete_blocks(scope, largest.group_id, list(BLOCKS.scan(scope, span)))
    return largest
