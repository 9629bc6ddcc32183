"""Points of metrics: put together, and asked for their statistics. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from lakebed.core.errors import NotBuiltError
from lakebed.core.metric_limits import METRIC_DISTINCT_MAX
from lakebed.services.cloudwatch.model import Point, invalid

_STEP = math.log(1.02)
"""Values that are rounded are so by at most a hundredth of themselves."""
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_OTHER_STATISTIC = re.compile(r"(?:tm|wm|tc|ts)\d{1,2}(?:\.\d{1,10})?|(?:TM|WM|TC|TS|PR)\(.*\)|IQM")

Statistic = Callable[[Point], float | None]


def spread(point: Point) -> dict[float, float] | None:
    """Return which values there were and how often; None if that is not known."""
    if point.values:
        return dict(zip(point.values, point.counts, strict=True))
    return {point.low: point.count} if point.low == point.high else None


def point_of(time: int, unit: str, values: Mapping[float, float]) -> Point:
    """Return the point of values and how often each was there."""
    count = math.fsum(values.values())
    total = math.fsum(value * often for value, often in values.items())
    return _with_spread(Point(time, unit, count, total, min(values), max(values)), values)


def joined(one: Point, other: Point, time: int) -> Point:
    """Return the point of what two had, at a time; of two units it has the first one's."""
    low, high = min(one.low, other.low), max(one.high, other.high)
    both = Point(time, one.unit, one.count + other.count, one.total + other.total, low, high)
    ours, theirs = spread(one), spread(other)
    if ours is None or theirs is None:
        return both
    for value, often in theirs.items():
        ours[value] = ours.get(value, 0.0) + often
    return _with_spread(both, ours)


def _with_spread(point: Point, values: Mapping[float, float]) -> Point:
    if point.low == point.high:
        return point
    step = _STEP
    while len(values) > METRIC_DISTINCT_MAX:
        values = _rounded(values, step)
        step *= 2
    ordered = sorted(values)
    return Point(
        point.time, point.unit, point.count, point.total, point.low, point.high,
        tuple(ordered), tuple(values[value] for value in ordered),
    )  # fmt: skip


def _rounded(values: Mapping[float, float], step: float) -> dict[float, float]:
    found: dict[float, float] = {}
    for value, often in values.items():
        near = value
        if value:
            near = math.copysign(math.exp(round(math.log(abs(value)) / step) * step), value)
        found[near] = found.get(near, 0.0) + often
    return found


def percentile(point: Point, rank: float) -> float | None:
    """Return the least value that so many of a hundred do not exceed; None if it is not known."""
    values = spread(point)
    if values is None:
        return None
    wanted, seen = point.count * rank / 100, 0.0
    for value in sorted(values):
        seen += values[value]
        if seen >= wanted:
            # What was rounded does not leave the range.
            return min(max(value, point.low), point.high)
    return point.high


_PLAIN: Mapping[str, Statistic] = {
    "SampleCount": lambda point: point.count,
    "Sum": lambda point: point.total,
    "Average": lambda point: point.total / point.count,
    "Minimum": lambda point: point.low,
    "Maximum": lambda point: point.high,
}


def statistic(name: str, operation: str, parameter: str) -> Statistic:
    """Return what takes a statistic of a point, by its name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
    """
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    found = _PERCENTILE.fullmatch(name)
    if found is not None:
        rank = float(found[1])
        return lambda point: percentile(point, rank)
    if _OTHER_STATISTIC.fullmatch(name):
        raise NotBuiltError("cloudwatch", operation, f"{parameter} {name}")
    raise invalid(f"The value {name} for parameter {parameter} is not supported.")
