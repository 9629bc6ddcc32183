"""How long records stay: 24 to 8,760 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import KINESIS_RETENTION_HOURS_MAX, KINESIS_RETENTION_HOURS_MIN
from lakebed.services.kinesis._streams import active
from lakebed.services.kinesis.model import STREAMS, Stream, invalid, replace

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def increase_stream_retention_period(
    ctx: Context, request: shapes.IncreaseStreamRetentionPeriodInput
) -> dict[str, Any]:
    """Keep records longer; what has expired before stays expired. The same period is no error.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
    """
    stream, hours = active(ctx, request), request["RetentionPeriodHours"]
    _within_limits(hours)
    if hours < stream.retention_hours:
        raise invalid(_wrong(stream, hours, "shorter", "DecreaseRetentionPeriod"))
    trimmed = stream.trimmed_at(ctx.clock.now())
    STREAMS.put(ctx, replace(stream, retention_hours=hours, trimmed=trimmed))
    return {}


def decrease_stream_retention_period(
    ctx: Context, request: shapes.DecreaseStreamRetentionPeriodInput
) -> dict[str, Any]:
    """Keep records for less time; what is older is gone at once. The same period is no error.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html
    """
    stream, hours = active(ctx, request), request["RetentionPeriodHours"]
    _within_limits(hours)
    if hours > stream.retention_hours:
        raise invalid(_wrong(stream, hours, "longer", "IncreaseRetentionPeriod"))
    STREAMS.put(ctx, replace(stream, retention_hours=hours))
    return {}


def _within_limits(hours: int) -> None:
    asked = f"Requested retention period ({hours} hours) is too"
    if hours < KINESIS_RETENTION_HOURS_MIN:
        least = f"Minimum allowed retention period is {KINESIS_RETENTION_HOURS_MIN} hours."
        raise invalid(f"{least} {asked} short.")
    if hours > KINESIS_RETENTION_HOURS_MAX:
        most = f"Maximum allowed retention period is {KINESIS_RETENTION_HOURS_MAX} hours."
        raise invalid(f"{most} {asked} long.")


def _wrong(stream: Stream, hours: int, what: str, other: str) -> str:
    return (
        f"Requested retention period ({hours} hours) for stream {stream.name} can not be {what} "
        f"than existing retention period ({stream.retention_hours} hours). Use {other} API."
    )
