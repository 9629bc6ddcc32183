"""Drops points of metrics that are older than AWS keeps them, and keeps a bound on all."""

from __future__ import annotations

from collections import Counter

from lakebed.cli.retention import Retention, log


class MetricRetention(Retention):
    """The metrics of one server, as the clock sees them."""

    what = "metrics"
    first_seconds = 20.0

    async def carry_out(self, now: float) -> dict[str, int]:
        """Do what is due at a time, a slice of a few rows at once; return what was done."""
        from lakebed.services.cloudwatch import _upkeep

        done: Counter[str] = Counter()
        done["expired"] += await self._all(lambda ctx: _upkeep.expire(ctx, now))
        while True:
            metrics, blocks = await self._keeper.look(self._account, _upkeep.is_too_much)
            if not metrics and not blocks:
                break
            done["trimmed"] += await self._keeper.act(
                self._account,
                lambda ctx, metrics=metrics, blocks=blocks: _upkeep.trim(
                    ctx, metrics=metrics, blocks=blocks
                ),
            )
        if done["trimmed"]:
            log.warning("there are more metrics than may be kept: the oldest were dropped")
        return {kind: count for kind, count in done.items() if count}
