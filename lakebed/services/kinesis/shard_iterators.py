"""Shard iterators: places in a shard to read from, for five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.kinesis._positions import iterator_of, position_at
from lakebed.services.kinesis._streams import check_dry_run, shard_of, stream_of

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

DATA_EVENTS = True
"""Audited only by setting."""


def get_shard_iterator(
    ctx: Context, request: shapes.GetShardIteratorInput
) -> shapes.GetShardIteratorOutput:
    """Return an iterator: from the oldest record, the newest, a sequence number, or a time on.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
    """
    stream = stream_of(ctx, request)
    shard = shard_of(ctx, stream, request["ShardId"])
    check_dry_run(request)
    wanted: dict[str, Any] = {"Type": request["ShardIteratorType"]}
    if "StartingSequenceNumber" in request:
        wanted["SequenceNumber"] = request["StartingSequenceNumber"]
    if "Timestamp" in request:
        wanted["Timestamp"] = request["Timestamp"]
    return {"ShardIterator": iterator_of(ctx, position_at(ctx, stream, shard, wanted))}
