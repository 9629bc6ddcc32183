"""What holds for all streams of an account in a region: settings, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.limits import KINESIS_ON_DEMAND_STREAMS_MAX, KINESIS_SHARDS_MAX
from lakebed.services.kinesis import _shards, _throughput
from lakebed.services.kinesis.model import (
    ACCOUNT_SETTINGS,
    DAY_SECONDS,
    AccountSettings,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

_DAYS_MIN = 1


def describe_limits(
    ctx: Context, request: shapes.DescribeLimitsInput
) -> shapes.DescribeLimitsOutput:
    """Return how many shards and on-demand streams there are, and may be.

    Channels are not built: there are none.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html
    """
    counts = _shards.counts(ctx, ctx.account, ctx.region)
    return {
        "ShardLimit": KINESIS_SHARDS_MAX,
        "OpenShardCount": counts.shards,
        "OnDemandStreamCount": counts.on_demand,
        "OnDemandStreamCountLimit": KINESIS_ON_DEMAND_STREAMS_MAX,
    }


def describe_account_settings(
    ctx: Context, request: shapes.DescribeAccountSettingsInput
) -> shapes.DescribeAccountSettingsOutput:
    """Return whether the account has committed to a minimum of throughput (On-demand Advantage).

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html
    """
    return {"MinimumThroughputBillingCommitment": _shown(ctx, _settings(ctx))}


def update_account_settings(
    ctx: Context, request: shapes.UpdateAccountSettingsInput
) -> shapes.UpdateAccountSettingsOutput:
    """Commit to a minimum of throughput, or end that: not before it has lasted 24 hours.

    It costs nothing here; it is what warm throughput and more consumers ask for.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html
    """
    settings, now = _settings(ctx), ctx.clock.now()
    is_on = settings.is_committed(now)
    if request["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED":
        started = settings.started if is_on else now
        settings = replace(settings, started=started, ended=0.0)
    elif is_on:
        settings = replace(settings, ended=max(now, _earliest_end(settings)))
    ACCOUNT_SETTINGS.put(ctx, settings)
    return {"MinimumThroughputBillingCommitment": _shown(ctx, settings)}


def _settings(ctx: Context) -> AccountSettings:
    return _throughput.settings_of(ctx, ctx.account)


def _earliest_end(settings: AccountSettings) -> float:
    return settings.started + _DAYS_MIN * DAY_SECONDS


def _shown(
    ctx: Context, settings: AccountSettings
) -> shapes.MinimumThroughputBillingCommitmentOutput:
    now = ctx.clock.now()
    if not settings.started:
        return {"Status": "DISABLED"}
    if not settings.is_committed(now):
        return {
            "Status": "DISABLED",
            "StartedAt": settings.started,
            "EndedAt": settings.ended,
        }
    return {
        "Status": "ENABLED_UNTIL_EARLIEST_ALLOWED_END" if settings.ended else "ENABLED",
        "StartedAt": settings.started,
        "EarliestAllowedEndAt": _earliest_end(settings),
    }
