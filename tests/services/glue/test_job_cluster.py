"""A Spark cluster of one's own: the same job, unchanged, on a standalone master and a worker."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import pytest

from lakebed.testing import environment, server
from tests.services.glue.job_runs import Jobs, spark_environment
from tests.services.glue.test_job_spark import READ_AND_WRITE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """Yield the URL of a master with one worker."""
    spark = spark_environment()
    if not spark.has("s3a"):
        pytest.skip("a cluster reads by S3's protocol: lakebed engine add spark-3.5 --with s3a")
    folder = tmp_path_factory.mktemp("cluster")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    java = [str(spark.java), "-Xmx512m", "-cp", f"{spark.spark_home}/jars/*"]
    package = "org.apache.spark.deploy"
    url = f"spark://127.0.0.1:{port}"
    # What Spark's own shell scripts set.
    variables = {
        **os.environ,
        "JAVA_HOME": str(spark.java.parents[1]),
        "SPARK_HOME": str(spark.spark_home),
        "SPARK_SCALA_VERSION": "2.12",
    }
    commands = (
        [*java, f"{package}.master.Master", "--host", "127.0.0.1", "--port", str(port),
         "--webui-port", "0"],
        [*java, f"{package}.worker.Worker", url, "--host", "127.0.0.1", "--cores", "2",
         "--memory", "1g", "--webui-port", "0", "--work-dir", str(folder)],
    )  # fmt: skip
    processes: list[subprocess.Popen[bytes]] = []
    with open(folder / "log", "wb") as log:
        for command in commands:
            processes.append(subprocess.Popen(command, env=variables, stdout=log, stderr=log))
        try:
            until = time.monotonic() + 60
            while b"Successfully registered with master" not in (folder / "log").read_bytes():
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.2)
            yield url
        finally:
            for process in processes:
                process.kill()
                process.wait()


def test_the_same_job_runs_on_a_cluster(master):
    with environment({"LAKEBED_JOBS_SPARK_MASTER": master}), server() as lakebed:
        jobs = Jobs(lakebed)
        jobs.s3.create_bucket(Bucket="lake")
        jobs.s3.put_object(Bucket="lake", Key="in/a.csv", Body=b"kind,n\nx,1\ny,2\nx,3\n")
        jobs.spark(READ_AND_WRITE, DefaultArguments={"--conf": "spark.executor.memory=512m"})
        row = jobs.run()
        assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None)
        said = jobs.lines(row["Id"], "error", "jobs")
        assert said[0] == f"lakebed: 10 workers G.1X (40 vCPU, 160 GiB) are {master} here"
        found = jobs.s3.list_objects_v2(Bucket="lake", Prefix="out/")["Contents"]
        folders = {one["Key"].split("/")[1] for one in found}
        assert folders >= {"kind=x", "kind=y"}
