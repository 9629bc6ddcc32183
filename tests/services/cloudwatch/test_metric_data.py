"""PutMetricData and GetMetricData, by boto3."""

from __future__ import annotations

import math
import time

import pytest

from tests.services.cloudwatch.metrics import at, data, minute, put, query, statistics
from tests.services.glue.test_databases import body, error_of

ALL = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


def test_values_of_a_minute_are_one_point(cloudwatch):
    first = minute(3)
    assert body(put(cloudwatch, "m", (first, 1.0), (first + 59, 5.0), (first + 60, 7.0))) == {}
    put(cloudwatch, "m", (first + 1, 3.0))
    assert statistics(cloudwatch, "m", first, first + 120, 60, *ALL) == [
        {"Timestamp": first, "Unit": "None", "SampleCount": 3.0, "Sum": 9.0, "Average": 3.0,
         "Minimum": 1.0, "Maximum": 5.0},
        {"Timestamp": first + 60, "Unit": "None", "SampleCount": 1.0, "Sum": 7.0, "Average": 7.0,
         "Minimum": 7.0, "Maximum": 7.0},
    ]  # fmt: skip


def test_values_come_with_counts_and_as_statistics(cloudwatch):
    first = minute(3)
    summary = {"SampleCount": 4, "Sum": 10, "Minimum": -1, "Maximum": 6}
    put(cloudwatch, "m", (first, {"Values": [1, 2, 1], "Counts": [2, 1, 1]}))
    put(cloudwatch, "m", (first + 60, {"Values": [2.5]}))
    put(cloudwatch, "m", (first + 120, {"StatisticValues": summary}))
    points = statistics(cloudwatch, "m", first, first + 180, 60, *ALL)
    assert [tuple(point[name] for name in ALL) for point in points] == [
        (4, 5, 1.25, 1, 2), (1, 2.5, 2.5, 2.5, 2.5), (4, 10, 2.5, -1, 6),
    ]  # fmt: skip


def test_longer_periods_are_made_of_the_same_values(cloudwatch):
    first = minute(10)
    put(cloudwatch, "m", *((first + 60 * n, float(n)) for n in range(10)))
    result = data(
        cloudwatch, first, first + 600, query("a", "m", "Sum", 300),
        query("b", "m", "Maximum", 600), query("c", "m", "SampleCount", 86_400),
    )["MetricDataResults"]  # fmt: skip
    assert [one["Values"] for one in result] == [[10, 35], [9], [10]]
    assert [one["Timestamps"] for one in result] == [[first, first + 300], [first], [first]]


def test_metrics_of_high_resolution_have_points_of_seconds(cloudwatch):
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0), (first + 1, 2.0), (first + 31, 4.0), StorageResolution=1)
    result = data(
        cloudwatch, first, first + 60, query("a", "m", "Sum", 1), query("b", "m", "Sum", 30),
        query("c", "m", "Sum", 60),
    )["MetricDataResults"]  # fmt: skip
    assert [one["Values"] for one in result] == [[1, 2, 4], [3, 4], [7]]
    assert result[1]["Timestamps"] == [first, first + 30]


def test_percentiles_are_of_the_values(cloudwatch):
    first = minute(3)
    put(cloudwatch, "m", (first, {"Values": list(range(1, 101))}))
    summary = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 6}
    put(cloudwatch, "m", (first + 60, {"StatisticValues": summary}))
    same = {"SampleCount": 3, "Sum": 6, "Minimum": 2, "Maximum": 2}
    put(cloudwatch, "m", (first + 120, {"StatisticValues": same}))
    assert statistics(cloudwatch, "m", first, first + 180, 60, "p50", "p99.5", "p0", "p100") == [
        {"Timestamp": first, "Unit": "None",
         "ExtendedStatistics": {"p50": 50.0, "p99.5": 100.0, "p0": 1.0, "p100": 100.0}},
        {"Timestamp": first + 120, "Unit": "None",
         "ExtendedStatistics": {"p50": 2.0, "p99.5": 2.0, "p0": 2.0, "p100": 2.0}},
    ]  # fmt: skip
    (result,) = data(cloudwatch, first, first + 180, query("a", "m", "p90"))["MetricDataResults"]
    assert (result["Timestamps"], result["Values"]) == ([first, first + 120], [90, 2])


