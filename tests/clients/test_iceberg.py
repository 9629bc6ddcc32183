"""awswrangler and PyIceberg on the tables that Athena makes, and Athena on theirs."""

from __future__ import annotations

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pytest

from tests.engines.sql.iceberg_tables import Athena


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def to_iceberg(frame, **more):
    wr.athena.to_iceberg(
        df=frame, database="db", table="w", temp_path="s3://lake/temp/",
        table_location="s3://lake/w/", keep_files=False, **more,
    )  # fmt: skip


def rows(athena):
    return athena.rows("SELECT * FROM w ORDER BY id")


@pytest.mark.slow
def test_awswrangler_writes_in_every_mode(athena):
    frame = pd.DataFrame({"id": [1, 2], "name": ["a", "b"], "amount": [1.5, None]})
    to_iceberg(frame, partition_cols=["bucket(4, id)"], additional_table_properties={
        "write_target_data_file_size_bytes": "134217728"})  # fmt: skip
    assert rows(athena) == [["1", "a", "1.5"], ["2", "b", None]]
    to_iceberg(pd.DataFrame({"id": [3], "name": ["c"], "amount": [3.0]}), mode="append")
    assert len(rows(athena)) == 3
    merged = pd.DataFrame({"id": [3, 4], "name": ["C", "d"], "amount": [9.0, 4.0]})
    to_iceberg(merged, merge_cols=["id"])
    assert rows(athena)[2:] == [["3", "C", "9.0"], ["4", "d", "4.0"]]
    to_iceberg(merged, merge_cols=["id"], merge_condition="ignore")
    grown = pd.DataFrame({"id": [5], "name": ["e"], "amount": [5.0], "more": [7]})
    to_iceberg(grown, schema_evolution=True, fill_missing_columns_in_df=True)
    assert rows(athena)[4] == ["5", "e", "5.0", "7"]
    assert rows(athena)[0] == ["1", "a", "1.5", None]
    to_iceberg(
        pd.DataFrame({"id": [1, 2], "name": ["x", "y"], "amount": [0.0, 0.0], "more": [0, 0]}),
        mode="overwrite",
    )
    assert rows(athena) == [["1", "x", "0.0", "0"], ["2", "y", "0.0", "0"]]
    assert athena.keys("temp/") == []


def test_awswrangler_deletes_and_reads(athena):
    frame = pd.DataFrame({"id": [1, 2, 3], "at": pd.to_datetime(["2024-01-01"] * 3)})
    to_iceberg(frame)
    wr.athena.delete_from_iceberg_table(
        df=pd.DataFrame({"id": [2]}), database="db", table="w", temp_path="s3://lake/temp/",
        merge_cols=["id"], keep_files=False,
    )  # fmt: skip
    for ctas in (False, True):
        found = wr.athena.read_sql_query(
            "SELECT id, at FROM w ORDER BY id", "db", ctas_approach=ctas,
            s3_output="s3://lake/out/",
        )  # fmt: skip
        assert found["id"].tolist() == [1, 3]
        assert str(found["at"][0]) == "2024-01-01 00:00:00"


def test_pyiceberg_and_athena_write_the_same_table(athena):
    athena.create("t", "id bigint, name string", "PARTITIONED BY (name)")
    athena.ok("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    table = athena.catalog().load_table("db.t")
    table.append(pa.table({"id": [3], "name": ["a"]}))
    assert athena.rows("SELECT * FROM t ORDER BY id") == [["1", "a"], ["2", "b"], ["3", "a"]]
    athena.ok("UPDATE t SET id = id * 10 WHERE name = 'a'")
    # It was loaded before: Glue's version tells it that the table has changed.
    table.append(pa.table({"id": [4], "name": ["z"]}))
    assert athena.rows("SELECT id FROM t ORDER BY id") == [["2"], ["4"], ["10"], ["30"]]
    table.refresh().delete("name == 'a'")
    with table.refresh().update_schema() as update:
        update.rename_column("name", "label")
    assert athena.rows("SELECT label FROM t WHERE id > 2") == [["z"]]
    athena.ok("MERGE INTO t USING (VALUES 4, 5) s(id) ON t.id = s.id WHEN MATCHED THEN DELETE "
              "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm')")  # fmt: skip
    assert athena.read("t") == [{"id": 2, "label": "b"}, {"id": 5, "label": "m"}]


def test_athena_reads_and_changes_a_table_that_pyiceberg_made(athena):
    catalog = athena.catalog()
    table = catalog.create_table(
        "db.made", pa.schema([("id", pa.int64()), ("tags", pa.list_(pa.string()))]),
        location="s3://lake/made",
    )  # fmt: skip
    table.append(pa.table({"id": [1, 2], "tags": [["x"], None]}))
    assert athena.rows("SELECT * FROM made ORDER BY id") == [["1", "[x]"], ["2", None]]
    athena.ok("DELETE FROM made WHERE id = 1")
    athena.ok("INSERT INTO made VALUES (3, ARRAY['y', NULL])")
    assert athena.read("made") == [{"id": 2, "tags": None}, {"id": 3, "tags": ["y", None]}]
    athena.ok("OPTIMIZE made REWRITE DATA USING BIN_PACK")
    assert athena.rows("SELECT count(*) FROM made") == [["2"]]


def test_a_commit_on_an_old_state_is_refused_by_glue(athena):
    athena.create("t", "id bigint")
    stale = athena.glue.get_table(DatabaseName="db", Name="t")["Table"]
    athena.ok("INSERT INTO t VALUES 1")
    kept = ("Name", "Parameters", "StorageDescriptor", "TableType")
    with pytest.raises(athena.glue.exceptions.ConcurrentModificationException):
        athena.glue.update_table(
            DatabaseName="db", TableInput={key: stale[key] for key in kept},
            VersionId=stale["VersionId"], SkipArchive=True,
        )  # fmt: skip
    assert athena.rows("SELECT count(*) FROM t") == [["1"]]
