"""Limits of CloudWatch metrics; AWS's unless said otherwise.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from __future__ import annotations

from typing import Final

METRICS_PUT_MAX: Final = 1000
METRIC_VALUES_MAX: Final = 150
METRIC_PAST_DAYS_MAX: Final = 14
METRIC_FUTURE_HOURS_MAX: Final = 2
METRIC_STATISTICS_POINTS_MAX: Final = 1440
METRIC_DATA_QUERIES_MAX: Final = 500
METRIC_DATA_POINTS_MAX: Final = 100_800
METRICS_PAGE: Final = 500
METRICS_RECENT_HOURS: Final = 3
METRICS_LISTED_DAYS: Final = 14
METRIC_DISTINCT_MAX: Final = 100
"""Ours: the values that a point keeps apart, for percentiles; more are rounded."""
METRIC_EXPRESSION_DEPTH_MAX: Final = 50
METRICS_SLICE: Final = 10
"""Ours: of a request, metrics that are written before others have their turn."""
METRICS_MAX: Final = 100_000
METRIC_BLOCKS_MAX: Final = 1_000_000
"""Ours: above them what is oldest goes, of all accounts and regions."""
METRIC_BLOCKS_SLICE: Final = 200