def test_many_values_keep_their_percentiles_to_a_hundredth(cloudwatch):
    first = minute(3)
    for part in range(20):
        values = [1.01 ** (part * 100 + n) for n in range(100)]
        put(cloudwatch, "m", (first, {"Values": values}))
    (point,) = statistics(cloudwatch, "m", first, first + 60, 60, "p10", "p50", "p99")
    for name, rank in (("p10", 199), ("p50", 999), ("p99", 1979)):
        error = math.log(point["ExtendedStatistics"][name]) - math.log(1.01**rank)
        assert abs(error) < 0.33, name
    (point,) = statistics(cloudwatch, "m", first, first + 60, 60, "Maximum", "SampleCount")
    assert (point["Maximum"], point["SampleCount"]) == (1.01**1999, 2000)


def test_units_are_told_apart(cloudwatch):
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0), Unit="Seconds")
    put(cloudwatch, "m", (first, 5.0), Unit="Bytes")
    both = statistics(cloudwatch, "m", first, first + 60, 60, "Sum")
    assert [(one["Unit"], one["Sum"]) for one in both] == [("Bytes", 5), ("Seconds", 1)]
    (one,) = statistics(cloudwatch, "m", first, first + 60, 60, "Sum", Unit="Seconds")
    assert one["Sum"] == 1
    assert statistics(cloudwatch, "m", first, first + 60, 60, "Sum", Unit="Count") == []
    asked = query("a", "m")
    (result,) = data(cloudwatch, first, first + 60, asked)["MetricDataResults"]
    assert result["Values"] == [5]
    assert result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Bytes, Seconds]'"}
    ]
    asked["MetricStat"]["Unit"] = "Bytes"
    (result,) = data(cloudwatch, first, first + 60, asked)["MetricDataResults"]
    assert result["Values"] == [5]


@pytest.mark.parametrize(
    ("pairs", "labels"),
    [
        ([("Sum", 60), ("Minimum", 300)], ["m Sum 60", "m Minimum 300"]),
        ([("Sum", 60), ("Minimum", 60)], ["m Sum", "m Minimum"]),
        ([("Sum", 60), ("Sum", 300)], ["m 60", "m 300"]),
        ([("Sum", 60), ("Sum", 60)], ["m", "m"]),
    ],
)
def test_a_label_names_what_queries_differ_in(cloudwatch, pairs, labels):
    queries = [
        {**query(f"q{number}", "m"), "MetricStat": {
            "Metric": {"Namespace": "App", "MetricName": "m"}, "Stat": stat, "Period": period}}
        for number, (stat, period) in enumerate(pairs)
    ]  # fmt: skip
    first = minute(5)
    found = data(cloudwatch, first, first + 300, *queries)["MetricDataResults"]
    assert [one["Label"] for one in found] == labels


def test_dimensions_are_a_part_of_the_metric(cloudwatch):
    first = minute(3)
    one, two = {"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}
    put(cloudwatch, "m", (first, 1.0), Dimensions=[one, two])
    put(cloudwatch, "m", (first, 2.0), Dimensions=[one])
    put(cloudwatch, "m", (first, 4.0))
    result = data(
        cloudwatch, first, first + 60, query("a", "m", Dimensions=[two, one]),
        query("b", "m", Dimensions=[one]), query("c", "m"), query("d", "m", Dimensions=[two]),
    )["MetricDataResults"]  # fmt: skip
    assert [one["Values"] for one in result] == [[1], [2], [4], []]


def test_arithmetic_over_series_and_numbers(cloudwatch):
    first = minute(5)
    put(cloudwatch, "x", (first, 6.0), (first + 60, 8.0), (first + 120, 1.0))
    put(cloudwatch, "y", (first, 2.0), (first + 60, 0.0))
    hidden = {**query("y", "y"), "ReturnData": False}

    def math_of(identifier, text):
        return {"Id": identifier, "Expression": text}

    answer = data(
        cloudwatch, first, first + 180, query("x", "x"), hidden,
        math_of("a", "x - y - 1"), math_of("b", "100 * x / y"), math_of("c", "-(a + 2) ^ 2 / 2"),
        {**math_of("d", "x*2e0+.5"), "Label": "twice"},
    )  # fmt: skip
    dropped = [{
        "Code": "ArithmeticError",
        "Value": "One or more data-points have been dropped due to non-numeric values "
        "(NaN, -Infinite, +Infinite)",
    }]  # fmt: skip
    times = [first, first + 60, first + 120]
    assert body(answer) == {
        "MetricDataResults": [
            {"Id": "x", "Label": "x", "Timestamps": times, "Values": [6, 8, 1],
             "StatusCode": "Complete"},
            {"Id": "a", "Label": "a", "Timestamps": times[:2], "Values": [3, 7],
             "StatusCode": "Complete"},
            {"Id": "b", "Label": "b", "Timestamps": times[:1], "Values": [300],
             "StatusCode": "Complete", "Messages": dropped},
            {"Id": "c", "Label": "c", "Timestamps": times[:2], "Values": [-12.5, -40.5],
             "StatusCode": "Complete"},
            {"Id": "d", "Label": "twice", "Timestamps": times, "Values": [12.5, 16.5, 2.5],
             "StatusCode": "Complete"},
        ],
        "Messages": [],
    }  # fmt: skip


def test_a_long_chain_of_expressions_is_followed(cloudwatch):
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0))
    chain = [
        {"Id": f"e{n}", "Expression": f"e{n + 1} + 1", "ReturnData": n == 0} for n in range(498)
    ]
    chain.append({"Id": "e498", "Expression": "m + 0", "ReturnData": False})
    (result,) = data(
        cloudwatch, first, first + 60, *chain, {**query("m", "m"), "ReturnData": False}
    )["MetricDataResults"]
    assert result["Values"] == [499]


