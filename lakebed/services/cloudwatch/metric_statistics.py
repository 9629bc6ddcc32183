"""Statistics of one metric, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.metric_limits import METRIC_STATISTICS_POINTS_MAX
from lakebed.services.cloudwatch._points import Statistic, statistic
from lakebed.services.cloudwatch._queries import check_period
from lakebed.services.cloudwatch._storage import Span, read, rounded_start
from lakebed.services.cloudwatch.model import Point, combination, find_metric, invalid

if TYPE_CHECKING:
    from lakebed.shapes import cloudwatch as shapes


@long
def get_metric_statistics(
    ctx: Context, request: shapes.GetMetricStatisticsInput
) -> shapes.GetMetricStatisticsOutput:
    """Return statistics of a metric, a data point for each period and unit that has data.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    Data points come in the order of time; AWS promises none. A point made of what a client had
    summarised has no percentiles, unless all its values were the same.
    """
    plain = request.get("Statistics", [])
    extended = request.get("ExtendedStatistics", [])
    if bool(plain) == bool(extended):
        raise combination("Must specify either Statistics or ExtendedStatistics")
    takes = {name: statistic(name, "GetMetricStatistics", "Statistics") for name in plain}
    percentiles = {
        name: statistic(name, "GetMetricStatistics", "ExtendedStatistics") for name in extended
    }
    asked = _span(ctx, request)
    name = request["MetricName"]
    metric = find_metric(ctx, request["Namespace"], name, request.get("Dimensions", []))
    points = [] if metric is None else read(ctx, metric, asked, request.get("Unit"))
    shaped = [_shape(point, takes, percentiles) for point in points]
    return {"Label": name, "Datapoints": [one for one in shaped if len(one) > 2]}  # pyright: ignore[reportReturnType] -- by name


def _span(ctx: Context, request: shapes.GetMetricStatisticsInput) -> Span:
    start, end, period = request["StartTime"], request["EndTime"], request["Period"]
    if not start < end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    check_period(period)
    first = rounded_start(start, period, ctx.clock.now())
    count = int((end - first) / period)
    if count > METRIC_STATISTICS_POINTS_MAX:
        raise combination(
            f"You have requested up to {count} datapoints, which exceeds the limit of "
            f"{METRIC_STATISTICS_POINTS_MAX}. You may reduce the datapoints requested by "
            "increasing Period, or decreasing the time range."
        )
    return Span(first, int(end), period)


def _shape(
    point: Point, takes: dict[str, Statistic], percentiles: dict[str, Statistic]
) -> dict[str, Any]:
    shape: dict[str, Any] = {"Timestamp": point.time, "Unit": point.unit}
    for name, take in takes.items():
        shape[name] = take(point)
    values = {name: take(point) for name, take in percentiles.items()}
    known = {name: value for name, value in values.items() if value is not None}
    if known:
        shape["ExtendedStatistics"] = known
    return shape
