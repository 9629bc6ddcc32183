"""Spark over the Data Catalog, and Athena over what Spark made: both ways."""

from __future__ import annotations

import time

import pytest

from lakebed.testing import server
from tests.services.glue.job_runs import Jobs, spark_environment

SESSION = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
CATALOG = "spark.sql.catalog.glue_catalog"
AWS = {
    "--enable-glue-datacatalog": "true",
    "--datalake-formats": "iceberg",
    "--conf": f"{CATALOG}=org.apache.iceberg.spark.SparkCatalog"
    f" --conf {CATALOG}.warehouse=s3://lake/warehouse"
    f" --conf {CATALOG}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    f" --conf {CATALOG}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
}


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
    database = {"Name": "shop", "LocationUri": "s3://lake/shop/"}
    jobs.glue.create_database(DatabaseInput=database)
    return jobs


def athena(jobs, text):
    """Run a query of Athena's and return its rows, without their names."""
    client = jobs.lakebed.client("athena")
    place = {"OutputLocation": "s3://lake/results/"}
    query = client.start_query_execution(QueryString=text, ResultConfiguration=place)
    query_id, state = query["QueryExecutionId"], "QUEUED"
    while state in ("QUEUED", "RUNNING"):
        time.sleep(0.02)
        found = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        state = found["State"]
    assert state == "SUCCEEDED", found["StateChangeReason"]
    rows = client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def says(jobs, text, **arguments):
    """Run a script and return what it printed, once it SUCCEEDED."""
    given = {"--enable-glue-datacatalog": "true", **arguments}
    jobs.spark(SESSION + text, DefaultArguments=given)
    row = jobs.run()
    assert row["JobRunState"] == "SUCCEEDED", row["ErrorMessage"]
    return jobs.lines(row["Id"], group="jobs")


def test_spark_and_athena_read_what_the_other_made(jobs):
    athena(
        jobs,
        "create table shop.orders with (format = 'PARQUET', partitioned_by = array['kind'], "
        "external_location = 's3://lake/orders/') as "
        "select * from (values (1, 'x'), (2, 'y'), (3, 'x')) t (n, kind)",
    )
    said = says(
        jobs,
        "orders = spark.table('shop.orders')\n"
        "for _ in range(2):\n"
        "    orders.write.mode('overwrite').partitionBy('kind').saveAsTable('shop.made')\n"
        "spark.createDataFrame([(4, 'z')], 'n int, kind string').write.insertInto('shop.made')\n"
        "made = spark.table('shop.made').where(\"kind in ('x', 'z')\")\n"
        "print([tuple(row) for row in made.orderBy('n').collect()])\n"
        "print([row[0] for row in spark.sql('show partitions shop.made').collect()])\n"
        "spark.sql('create table shop.plain (n int) partitioned by (d date) stored as parquet')\n"
        "spark.sql(\"insert into shop.plain partition (d = '2026-01-02') values (7)\")\n"
        "spark.sql(\"alter table shop.plain add partition (d = '2026-01-03')\")\n"
        "print([row[1] for row in spark.sql('show tables in shop').collect()])\n",
    )
    assert said == [
        "[(1, 'x'), (3, 'x'), (4, 'z')]",
        "['kind=x', 'kind=y', 'kind=z']",
        "['made', 'orders', 'plain']",
    ]
    rows = [["1", "x"], ["2", "y"], ["3", "x"], ["4", "z"]]
    assert athena(jobs, "select n, kind from shop.made order by n") == rows
    assert athena(jobs, "select n, d from shop.plain") == [["7", "2026-01-02"]]
    made = jobs.glue.get_table(DatabaseName="shop", Name="made")["Table"]
    assert (made["TableType"], made["StorageDescriptor"]["Location"]) == (
        "MANAGED_TABLE",
        "s3://lake/shop/made",
    )


def test_iceberg_tables_of_aws_jobs_are_athenas(jobs):
    if not spark_environment().has("iceberg"):
        pytest.skip("no Iceberg here: lakebed engine add spark-3.5 --with iceberg")
    athena(
        jobs,
        "create table shop.ice (n int) location 's3://lake/ice/' "
        "tblproperties ('table_type' = 'ICEBERG')",
    )
    athena(jobs, "insert into shop.ice values 1")
    said = says(
        jobs,
        "spark.createDataFrame([(2,)], 'n int').writeTo('glue_catalog.shop.ice').append()\n"
        "spark.sql('create table glue_catalog.shop.own using iceberg as select 5 as n')\n"
        "print([row.n for row in spark.table('glue_catalog.shop.ice').orderBy('n').collect()])\n",
        **AWS,
    )
    assert said == ["[1, 2]"]
    assert athena(jobs, "select n from shop.ice order by n") == [["1"], ["2"]]
    assert athena(jobs, "select n from shop.own") == [["5"]]
