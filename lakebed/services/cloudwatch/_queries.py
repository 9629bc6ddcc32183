"""The queries of a GetMetricData: checked, and answered one for the other. Not an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.metric_limits import METRIC_DATA_POINTS_MAX, METRIC_DATA_QUERIES_MAX
from lakebed.services.cloudwatch._math import Expression, Series
from lakebed.services.cloudwatch._points import statistic
from lakebed.services.cloudwatch._storage import Span, read, rounded_start
from lakebed.services.cloudwatch.model import MINUTE, find_metric, validation

if TYPE_CHECKING:
    from lakebed.shapes import cloudwatch as shapes

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_UNITS = (
    "Megabits", "Terabits", "Gigabits", "Count", "Bytes", "Gigabytes", "Gigabytes/Second",
    "Kilobytes", "Kilobits/Second", "Terabytes", "Terabits/Second", "Bytes/Second", "Percent",
    "Megabytes", "Megabits/Second", "Milliseconds", "Microseconds", "Kilobytes/Second",
    "Gigabits/Second", "Megabytes/Second", "Bits", "Bits/Second", "Count/Second", "Seconds",
    "Kilobits", "Terabytes/Second", "None",
)  # fmt: skip
"""Of data of several units those of the first unit here are answered; observed, not documented."""
SHORT_PERIODS = (1, 5, 10, 20, 30)


class Answer(msgspec.Struct, frozen=True):
    """The points of one query, in the order that was asked for."""

    id: str
    label: str
    times: list[int]
    values: list[float]
    has_dropped: bool
    units: Sequence[str] = ()
    """The units of a metric of which only the first one's data are here."""


def check_period(period: int) -> None:
    """Refuse a period that CloudWatch does not have."""
    if period not in SHORT_PERIODS and (period <= 0 or period % MINUTE):
        raise AwsError(
            "InvalidParameterValue",
            f"The value {period} for parameter Period is invalid: it must be 1, 5, 10, 20, 30 or "
            "a multiple of 60.",
        )


