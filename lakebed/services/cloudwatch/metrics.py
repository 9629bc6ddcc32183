"""Metrics: which there are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context, long
from lakebed.core.errors import NotBuiltError
from lakebed.core.metric_limits import (
    METRICS_LISTED_DAYS,
    METRICS_PAGE,
    METRICS_RECENT_HOURS,
)
from lakebed.services.cloudwatch.model import (
    DAY,
    HOUR,
    METRICS,
    Metric,
    dimensions_shape,
    invalid,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import cloudwatch as shapes


@long
def list_metrics(ctx: Context, request: shapes.ListMetricsInput) -> shapes.ListMetricsOutput:
    """Return the metrics of a namespace, a name, with dimensions; 500 at a time.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
    In the order of their names. A metric is listed at once (AWS takes up to fifteen minutes), and
    until two weeks after it was last written to.
    """
    if request.get("IncludeLinkedAccounts"):
        raise NotBuiltError("cloudwatch", "ListMetrics", "IncludeLinkedAccounts")
    if request.get("OwningAccount", ctx.account) != ctx.account:
        raise NotBuiltError("cloudwatch", "ListMetrics", "OwningAccount")
    is_asked = _filter(ctx, request)
    found: list[Metric] = []
    for metric in _scanned(ctx, request):
        if is_asked(metric):
            found.append(metric)
            if len(found) > METRICS_PAGE:
                break
    answer: dict[str, Any] = {"Metrics": [_shape(metric) for metric in found[:METRICS_PAGE]]}
    if len(found) > METRICS_PAGE:
        answer["NextToken"] = _token(found[METRICS_PAGE - 1])
    return answer  # pyright: ignore[reportReturnType] -- with NextToken or without


def _scanned(ctx: Context, request: shapes.ListMetricsInput) -> Iterator[Metric]:
    """Yield the metrics of a namespace, or of all, after those of pages before."""
    prefix: tuple[str, ...] = (ctx.account, ctx.region)
    if "Namespace" in request:
        prefix += (request["Namespace"],)
    last = _last(request.get("NextToken"))
    while True:
        after = None if last is None else last[len(prefix) - 2 :]
        rows = list(METRICS.scan(ctx, Range(prefix, after=after, limit=METRICS_PAGE)))
        yield from rows
        if len(rows) < METRICS_PAGE:
            return
        last = _key(rows[-1])


def _filter(ctx: Context, request: shapes.ListMetricsInput) -> Callable[[Metric], bool]:
    """Return what tells whether a metric is asked for."""
    name = request.get("MetricName")
    asked: Iterable[Mapping[str, Any]] = request.get("Dimensions", [])
    is_recent = "RecentlyActive" in request
    age = METRICS_RECENT_HOURS * HOUR if is_recent else METRICS_LISTED_DAYS * DAY
    oldest = ctx.clock.now() - age

    def is_asked(metric: Metric) -> bool:
        if metric.last < oldest or name not in (None, metric.name):
            return False
        has = {one["Name"]: one["Value"] for one in dimensions_shape(metric.dimensions)}
        return all(
            one["Name"] in has and one.get("Value") in (None, has[one["Name"]]) for one in asked
        )

    return is_asked


def _key(metric: Metric) -> tuple[str, ...]:
    return (metric.namespace, metric.name, metric.dimensions)


def _token(metric: Metric) -> str:
    return base64.b64encode(msgspec.json.encode(_key(metric))).decode()


def _last(token: str | None) -> tuple[str, ...] | None:
    if token is None:
        return None
    try:
        raw = base64.b64decode(token.encode(), validate=True)
        return msgspec.json.decode(raw, type=tuple[str, str, str])
    except (binascii.Error, msgspec.MsgspecError):
        raise invalid("The value for parameter NextToken is invalid.") from None


def _shape(metric: Metric) -> dict[str, Any]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": dimensions_shape(metric.dimensions),
    }
