"""Metric filters: only their patterns can be tried yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.logs._filter_pattern import compile_pattern

if TYPE_CHECKING:
    from lakebed.shapes import logs as shapes


def test_metric_filter(
    ctx: Context, request: shapes.TestMetricFilterRequest
) -> shapes.TestMetricFilterResponse:
    """Return which messages a pattern matches, and what it takes from them.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
    """
    pattern = compile_pattern(request["filterPattern"])
    return {
        "matches": [
            {
                "eventNumber": number,
                "eventMessage": message,
                "extractedValues": dict(pattern.extract(message)),
            }
            for number, message in enumerate(request["logEventMessages"], 1)
            if pattern.matches(message)
        ]
    }
