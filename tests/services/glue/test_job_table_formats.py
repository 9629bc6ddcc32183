"""Jobs that write tables of Delta Lake, Iceberg and Hudi on real Spark; Athena reads them.

Those of visual jobs come all the way from their nodes to rows.
"""

from __future__ import annotations

import pytest

from lakebed.testing import server
from tests.services.athena.athena_client import finish
from tests.services.athena.athena_client import rows as athena_rows
from tests.services.glue.job_runs import ROLE, Jobs, spark_environment
from tests.services.glue.test_visual_job_runs import csv_source, mapped

pytestmark = pytest.mark.slow
HUDI = {
    "--datalake-formats": "hudi",
    "--enable-glue-datacatalog": "true",
    "--conf": "spark.serializer=org.apache.spark.serializer.KryoSerializer"
    " --conf spark.sql.hive.convertMetastoreParquet=false",
}
"""https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-hudi.html"""
ICE = "spark.sql.catalog.glue_catalog"
DELTA_AND_ICEBERG = {
    "--datalake-formats": "delta,iceberg",
    "--conf": "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension,"
    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    " --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog"
    " --conf spark.delta.logStore.class="
    "org.apache.spark.sql.delta.storage.S3SingleDriverLogStore"
    f" --conf {ICE}=org.apache.iceberg.spark.SparkCatalog"
    f" --conf {ICE}.warehouse=s3://lake/warehouse"
    f" --conf {ICE}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    f" --conf {ICE}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
}
"""The properties that AWS's pages of the two formats have, together."""
TYPED = {"Name": "Typed", "Mapping": [mapped("id", "int"), mapped("name", "string")]}
TABLE = {"Database": "shop"}
FIRST = {
    "people": csv_source("People", "people"),
    "typed": {"ApplyMapping": {**TYPED, "Inputs": ["people"]}},
    "delta": {"S3DeltaDirectTarget": {
        "Name": "Delta", "Inputs": ["typed"], "Path": "s3://lake/delta/", "Format": "delta",
        "Compression": "snappy", "PartitionKeys": [["name"]]}},
}  # fmt: skip
SECOND = {
    "files": {"S3DeltaSource": {"Name": "Files", "Paths": ["s3://lake/delta/"]}},
    "ice": {"S3IcebergCatalogTarget": {
        **TABLE, "Name": "Ice", "Inputs": ["files"], "Table": "ice"}},
    "old": {"CatalogIcebergSource": {**TABLE, "Name": "Old", "Table": "old"}},
    "read": {"CatalogDeltaSource": {**TABLE, "Name": "Read", "Table": "people"}},
    "all": {"Union": {"Name": "All", "Inputs": ["old", "read"], "UnionType": "ALL"}},
    "ice2": {"S3IcebergCatalogTarget": {
        **TABLE, "Name": "Both", "Inputs": ["all"], "Table": "both"}},
    "more": csv_source("More", "more"),
    "typed": {"ApplyMapping": {**TYPED, "Inputs": ["more"]}},
    "to": {"S3DeltaCatalogTarget": {
        **TABLE, "Name": "To", "Inputs": ["typed"], "Table": "people",
        "PartitionKeys": [["name"]]}},
}  # fmt: skip
HUDI_AND_ICEBERG = {
    "--datalake-formats": "hudi,iceberg",
    "--enable-glue-datacatalog": "true",
    "--conf": f"{HUDI['--conf']} --conf {ICE}=org.apache.iceberg.spark.SparkCatalog"
    f" --conf {ICE}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    f" --conf {ICE}.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
}
KEYED = {
    "hoodie.datasource.write.recordkey.field": "id",
    "hoodie.datasource.write.precombine.field": "id",
}
HUDI_TARGET = {
    "Inputs": ["typed"], "Path": "s3://lake/hudi/", "Format": "hudi", "Compression": "snappy",
    "PartitionKeys": [["name"]], "AdditionalOptions": KEYED,
}  # fmt: skip
MADE = {
    "people": csv_source("People", "people"),
    "typed": {"ApplyMapping": {**TYPED, "Inputs": ["people"]}},
    "hudi": {"S3HudiDirectTarget": {
        **HUDI_TARGET, "Name": "Hudi",
        "SchemaChangePolicy": {**TABLE, "EnableUpdateCatalog": True, "Table": "hudi"}}},
    "plain": {"S3HudiDirectTarget": {
        **HUDI_TARGET, "Name": "Plain", "Path": "s3://lake/plain", "PartitionKeys": []}},
}  # fmt: skip
MORE = {
    "read": {"CatalogHudiSource": {**TABLE, "Name": "Read", "Table": "hudi"}},
    "files": {"S3HudiSource": {"Name": "Files", "Paths": ["s3://lake/plain/"]}},
    "all": {"Union": {"Name": "All", "Inputs": ["read", "files"], "UnionType": "ALL"}},
    "some": {"SelectFields": {"Name": "Some", "Inputs": ["all"], "Paths": [["id"], ["name"]]}},
    "ice": {"S3IcebergDirectTarget": {
        "Name": "Ice", "Inputs": ["some"], "Path": "s3://lake/ice/", "Format": "iceberg",
        "Compression": "gzip", "PartitionKeys": [["name"]],
        "SchemaChangePolicy": {**TABLE, "EnableUpdateCatalog": True, "Table": "ice"}}},
    "more": csv_source("More", "more"),
    "typed": {"ApplyMapping": {**TYPED, "Inputs": ["more"]}},
    "to": {"S3HudiCatalogTarget": {
        **TABLE, "Name": "To", "Inputs": ["typed"], "Table": "hudi",
        "PartitionKeys": [["name"]], "AdditionalOptions": KEYED,
        "SchemaChangePolicy": {"EnableUpdateCatalog": True}}},
}  # fmt: skip
UPSERT = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
options = {
    "hoodie.table.name": "orders",
    "hoodie.datasource.write.storage.type": "COPY_ON_WRITE",
    "hoodie.datasource.write.operation": "upsert",
    "hoodie.datasource.write.recordkey.field": "id",
    "hoodie.datasource.write.precombine.field": "at",
    "hoodie.datasource.write.partitionpath.field": "day",
    "hoodie.datasource.write.hive_style_partitioning": "true",
    "hoodie.datasource.hive_sync.enable": "true",
    "hoodie.datasource.hive_sync.database": "shop",
    "hoodie.datasource.hive_sync.table": "orders",
    "hoodie.datasource.hive_sync.partition_fields": "day",
    "hoodie.datasource.hive_sync.partition_extractor_class":
        "org.apache.hudi.hive.MultiPartKeysValueExtractor",
    "hoodie.datasource.hive_sync.use_jdbc": "false",
    "hoodie.datasource.hive_sync.mode": "hms",
    "path": "s3://lake/orders/",
}
def write(rows, mode):
    frame = spark.createDataFrame(rows, "id int, at int, price double, day string")
    frame.write.format("hudi").options(**options).mode(mode).save()
