"""Metric data: numbers put down, and read back by several queries at once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from lakebed.context import Context, long
from lakebed.core.errors import AwsError
from lakebed.core.metric_limits import METRIC_DATA_POINTS_MAX, METRICS_SLICE
from lakebed.services.cloudwatch._data_input import entries
from lakebed.services.cloudwatch._queries import Answer, Queries
from lakebed.services.cloudwatch._storage import Entry, keep
from lakebed.services.cloudwatch.model import validation

if TYPE_CHECKING:
    from lakebed.shapes import cloudwatch as shapes

_COMPLETE, _PARTIAL = "Complete", "PartialData"
_DROPPED = {
    "Code": "ArithmeticError",
    "Value": "One or more data-points have been dropped due to non-numeric values "
    "(NaN, -Infinite, +Infinite)",
}


def put_metric_data(
    ctx: Context, request: shapes.PutMetricDataInput
) -> Generator[None, None, None]:
    """Put numbers of metrics down; a metric that is not there is made by that.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    A request is checked whole before anything is written. Data can be read at once; AWS takes
    minutes. Data about entities are not built.
    """
    by_metric: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries(ctx, request):
        by_metric.setdefault((entry.name, entry.dimensions), []).append(entry)
    waiting = iter(by_metric.values())
    while some := list(islice(waiting, METRICS_SLICE)):
        for of_metric in some:
            keep(ctx, of_metric)
        yield


@long
def get_metric_data(ctx: Context, request: shapes.GetMetricDataInput) -> shapes.GetMetricDataOutput:
    """Return statistics of metrics, and simple arithmetic over them, a page of points at a time.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    `+ - * / ^` and parentheses over ids and numbers are built; functions, SEARCH, comparisons and
    Metrics Insights are not. Where no unit is asked for, and there are data of
    several, those of one are answered, and a message says so.
    """
    size = request.get("MaxDatapoints") or METRIC_DATA_POINTS_MAX
    if not 0 < size <= METRIC_DATA_POINTS_MAX:
        raise validation(
            f"The value {size} for parameter MaxDatapoints is not between 1 and "
            f"{METRIC_DATA_POINTS_MAX}."
        )
    if not request["StartTime"] < request["EndTime"]:
        raise validation("The parameter StartTime must be less than the parameter EndTime.")
    answers = Queries(ctx, request).answers()
    skipped = _place(request.get("NextToken"))
    results, is_last = _page(answers, skipped, size)
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if not is_last:
        answer["NextToken"] = base64.b64encode(str(skipped + size).encode()).decode()
    return answer  # pyright: ignore[reportReturnType] -- with NextToken or without


def _place(token: str | None) -> int:
    """Return how much of all results went before a page."""
    if token is None:
        return 0
    try:
        text = base64.b64decode(token.encode(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if not text.isdecimal() or len(text) > 18:
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    return int(text)


def _page(
    answers: Sequence[Answer], skipped: int, size: int
) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the results of one page, and whether it is the last.

    The results stand one behind the other, each counting one more than it has points: so one
    without any stands on one page, too.
    """
    results: list[Mapping[str, Any]] = []
    at, end = 0, skipped + size
    for answer in answers:
        begin, length = at, len(answer.times) + 1
        at += length
        if at <= skipped or begin >= end:
            continue
        first = max(0, skipped - begin - 1)
        last = min(length, end - begin) - 1
        results.append(
            {
                "Id": answer.id,
                "Label": answer.label,
                "Timestamps": answer.times[first:last],
                "Values": answer.values[first:last],
                "StatusCode": _COMPLETE if at <= end else _PARTIAL,
                **_messages(answer),
            }
        )
    return results, at <= end


def _messages(answer: Answer) -> dict[str, list[dict[str, str]]]:
    found = [_DROPPED] if answer.has_dropped else []
    if answer.units:
        text = f"Multiple units returned: '[{', '.join(answer.units)}]'"
        found.append({"Code": "MultipleUnits", "Value": text})
    return {"Messages": found} if found else {}