@pytest.mark.parametrize(
    ("expressions", "sentence"),
    [
        ({"a": "b", "b": "a"}, "it refers to itself"),
        ({"a": "nope + 1"}, "nope is the id of no query"),
        ({"a": "1 + 2"}, "the result is a number, not a time series"),
        ({"a": "(m"}, "a parenthesis is not closed"),
        ({"a": "m m"}, "unexpected m"),
        ({"a": "m +"}, "unexpected end"),
        ({"a": "1 / 0 + m"}, "a number is divided by zero, or too large"),
        ({"a": "(" * 300 + "m"}, "it is nested too deeply"),
    ],
)
def test_an_expression_that_means_nothing_is_refused(cloudwatch, expressions, sentence):
    rows = [{"Id": name, "Expression": text} for name, text in expressions.items()]
    first = minute(3)
    put(cloudwatch, "m", (first, 1.0))
    code, message, status = error_of(
        lambda: data(cloudwatch, first, first + 60, query("m", "m"), *rows)
    )
    assert (code, status) == ("ValidationError", 400)
    assert message.startswith("Error in expression '")
    assert message.endswith(sentence)


@pytest.mark.parametrize(
    "text", ["SUM(METRICS())", "SELECT AVG(x) FROM y", "m > 1", "SEARCH('{App}', 'Sum', 60)"]
)
def test_what_is_not_built_is_named(cloudwatch, text):
    first = minute(3)
    code, message, _ = error_of(
        lambda: data(cloudwatch, first, first + 60, {"Id": "a", "Expression": text})
    )
    assert code == "LakebedNotBuilt"
    assert f"cloudwatch.GetMetricData (Expression {text})" in message


