"""Spark jobs, by boto3: real Spark over the lake, its errors, its spare driver."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from lakebed.testing import server, start
from tests.services.glue.job_runs import Jobs, is_gone, spark_environment

READ_AND_WRITE = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.read.csv("s3://lake/in/", header=True, inferSchema=True)
frame.write.mode("overwrite").partitionBy("kind").parquet("s3://lake/out/")
spark.read.parquet("s3a://lake/out/").groupBy("kind").sum("n").orderBy("kind").show()
"""
SESSION = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"


@pytest.fixture(scope="module")
def spark():
    spark_environment()
    with server() as lakebed:
        yield lakebed


@pytest.fixture
def jobs(spark):
    spark.reset()
    jobs = Jobs(spark)
    jobs.s3.create_bucket(Bucket="lake")
    return jobs


def keys(jobs, prefix=""):
    found = jobs.s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in found]


def test_csv_becomes_partitioned_parquet_that_is_there_at_the_end(jobs):
    jobs.s3.put_object(Bucket="lake", Key="in/a.csv", Body=b"kind,n\nx,1\ny,2\nx,3\n")
    jobs.spark(READ_AND_WRITE)
    row = jobs.run()
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None)
    written = keys(jobs, "out/")
    assert [key.split("/")[1] for key in written] == ["kind=x", "kind=y"]
    assert all(key.endswith(".snappy.parquet") for key in written)
    assert [line.split("|")[1:3] for line in jobs.lines(row["Id"], group="jobs")[3:5]] == [
        ["   x", "     4"],
        ["   y", "     2"],
    ]
    assert jobs.lines(row["Id"], "error", "jobs")[0] == (
        "lakebed: 10 workers G.1X (40 vCPU, 160 GiB) are local[2] here"
    )


def test_errors_of_spark_are_the_errors_of_runs(jobs):
    jobs.spark(f"{SESSION}spark.read.csv('s3://lake/none/')")
    row = jobs.run()
    assert row["JobRunState"] == "FAILED"
    assert row["ErrorMessage"].endswith(
        "AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://lake/none."
    )


def test_functions_in_python_run_with_the_roles_keys_and_the_jobs_libraries(jobs):
    jobs.s3.put_object(Bucket="code", Key="lib/twice.py", Body=b"def twice(n): return 2 * n")
    jobs.spark(
        f"{SESSION}"
        "import twice\n"
        "def work(n):\n"
        "    import boto3, twice\n"
        "    return [twice.twice(n), boto3.client('sts').get_caller_identity()['Arn']]\n"
        "print(spark.sparkContext.parallelize([4], 1).map(work).collect())",
        DefaultArguments={"--extra-py-files": "s3://code/lib/twice.py"},
    )
    row = jobs.run()
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None)
    arn = "arn:aws:sts::000000000000:assumed-role/glue/GlueJobRunnerSession"
    assert jobs.lines(row["Id"], group="jobs") == [f"[[8, '{arn}']]"]


def test_properties_of_the_run_reach_spark(jobs):
    jobs.spark(
        f"{SESSION}print(spark.conf.get('spark.sql.shuffle.partitions'), "
        "spark.conf.get('spark.x.y'))",
        DefaultArguments={"--conf": "spark.sql.shuffle.partitions=3 --conf spark.x.y=a=b"},
    )
    row = jobs.run()
    assert jobs.lines(row["Id"], group="jobs") == ["3 a=b"]


def test_a_full_heap_is_said_to_be_one(jobs):
    jobs.spark(
        f"{SESSION}spark._jvm.java.nio.ByteBuffer.allocate(2_000_000_000)",
        DefaultArguments={"--conf": "spark.driver.memory=512m"},
    )
    row = jobs.run()
    assert (row["JobRunState"], row["ErrorMessage"]) == (
        "FAILED",
        "java.lang.OutOfMemoryError: Java heap space",
    )


def test_the_event_log_lies_where_the_job_says(jobs):
    jobs.spark(
        f"{SESSION}spark.range(10).count()",
        DefaultArguments={"--enable-spark-ui": "true",
                          "--spark-event-logs-path": "s3://lake/events/"},
    )  # fmt: skip
    assert jobs.run()["JobRunState"] == "SUCCEEDED"
    (key,) = keys(jobs, "events/")
    text = jobs.s3.get_object(Bucket="lake", Key=key)["Body"].read()
    assert b"SparkListenerApplicationEnd" in text
    assert b"SparkListenerJobEnd" in text


def test_a_bucket_with_versions_is_not_written_past_s3(jobs):
    jobs.s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    jobs.s3.put_object(Bucket="lake", Key="in/a.csv", Body=b"kind,n\nx,1\n")
    jobs.spark(READ_AND_WRITE)
    row = jobs.run()
    if spark_environment().has("s3a"):
        assert row["JobRunState"] == "SUCCEEDED"
        found = jobs.s3.list_object_versions(Bucket="lake", Prefix="out/kind")["Versions"]
        assert [one["VersionId"] != "null" for one in found] == [True]
    else:
        assert row["JobRunState"] == "FAILED"
        assert keys(jobs) == ["in/a.csv"]


def test_a_spare_that_waits_is_taken(jobs):
    jobs.spark(
        "import os, time\n"
        "ticks = int(open('/proc/self/stat').read().rpartition(')')[2].split()[19])\n"
        "up = float(open('/proc/uptime').read().split()[0])\n"
        "print(time.time() - up + ticks / os.sysconf('SC_CLK_TCK'))"
    )
    jobs.run()
    time.sleep(2)
    row = jobs.run()
    process_started = float(jobs.lines(row["Id"], group="jobs")[0])
    assert process_started < row["StartedOn"].timestamp() - 1


def test_a_spare_that_starts_dies_with_its_server(tmp_path):
    spark_environment()
    lakebed = start(tmp_path / "data", log=tmp_path / "log")
    Jobs(lakebed).spark("pass")
    until = time.monotonic() + 60
    while not (found := drivers_of(tmp_path)) and time.monotonic() < until:
        time.sleep(0.05)
    lakebed.kill()
    assert found
    assert all(is_gone(pid) for pid in found)
    assert drivers_of(tmp_path) == []


def drivers_of(folder):
    """Return the JVMs whose temporary files lie below a folder."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = place.read_bytes().split(b"\0")
            if b"/java" in words[0] and any(str(folder).encode() in word for word in words):
                found.append(int(place.parent.name))
    return found


def test_what_a_script_leaves_running_ends_with_it(jobs):
    jobs.spark(f"{SESSION}import subprocess; print(subprocess.Popen(['sleep', '600']).pid)")
    row = jobs.run()
    assert row["JobRunState"] == "SUCCEEDED"
    assert is_gone(int(jobs.lines(row["Id"], group="jobs")[0]))


def test_a_stopped_run_takes_its_jvm_with_it(jobs):
    jobs.spark(
        f"{SESSION}import time\n"
        "print(spark._jvm.java.lang.ProcessHandle.current().pid(), flush=True); time.sleep(600)"
    )
    run = jobs.start()
    while not jobs.lines(run, group="jobs"):
        assert jobs.get(run)["JobRunState"] in ("STARTING", "RUNNING")
        time.sleep(0.1)
    jobs.glue.batch_stop_job_run(JobName="job", JobRunIds=[run])
    assert jobs.wait(run)["JobRunState"] == "STOPPED"
    assert is_gone(int(jobs.lines(run, group="jobs")[0]))
