"""One Spark session for all files; `s3://` is the server's lake folder."""

from __future__ import annotations

import json
import os
import uuid

import boto3
import pytest
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import SparkSession

BUCKETS = ("glue-in", "glue-out")
VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"


@pytest.fixture(scope="session")
def spark():
    lake = os.environ["LAKEBED_TEST_LAKE"]
    builder = SparkSession.builder.master("local[2]")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        # Compiling costs such small data more than it saves.
        "spark.sql.codegen.wholeStage": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.hadoop.fs.s3.impl": VIEW,
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        **{
            f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": f"file://{lake}/{bucket}"
            for bucket in BUCKETS
        },
    }
    jars = os.environ.get("LAKEBED_TEST_JARS")
    if jars:
        settings["spark.jars"] = jars
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def glue(spark):
    return GlueContext(spark.sparkContext)


@pytest.fixture
def frame(glue, tmp_path):
    """Make a frame of records, as JSON files have them: with choices."""

    def made(*records) -> DynamicFrame:
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        (folder / "records.json").write_text("\n".join(map(json.dumps, records)))
        return glue.create_dynamic_frame.from_options("file", {"paths": [str(folder)]}, "json")

    return made


@pytest.fixture
def rows():
    """Return a frame's rows as plain values, in the order of their text."""

    def plain(value):
        if hasattr(value, "asDict"):
            return {name: plain(one) for name, one in zip(value.__fields__, value, strict=True)}
        return [plain(one) for one in value] if isinstance(value, list) else value

    def found(one) -> list[dict]:
        df = one.toDF() if isinstance(one, DynamicFrame) else one
        return sorted((plain(row) for row in df.collect()), key=repr)

    return found


@pytest.fixture
def tree(capsys):
    """Return a schema as it is printed."""

    def printed(one: DynamicFrame) -> list[str]:
        capsys.readouterr()
        one.printSchema()
        return capsys.readouterr().out.strip().splitlines()

    return printed


@pytest.fixture
def s3():
    return boto3.client("s3")


@pytest.fixture
def catalog():
    """A client of the Data Catalog, with a database of this test's own."""
    client = boto3.client("glue")
    client.database = f"db_{uuid.uuid4().hex[:8]}"
    client.create_database(DatabaseInput={"Name": client.database})
    return client


@pytest.fixture
def prefix():
    """A name that no other test puts objects below."""
    return uuid.uuid4().hex[:10]