def test_results_come_in_pages_of_points(cloudwatch):
    first = minute(10)
    put(cloudwatch, "m", *((first + 60 * n, float(n)) for n in range(5)))
    asked = {
        "MetricDataQueries": [query("a", "m"), query("b", "none"), query("c", "m")],
        "StartTime": at(first), "EndTime": at(first + 600),
    }  # fmt: skip
    found, pages, token = {"a": [], "b": [], "c": []}, 0, {}
    while True:
        answer = cloudwatch.get_metric_data(**asked, MaxDatapoints=3, **token)
        pages += 1
        for result in answer["MetricDataResults"]:
            found[result["Id"]] += result["Values"]
        assert sum(len(one["Values"]) for one in answer["MetricDataResults"]) <= 3
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert (found, pages) == ({"a": [4, 3, 2, 1, 0], "b": [], "c": [4, 3, 2, 1, 0]}, 5)
    first_page = cloudwatch.get_metric_data(**asked, MaxDatapoints=3)["MetricDataResults"]
    assert [(one["Id"], one["StatusCode"]) for one in first_page] == [("a", "PartialData")]
    assert error_of(lambda: cloudwatch.get_metric_data(**asked, NextToken="x")) == (
        "InvalidNextToken", "The next token specified is invalid.", 400,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, ("MissingParameter", "At least one of the parameters must be specified.")),
        (
            {"Value": float("nan")},
            ("InvalidParameterValue",
             "The value NaN for parameter MetricData.member.1.Value is invalid."),
        ),
        (
            {"Value": 2.0**361},
            ("InvalidParameterValue",
             f"The value {2.0**361} for parameter MetricData.member.1.Value is invalid."),
        ),
        (
            {"Value": 1.0, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1,
                                               "Maximum": 1}},
            ("InvalidParameterCombination",
             "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues "
             "are mutually exclusive and you have specified both."),
        ),
        (
            {"Values": [1.0, 2.0], "Counts": [1.0]},
            ("InvalidParameterValue",
             "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of "
             "the same size."),
        ),
        (
            {"Values": [1.0], "Counts": [0.0]},
            ("InvalidParameterValue",
             "The value 0.0 for parameter MetricData.member.1.Counts.member.1 is invalid."),
        ),
        (
            {"Values": [1.0] * 151},
            ("InvalidParameterValue",
             "The collection MetricData.member.1.Values must not have a size greater than 150."),
        ),
        (
            {"Value": 1.0, "StorageResolution": 5},
            ("InvalidParameterValue",
             "The value 5 for parameter MetricData.member.1.StorageResolution is invalid."),
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"},
                                          {"Name": "a", "Value": "2"}]},
            ("InvalidParameterValue",
             "The parameter MetricData.member.1.Dimensions names a dimension twice."),
        ),
        (
            {"Value": 1.0, "Timestamp": at(time.time() - 15 * 86_400)},
            ("InvalidParameterValue",
             "The parameter MetricData.member.1.Timestamp must specify a time within the past two "
             "weeks or the next two hours."),
        ),
    ],
)  # fmt: skip
def test_data_that_cannot_be_taken_is_refused_whole(cloudwatch, members, error):
    good = {"MetricName": "good", "Value": 1.0}
    bad = {"MetricName": "m", **members}
    assert error_of(
        lambda: cloudwatch.put_metric_data(Namespace="App", MetricData=[bad, good])
    ) == (*error, 400)
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_requests_have_limits(cloudwatch):
    def put_one(namespace, **more):
        return error_of(lambda: cloudwatch.put_metric_data(Namespace=namespace, **more))

    row = {"MetricName": "m", "Value": 1.0}
    assert put_one("AWS/EC2", MetricData=[row]) == (
        "InvalidParameterValue", "The value AWS/EC2 for parameter Namespace is invalid.", 400,
    )  # fmt: skip
    assert put_one("App") == ("MissingParameter", "The parameter MetricData is required.", 400)
    assert put_one("App", MetricData=[row] * 1001) == (
        "InvalidParameterValue",
        "The collection MetricData must not have a size greater than 1000.", 400,
    )  # fmt: skip
    entity = {"MetricData": [row]}
    assert put_one("App", EntityMetricData=[entity])[0] == "LakebedNotBuilt"
    code, message, _ = put_one("App", MetricData=[{**row, "Unit": "Apples"}])
    assert (code, "satisfy enum value set" in message) == ("ValidationError", True)


def test_queries_have_limits(cloudwatch):
    first = minute(3)

    def refused(*queries, end=first + 60, **more):
        code, message, status = error_of(lambda: data(cloudwatch, first, end, *queries, **more))
        assert (code, status) == ("ValidationError", 400)
        return message

    row = query("a", "m")
    assert refused(row, row) == "The values for parameter id in MetricDataQueries are not unique."
    assert (
        refused({"Id": "a"}) == "The parameter MetricDataQueries.member.1.MetricStat is required.\n"
    )
    assert "mutually exclusive" in refused({**row, "Expression": "a"})
    assert refused(row, end=first) == (
        "The parameter StartTime must be less than the parameter EndTime."
    )
    assert "MaxDatapoints" in refused(row, MaxDatapoints=100_801)
    assert "for parameter Period is invalid" in refused(query("a", "m", period=61))
    assert "is not supported" in refused(query("a", "m", "Median"))
    assert "pattern" in refused({**row, "Id": "A"})
    assert "ReturnData" in refused({**row, "ReturnData": False})
    for wrong in (
        query("a", "m", "tm90"),
        {**row, "Label": "${MAX}"},
        {**row, "AccountId": "1" * 12},
    ):
        code, _, _ = error_of(lambda wrong=wrong: data(cloudwatch, first, first + 60, wrong))
        assert code == "LakebedNotBuilt"


def test_a_large_request_comes_compressed(cloudwatch):
    first = minute(3)
    rows = [
        {"MetricName": f"metric-{n}", "Timestamp": at(first), "Value": float(n)} for n in range(600)
    ]
    sent = []
    event = "before-send.cloudwatch.PutMetricData"
    cloudwatch.meta.events.register(event, lambda request, **_: sent.append(request), "seen")
    try:
        cloudwatch.put_metric_data(Namespace="App", MetricData=rows)
    finally:
        cloudwatch.meta.events.unregister(event, unique_id="seen")
    assert sent[0].headers["Content-Encoding"] in ("gzip", b"gzip")
    (result,) = data(cloudwatch, first, first + 60, query("a", "metric-599"))["MetricDataResults"]
    assert result["Values"] == [599]