write([(1, 1, 1.5, "mon"), (2, 1, 2.5, "tue")], "overwrite")
write([(2, 2, 3.5, "tue"), (3, 1, 4.5, "tue")], "append")
found = spark.read.format("hudi").load("s3://lake/orders/").orderBy("id")
print([(row.id, row.price, row.day) for row in found.collect()])
"""
BY_NAME = """
from awsglue.context import GlueContext
from pyspark.context import SparkContext
glue = GlueContext(SparkContext.getOrCreate())
made = glue.spark_session.createDataFrame(
    [(1, 2, 9.5, "mon")], "id int, at int, price double, day string")
glue.write_data_frame.from_catalog(frame=made, database="shop", table_name="orders",
    additional_options={"hoodie.datasource.write.recordkey.field": "id",
        "hoodie.datasource.write.precombine.field": "at",
        "hoodie.datasource.write.partitionpath.field": "day",
        "hoodie.datasource.write.hive_style_partitioning": "true"})
found = glue.create_data_frame.from_catalog(database="shop", table_name="orders").orderBy("id")
print([(row.id, row.price) for row in found.collect()])
"""
BY_CATALOG = """
from awsglue.context import GlueContext
from pyspark.context import SparkContext
glue = GlueContext(SparkContext.getOrCreate())
made = glue.spark_session.createDataFrame([(1, 'Ada'), (2, 'Grace')], 'id int, name string')
made.write.format('delta').save('s3://lake/delta/')
for name in ('ice', 'delta'):
    more = made.where('id = 2')
    glue.write_data_frame.from_catalog(frame=more, database='shop', table_name=name)
    found = glue.create_data_frame.from_catalog(
        database='shop', table_name=name, push_down_predicate='id > 0')
    print([row.id for row in found.orderBy('id').collect()])
