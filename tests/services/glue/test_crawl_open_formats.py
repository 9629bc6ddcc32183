"""Crawls of Delta Lake, Iceberg and Hudi tables: what is found is queryable by Athena at once."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.engines.sql.hudi_tables import HudiTable
from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue.crawlers import crawled, tables

T1, T2 = "20240101000000000", "20240102000000000"


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


class Crawl:
    """Runs crawlers; `lines` are the log's of the last crawl."""

    def __init__(self, lakebed) -> None:
        self.lakebed = lakebed
        self.lines: list[str] = []

    def run(self, kind: str, *targets: dict) -> list[dict]:
        """Crawl; return the tables of the database that the crawler made."""
        last = crawled(self.lakebed, Targets={f"{kind}Targets": list(targets)})
        self.lines = self.messages(last)
        assert last["Status"] == "SUCCEEDED", last
        return self.tables()

    def again(self) -> list[dict]:
        """Crawl once more."""
        self.lines = self.messages(crawled(self.lakebed))
        return self.tables()

    def tables(self) -> list[dict]:
        """Return the tables that the crawler made."""
        found = tables(self.lakebed).values()
        return [one for one in found if "UPDATED_BY_CRAWLER" in one["Parameters"]]

    def messages(self, last: dict) -> list[str]:
        """Return what a crawl has logged of tables, without its id."""
        logs = self.lakebed.client("logs")
        where = {"logGroupName": last["LogGroup"], "logStreamName": last["LogStream"]}
        found = logs.get_log_events(**where, startFromHead=True)["events"]
        lines = [one["message"].partition("] ")[2] for one in found]
        return [line for line in lines if " table" in line and "Created" not in line]


@pytest.fixture
def crawl(lakebed, athena):
    return Crawl(lakebed)


def columns(table: dict) -> list[tuple[str, str]]:
    return [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]


def keys(table: dict) -> list[tuple[str, str]]:
    return [(one["Name"], one["Type"]) for one in table["PartitionKeys"]]


BY_CRAWLER = {
    "CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0",
    "UPDATED_BY_CRAWLER": "c",
}  # fmt: skip


