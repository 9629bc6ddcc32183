"""Crawls of Delta Lake, Iceberg and Hudi tables: what is found is queryable by Athena at once."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakebed.core.errors import AwsError
from lakebed.services.glue import _crawl_delta, _crawl_hudi, _crawl_iceberg
from tests.engines.sql.hudi_tables import HudiTable
from tests.engines.sql.iceberg_tables import Athena
from tests.services.glue.crawling import Crawl

T1, T2 = "20240101000000000", "20240102000000000"


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


@pytest.fixture
def crawl(lakebed, athena):
    return Crawl(lakebed)


def columns(found) -> list[tuple[str, str]]:
    return [(one.name, one.type) for one in found.columns]


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
        _crawl_delta.crawl,
        {"DeltaTables": ["s3://lake/sales/"], "CreateNativeDeltaTable": True},
    )
    assert found.name == "sales"
    assert columns(found) == [("id", "int"), ("name", "string"), ("tags", "array<string>")]
    assert [(one.name, one.type) for one in found.partition_keys] == [("p", "string")]
    said = dict(found.parameters)
    assert int(said.pop("delta.lastCommitTimestamp")) > 0
    schema = json.loads(said.pop("spark.sql.sources.schema.part.0"))
    assert [one["name"] for one in schema["fields"]] == ["id", "Name", "p", "tags"]
    assert said == {
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
    (found,) = crawl.run(
        _crawl_delta.crawl, {"DeltaTables": ["s3://lake/t"], "CreateNativeDeltaTable": True}
    )
    assert columns(found) == [("id", "bigint"), ("x", "double")]
    assert found.parameters["delta.lastUpdateVersion"] == "3"
    assert athena.rows("SELECT count(*), max(x) FROM t") == [["4", "1.5"]]


def test_a_delta_table_over_manifests_is_queryable(athena, crawl):
    rows = pa.table({"id": [1, 2, 3], "P": ["x", "y z", None]})
    table = write_delta(athena, "linked", rows, partition_by=["P"])
    table.delete("id = 1")
    stale = "linked/_symlink_format_manifest/p=x/manifest"
    athena.s3.put_object(Bucket="lake", Key=stale, Body=b"s3://lake/gone")
    target = {"DeltaTables": ["s3://lake/linked/"], "WriteManifest": True}
    (found,) = crawl.run(_crawl_delta.crawl, target)
    assert found.location == "s3://lake/linked/_symlink_format_manifest/"
    assert found.storage.input_format.endswith(".SymlinkTextInputFormat")
    manifests = athena.keys("linked/_symlink_format_manifest/")
    assert [one.split("/", 2)[2] for one in manifests] == [
        "p=__HIVE_DEFAULT_PARTITION__/manifest", "p=y z/manifest",
    ]  # fmt: skip
    assert athena.rows("SELECT id, p FROM linked ORDER BY id") == [["2", "y z"], ["3", None]]
    table.update_incremental()
    table.delete("id = 2")
    assert athena.rows("SELECT id FROM linked ORDER BY id") == [["2"], ["3"]]


def test_a_manifest_that_names_a_missing_file_fails_the_query(athena, crawl):
    write_delta(athena, "linked", pa.table({"id": [1]}))
    crawl.run(_crawl_delta.crawl, {"DeltaTables": ["s3://lake/linked/"], "WriteManifest": True})
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
    found = crawl.run(_crawl_delta.crawl, {"DeltaTables": paths, "CreateNativeDeltaTable": True})
    assert [one.name for one in found] == ["good"]
    assert [line.partition(": ")[0] for line in crawl.lines] == [
        "ERROR Unable to read table at s3://lake/gap",
        "WARN No Delta table found at s3://lake/none",
        "ERROR Unable to read table at s3://lake/bad",
        "INFO Found Delta table at s3://lake/good",
    ]
    assert crawl.lines[0].endswith("The Delta log has no version 0")


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
    found = {one.name: one for one in crawl.run(_crawl_iceberg.crawl, target)}
    assert set(found) == {"events", "deep"}
    assert found["deep"].location == "s3://lake/a/b/deep"
    assert columns(found["events"]) == [
        ("id", "int"), ("at", "timestamp"), ("r", "struct<a:int,b:array<string>>"),
        ("more", "double"),
    ]  # fmt: skip
    assert found["events"].parameters == {
        "table_type": "ICEBERG", "metadata_location": location, "classification": "iceberg",
    }  # fmt: skip
    assert athena.rows("SELECT id, r.b[1], more FROM events") == [["1", "x", None]]


def test_deeper_iceberg_tables_are_not_found(athena, crawl):
    athena.create("deep", "id int")
    for key in athena.keys("deep/"):
        source = {"Bucket": "lake", "Key": key}
        athena.s3.copy_object(Bucket="lake", Key=f"far/a/b/c/{key}", CopySource=source)
    target = {"Paths": ["s3://lake/far"], "MaximumTraversalDepth": 3}
    assert crawl.run(_crawl_iceberg.crawl, target) == []
    assert crawl.lines == ["WARN No Iceberg table found at s3://lake/far"]


def test_a_copy_on_write_hudi_table_is_found_with_its_partitions(athena, crawl):
    table = HudiTable(athena, "cow")
    table.base(T1, "g1", [(1, "a", 1)])
    table.base(T1, "g2", [(2, "b", 1)], "p=b%20c")
    table.commit(T1)
    (found,) = crawl.run(_crawl_hudi.crawl, {"Paths": ["s3://lake/"]})
    assert found.name == "cow"
    assert columns(found)[4:] == [
        ("_hoodie_file_name", "string"), ("id", "bigint"), ("name", "string"), ("ts", "bigint"),
    ]  # fmt: skip
    assert [(one.name, one.type) for one in found.partition_keys] == [("p", "string")]
    assert found.parameters == {
        "EXTERNAL": "TRUE", "classification": "hudi", "spark.sql.sources.provider": "hudi",
        "last_commit_time_sync": T1,
    }  # fmt: skip
    assert athena.rows("SELECT id, name, p FROM cow ORDER BY id") == [
        ["1", "a", "a"], ["2", "b", "b c"],
    ]  # fmt: skip


def test_a_merge_on_read_hudi_table_becomes_two(athena, crawl):
    table = HudiTable(athena, "mor", merges=True)
    table.base(T1, "g1", [(1, "a", 1)])
    table.commit(T1, "deltacommit")
    table.log(T2, T1, "g1", [table.data_block(T2, [(1, "new", 2)])])
    table.commit(T2, "deltacommit")
    found = crawl.run(_crawl_hudi.crawl, {"Paths": ["s3://lake/mor"]})
    assert [one.name for one in found] == ["mor_ro", "mor_rt"]
    assert athena.rows("SELECT name FROM mor_ro") == [["a"]]
    assert athena.rows("SELECT name FROM mor_rt") == [["new"]]


def test_a_connection_that_is_not_there_fails_the_crawl(crawl):
    with pytest.raises(AwsError, match="Connection nowhere not found"):
        crawl.run(_crawl_hudi.crawl, {"Paths": ["s3://lake/"], "ConnectionName": "nowhere"})