"""


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
    jobs.glue.create_database(DatabaseInput={"Name": "shop", "LocationUri": "s3://lake/shop/"})
    return jobs


def needs(extra, name="spark-3.5"):
    """Skip where the jars of a format are not there."""
    if not spark_environment(name).has(extra):
        pytest.skip(f"no {extra} here: lakebed engine add {name} --with {extra}")


def succeeded(jobs, name="job"):
    """Run a job; return what it said."""
    row = jobs.run(name)
    said = jobs.lines(row["Id"], "error", "jobs")[-30:]
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None), said
    return jobs.lines(row["Id"], group="jobs")


def athena(jobs, text):
    """Return the rows of a query, without their header."""
    client = jobs.lakebed.client("athena")
    query = finish(client, text, ResultConfiguration={"OutputLocation": "s3://code/q/"})
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    return athena_rows(client, query)[1:]


@pytest.mark.parametrize(("version", "name"), [("4.0", "spark-3.3"), ("5.0", "spark-3.5")])
def test_a_hudi_table_of_a_job_is_athenas(jobs, version, name):
    needs("hudi", name)
    jobs.spark(UPSERT, GlueVersion=version, DefaultArguments=HUDI)
    assert succeeded(jobs)[-1:] == ["[(1, 1.5, 'mon'), (2, 3.5, 'tue'), (3, 4.5, 'tue')]"]
    found = athena(jobs, "SELECT id, price, day FROM shop.orders ORDER BY id")
    assert found == [["1", "1.5", "mon"], ["2", "3.5", "tue"], ["3", "4.5", "tue"]]
    jobs.spark(BY_NAME, "named", GlueVersion=version, DefaultArguments=HUDI)
    assert succeeded(jobs, "named")[-1:] == ["[(1, 9.5), (2, 3.5), (3, 4.5)]"]


def test_data_frames_of_the_data_catalog_are_its_open_tables(jobs):
    needs("delta")
    needs("iceberg")
    athena(
        jobs,
        "CREATE TABLE shop.ice (id int, name string) LOCATION 's3://lake/ice/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')",
    )
    athena(jobs, "INSERT INTO shop.ice VALUES (0, 'Alan')")
    delta = {
        "Name": "delta", "Parameters": {"table_type": "DELTA"},
        "StorageDescriptor": {"Location": "s3://lake/delta/", "Columns": []},
    }  # fmt: skip
    jobs.glue.create_table(DatabaseName="shop", TableInput=delta)
    jobs.spark(BY_CATALOG, DefaultArguments=DELTA_AND_ICEBERG)
    assert succeeded(jobs) == ["[2]", "[1, 2, 2]"]
    assert athena(jobs, "SELECT id FROM shop.ice ORDER BY id") == [["0"], ["2"]]


def run_visual(jobs, name, nodes, arguments=DELTA_AND_ICEBERG):
    """Make a visual job and run it."""
    jobs.glue.create_job(
        Name=name, Role=ROLE, JobMode="VISUAL", CodeGenConfigurationNodes=nodes,
        Command={"Name": "glueetl", "ScriptLocation": f"s3://code/{name}.py"},
        DefaultArguments=arguments,
    )  # fmt: skip
    row = jobs.run(name)
    said = jobs.lines(row["Id"], "error", "jobs")[-30:]
    assert (row["JobRunState"], row.get("ErrorMessage")) == ("SUCCEEDED", None), said


def test_visual_jobs_read_and_write_tables_of_delta_lake_and_iceberg(jobs):
    needs("delta")
    needs("iceberg")
    jobs.s3.put_object(Bucket="lake", Key="people/a.csv", Body=b"id,name\n1,Ada\n2,Grace\n")
    jobs.s3.put_object(Bucket="lake", Key="more/a.csv", Body=b"id,name\n3,Edsger\n")
    run_visual(jobs, "first", FIRST)
    athena(
        jobs,
        "CREATE EXTERNAL TABLE shop.people LOCATION 's3://lake/delta/' "
        "TBLPROPERTIES ('table_type' = 'DELTA')",
    )
    people = "SELECT id, name FROM shop.people ORDER BY id"
    assert athena(jobs, people) == [["1", "Ada"], ["2", "Grace"]]
    for name in ("ice", "both", "old"):
        athena(
            jobs,
            f"CREATE TABLE shop.{name} (id int, name string) LOCATION 's3://lake/{name}/' "
            "TBLPROPERTIES ('table_type' = 'ICEBERG')",
        )
    athena(jobs, "INSERT INTO shop.old VALUES (0, 'Alan')")
    run_visual(jobs, "second", SECOND)
    assert athena(jobs, people) == [["1", "Ada"], ["2", "Grace"], ["3", "Edsger"]]
    first = [["1", "Ada"], ["2", "Grace"]]
    assert athena(jobs, "SELECT id, name FROM shop.ice ORDER BY id") == first
    assert athena(jobs, "SELECT id, name FROM shop.both ORDER BY id") == [["0", "Alan"], *first]


def test_visual_jobs_read_and_write_tables_of_hudi_and_make_those_of_iceberg(jobs):
    needs("hudi")
    needs("iceberg")
    jobs.s3.put_object(Bucket="lake", Key="people/a.csv", Body=b"id,name\n1,Ada\n2,Grace\n")
    jobs.s3.put_object(Bucket="lake", Key="more/a.csv", Body=b"id,name\n3,Edsger\n")
    run_visual(jobs, "made", MADE, HUDI_AND_ICEBERG)
    people = "SELECT id, name FROM shop.hudi ORDER BY id"
    first = [["1", "Ada"], ["2", "Grace"]]
    assert athena(jobs, people) == first
    run_visual(jobs, "more", MORE, HUDI_AND_ICEBERG)
    assert athena(jobs, people) == [*first, ["3", "Edsger"]]
    ice = "SELECT id, name FROM shop.ice ORDER BY id"
    twice = [first[0], first[0], first[1], first[1]]
    assert athena(jobs, ice) == twice
    jobs.wait(jobs.start("more"), name="more")
    assert athena(jobs, people) == [*first, ["3", "Edsger"]]
    assert athena(jobs, ice) == sorted([*twice, *twice, ["3", "Edsger"]])
    found = athena(jobs, 'SELECT partition.name FROM shop."ice$partitions" ORDER BY 1')
    assert found == [["Ada"], ["Edsger"], ["Grace"]]


def test_a_table_of_iceberg_that_a_visual_job_makes_takes_new_columns(jobs):
    needs("hudi")
    needs("iceberg")
    target = {"S3IcebergDirectTarget": {
        "Name": "Ice", "Inputs": ["rows"], "Path": "s3://lake/ice/", "Format": "iceberg",
        "Compression": "snappy",
        "SchemaChangePolicy": {**TABLE, "EnableUpdateCatalog": True, "Table": "ice"}}}  # fmt: skip
    for name, body in (("old", b"id,name\n1,Ada\n"), ("new", b"id,name,born\n2,Grace,1906\n")):
        jobs.s3.put_object(Bucket="lake", Key=f"{name}/a.csv", Body=body)
        run_visual(jobs, name, {"rows": csv_source("Rows", name), "ice": target}, HUDI_AND_ICEBERG)
    found = athena(jobs, "SELECT id, name, born FROM shop.ice ORDER BY id")
    assert found == [["1", "Ada", None], ["2", "Grace", "1906"]]
