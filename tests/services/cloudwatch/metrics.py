"""Metrics for tests: what is put, and what is asked for."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def minute(ago=0):
    """Return a whole minute that is over, some minutes ago, in seconds."""
    return int(time.time()) // 60 * 60 - 60 * (ago + 1)


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def put(cloudwatch, name, *data, namespace="App", **more):
    """Put values at times: (time, value), or (time, members)."""
    rows = [
        {
            "MetricName": name,
            "Timestamp": at(when),
            **more,
            **(value if isinstance(value, dict) else {"Value": value}),
        }
        for when, value in data
    ]
    return cloudwatch.put_metric_data(Namespace=namespace, MetricData=rows)


def statistics(cloudwatch, name, start, end, period, *names, **more):
    """Return the data points of a metric, times as seconds."""
    plain = [one for one in names if not one.startswith("p")]
    extended = [one for one in names if one.startswith("p")]
    asked = {"Statistics": plain} if plain else {"ExtendedStatistics": extended}
    answer = cloudwatch.get_metric_statistics(
        Namespace="App", MetricName=name, StartTime=at(start), EndTime=at(end),
        Period=period, **asked, **more,
    )  # fmt: skip
    return [
        {**point, "Timestamp": int(point["Timestamp"].timestamp())}
        for point in answer["Datapoints"]
    ]


def query(identifier, name, stat="Sum", period=60, **more):
    metric = {"Namespace": "App", "MetricName": name, **more}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def data(cloudwatch, start, end, *queries, **more):
    """Return the results of queries, times as seconds."""
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=list(queries), StartTime=at(start), EndTime=at(end),
        ScanBy="TimestampAscending", **more,
    )  # fmt: skip
    for result in answer["MetricDataResults"]:
        result["Timestamps"] = [int(one.timestamp()) for one in result["Timestamps"]]
    return answer
