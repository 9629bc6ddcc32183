"""What PutMetricData is given, checked. Not an operation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.metric_limits import (
    METRIC_FUTURE_HOURS_MAX,
    METRIC_PAST_DAYS_MAX,
    METRIC_VALUES_MAX,
    METRICS_PUT_MAX,
)
from lakebed.services.cloudwatch._points import point_of
from lakebed.services.cloudwatch._storage import Entry
from lakebed.services.cloudwatch.model import (
    DAY,
    HOUR,
    Point,
    combination,
    dimensions_text,
    invalid,
    missing,
)

if TYPE_CHECKING:
    from lakebed.shapes import cloudwatch as shapes

_LARGEST = 2.0**360
_RESERVED = "AWS/"
_RESOLUTIONS = (1, 60)


def entries(ctx: Context, request: shapes.PutMetricDataInput) -> list[Entry]:
    """Return what a request says, in its order; AwsError for the first thing that is wrong."""
    namespace = request["Namespace"]
    if "EntityMetricData" in request:
        raise NotBuiltError("cloudwatch", "PutMetricData", "EntityMetricData")
    if namespace.startswith(_RESERVED):
        raise invalid(f"The value {namespace} for parameter Namespace is invalid.")
    data = request.get("MetricData", [])
    if not data:
        raise missing("The parameter MetricData is required.")
    if len(data) > METRICS_PUT_MAX:
        raise invalid(
            f"The collection MetricData must not have a size greater than {METRICS_PUT_MAX}."
        )
    now = ctx.clock.now()
    return [
        _entry(namespace, datum, f"MetricData.member.{number}", now)
        for number, datum in enumerate(data, 1)
    ]


def _entry(namespace: str, datum: Mapping[str, Any], place: str, now: float) -> Entry:
    resolution = datum.get("StorageResolution", 60)
    if resolution not in _RESOLUTIONS:
        raise invalid(f"The value {resolution} for parameter {place}.StorageResolution is invalid.")
    dimensions = datum.get("Dimensions", [])
    if len({one["Name"] for one in dimensions}) != len(dimensions):
        raise invalid(f"The parameter {place}.Dimensions names a dimension twice.")
    point = _point(datum, place, _time(datum, place, now))
    text = dimensions_text(dimensions)
    return Entry(namespace, datum["MetricName"], text, resolution == 1, point)


def _time(datum: Mapping[str, Any], place: str, now: float) -> int:
    time = float(datum.get("Timestamp", now))
    if not now - METRIC_PAST_DAYS_MAX * DAY <= time <= now + METRIC_FUTURE_HOURS_MAX * HOUR:
        raise invalid(
            f"The parameter {place}.Timestamp must specify a time within the past two weeks "
            "or the next two hours."
        )
    return math.floor(time)


def _point(datum: Mapping[str, Any], place: str, time: int) -> Point:
    unit = datum.get("Unit", "None")
    forms = [name for name in ("Value", "StatisticValues", "Values") if name in datum]
    if not forms:
        raise missing("At least one of the parameters must be specified.")
    if len(forms) > 1:
        raise combination(
            f"The parameters {place}.{forms[0]} and {place}.{forms[1]} are mutually exclusive and "
            "you have specified both."
        )
    if "Counts" in datum and forms != ["Values"]:
        raise missing(f"The parameter {place}.Values is required.")
    if forms == ["StatisticValues"]:
        return _of_statistics(datum["StatisticValues"], f"{place}.StatisticValues", time, unit)
    if forms == ["Value"]:
        return point_of(time, unit, {_checked(datum["Value"], f"{place}.Value"): 1.0})
    return point_of(time, unit, _counted(datum, place))


def _counted(datum: Mapping[str, Any], place: str) -> dict[float, float]:
    values = datum["Values"]
    counts = datum.get("Counts") or [1.0] * len(values)
    if not values:
        raise missing(f"The parameter {place}.Values is required.")
    if len(values) > METRIC_VALUES_MAX:
        raise invalid(
            f"The collection {place}.Values must not have a size greater than {METRIC_VALUES_MAX}."
        )
    if len(counts) != len(values):
        raise invalid(f"The parameters {place}.Values and {place}.Counts must be of the same size.")
    found: dict[float, float] = {}
    for number, (value, often) in enumerate(zip(values, counts, strict=True), 1):
        value = _checked(value, f"{place}.Values.member.{number}")
        often = _positive(often, f"{place}.Counts.member.{number}")
        found[value] = found.get(value, 0.0) + often
    return found


def _of_statistics(given: Mapping[str, float], place: str, time: int, unit: str) -> Point:
    low, high = (_checked(given[name], f"{place}.{name}") for name in ("Minimum", "Maximum"))
    total = _checked(given["Sum"], f"{place}.Sum")
    count = _positive(given["SampleCount"], f"{place}.SampleCount")
    return Point(time, unit, count, total, low, high)


def _checked(value: float, place: str) -> float:
    if not -_LARGEST <= value <= _LARGEST:  # Neither is what is no number.
        shown = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, value)
        shown = "NaN" if math.isnan(value) else shown
        raise invalid(f"The value {shown} for parameter {place} is invalid.")
    return value + 0.0  # Of two zeros, the one without a sign.


def _positive(value: float, place: str) -> float:
    if not 0 < value <= _LARGEST:
        raise invalid(f"The value {value} for parameter {place} is invalid.")
    return value
