"""How many shards an on-demand stream has, and where uniform scaling cuts and joins shards.

Pure: counts and hash keys in, counts and hash keys out.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lakebed.services.kinesis.model import HASH_KEY_MAX

ON_DEMAND_SHARDS = 4
"""What a stream of on-demand mode begins with: 4 MiB and 4,000 records a second."""
SHARD_BYTES_PER_SECOND = 1_048_576
SHARD_RECORDS_PER_SECOND = 1000

Keys = tuple[int, int]
"""A range of hash keys: its first and its last."""


def wanted_shards(
    open_shards: int,
    peak_bytes_per_second: float,
    peak_records_per_second: float,
    warm_mibps: int = 0,
) -> int:
    """Return how many shards an on-demand stream should have, by its peak of the last 30 days.

    It takes twice the peak, so that traffic may double before it has to grow. It grows by doubling;
    it is halved where even the half takes twice the peak, and never below four shards or the warm
    throughput. Nothing changes where the answer is `open_shards`.
    https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
    """
    by_bytes = 2 * peak_bytes_per_second / SHARD_BYTES_PER_SECOND
    by_records = 2 * peak_records_per_second / SHARD_RECORDS_PER_SECOND
    least = max(ON_DEMAND_SHARDS, warm_mibps, math.ceil(by_bytes), math.ceil(by_records))
    count = max(open_shards, 1)
    while count < least:
        count *= 2
    while count % 2 == 0 and count // 2 >= least:
        count //= 2
    return count


def even_ranges(count: int) -> list[Keys]:
    """Return the ranges of hash keys of shards that share them evenly.

    As AWS divides them: all are as wide as whole numbers allow, the last takes what is left.
    """
    width = (HASH_KEY_MAX + 1) // count
    ends = [width * at - 1 for at in range(1, count)] + [HASH_KEY_MAX]
    return [(width * at, end) for at, end in enumerate(ends)]


def new_starts(starts: Sequence[int], count: int) -> list[int]:
    """Return the first keys of `count` even ranges, given those of the ranges that are there.

    Where an old border is as good as the even one it is kept: whole numbers divided in two ways
    differ by a few keys of 2**128, and no shard is to be cut and joined for these.
    """
    found: list[int] = []
    for ideal, _ in even_ranges(count):
        at = bisect_left(starts, ideal)
        near = [start for start in starts[max(at - 1, 0) : at + 1] if abs(start - ideal) <= count]
        found.append(min(near, key=lambda start: abs(start - ideal), default=ideal))
    return found


def cuts(ranges: Sequence[Keys], new: Sequence[int]) -> list[list[int]]:
    """Return for each range where it is cut: at the first keys of the new ones within it."""
    return [list(new[bisect_right(new, first) : bisect_right(new, end)]) for first, end in ranges]


def groups(starts: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Return which pieces are joined into each new range: from and up to which.

    The pieces are given by their first keys, in order, and none reaches over a border.
    """
    bounds = [bisect_left(starts, first) for first in new] + [len(starts)]
    return list(zip(bounds, bounds[1:], strict=False))
