"""GetMetricStatistics, by boto3. What points are made of: `test_metric_data.py`."""

from __future__ import annotations

import time

from tests.services.cloudwatch.metrics import at, minute, put, statistics
from tests.services.glue.test_databases import body, error_of

DAY = 86_400


def refused(cloudwatch, **more):
    first = minute(10)
    asked = {
        "Namespace": "App", "MetricName": "m", "StartTime": at(first), "EndTime": at(first + 60),
        "Period": 60, "Statistics": ["Sum"], **more,
    }  # fmt: skip
    asked = {name: value for name, value in asked.items() if value is not None}
    code, message, status = error_of(lambda: cloudwatch.get_metric_statistics(**asked))
    assert status == 400
    return code, message


def test_a_metric_that_is_not_there_has_no_points(cloudwatch):
    first = minute(3)
    answer = cloudwatch.get_metric_statistics(
        Namespace="App", MetricName="none", StartTime=at(first), EndTime=at(first + 60),
        Period=60, Statistics=["Sum"],
    )  # fmt: skip
    assert body(answer) == {"Label": "none", "Datapoints": []}


def test_periods_begin_at_the_minute_of_the_start(cloudwatch):
    first = minute(20) // 300 * 300 + 120
    put(cloudwatch, "m", *((first + 60 * n, 1.0) for n in range(10)))
    points = statistics(cloudwatch, "m", first + 31, first + 600, 300, "Sum")
    assert [(one["Timestamp"], one["Sum"]) for one in points] == [(first, 5), (first + 300, 5)]


def test_the_end_is_not_included(cloudwatch):
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0), (first + 60, 2.0))
    assert [one["Sum"] for one in statistics(cloudwatch, "m", first, first + 60, 60, "Sum")] == [1]


def test_old_points_are_there_by_the_hour(cloudwatch):
    when = int(time.time() - 13 * DAY) // 3600 * 3600
    put(cloudwatch, "m", (when + 61, 1.0), (when + 1900, 2.0))
    (point,) = statistics(cloudwatch, "m", when - DAY, when + DAY, 3600, "Sum")
    assert (point["Timestamp"], point["Sum"]) == (when, 3)
    points = statistics(cloudwatch, "m", when, when + 3600, 60, "Sum")
    assert [(one["Timestamp"], one["Sum"]) for one in points] == [(when + 60, 1), (when + 1860, 2)]


def test_what_cannot_be_asked_is_refused(cloudwatch):
    first = minute(10)
    assert refused(cloudwatch, Statistics=None) == (
        "InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics",
    )  # fmt: skip
    assert refused(cloudwatch, ExtendedStatistics=["p90"])[0] == "InvalidParameterCombination"
    assert refused(cloudwatch, EndTime=at(first)) == (
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
    )
    assert refused(cloudwatch, Period=45)[0] == "InvalidParameterValue"
    assert refused(cloudwatch, StartTime=at(first - 2 * DAY), EndTime=at(first)) == (
        "InvalidParameterCombination",
        "You have requested up to 2880 datapoints, which exceeds the limit of 1440. You may "
        "reduce the datapoints requested by increasing Period, or decreasing the time range.",
    )
    wrong = {"Statistics": None, "ExtendedStatistics": ["p101"]}
    assert refused(cloudwatch, **wrong) == (
        "InvalidParameterValue",
        "The value p101 for parameter ExtendedStatistics is not supported.",
    )  # fmt: skip
    code, message = refused(cloudwatch, **{**wrong, "ExtendedStatistics": ["tm90"]})
    assert (code, "ExtendedStatistics tm90" in message) == ("LakebedNotBuilt", True)
