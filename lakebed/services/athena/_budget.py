"""What the queries of one user or role may scan in a day, by the setting `scan_bytes_per_day`.

Ours: AWS bounds queries and workgroups (BytesScannedCutoffPerQuery), not users. A query is given
what is left of the day; those that run at the same time are each given it.
"""

from __future__ import annotations

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.principal import Principal
from lakebed.services.athena.model import QueryExecution, invalid
from lakebed.store import Range, Table

_DAY_SECONDS = 86_400
_PURGED_MAX = 20


class Scanned(msgspec.Struct, frozen=True):
    """How much a principal's queries have scanned in a day (UTC, days since the epoch)."""

    account: str
    principal: str
    day: int
    total_bytes: int = 0


SCANNED = Table(
    "athena_scanned", Scanned, key=("account", "principal"), indexes={"by_day": ("day",)},
    numbers=("day",), everywhere=True,
)  # fmt: skip


def counted(ctx: Context) -> str:
    """Return whom a query is counted for: the user, or the role; empty where nobody is."""
    who = ctx.principal
    if not ctx.settings.scan_bytes_per_day or who.is_root:
        return ""
    return _name(who)


def _name(who: Principal) -> str:
    # Of a role, not of its session: another session has no more to scan.
    return f"arn:aws:iam::{who.account}:role/{who.role}" if who.role else who.arn


def cutoff(ctx: Context, group_bytes: int) -> int:
    """Return what a query may scan, 0 for no limit; refuse one where nothing is left of the day."""
    principal = counted(ctx)
    if not principal:
        return group_bytes
    most = ctx.settings.scan_bytes_per_day
    held = SCANNED.get(ctx, ctx.account, principal)
    used = held.total_bytes if held is not None and held.day == _day(ctx) else 0
    if used >= most:
        raise _exceeded(principal, used, most)
    return min(group_bytes or most, most - used)


def count(ctx: Context, query: QueryExecution) -> None:
    """Count what a query has scanned, however it ended."""
    if not query.counted_for or not query.data_scanned_bytes:
        return
    held, day = SCANNED.get(ctx, ctx.account, query.counted_for), _day(ctx)
    used = held.total_bytes if held is not None and held.day == day else 0
    total = used + query.data_scanned_bytes
    SCANNED.put(ctx, Scanned(ctx.account, query.counted_for, day, total))
    over = Range(end=(day,), index="by_day", limit=_PURGED_MAX)
    for one in list(SCANNED.scan(ctx, over)):
        SCANNED.delete(ctx, one.account, one.principal)


def _day(ctx: Context) -> int:
    return int(ctx.clock.now() // _DAY_SECONDS)


def _exceeded(principal: str, used: int, most: int) -> AwsError:
    return invalid(
        f"Bytes scanned limit was exceeded: the queries of {principal} have scanned {used:,} of "
        f"the {most:,} bytes of a day (UTC). Who serves the lake sets scan_bytes_per_day."
    )
