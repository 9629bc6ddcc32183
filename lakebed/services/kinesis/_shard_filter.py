"""Which shards ListShards returns: by the time at which they were open, or after one of them.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.services.kinesis.model import Shard, Stream, invalid

_MEMBER_OF = {"AFTER_SHARD_ID": "ShardId", "AT_TIMESTAMP": "Timestamp"}
_MEMBER_OF["FROM_TIMESTAMP"] = "Timestamp"


def checked(given: Mapping[str, Any]) -> None:
    """Raise InvalidArgumentException unless a filter has the member of its type, and no other."""
    if not given:
        return
    kind = given["Type"]
    needed = _MEMBER_OF.get(kind)
    if needed is not None and needed not in given:
        raise invalid(f"{needed} must be specified for the shard filter type {kind}.")
    for member in ("ShardId", "Timestamp"):
        if member in given and member != needed:
            raise invalid(f"{member} cannot be specified for the shard filter type {kind}.")


def chosen(
    stream: Stream, shards: Sequence[Shard], where: Mapping[str, Any], now: float
) -> list[Shard]:
    """Return those of some shards that a filter asks for and that come after a shard's id.

    A time before the trim horizon means the horizon: nothing is known of before.
    """
    given, after = where.get("filter", {}), where.get("after", "")
    kind = given.get("Type", "FROM_TRIM_HORIZON")
    horizon = stream.horizon(now)
    at = max(given.get("Timestamp", horizon), horizon)

    def is_meant(shard: Shard) -> bool:
        if kind == "AT_LATEST":
            return shard.is_open
        was_still_open = shard.is_open or shard.closed >= at
        if kind in ("AT_TRIM_HORIZON", "AT_TIMESTAMP"):
            return shard.opened <= at and was_still_open
        return was_still_open

    return [shard for shard in shards if shard.id > after and is_meant(shard)]
