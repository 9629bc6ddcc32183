"""Metrics of job runs, by boto3: what Spark counted, against what the job really read."""

from __future__ import annotations

import time

import pytest

from lakebed.testing import server
from tests.services.cloudwatch.metrics import at
from tests.services.glue.job_runs import Jobs, shell_engine, shell_server, spark_environment

ROWS = 1000
LINE = b"x,1\n"
READ = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.read.csv("s3://lake/in/", schema="kind string, n int")
assert frame.groupBy("kind").count().collect()[0]["count"] == 1000
"""
MEASURE_NOW = """
import threading
(thread,) = [one for one in threading.enumerate() if one.name == "measures"]
thread._target.__self__._tell()
"""
COUNTS = {
    "bytesRead": "Bytes", "elapsedTime": "Milliseconds", "numCompletedStages": "Count",
    "numCompletedTasks": "Count", "numFailedTasks": "Count", "numKilledTasks": "Count",
    "recordsRead": "Count", "shuffleBytesWritten": "Bytes", "shuffleLocalBytesRead": "Bytes",
}  # fmt: skip
GAUGES = {
    f"glue.{who}.{name}": unit
    for who in ("driver", "ALL")
    for name, unit in {
        "jvm.heap.used": "Bytes", "jvm.heap.usage": "Percent", "system.cpuSystemLoad": "Percent",
    }.items()
} | {"glue.driver.BlockManager.disk.diskSpaceUsed_MB": "Megabytes"}  # fmt: skip


def metrics(lakebed, run):
    """Return the metrics of a run, with their units and types: sums of counts, means of gauges."""
    cloudwatch = lakebed.client("cloudwatch")
    filters = [{"Name": "JobName", "Value": "job"}, {"Name": "JobRunId", "Value": run}]
    found = {}
    for one in cloudwatch.list_metrics(Namespace="Glue", Dimensions=filters)["Metrics"]:
        now = time.time()
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="Glue", MetricName=one["MetricName"], Dimensions=one["Dimensions"],
            StartTime=at(now - 3600), EndTime=at(now + 60), Period=7200,
            Statistics=["Sum", "Average"],
        )["Datapoints"]  # fmt: skip
        kind = {row["Name"]: row["Value"] for row in one["Dimensions"]}["Type"]
        value = point["Sum" if kind == "count" else "Average"]
        found[one["MetricName"]] = (value, point["Unit"], kind)
    return found


def run_of(jobs, script, **members):
    jobs.spark(script, **members)
    row = jobs.run()
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None)
    return row["Id"]


def prepared(lakebed):
    jobs = Jobs(lakebed)
    jobs.s3.create_bucket(Bucket="lake")
    jobs.s3.put_object(Bucket="lake", Key="in/a.csv", Body=LINE * ROWS)
    return jobs


@pytest.mark.slow
def test_a_run_has_the_metrics_of_what_it_did():
    spark_environment()
    measured = {"DefaultArguments": {"--enable-metrics": ""}}
    with server() as lakebed:
        jobs = prepared(lakebed)
        run = run_of(jobs, READ, **measured)
        found = metrics(lakebed, run)
        assert {name: row[1:] for name, row in found.items()} == {
            **{f"glue.driver.aggregate.{name}": (unit, "count") for name, unit in COUNTS.items()},
            **{name: (unit, "gauge") for name, unit in GAUGES.items()},
        }
        total = {name: found[f"glue.driver.aggregate.{name}"][0] for name in COUNTS}
        assert total["recordsRead"] == ROWS
        assert total["bytesRead"] == len(LINE) * ROWS
        assert (total["numCompletedStages"], total["numCompletedTasks"]) == (2, 2)
        assert (total["numFailedTasks"], total["numKilledTasks"]) == (0, 0)
        assert total["shuffleBytesWritten"] == total["shuffleLocalBytesRead"] > 0
        assert 0 < total["elapsedTime"] < 300_000
        assert 0 < found["glue.driver.jvm.heap.usage"][0] < 1
        assert found["glue.driver.jvm.heap.used"][0] > 1 << 20
        assert 0 <= found["glue.driver.system.cpuSystemLoad"][0] <= 1
        assert metrics(lakebed, "ALL") == found
        # Contexts that the script stopped count as well, once, and all runs are one series.
        jobs.wait(jobs.start())
        jobs.glue.delete_job(JobName="job")
        twice = f"{READ}{MEASURE_NOW}spark.stop()\n{READ}spark.stop()\n"
        stopped = run_of(jobs, twice, **measured)
        name = "glue.driver.aggregate.recordsRead"
        assert metrics(lakebed, stopped)[name] == (2 * ROWS, "Count", "count")
        assert metrics(lakebed, "ALL")[name] == (4 * ROWS, "Count", "count")
        # Nobody asked for these.
        jobs.glue.delete_job(JobName="job")
        assert metrics(lakebed, run_of(jobs, READ)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("version", "environment"), [("4.0", "spark-3.3"), ("6.0", "spark-4.1")])
def test_other_sparks_are_measured_too(version, environment):
    spark_environment(environment)
    with server() as lakebed:
        jobs = prepared(lakebed)
        arguments = {"--enable-metrics": "true"}
        run = run_of(jobs, READ, GlueVersion=version, DefaultArguments=arguments)
        found = metrics(lakebed, run)
        assert found["glue.driver.aggregate.recordsRead"][0] == ROWS
        assert found["glue.driver.aggregate.numCompletedTasks"][0] == 2


def test_python_shell_jobs_have_none(tmp_path):
    with shell_server(shell_engine(tmp_path)) as lakebed:
        jobs = Jobs(lakebed)
        jobs.shell("print(1)", DefaultArguments={"--enable-metrics": ""})
        assert jobs.run()["JobRunState"] == "SUCCEEDED"
        assert lakebed.client("cloudwatch").list_metrics()["Metrics"] == []
