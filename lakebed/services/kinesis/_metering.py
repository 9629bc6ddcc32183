"""What a shard takes and gives in a second, where the settings have AWS's limits enforced.

https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    KINESIS_SHARD_READ_BYTES,
    KINESIS_SHARD_READS,
    KINESIS_SHARD_WRITE_BYTES,
    KINESIS_SHARD_WRITE_RECORDS,
    KINESIS_SHARDS_METERED_MAX,
)
from lakebed.services.kinesis.model import Shard


class _Meter(msgspec.Struct):
    """What was used in the second that began at `since`; reads may use later seconds up."""

    since: float = 0.0
    records: int = 0
    size: int = 0
    reads: int = 0
    read_since: float = 0.0
    blocked_until: float = 0.0


_meters: OrderedDict[str, _Meter] = OrderedDict()


def is_enforced(ctx: Context) -> bool:
    """Tell whether a shard's throughput is limited as AWS's is."""
    return ctx.settings.kinesis_throughput == "enforced"


def _meter(log: str) -> _Meter:
    found = _meters.get(log)
    if found is None:
        found = _meters[log] = _Meter()
        if len(_meters) > KINESIS_SHARDS_METERED_MAX:
            _meters.popitem(last=False)
    return found


def takes(ctx: Context, shard: Shard, size: int) -> bool:
    """Use a shard's room for one more record of so many bytes; False if there is none now."""
    meter, now = _meter(shard.log), ctx.clock.now()
    if now - meter.since >= 1:
        meter.since, meter.records, meter.size = now, 0, 0
    if meter.records >= KINESIS_SHARD_WRITE_RECORDS:
        return False
    # A record larger than a second's room is taken by a shard that has not been used in it.
    if meter.size and meter.size + size > KINESIS_SHARD_WRITE_BYTES:
        return False
    meter.records += 1
    meter.size += size
    return True


def check_read(ctx: Context, shard: Shard) -> None:
    """Count a read of a shard; ProvisionedThroughputExceededException if it comes too soon."""
    meter, now = _meter(shard.log), ctx.clock.now()
    if now - meter.read_since >= 1:
        meter.read_since, meter.reads = now, 0
    if now < meter.blocked_until or meter.reads >= KINESIS_SHARD_READS:
        raise exceeded(shard)
    meter.reads += 1


def note_read(ctx: Context, shard: Shard, size: int) -> None:
    """Take note of bytes read: after 10 MB a shard is not read for five seconds."""
    meter = _meter(shard.log)
    meter.blocked_until = max(meter.blocked_until, ctx.clock.now())
    seconds = size / KINESIS_SHARD_READ_BYTES
    if seconds > 1:
        meter.blocked_until += seconds


def exceeded(shard: Shard) -> AwsError:
    """Return the error of a shard that was asked for more than it gives."""
    return AwsError("ProvisionedThroughputExceededException", sentence_of(shard))


def sentence_of(shard: Shard) -> str:
    """Return what is said of a record, or a read, that a shard has no room for."""
    return (
        f"Rate exceeded for shard {shard.id} in stream {shard.stream} "
        f"under account {shard.account}."
    )
