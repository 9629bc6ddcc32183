"""Which shard takes a record: the ranges of hash keys of a stream's open shards, remembered."""

from __future__ import annotations

import bisect
import functools
import hashlib
import importlib
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from lakebed.context import Context
from lakebed.core.limits import KINESIS_ROUTES_REMEMBERED_MAX
from lakebed.services.kinesis._streams import open_shards
from lakebed.services.kinesis.model import HASH_KEY_MAX, Shard, Stream, invalid


class Routes(NamedTuple):
    """The first hash keys of open shards, in order, and the shards."""

    starts: list[int]
    shards: list[Shard]

    def shard_for(self, hash_key: int) -> Shard:
        """Return the shard whose range holds a hash key."""
        return self.shards[bisect.bisect_right(self.starts, hash_key) - 1]


_known: OrderedDict[tuple[Path, str], tuple[str, Routes]] = OrderedDict()
try:
    # CPython's own is three times as quick for a few bytes as OpenSSL's.
    _digest = importlib.import_module("_md5").md5
except ImportError:
    _digest = functools.partial(hashlib.md5, usedforsecurity=False)


def routes_of(ctx: Context, stream: Stream) -> Routes:
    """Return the routes of a stream, as they are since its shards last changed."""
    key = (ctx.settings.data_dir, stream.id)
    known = _known.get(key)
    if known is not None and known[0] == stream.newest_log:
        return known[1]
    shards = sorted(open_shards(ctx, stream), key=lambda shard: int(shard.starting_hash_key))
    found = Routes([int(shard.starting_hash_key) for shard in shards], shards)
    _known[key] = (stream.newest_log, found)
    _known.move_to_end(key)
    if len(_known) > KINESIS_ROUTES_REMEMBERED_MAX:
        _known.popitem(last=False)
    return found


def hash_key_of(partition_key: str, explicit: str | None) -> int:
    """Return the hash key of a record: MD5 of its partition key, or the one it names.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    """
    if explicit is None:
        return int.from_bytes(_digest(partition_key.encode()).digest())
    value = int(explicit)
    if value > HASH_KEY_MAX:
        raise invalid(
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {explicit}"
        )
    return value
