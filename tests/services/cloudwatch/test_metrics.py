"""ListMetrics, by boto3."""

from __future__ import annotations

from tests.services.cloudwatch.metrics import minute, put
from tests.services.glue.test_databases import body, error_of

A1, A2, B1 = ({"Name": name, "Value": value} for name, value in ("a1", "a2", "b1"))


def listed(cloudwatch, **more):
    return [
        (one["Namespace"], one["MetricName"], *(d["Name"] + d["Value"] for d in one["Dimensions"]))
        for page in cloudwatch.get_paginator("list_metrics").paginate(**more)
        for one in page["Metrics"]
    ]


def test_metrics_are_listed_by_what_they_have(cloudwatch):
    now = minute()
    put(cloudwatch, "x", (now, 1.0), Dimensions=[B1, A1])
    put(cloudwatch, "x", (now, 1.0), Dimensions=[A2])
    put(cloudwatch, "y", (now, 1.0))
    put(cloudwatch, "y", (now, 1.0), namespace="Other")
    every = [("App", "x", "a1", "b1"), ("App", "x", "a2"), ("App", "y"), ("Other", "y")]
    assert listed(cloudwatch) == every
    assert listed(cloudwatch, Namespace="App") == every[:3]
    assert listed(cloudwatch, MetricName="y") == every[2:]
    assert listed(cloudwatch, Dimensions=[{"Name": "a"}]) == every[:2]
    assert listed(cloudwatch, Dimensions=[A1, {"Name": "b"}]) == every[:1]
    assert listed(cloudwatch, Dimensions=[A2, {"Name": "b"}]) == []
    assert listed(cloudwatch, Namespace="App", MetricName="y") == every[2:3]
    assert listed(cloudwatch, RecentlyActive="PT3H") == every
    assert listed(cloudwatch, Namespace="None") == []
    assert body(cloudwatch.list_metrics(Namespace="Other")) == {
        "Metrics": [{"Namespace": "Other", "MetricName": "y", "Dimensions": []}]
    }


def test_metrics_come_by_the_five_hundred(cloudwatch):
    rows = [{"MetricName": f"m{n:04}", "Value": 1.0} for n in range(600)]
    for namespace in ("App", "Other"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=rows)
    wanted = [(space, row["MetricName"]) for space in ("App", "Other") for row in rows]
    assert listed(cloudwatch) == wanted
    assert listed(cloudwatch, Namespace="Other") == wanted[600:]
    assert listed(cloudwatch, MetricName="m0599") == [wanted[599], wanted[1199]]
    page = cloudwatch.list_metrics()
    assert len(page["Metrics"]) == 500
    assert error_of(lambda: cloudwatch.list_metrics(NextToken="x")) == (
        "InvalidParameterValue", "The value for parameter NextToken is invalid.", 400,
    )  # fmt: skip


def test_other_accounts_are_not_built(cloudwatch):
    for more in ({"IncludeLinkedAccounts": True}, {"OwningAccount": "1" * 12}):
        code, message, _ = error_of(lambda more=more: cloudwatch.list_metrics(**more))
        assert (code, f"cloudwatch.ListMetrics ({next(iter(more))})" in message) == (
            "LakebedNotBuilt", True,
        )  # fmt: skip
    assert listed(cloudwatch, OwningAccount="0" * 12) == []
