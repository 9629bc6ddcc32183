"""Glue jobs as their users write them, with `awsglue` on real Spark; what they wrote, by Athena.

Stories: CSV → partitioned Parquet with a catalog table; join and relationalize of nested JSON; runs
that begin where the last one ended; XML in; a second run of a job that was killed.
"""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue.job_runs import Jobs, spark_environment

HEAD = """
import sys
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)
"""
BOOKMARKED = {"--job-bookmark-option": "job-bookmark-enable"}


@pytest.fixture(scope="module")
def spark():
    spark_environment()
    with server() as lakebed:
        yield lakebed


class Story:
    """A lake, its jobs and its tables."""

    def __init__(self, lakebed):
        lakebed.reset()
        self.athena = Athena(lakebed)
        self.jobs = Jobs(lakebed)
        self.s3 = lakebed.client("s3")

    def put(self, key, text):
        self.s3.put_object(Bucket="lake", Key=key, Body=text.encode())

    def run(self, script, **arguments):
        names = self.jobs.glue.list_jobs()["JobNames"]
        if "job" not in names:
            self.jobs.spark(HEAD + script + "\njob.commit()\n")
        row = self.jobs.run(Arguments=arguments) if arguments else self.jobs.run()
        said = self.jobs.lines(row["Id"], "error", "jobs")[-15:]
        assert row["JobRunState"] == "SUCCEEDED", (row.get("ErrorMessage"), said)
        return self.jobs.lines(row["Id"], group="jobs")


@pytest.fixture
def story(spark):
    return Story(spark)


def test_csv_becomes_a_partitioned_table_that_athena_reads(story):
    story.put("orders/a.csv", "id,kind,price\n1,x,1.5\n2,y,2.5\n3,x,\n")
    story.run("""
orders = glue.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://lake/orders/"]}, "csv", {"withHeader": True})
typed = ApplyMapping.apply(orders, [
    ("id", "string", "id", "int"), ("kind", "string", "kind", "string"),
    ("price", "string", "price", "double")])
sink = glue.getSink("s3", path="s3://lake/table/", enableUpdateCatalog=True,
                    updateBehavior="UPDATE_IN_DATABASE", partitionKeys=["kind"])
sink.setFormat("glueparquet")
sink.setCatalogInfo(catalogDatabase="db", catalogTableName="orders")
sink.writeFrame(typed)
""")
    table = story.jobs.glue.get_table(DatabaseName="db", Name="orders")["Table"]
    columns = table["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == [
        ("id", "int"),
        ("price", "double"),
    ]
    rows = story.athena.rows("SELECT id, price, kind FROM db.orders ORDER BY id")
    assert rows == [["1", "1.5", "x"], ["2", "2.5", "y"], ["3", None, "x"]]


def test_nested_json_is_relationalized_and_joined(story):
    lines = [
        {"id": 1, "who": {"name": "a"}, "items": [{"sku": "s1", "n": 2}, {"sku": "s2", "n": 1}]},
        {"id": 2, "who": {"name": "b"}, "items": []},
    ]
    story.put("orders/a.json", "\n".join(json.dumps(line) for line in lines))
    story.put("skus/a.csv", "sku,price\ns1,10\ns2,20\n")
    said = story.run("""
orders = glue.create_dynamic_frame.from_options("s3", {"paths": ["s3://lake/orders/"]}, "json")
parts = Relationalize.apply(orders, staging_path="s3://lake/tmp/", name="root")
print(sorted(parts.keys()))
skus = glue.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://lake/skus/"]}, "csv", {"withHeader": True})
items = RenameField.apply(parts.select("root_items"), "`items.val.sku`", "wanted")
joined = Join.apply(items, skus, ["wanted"], ["sku"])
for row in joined.toDF().select("wanted", "price", "`items.val.n`").orderBy("wanted").collect():
    print(list(row))
root = parts.select("root").toDF().select("id", "`who.name`").orderBy("id")
print([list(row) for row in root.collect()])
""")
    assert said == [
        "['root', 'root_items']",
        "['s1', '10', 2]",
        "['s2', '20', 1]",
        "[[1, 'a'], [2, 'b']]",
    ]


COPY = """
orders = glue.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://lake/in/"]}, "csv", {"withHeader": True}, transformation_ctx="orders")
print(orders.count())
glue.write_dynamic_frame.from_options(
    orders, "s3", {"path": "s3://lake/out/"}, "json", transformation_ctx="out")
if "--fail" in sys.argv: raise ValueError("after the write")
"""


def test_three_runs_with_a_bookmark_read_each_file_once(story):
    counts = []
    for day in range(3):
        story.put(f"in/{day}.csv", "id\n" + f"{day}\n" * (day + 1))
        counts += story.run(COPY, **BOOKMARKED)
    assert counts == ["1", "2", "3"]
    assert story.run(COPY, **BOOKMARKED) == ["0"]
    story.jobs.glue.reset_job_bookmark(JobName="job")
    assert story.run(COPY, **BOOKMARKED) == ["6"]


def test_a_run_that_failed_is_read_again(story):
    story.put("in/0.csv", "id\n0\n")
    story.run(COPY, **BOOKMARKED)
    story.put("in/1.csv", "id\n1\n1\n")
    failed = story.jobs.run(Arguments={**BOOKMARKED, "--fail": "1"})
    assert (failed["JobRunState"], failed["ErrorMessage"]) == (
        "FAILED",
        "ValueError: after the write",
    )
    assert story.run(COPY, **BOOKMARKED) == ["2"]


def test_xml_comes_in(story):
    story.put(
        "in/a.xml", "<all><order n='1'><id>7</id></order><order n='2'><id>8</id></order></all>"
    )
    said = story.run("""
frame = glue.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://lake/in/"]}, "xml", {"rowTag": "order"})
for row in frame.toDF().select("_n", "id").orderBy("id").collect(): print(list(row))
""")
    assert said == ["[1, 7]", "[2, 8]"]


def test_a_missing_argument_is_glues_own_error(story):
    story.jobs.spark(
        "import sys\nfrom awsglue.utils import getResolvedOptions\n"
        "getResolvedOptions(sys.argv, ['JOB_NAME', 'day'])\n"
    )
    row = story.jobs.run()
    assert (row["JobRunState"], row["ErrorMessage"]) == (
        "FAILED",
        "awsglue.utils.GlueArgumentError: the following arguments are required: --day",
    )
