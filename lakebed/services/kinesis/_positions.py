"""Where a reader is in a shard: found by type of iterator, kept in a token that expires."""

from __future__ import annotations

import time as calendar
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KINESIS_TOKEN_SECONDS
from lakebed.services.kinesis import _sequence_numbers
from lakebed.services.kinesis.model import Shard, Stream, invalid

_PURPOSE, _NAME = "tokens", "kinesis shard iterator"


class Position(msgspec.Struct, array_like=True, frozen=True):
    """A place in a shard: the index of the next line, and since when a reader has the place."""

    account: str
    region: str
    stream: str
    shard: str
    log: str
    index: int
    issued: float

    @property
    def stream_arn(self) -> str:
        """The ARN of the stream that is read."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.stream}"


def position_at(ctx: Context, stream: Stream, shard: Shard, wanted: Mapping[str, Any]) -> Position:
    """Return the place that a type, with a sequence number or a time, names.

    `wanted` has the members Type, SequenceNumber, Timestamp as StartingPosition has them.
    """
    index = _index_at(ctx, shard, wanted)
    now = ctx.clock.now()
    return Position(stream.account, stream.region, stream.name, shard.id, shard.log, index, now)


def _index_at(ctx: Context, shard: Shard, wanted: Mapping[str, Any]) -> int:
    engine, kind = ctx.engines.stream, wanted["Type"]
    if kind == "TRIM_HORIZON":
        return 0
    if kind == "LATEST":
        return engine.ends(shard.log).visible
    if kind == "AT_TIMESTAMP":
        return _index_of_time(ctx, shard, wanted)
    text = wanted.get("SequenceNumber")
    if text is None:
        raise invalid(f"Must either specify {kind} along with a StartingSequenceNumber.")
    index = _sequence_numbers.index_of(shard, text)
    end = engine.ends(shard.log).next
    if kind == "AT_SEQUENCE_NUMBER":
        index -= 1
    return min(max(index, 0), end)


def _index_of_time(ctx: Context, shard: Shard, wanted: Mapping[str, Any]) -> int:
    time, now = wanted.get("Timestamp"), ctx.clock.now()
    if time is None:
        raise invalid("Must specify a Timestamp with the shard iterator type AT_TIMESTAMP.")
    if time > now:
        raise invalid(
            f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            f"timestampInMillis: {int(time * 1000)}, currentTimestampInMillis: {int(now * 1000)}"
        )
    return ctx.engines.stream.at_time(shard.log, time)


def iterator_of(ctx: Context, position: Position) -> str:
    """Return the iterator that says a place."""
    return sealing.seal(ctx.settings, _PURPOSE, _NAME, msgspec.json.encode(position))


def position_in(ctx: Context, iterator: str) -> Position:
    """Return the place that an iterator says, whenever it was issued.

    InvalidArgumentException where it is none of ours.
    """
    try:
        text = sealing.unseal(ctx.settings, _PURPOSE, _NAME, iterator)
        return msgspec.json.decode(text, type=Position)
    except (sealing.SealError, msgspec.DecodeError):
        raise invalid("Invalid ShardIterator.") from None


def check_age(position: Position, now: float) -> None:
    """Raise ExpiredIteratorException if a place was told more than five minutes ago."""
    if now - position.issued <= KINESIS_TOKEN_SECONDS:
        return
    times = [calendar.gmtime(at) for at in (position.issued, now)]
    issued, current = [calendar.strftime("%a %b %d %H:%M:%S UTC %Y", at) for at in times]
    raise AwsError(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created at time {issued} while right now it is "
        f"{current} which is further in the future than the tolerated delay of "
        f"{int(KINESIS_TOKEN_SECONDS * 1000)} milliseconds.",
    )
