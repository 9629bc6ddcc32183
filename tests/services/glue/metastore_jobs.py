"""Jobs whose driver speaks the metastore's protocol as Spark does, by Hive's generated client.

A driver of Spark takes seconds to start; this one is our Python, in the place of Spark's.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from lakebed.testing import environment, server
from tests.services.glue.job_runs import Jobs

_DRIVER = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {programs!r})
from lakebed_job import Channel, prepare, run
channel = Channel(int(sys.argv[1]))
channel.tell("ready")
job = channel.hear()
prepare(job)
os.environ["PROPERTIES"] = json.dumps(job["properties"])
channel.tell("started")
code, error = run(job["script"])
channel.tell("ended", code=code, error=error)
"""
_CLIENT = """
import json, os
from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException
properties = json.loads(os.environ["PROPERTIES"])
uri = properties.get("spark.hadoop.hive.metastore.uris", "")
def connected():
    transport = TBufferedTransport(TSocket("127.0.0.1", int(uri.rpartition(":")[2])))
    transport.open()
    return ThriftHiveMetastore.Client(TBinaryProtocol(transport))
def error_of(method, *arguments):
    try:
        return ["no error", str(method(*arguments))]
    except (t.TException, TApplicationException) as error:
        return [type(error).__name__, error.message]
def table(name, **more):
    columns = [t.FieldSchema("n", "int", None)]
    serde = t.SerDeInfo("", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", {})
    more.setdefault("tableType", "MANAGED_TABLE")
    location = more.pop("location", None)
    storage = t.StorageDescriptor(
        cols=columns, location=location, inputFormat="in", outputFormat="out", compressed=False,
        numBuckets=-1, serdeInfo=serde, bucketCols=[], sortCols=[], parameters={},
    )
    more.setdefault("partitionKeys", [])
    more.setdefault("parameters", {})
    return t.Table(tableName=name, dbName="db", sd=storage, retention=0, **more)
def partition(values, location=None, **parameters):
    storage = table("x", location=location).sd
    return t.Partition(values, "db", "t", sd=storage, parameters=parameters)
hive = connected() if uri else None
"""


@contextlib.contextmanager
def metastore_server(folder: Path, *arguments: str):
    """A server whose Spark is a Python with Hive's client."""
    spark = folder / "spark-3.5"
    programs = Path(__file__).parents[3] / "lakebed" / "engines" / "jobs" / "programs"
    driver = folder / "driver.py"
    (spark / "bin").mkdir(parents=True)
    (spark / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    driver.write_text(_DRIVER.format(programs=str(programs)))
    binary = spark / "bin" / "python"
    binary.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} -u {driver} "$@"\n')
    binary.chmod(0o755)
    (spark / "complete").touch()
    with environment({"LAKEBED_ENGINES_DIR": str(folder)}), server(*arguments) as lakebed:
        yield lakebed


class Metastore:
    """A server's jobs that ask the metastore."""

    def __init__(self, lakebed: Any) -> None:
        self.jobs = Jobs(lakebed)
        self.glue = self.jobs.glue
        self.jobs.s3.create_bucket(Bucket="lake")
        self.glue.create_database(
            DatabaseInput={"Name": "db", "LocationUri": "s3://lake/db/", "Description": "of mine"}
        )

    def run(self, text: str, **arguments: str) -> dict[str, Any]:
        """Run a script to its end."""
        given = {f"--{name.replace('_', '-')}": value for name, value in arguments.items()}
        self.jobs.spark(_CLIENT + text, DefaultArguments=given)
        row = self.jobs.run()
        self.glue.delete_job(JobName="job")
        return row

    def says(self, text: str, **arguments: str) -> Any:
        """Run a script and return what its `says` is, once it SUCCEEDED."""
        arguments.setdefault("enable_glue_datacatalog", "true")
        row = self.run(f"{text}\nprint(json.dumps(says))", **arguments)
        assert row["JobRunState"] == "SUCCEEDED", row["ErrorMessage"]
        return json.loads(self.jobs.lines(row["Id"], group="jobs")[-1])

    def table(self, name: str) -> dict[str, Any]:
        """Return a table as Glue has it, without what each call of it makes anew."""
        found = self.glue.get_table(DatabaseName="db", Name=name)["Table"]
        for member in ("CreateTime", "UpdateTime", "CreatedBy", "CatalogId", "VersionId"):
            del found[member]
        return found