def write_delta(athena, name: str, rows: pa.Table, **how) -> DeltaTable:
    options = {
        "AWS_ENDPOINT_URL": athena.lakebed.url, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    write_deltalake(f"s3://lake/{name}", rows, storage_options=options, mode="append", **how)
    return DeltaTable(f"s3://lake/{name}", storage_options=options)


def test_a_native_delta_table_is_queryable(athena, crawl):
    rows = pa.table({
        "id": pa.array([1, 2], pa.int32()), "Name": ["a", "b"], "p": ["x", "y"],
        "tags": pa.array([["t"], None], pa.list_(pa.string())),
    })  # fmt: skip
    write_delta(athena, "sales", rows, partition_by=["p"])
    (found,) = crawl.run(
        "Delta",
        {"DeltaTables": ["s3://lake/sales/"], "CreateNativeDeltaTable": True},
    )
    assert found["Name"] == "sales"
    assert columns(found) == [("id", "int"), ("name", "string"), ("tags", "array<string>")]
    assert keys(found) == [("p", "string")]
    said = dict(found["Parameters"])
    assert int(said.pop("delta.lastCommitTimestamp")) > 0
    schema = json.loads(said.pop("spark.sql.sources.schema.part.0"))
    assert [one["name"] for one in schema["fields"]] == ["id", "Name", "p", "tags"]
    assert said == {
        **BY_CRAWLER, "partition_filtering.enabled": "true",
        "EXTERNAL": "true", "classification": "delta", "table_type": "delta",
        "spark.sql.sources.provider": "delta", "spark.sql.partitionProvider": "catalog",
        "spark.sql.sources.schema.numParts": "1", "delta.lastUpdateVersion": "0",
    }  # fmt: skip
    assert athena.rows("SELECT id, name, p FROM sales ORDER BY id") == [
        ["1", "a", "x"], ["2", "b", "y"],
    ]  # fmt: skip


def test_a_delta_table_with_a_checkpoint_is_read_from_it(athena, crawl):
    for at in range(3):
        table = write_delta(athena, "t", pa.table({"id": [at]}))
    table.create_checkpoint()
    table.cleanup_metadata()
    write_delta(athena, "t", pa.table({"id": [3], "x": [1.5]}), schema_mode="merge")
    for name in (f"t/_delta_log/{at:020}.json" for at in range(2)):
        athena.s3.delete_object(Bucket="lake", Key=name)
    (found,) = crawl.run("Delta", {"DeltaTables": ["s3://lake/t"], "CreateNativeDeltaTable": True})
    assert columns(found) == [("id", "bigint"), ("x", "double")]
    assert found["Parameters"]["delta.lastUpdateVersion"] == "3"
    assert athena.rows("SELECT count(*), max(x) FROM t") == [["4", "1.5"]]


def test_a_delta_table_over_manifests_is_queryable(athena, crawl):
    rows = pa.table({"id": [1, 2, 3], "P": ["x", "y zé:{}", None]})
    table = write_delta(athena, "linked", rows, partition_by=["P"])
    table.delete("id = 1")
    stale = "linked/_symlink_format_manifest/p=x/manifest"
    athena.s3.put_object(Bucket="lake", Key=stale, Body=b"s3://lake/gone")
    target = {"DeltaTables": ["s3://lake/linked/"], "WriteManifest": True}
    (found,) = crawl.run("Delta", target)
    assert found["StorageDescriptor"]["Location"] == "s3://lake/linked/_symlink_format_manifest/"
    assert found["StorageDescriptor"]["InputFormat"].endswith(".SymlinkTextInputFormat")
    manifests = athena.keys("linked/_symlink_format_manifest/")
    assert [one.split("/", 2)[2] for one in manifests] == [
        "P=__HIVE_DEFAULT_PARTITION__/manifest", "P=y zé%3A%7B%7D/manifest",
    ]  # fmt: skip
    assert athena.rows("SELECT id, p FROM linked ORDER BY id") == [["2", "y zé:{}"], ["3", None]]
    table.update_incremental()
    table.delete("id = 2")
    assert athena.rows("SELECT id FROM linked ORDER BY id") == [["2"], ["3"]]


@pytest.mark.slow
def test_a_manifest_that_names_a_missing_file_fails_the_query(athena, crawl):
    write_delta(athena, "linked", pa.table({"id": [1]}))
    crawl.run("Delta", {"DeltaTables": ["s3://lake/linked/"], "WriteManifest": True})
    assert athena.rows("SELECT id FROM linked") == [["1"]]
    (file,) = [one for one in athena.keys("linked/") if one.endswith(".parquet")]
    athena.s3.delete_object(Bucket="lake", Key=file)
    error = athena.error("SELECT id FROM linked")
    assert error.startswith(f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://lake/{file}")


def test_a_broken_delta_table_is_told_and_the_rest_is_found(athena, crawl):
    write_delta(athena, "good", pa.table({"id": [1]}))
    key = "bad/_delta_log/00000000000000000000.json"
    athena.s3.put_object(Bucket="lake", Key=key, Body=b"\x00\xffrubbish")
    gap = "gap/_delta_log/00000000000000000003.json"
    athena.s3.put_object(Bucket="lake", Key=gap, Body=b"{}")
    paths = [f"s3://lake/{name}" for name in ("bad", "gap", "none", "good")]
    found = crawl.run("Delta", {"DeltaTables": paths, "CreateNativeDeltaTable": True})
    assert [one["Name"] for one in found] == ["good"]
    assert crawl.lines == [
        "ERROR : Unable to read table at s3://lake/gap: The Delta log has no version 0",
        "WARN : No Delta table found at s3://lake/none",
        "ERROR : Unable to read table at s3://lake/bad: "
        "JSON is malformed: invalid character (byte 0)",
        "INFO : Found Delta table good at s3://lake/good/",
    ]


def test_iceberg_tables_below_a_path_are_found_and_queryable(athena, crawl):
    athena.create("events", "id int, `At` timestamp, r struct<a:int,b:array<string>>")
    athena.ok("INSERT INTO events VALUES (1, TIMESTAMP '2024-01-01 00:00:00', ROW(1, ARRAY['x']))")
    athena.ok("ALTER TABLE events ADD COLUMNS (more double)")
    athena.create("deep", "id int")
    for key in athena.keys("deep/"):
        source = {"Bucket": "lake", "Key": key}
        athena.s3.copy_object(Bucket="lake", Key=f"a/b/{key}", CopySource=source)
    location = athena.glue.get_table(DatabaseName="db", Name="events")["Table"]["Parameters"][
        "metadata_location"
    ]
    athena.glue.delete_table(DatabaseName="db", Name="events")
    athena.glue.delete_table(DatabaseName="db", Name="deep")
    target = {"Paths": ["s3://lake/"], "MaximumTraversalDepth": 3, "Exclusions": ["deep/**"]}
    found = {one["Name"]: one for one in crawl.run("Iceberg", target)}
    assert set(found) == {"events", "deep"}
    assert found["deep"]["StorageDescriptor"]["Location"] == "s3://lake/a/b/deep"
    assert columns(found["events"]) == [
        ("id", "int"), ("at", "timestamp"), ("r", "struct<a:int,b:array<string>>"),
        ("more", "double"),
    ]  # fmt: skip
    assert found["events"]["Parameters"] == {
        **BY_CRAWLER, "table_type": "ICEBERG", "classification": "iceberg",
        "metadata_location": location,
    }  # fmt: skip
    assert athena.rows("SELECT id, r.b[1], more FROM events") == [["1", "x", None]]


@pytest.mark.slow
def test_deeper_iceberg_tables_are_not_found(athena, crawl):
    athena.create("deep", "id int")
    for key in athena.keys("deep/"):
        source = {"Bucket": "lake", "Key": key}
        athena.s3.copy_object(Bucket="lake", Key=f"far/a/b/c/{key}", CopySource=source)
    target = {"Paths": ["s3://lake/far"], "MaximumTraversalDepth": 3}
    assert crawl.run("Iceberg", target) == []
    assert crawl.lines == ["WARN : No Iceberg table found at s3://lake/far"]


def test_a_copy_on_write_hudi_table_is_found_with_its_partitions(athena, crawl):
    encodes = {"hoodie.datasource.write.partitionpath.urlencode": "true"}
    table = HudiTable(athena, "cow", **encodes)
    table.base(T1, "g1", [(1, "a", 1)])
    table.base(T1, "g2", [(2, "b", 1)], "p=b%20c")
    table.put("p=unmarked/x.parquet", b"")
    table.commit(T1)
    (found,) = crawl.run("Hudi", {"Paths": ["s3://lake/"]})
    assert found["Name"] == "cow"
    assert columns(found)[4:] == [
        ("_hoodie_file_name", "string"), ("id", "bigint"), ("name", "string"), ("ts", "bigint"),
    ]  # fmt: skip
    assert keys(found) == [("p", "string")]
    assert found["Parameters"] == {
        **BY_CRAWLER, "partition_filtering.enabled": "true",
        "EXTERNAL": "TRUE", "classification": "hudi", "spark.sql.sources.provider": "hudi",
        "last_commit_time_sync": T1,
    }  # fmt: skip
    assert athena.rows("SELECT id, name, p FROM cow ORDER BY id") == [
        ["1", "a", "a"], ["2", "b", "b c"],
    ]  # fmt: skip


def test_partitions_of_hudi_without_names_and_with_slashes(athena, crawl):
    table = HudiTable(athena, "days")
    table.base(T1, "g1", [(1, "a", 1)], "2024/01/31")
    table.base(T1, "g2", [(2, "b", 1)], "x%20y")
    table.commit(T1)
    crawl.run("Hudi", {"Paths": ["s3://lake/days"]})
    assert athena.rows("SELECT id, p FROM days ORDER BY id") == [
        ["1", "2024/01/31"], ["2", "x%20y"],
    ]  # fmt: skip


def test_a_merge_on_read_hudi_table_becomes_two(athena, crawl):
    table = HudiTable(athena, "mor", merges=True)
    table.base(T1, "g1", [(1, "a", 1)])
    table.commit(T1, "deltacommit")
    table.log(T2, T1, "g1", [table.data_block(T2, [(1, "new", 2)])])
    table.commit(T2, "deltacommit")
    found = crawl.run("Hudi", {"Paths": ["s3://lake/mor"]})
    assert [one["Name"] for one in found] == ["mor_ro", "mor_rt"]
    assert athena.rows("SELECT name FROM mor_ro") == [["a"]]
    assert athena.rows("SELECT name FROM mor_rt") == [["new"]]


@pytest.mark.slow
def test_what_is_gone_is_deprecated_but_not_what_is_broken(athena, crawl):
    for name in ("kept", "gone"):
        table = HudiTable(athena, f"hudi/{name}")
        table.base(T1, "g1", [(1, "a", 1)])
        table.commit(T1)
    crawl.run("Hudi", {"Paths": ["s3://lake/hudi"]})
    for key in athena.keys("hudi/gone/"):
        athena.s3.delete_object(Bucket="lake", Key=key)
    properties = "hudi/kept/.hoodie/hoodie.properties"
    good = athena.s3.get_object(Bucket="lake", Key=properties)["Body"].read()
    athena.s3.put_object(Bucket="lake", Key=properties, Body=b"\xff\xfe")
    kept, gone = sorted(crawl.again(), key=lambda one: one["Name"], reverse=True)
    assert "DEPRECATED_BY_CRAWLER" not in kept["Parameters"] | gone["Parameters"]
    athena.s3.put_object(Bucket="lake", Key=properties, Body=good)
    kept, gone = sorted(crawl.again(), key=lambda one: one["Name"], reverse=True)
    assert "DEPRECATED_BY_CRAWLER" not in kept["Parameters"]
    assert "DEPRECATED_BY_CRAWLER" in gone["Parameters"]


def test_a_changed_delta_table_is_updated(athena, crawl):
    write_delta(athena, "t", pa.table({"id": [1]}))
    target = {"DeltaTables": ["s3://lake/t"], "CreateNativeDeltaTable": True}
    crawl.run("Delta", target)
    write_delta(athena, "t", pa.table({"id": [2], "x": ["new"]}), schema_mode="merge")
    (found,) = crawl.again()
    assert columns(found) == [("id", "bigint"), ("x", "string")]
    assert found["Parameters"]["delta.lastUpdateVersion"] == "1"
    assert athena.rows("SELECT * FROM t ORDER BY id") == [["1", None], ["2", "new"]]


@pytest.mark.slow
def test_new_partitions_of_a_hudi_table_are_added(athena, crawl):
    table = HudiTable(athena, "mor", merges=True)
    table.base(T1, "g1", [(1, "a", 1)])
    table.commit(T1, "deltacommit")
    crawl.run("Hudi", {"Paths": ["s3://lake/mor"]})
    table.base(T2, "g2", [(2, "b", 1)], "p=b")
    table.commit(T2, "deltacommit")
    assert len(crawl.again()) == 2
    for name in ("mor_ro", "mor_rt"):
        assert athena.rows(f"SELECT id, p FROM {name} ORDER BY id") == [["1", "a"], ["2", "b"]]


def test_a_connection_to_a_database_is_no_network(lakebed, athena):
    glue = lakebed.client("glue")
    glue.create_connection(ConnectionInput={
        "Name": "db", "ConnectionType": "JDBC",
        "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgresql://h/db"},
    })  # fmt: skip
    targets = {"HudiTargets": [{"Paths": ["s3://lake/"], "ConnectionName": "db"}]}
    last = crawled(lakebed, Targets=targets)
    assert last["ErrorMessage"] == "The connection db is of the type JDBC, not NETWORK."


def test_a_delta_table_of_the_catalog_follows_its_log(athena, crawl):
    write_delta(athena, "t", pa.table({"id": [1], "p": ["a"]}), partition_by=["p"])
    athena.ok(
        "CREATE EXTERNAL TABLE t LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type' = 'DELTA')"
    )
    rows = pa.table({"id": [2], "p": ["b"], "x": ["new"]})
    write_delta(athena, "t", rows, partition_by=["p"], schema_mode="merge")
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    targets = {"CatalogTargets": [{"DatabaseName": "db", "Tables": ["t"]}]}
    last = crawled(athena.lakebed, Targets=targets, SchemaChangePolicy=policy)
    assert last["Status"] == "SUCCEEDED", last
    table = tables(athena.lakebed)["t"]
    assert (columns(table), keys(table)) == (
        [("id", "bigint"), ("x", "string")], [("p", "string")],
    )  # fmt: skip
    assert athena.rows("SELECT id, p, x FROM t ORDER BY id") == [
        ["1", "a", None], ["2", "b", "new"],
    ]  # fmt: skip


def test_an_iceberg_table_cannot_be_a_catalog_target(athena, crawl):
    athena.create("ice", "id int")
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    targets = {"CatalogTargets": [{"DatabaseName": "db", "Tables": ["ice"]}]}
    last = crawled(athena.lakebed, Targets=targets, SchemaChangePolicy=policy)
    assert last["ErrorMessage"] == (
        "The table db.ice is of a format that catalog targets cannot be: Amazon S3 and Delta Lake "
        "are permitted."
    )


def test_more_tables_than_the_threshold_are_not_made(athena, crawl):
    for name in ("a", "b"):
        write_delta(athena, name, pa.table({"id": [1]}))
    target = {"DeltaTables": ["s3://lake/a", "s3://lake/b"], "WriteManifest": True}
    threshold = {"Version": 1.0, "CrawlerOutput": {"Tables": {"TableThreshold": 1}}}
    last = crawled(
        athena.lakebed, Targets={"DeltaTargets": [target]}, Configuration=json.dumps(threshold)
    )
    assert last["ErrorMessage"] == (
        "The number of tables detected by crawler: 2 is greater than the table threshold value "
        "provided: 1. No tables were created."
    )
    assert crawl.tables() == []
    assert athena.keys("a/_symlink_format_manifest/") == []
