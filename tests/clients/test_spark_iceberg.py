"""Spark on Iceberg tables, by Glue's API and by its REST endpoint, while others write them."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog

from tests.clients.clients import environment, jars
from tests.services.athena.athena_client import finish, rows

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "spark"
OPENED = ("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio",
          "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch",
          "sun.nio.cs", "sun.security.action", "sun.util.calendar")  # fmt: skip
ICEBERG = "org.apache.iceberg"
ROUNDS = 4


def spark(lakebed, folder: Path, catalog: dict[str, str], statements: str) -> list[str]:
    """Run statements in Spark's SQL shell; return the lines it printed."""
    settings = {
        "io-impl": f"{ICEBERG}.aws.s3.S3FileIO", "s3.endpoint": lakebed.url,
        "s3.path-style-access": "true", "client.region": "us-east-1", **catalog,
    }  # fmt: skip
    named = {
        "spark.master": "local[2]", "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
        "spark.sql.extensions": f"{ICEBERG}.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": f"{ICEBERG}.spark.SparkCatalog",
        **{f"spark.sql.catalog.lake.{name}": value for name, value in settings.items()},
    }  # fmt: skip
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    given = [f"-D{name}={value}" for name, value in named.items()]
    shell = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"
    done = subprocess.run(
        ["java", *opened, *given, "-cp", jars(HERE), shell, "-e", statements],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env=environment(lakebed, folder),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:6000]
    return done.stdout.splitlines()


def by_glue(lakebed) -> dict[str, str]:
    return {"catalog-impl": f"{ICEBERG}.aws.glue.GlueCatalog", "glue.endpoint": lakebed.url,
            "warehouse": "s3://lake/warehouse/"}  # fmt: skip


def by_rest(lakebed) -> dict[str, str]:
    return {"type": "rest", "uri": f"{lakebed.url}/iceberg", "warehouse": "000000000000",
            "rest.sigv4-enabled": "true", "rest.signing-name": "glue",
            "rest.signing-region": "us-east-1"}  # fmt: skip


@pytest.fixture
def athena(lakebed):
    lakebed.client("s3").create_bucket(Bucket="results")
    lakebed.client("s3").create_bucket(Bucket="lake")
    athena = lakebed.client("athena")
    ask(athena, "CREATE DATABASE shop LOCATION 's3://lake/shop/'")
    ask(
        athena,
        "CREATE TABLE shop.t (id int, who string) PARTITIONED BY (who) "
        "LOCATION 's3://lake/shop/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')",
    )
    return athena


def ask(athena, text):
    query = finish(athena, text)
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    return rows(athena, query)[1:]


@pytest.mark.parametrize("catalog", [by_glue, by_rest])
def test_spark_reads_changes_and_makes_tables(lakebed, athena, tmp_path, catalog):
    ask(athena, "INSERT INTO shop.t VALUES (1, 'athena'), (2, 'athena')")
    found = spark(
        lakebed, tmp_path, catalog(lakebed),
        "INSERT INTO lake.shop.t VALUES (3, 'spark'); DELETE FROM lake.shop.t WHERE id = 1; "
        "UPDATE lake.shop.t SET who = 'both' WHERE id = 2; SELECT * FROM lake.shop.t ORDER BY id; "
        "CREATE TABLE lake.shop.made USING iceberg AS SELECT id * 10 AS n FROM lake.shop.t",
    )  # fmt: skip
    assert found == ["2\tboth", "3\tspark"]
    assert ask(athena, "SELECT * FROM shop.t ORDER BY id") == [["2", "both"], ["3", "spark"]]
    assert ask(athena, "SELECT n FROM shop.made ORDER BY 1") == [["20"], ["30"]]


def test_spark_athena_and_pyiceberg_write_at_once(lakebed, athena, tmp_path):
    def sparked():
        inserts = [f"INSERT INTO lake.shop.t VALUES ({n}, 'spark')" for n in range(ROUNDS)]
        spark(lakebed, tmp_path, by_glue(lakebed), "; ".join(inserts))

    def asked():
        for n in range(ROUNDS):
            ask(athena, f"INSERT INTO shop.t VALUES ({100 + n}, 'athena')")

    def appended():
        named = {"glue.endpoint": lakebed.url, "s3.endpoint": lakebed.url,
                 "client.region": "us-east-1", "client.access-key-id": "test",
                 "client.secret-access-key": "test"}  # fmt: skip
        table = load_catalog("lake", type="glue", **named).load_table("shop.t")
        for n in range(ROUNDS):
            rows = [{"id": 200 + n, "who": "pyiceberg"}]
            table.refresh().append(pa.Table.from_pylist(rows, table.schema().as_arrow()))

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(work) for work in (sparked, asked, appended)]:
            future.result()
    expected = [
        [str(first + n), who]
        for first, who in ((0, "spark"), (100, "athena"), (200, "pyiceberg"))
        for n in range(ROUNDS)
    ]
    assert ask(athena, "SELECT * FROM shop.t ORDER BY id") == expected
    found = spark(lakebed, tmp_path, by_rest(lakebed), "SELECT * FROM lake.shop.t ORDER BY id")
    assert [line.split("\t") for line in found] == expected