class Queries:
    """The queries of one request."""

    def __init__(self, ctx: Context, request: shapes.GetMetricDataInput) -> None:
        self._ctx = ctx
        self._start, self._end = request["StartTime"], request["EndTime"]
        self._is_descending = request.get("ScanBy") != "TimestampAscending"
        rows: list[Any] = list(request["MetricDataQueries"])
        if not 0 < len(rows) <= METRIC_DATA_QUERIES_MAX:
            raise validation(
                f"The collection MetricDataQueries must have from 1 to {METRIC_DATA_QUERIES_MAX} "
                "members."
            )
        self._rows: dict[str, Mapping[str, Any]] = {row["Id"]: row for row in rows}
        if len(self._rows) != len(rows):
            raise validation("The values for parameter id in MetricDataQueries are not unique.")
        self._expressions: dict[str, Expression] = {}
        for number, row in enumerate(rows, 1):
            self._check(row, f"MetricDataQueries.member.{number}")
        asked = [row["MetricStat"] for row in rows if "MetricStat" in row]
        differ = [name for name in ("Stat", "Period") if len({one[name] for one in asked}) > 1]
        self._labelled = differ
        self._series: dict[str, Series] = {}
        self._units: dict[str, list[str]] = {}

    def _check(self, row: Mapping[str, Any], place: str) -> None:
        if not _ID.fullmatch(row["Id"]):
            raise validation(
                f"The value {row['Id']} for parameter {place}.Id is not matching the expected "
                f"pattern ^[a-z][a-zA-Z0-9_]*$."
            )
        if "${" in row.get("Label", ""):
            raise NotBuiltError("cloudwatch", "GetMetricData", "dynamic Label")
        if row.get("AccountId", self._ctx.account) != self._ctx.account:
            raise NotBuiltError("cloudwatch", "GetMetricData", "AccountId")
        if ("MetricStat" in row) == ("Expression" in row):
            if "Expression" in row:
                raise validation(
                    f"The parameters {place}.Expression and {place}.MetricStat are mutually "
                    "exclusive and you have specified both."
                )
            raise validation(f"The parameter {place}.MetricStat is required.\n")
        if "Expression" in row:
            self._expressions[row["Id"]] = Expression(row["Id"], row["Expression"])
            return
        _check_metric(row["MetricStat"], f"{place}.MetricStat")

    def answers(self) -> list[Answer]:
        """Return the points of all queries whose data is asked for."""
        asked = [row for row in self._rows.values() if row.get("ReturnData", True)]
        if not asked:
            raise validation("At least one query must return data: ReturnData is false in all.")
        return [self._answer(row) for row in asked]

    def _answer(self, row: Mapping[str, Any]) -> Answer:
        name = row["Id"]
        series = self._of(name)
        times = sorted(series, reverse=self._is_descending)
        expression = self._expressions.get(name)
        return Answer(
            name,
            row.get("Label") or (name if expression else self._label(row["MetricStat"])),
            times,
            [series[time] for time in times],
            expression is not None and expression.has_dropped,
            self._units.get(name, ()),
        )

    def _label(self, asked: Mapping[str, Any]) -> str:
        """Return the name of a metric, with the statistic and the period where they differ."""
        return " ".join(
            [asked["Metric"]["MetricName"], *(str(asked[one]) for one in self._labelled)]
        )

    def _of(self, name: str) -> Series:
        """Return the series of a query, made once; what it names is made before it."""
        waiting, begun = [name], set[str]()
        while waiting:
            top = waiting[-1]
            if top in self._series:
                waiting.pop()
                continue
            unknown = self._unknown(top)
            if not unknown:
                self._series[top] = self._made(top)
            elif top in begun:
                raise validation(f"Error in expression '{top}': it refers to itself")
            begun.add(top)
            waiting += unknown
        return self._series[name]

    def _unknown(self, name: str) -> list[str]:
        """Return what an expression names and is not made yet."""
        expression = self._expressions.get(name)
        if expression is None:
            return []
        for other in sorted(expression.names - self._rows.keys()):
            raise validation(f"Error in expression '{name}': {other} is the id of no query")
        return sorted(expression.names - self._series.keys())

    def _made(self, name: str) -> Series:
        expression = self._expressions.get(name)
        if expression is not None:
            return expression.value(self._series.__getitem__)
        return self._read(name, self._rows[name]["MetricStat"])

    def _read(self, name: str, asked: Mapping[str, Any]) -> Series:
        given, period = asked["Metric"], asked["Period"]
        metric = find_metric(
            self._ctx, given["Namespace"], given["MetricName"], given.get("Dimensions", [])
        )
        if metric is None:
            return {}
        take = statistic(asked["Stat"], "GetMetricData", "Stat")
        start = rounded_start(self._start, period, self._ctx.clock.now())
        if (self._end - start) / period > METRIC_DATA_POINTS_MAX:
            raise validation(
                f"A query asks for more than {METRIC_DATA_POINTS_MAX} data points. Increase "
                "Period, or decrease the time range."
            )
        points = read(self._ctx, metric, Span(start, int(self._end), period), asked.get("Unit"))
        units = sorted({point.unit for point in points})
        if len(units) > 1:
            self._units[name] = units
            units = [min(units, key=_UNITS.index)]
        values = ((point.time, take(point)) for point in points if point.unit in units)
        return {time: value for time, value in values if value is not None}


def _check_metric(asked: Mapping[str, Any], place: str) -> None:
    for name in ("Namespace", "MetricName"):
        if not asked["Metric"].get(name):
            raise validation(f"The parameter {place}.Metric.{name} is required.\n")
    try:
        check_period(asked["Period"])
        statistic(asked["Stat"], "GetMetricData", "Stat")
    except NotBuiltError:
        raise
    except AwsError as error:
        raise validation(error.message) from None
