"""Carries out the retention policies of log groups, and sweeps up what deleted groups left."""

from __future__ import annotations

from collections import Counter

from lakebed.cli.retention import Retention, log


class LogRetention(Retention):
    """The log groups of one server, as the clock sees them."""

    what = "log groups"

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of a few blocks at once; return what was done."""
        from lakebed.services.logs import _upkeep

        done: Counter[str] = Counter()
        for group in await self._keeper.look(self._account, _upkeep.groups_with_retention):
            done["expired"] += await self._all(
                lambda ctx, group=group: _upkeep.expire(ctx, group, now)
            )
        done["swept"] += await self._all(_upkeep.sweep)
        while await self._keeper.act(self._account, lambda ctx: _upkeep.trim(ctx)):
            done["trimmed"] += 1
        if done["trimmed"]:
            log.warning("log groups hold more than they may: the oldest events were deleted")
        return {kind: count for kind, count in done.items() if count}
