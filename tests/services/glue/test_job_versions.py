"""Jobs of Glue 4 and 6, by boto3: each runs on its own Spark, with its own table formats."""

from __future__ import annotations

import pytest

from lakebed.testing import server
from tests.services.glue.job_runs import Jobs, spark_environment
from tests.services.glue.test_job_spark import READ_AND_WRITE, keys
from tests.services.glue.test_spark_catalog import AWS, SESSION, athena

pytestmark = pytest.mark.slow
VERSIONS = {"4.0": ("spark-3.3", "3.3.4"), "6.0": ("spark-4.1", "4.1.1")}
BOTH = {
    **AWS,
    "--datalake-formats": "iceberg,delta",
    "--conf": f"{AWS['--conf']}"
    " --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension"
    " --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


@pytest.fixture(scope="module")
def spark():
    with server() as lakebed:
        yield lakebed


@pytest.fixture
def jobs(spark):
    spark.reset()
    jobs = Jobs(spark)
    for bucket in ("lake", "kept"):
        jobs.s3.create_bucket(Bucket=bucket)
    jobs.s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    jobs.glue.create_database(DatabaseInput={"Name": "shop", "LocationUri": "s3://lake/shop/"})
    return jobs


def says(jobs, version, text, **arguments):
    """Run a script on a version of Glue; return what it printed, once it SUCCEEDED."""
    jobs.spark(text, GlueVersion=version, DefaultArguments=arguments)
    row = jobs.run()
    assert row["JobRunState"] == "SUCCEEDED", row["ErrorMessage"]
    return jobs.lines(row["Id"], group="jobs")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_runs_on_the_spark_of_its_version(jobs, version):
    name, number = VERSIONS[version]
    spark_environment(name)
    jobs.s3.put_object(Bucket="lake", Key="in/a.csv", Body=b"kind,n\nx,1\ny,2\nx,3\n")
    said = says(
        jobs,
        version,
        "from awsglue.context import GlueContext\nfrom awsglue.transforms import Filter\n"
        f"{READ_AND_WRITE}\nprint(spark.version)\n"
        "glue = GlueContext(spark.sparkContext)\n"
        "rows = glue.create_dynamic_frame.from_options(\n"
        "    's3', {'paths': ['s3://lake/in/']}, 'csv', {'withHeader': True})\n"
        "print(Filter.apply(rows, lambda row: row['kind'] == 'x').count())",
    )
    assert said[-2:] == [number, "2"]
    assert [key.split("/")[1] for key in keys(jobs, "out/")] == ["kind=x", "kind=y"]


@pytest.mark.parametrize("version", VERSIONS)
def test_table_formats_and_buckets_with_versions(jobs, version):
    environment = spark_environment(VERSIONS[version][0])
    if not all(map(environment.has, ("s3a", "iceberg", "delta"))):
        pytest.skip(f"lakebed engine add {environment.name} --with s3a,iceberg,delta")
    athena(
        jobs,
        "create table shop.ice (n int) location 's3://lake/ice/' "
        "tblproperties ('table_type' = 'ICEBERG')",
    )
    said = says(
        jobs,
        version,
        f"{SESSION}frame = spark.createDataFrame([(1,), (2,)], 'n int')\n"
        "frame.writeTo('glue_catalog.shop.ice').append()\n"
        "frame.write.format('delta').save('s3://lake/delta/')\n"
        "spark.sql('delete from delta.`s3://lake/delta/` where n = 1')\n"
        "print([row.n for row in spark.read.format('delta').load('s3://lake/delta/').collect()])\n"
        "frame.write.csv('s3://kept/out/')\n"
        "print(spark.read.csv('s3://kept/out/').count())\n",
        **BOTH,
    )
    assert said == ["[2]", "2"]
    assert athena(jobs, "select n from shop.ice order by n") == [["1"], ["2"]]
    found = jobs.s3.list_object_versions(Bucket="kept", Prefix="out/part")["Versions"]
    assert {one["VersionId"] == "null" for one in found} == {False}
