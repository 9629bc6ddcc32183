"""The nouns of CloudWatch metrics and where they are kept.

Times are whole seconds since the epoch. A metric is its namespace, its name and its dimensions;
its numbers are kept by an id of its own, in blocks of points. Every number goes into points of a
minute, five minutes and an hour at once (and of a second, if it is of high resolution): each span
is kept as long as AWS keeps it, and whoever asks for a long period reads few points.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lakebed.core.errors import AwsError
from lakebed.store import Scope, Table

replace = msgspec.structs.replace

MINUTE = 60
HOUR = 3600
DAY = 86_400

KEPT_SECONDS: Mapping[int, int] = {1: 3 * HOUR, MINUTE: 15 * DAY, 300: 63 * DAY, HOUR: 455 * DAY}
"""How long points are kept, by the seconds that each spans."""
BLOCK_SECONDS: Mapping[int, int] = {1: MINUTE, MINUTE: HOUR, 300: 4 * HOUR, HOUR: 2 * DAY}
"""How much time a block of such points spans."""


class Metric(msgspec.Struct, frozen=True):
    """A metric; `last` is when it was last written to, to within a minute."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: str
    id: str
    last: int
    is_high: bool = False


class Point(msgspec.Struct, frozen=True, array_like=True):
    """The numbers of a metric in a span of time that have the same unit.

    `values` and `counts` say which values there were and how often, for percentiles; they are empty
    if all were the same, or if that is not known (a client sent only a summary of different ones).
    """

    time: int
    unit: str
    count: float
    total: float
    low: float
    high: float
    values: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """The points of one metric in a stretch of time, in the order of time and unit."""

    metric: str
    span: int
    begin: int
    points: tuple[Point, ...]


# Everywhere: the clock's work looks at the metrics of all accounts and regions.
METRICS = Table(
    "metric",
    Metric,
    key=("account", "region", "namespace", "name", "dimensions"),
    indexes={"by_last": ("last", "id")},
    numbers=("last",),
    everywhere=True,
)
BLOCKS = Table(
    "metric_block",
    Block,
    key=("metric", "span", "begin"),
    indexes={"by_begin": ("span", "begin", "metric")},
    numbers=("span", "begin"),
    everywhere=True,
)


def dimensions_text(dimensions: Iterable[Mapping[str, Any]]) -> str:
    """Return dimensions as they stand in a metric's key: sorted, whatever order they came in."""
    pairs = sorted((one["Name"], one["Value"]) for one in dimensions)
    return msgspec.json.encode(pairs).decode()


def dimensions_shape(text: str) -> list[dict[str, str]]:
    """Return the dimensions of a metric's key as AWS answers them."""
    pairs = msgspec.json.decode(text, type=list[tuple[str, str]])
    return [{"Name": name, "Value": value} for name, value in pairs]


def find_metric(
    scope: Scope, namespace: str, name: str, dimensions: Iterable[Mapping[str, Any]]
) -> Metric | None:
    """Return a metric; None if nobody wrote to it."""
    text = dimensions_text(dimensions)
    return METRICS.get(scope, scope.account, scope.region, namespace, name, text)


def invalid(message: str) -> AwsError:
    """Return the error of a value that cannot be taken."""
    return AwsError("InvalidParameterValue", message)


def combination(message: str) -> AwsError:
    """Return the error of parameters that do not go together."""
    return AwsError("InvalidParameterCombination", message)


def missing(message: str) -> AwsError:
    """Return the error of a parameter that has to be there."""
    return AwsError("MissingParameter", message)


def validation(message: str) -> AwsError:
    """Return the error of a query of GetMetricData that cannot be carried out."""
    return AwsError("ValidationError", message)
