"""Runs one Spark script in this process, the driver, attached to a JVM that it started before.

    python spark.py DESCRIPTOR [--warm] -- JAVA ARGUMENT…

With `--warm` the JVM loads, before a job comes, the classes that most jobs need: then a job's
`SparkContext()` takes a quarter of a second instead of eight. See `lakebed_job`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator

import lakebed_pickle  # noqa: F401 - before PySpark
from lakebed_catalogs import lead_catalogs
from lakebed_job import Channel, prepare, run
from lakebed_measures import measured
from py4j.java_gateway import GatewayParameters, JavaGateway, java_import
from pyspark import SparkContext
from pyspark.serializers import UTF8Deserializer, read_int
from pyspark.sql import SparkSession

_START_SECONDS_MAX = 60
_OUT_OF_MEMORY = 3
"""How a JVM ends that has -XX:+ExitOnOutOfMemoryError."""
_IMPORTS = (
    "org.apache.spark.SparkConf",
    "org.apache.spark.api.java.*",
    "org.apache.spark.api.python.*",
    "org.apache.spark.ml.python.*",
    "org.apache.spark.mllib.api.python.*",
    "org.apache.spark.resource.*",
    "org.apache.spark.sql.*",
    "org.apache.spark.sql.api.python.*",
    "org.apache.spark.sql.hive.*",
    "scala.Tuple2",
)
"""What PySpark's own launcher imports into a gateway (pyspark.java_gateway, documented there)."""


def start_jvm(java: list[str], folder: str) -> JavaGateway:
    """Start a JVM with py4j's gateway, without PySpark's launcher, itself a JVM.

    Raises RuntimeError where it does not come up; why is in the error log.
    """
    told = os.path.join(folder, "connection")
    jvm = subprocess.Popen(
        [*java, "org.apache.spark.deploy.SparkSubmit", "pyspark-shell"],
        stdin=subprocess.PIPE,  # The JVM ends when this pipe does.
        env=dict(os.environ, _PYSPARK_DRIVER_CONN_INFO_PATH=told),
    )
    until = time.monotonic() + _START_SECONDS_MAX
    while not os.path.exists(told):
        if jvm.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the JVM of Spark did not start; the error log says why")
        time.sleep(0.01)
    with open(told, "rb") as info:
        port = read_int(info)
        secret = UTF8Deserializer().loads(info)
    gateway = JavaGateway(
        gateway_parameters=GatewayParameters(port=port, auth_token=secret, auto_convert=True)
    )
    gateway.proc = jvm
    for name in _IMPORTS:
        java_import(gateway.jvm, name)
    return gateway


def leave_out_checksum_files(gateway: JavaGateway) -> None:
    """Let no `.crc` files appear beside what Spark writes into folders.

    There is no property for it; this is the file system that the JVM keeps for `file:`.
    """
    hadoop = gateway.jvm.org.apache.hadoop
    hadoop.fs.FileSystem.getLocal(hadoop.conf.Configuration()).setWriteChecksum(False)


def warm_up(folder: str) -> Generator[None]:
    """Load the classes a job needs first, a step at a time.

    A context; CSV in; a shuffle and Parquet out; Parquet in.
    """
    session = SparkSession.builder.master("local[2]").getOrCreate()
    try:
        yield
        table, out = os.path.join(folder, "warm.csv"), os.path.join(folder, "warm.parquet")
        with open(table, "w") as file:
            file.write("a,b\n" + "1,x\n" * 100)
        frame = session.read.csv(table, header=True)
        yield
        frame.groupBy("b").count().write.mode("overwrite").parquet(out)
        yield
        session.read.parquet(out).count()
    finally:
        session.stop()


def set_properties(gateway: JavaGateway, properties: dict[str, str]) -> None:
    """Set what `SparkConf()` begins with."""
    system = gateway.jvm.java.lang.System
    for name, value in properties.items():
        system.setProperty(name, value)


def stop_context() -> None:
    """Stop the context that the script left running, so that its event log is whole."""
    context = SparkContext._active_spark_context
    if context is not None:
        with contextlib.suppress(Exception):
            context.stop()


def out_of_memory(gateway: JavaGateway) -> bool:
    """Tell whether the JVM ended because its heap was full."""
    try:
        return gateway.proc.wait(1) == _OUT_OF_MEMORY
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Start the JVM, wait for the job, run it, tell how it ended."""
    channel = Channel(int(sys.argv[1]))
    java = sys.argv[sys.argv.index("--") + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        gateway = start_jvm(java, folder)
        channel.tell("ready")
        # Whatever makes a SparkContext in this process uses this JVM.
        SparkContext._ensure_initialized(gateway=gateway)
        leave_out_checksum_files(gateway)
        if "--warm" in sys.argv[: sys.argv.index("--")]:
            # A job that comes before the end of it does not wait for the rest.
            with contextlib.closing(warm_up(folder)) as steps:
                for _ in steps:
                    if channel.has_message():
                        break
    job = channel.hear()
    prepare(job)
    set_properties(gateway, lead_catalogs(job["properties"]))
    measures = measured(job, gateway, channel)
    channel.tell("started")
    code, error = run(job["script"])
    if measures is not None:
        measures.end()
    if code and out_of_memory(gateway):
        error = "java.lang.OutOfMemoryError: Java heap space"
    stop_context()
    channel.tell("ended", code=code, error=error)


if __name__ == "__main__":
    main()
