"""Warm throughput: what an on-demand stream can take at once, in shards.

https://docs.aws.amazon.com/streams/latest/dev/warm-throughput.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.limits import KINESIS_WARM_MIBPS_MAX
from lakebed.services.kinesis.model import (
    ACCOUNT_SETTINGS,
    ON_DEMAND,
    AccountSettings,
    Stream,
    invalid,
    limit_exceeded,
    validation,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def settings_of(ctx: Context, account: str) -> AccountSettings:
    """Return the settings of an account in the region: as they are at first if it never chose."""
    found = ACCOUNT_SETTINGS.get(ctx, account, ctx.region)
    return found or AccountSettings(account, ctx.region)


def is_committed(ctx: Context, account: str) -> bool:
    """Tell whether an account pays for On-demand Advantage."""
    return settings_of(ctx, account).is_committed(ctx.clock.now())


def checked(ctx: Context, account: str, mode: str, mibps: int) -> None:
    """Raise the error of a warm throughput that an account's stream of a mode cannot have."""
    if mode != ON_DEMAND:
        raise invalid("WarmThroughputMiBps is only supported for on-demand streams.")
    if not is_committed(ctx, account):
        message = "WarmThroughputMiBps requires MinimumThroughputBillingCommitment, which is not"
        raise validation(f"{message} enabled for account {account}.")
    if mibps > KINESIS_WARM_MIBPS_MAX:
        raise limit_exceeded(f"WarmThroughputMiBps can be at most {KINESIS_WARM_MIBPS_MAX}.")


def shape(stream: Stream) -> shapes.WarmThroughputObject:
    """Return the warm throughput of a stream, which has what it was asked to have."""
    return {"TargetMiBps": stream.warm_mibps, "CurrentMiBps": stream.warm_mibps}
