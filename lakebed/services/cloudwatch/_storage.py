"""Points of metrics on their way to blocks, and back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lakebed.context import Context
from lakebed.services.cloudwatch._points import joined
from lakebed.services.cloudwatch.model import (
    BLOCK_SECONDS,
    BLOCKS,
    DAY,
    HOUR,
    KEPT_SECONDS,
    METRICS,
    MINUTE,
    Block,
    Metric,
    Point,
    replace,
)
from lakebed.store import Range, Scope


class Entry(msgspec.Struct, frozen=True):
    """What a client says of a metric at a time."""

    namespace: str
    name: str
    dimensions: str
    is_high: bool
    point: Point


class Span(msgspec.Struct, frozen=True):
    """Which points are asked for: from `start` to before `end`, put together by `period`."""

    start: int
    end: int
    period: int


def keep(ctx: Context, entries: Iterable[Entry]) -> None:
    """Write what there is of one metric."""
    entries = list(entries)
    first, now = entries[0], int(ctx.clock.now())
    is_high = any(entry.is_high for entry in entries)
    metric = METRICS.get(
        ctx, ctx.account, ctx.region, first.namespace, first.name, first.dimensions
    )  # fmt: skip
    held = metric
    if metric is None:
        metric = Metric(
            ctx.account, ctx.region, first.namespace, first.name, first.dimensions,
            ctx.ids.token(), now, is_high,
        )  # fmt: skip
    if now - metric.last >= MINUTE or is_high > metric.is_high:
        metric = replace(metric, last=now, is_high=is_high or metric.is_high)
    if metric is not held:
        METRICS.put(ctx, metric)
    for span, seconds in KEPT_SECONDS.items():
        points = [
            entry.point
            for entry in entries
            if entry.point.time > now - seconds and (span > 1 or entry.is_high)
        ]
        _keep(ctx, metric.id, span, points)


def _keep(ctx: Context, metric: str, span: int, points: Iterable[Point]) -> None:
    """Write points of one metric into blocks of points of one span."""
    width = BLOCK_SECONDS[span]
    blocks: dict[int, list[Point]] = {}
    for point in points:
        blocks.setdefault(point.time // width * width, []).append(point)
    for begin, added in blocks.items():
        held = BLOCKS.get(ctx, metric, span, begin)
        merged = {(point.time, point.unit): point for point in (held.points if held else ())}
        for point in added:
            time = point.time // span * span
            other = merged.get((time, point.unit))
            new = replace(point, time=time) if other is None else joined(other, point, time)
            merged[time, point.unit] = new
        ordered = tuple(merged[key] for key in sorted(merged))
        BLOCKS.put(ctx, Block(metric, span, begin, ordered))


def rounded_start(start: float, period: int, now: float) -> int:
    """Return from when points are asked for, as AWS rounds it: the older, the coarser.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    if period < MINUTE:
        return int(start // period * period)
    age = now - start
    step = HOUR if age > 63 * DAY else 300 if age > 15 * DAY else MINUTE
    return int(start // step * step)


def read(scope: Scope, metric: Metric, asked: Span, unit: str | None) -> list[Point]:
    """Return the points of a metric by period and unit, in the order of time.

    The coarsest points from which the periods can be made are read: they are the fewest.
    """
    span = _span(metric, asked)
    width = BLOCK_SECONDS[span]
    begin = asked.start // width * width
    found: dict[tuple[int, str], Point] = {}
    stretch = Range((metric.id, span), start=(begin,), end=(asked.end,))
    for block in BLOCKS.scan(scope, stretch):
        for point in block.points:
            if asked.start <= point.time < asked.end and unit in (None, point.unit):
                past = (point.time - asked.start) // asked.period * asked.period
                time = asked.start + past
                other = found.get((time, point.unit))
                new = replace(point, time=time) if other is None else joined(other, point, time)
                found[time, point.unit] = new
    return [found[key] for key in sorted(found)]


def _span(metric: Metric, asked: Span) -> int:
    for span in (HOUR, 300, MINUTE):
        if asked.period % span == 0 and asked.start % span == 0:
            return span
    return 1 if metric.is_high else MINUTE
