"""Iceberg tables: made, shown, dropped; rows inserted; what PyIceberg reads of them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest

from tests.engines.sql.iceberg_tables import Athena


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


def test_create_table_enters_an_empty_table_into_the_catalog(athena):
    columns = "id bigint COMMENT 'the key', data string, tags map<string,array<int>>"
    athena.create("made", columns, "PARTITIONED BY (bucket(16, id), data)")
    table = athena.glue.get_table(DatabaseName="db", Name="made")["Table"]
    location = table["Parameters"]["metadata_location"]
    for one in table["StorageDescriptor"]["Columns"]:
        assert one["Parameters"].pop("iceberg.field.id").isdigit()
    assert location.startswith("s3://lake/made/metadata/00000-")
    assert (table["TableType"], table["Parameters"]["table_type"]) == ("EXTERNAL_TABLE", "ICEBERG")
    optional = {"iceberg.field.optional": "true", "iceberg.field.current": "true"}
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "id", "Type": "bigint", "Comment": "the key", "Parameters": optional},
        {"Name": "data", "Type": "string", "Parameters": optional},
        {"Name": "tags", "Type": "map<string,array<int>>", "Parameters": optional},
    ]
    key = location.removeprefix("s3://lake/")
    metadata = json.loads(athena.s3.get_object(Bucket="lake", Key=key)["Body"].read())
    assert (metadata["format-version"], metadata["location"]) == (2, "s3://lake/made")
    fields = metadata["partition-specs"][0]["fields"]
    assert [(one["name"], one["transform"]) for one in fields] == [
        ("id_bucket", "bucket[16]"), ("data", "identity"),
    ]  # fmt: skip
    assert athena.rows("SELECT * FROM made") == []
    assert athena.rows("SELECT count(*) FROM made") == [["0"]]


def test_create_table_refuses_what_athena_has_not(athena):
    create = "CREATE TABLE no (id bigint) {} TBLPROPERTIES ({})"
    where = "LOCATION 's3://lake/no/'"
    iceberg = "'table_type' = 'ICEBERG'"
    assert "LOCATION" in athena.error(create.format("", iceberg))
    assert "Unsupported table property key: write.x" in athena.error(
        create.format(where, f"{iceberg}, 'write.x' = '1'")
    )
    assert "External keyword not supported for table type ICEBERG" in athena.error(
        f"CREATE EXTERNAL TABLE no (id bigint) LOCATION 's3://lake/no/' TBLPROPERTIES ({iceberg})"
    )
    assert "transform" in athena.error(create.format("PARTITIONED BY (day(id)) " + where, iceberg))
    athena.create("twice", "id bigint")
    assert "already exists" in athena.error(
        f"CREATE TABLE twice (id bigint) LOCATION 's3://lake/x/' TBLPROPERTIES ({iceberg})"
    )
    athena.ok(
        "CREATE TABLE IF NOT EXISTS twice (id bigint) LOCATION 's3://lake/x/' "
        f"TBLPROPERTIES ({iceberg})"
    )


def test_show_and_describe(athena):
    athena.create("shown", "id bigint, at timestamp COMMENT 'it''s'", "PARTITIONED BY (day(at))",
                  format="parquet", write_compression="gzip",
                  vacuum_max_snapshot_age_seconds="60")  # fmt: skip
    assert athena.lines("SHOW CREATE TABLE shown") == [
        "CREATE TABLE db.shown (", "  id bigint,", "  at timestamp COMMENT 'it\\'s')",
        "PARTITIONED BY (day(`at`))", "LOCATION 's3://lake/shown'", "TBLPROPERTIES (",
        "  'table_type'='iceberg',", "  'format'='parquet',", "  'write_compression'='gzip',",
        "  'vacuum_max_snapshot_age_seconds'='60'", ");",
    ]  # fmt: skip
    assert [one.strip() for one in athena.lines("SHOW COLUMNS IN shown")] == ["id", "at"]
    assert [one.split("\t") for one in athena.lines("DESCRIBE shown")] == [
        ["# Table schema:", "", ""], ["# col_name", "data_type", "comment"],
        ["id", "bigint", ""], ["at", "timestamp", "it's"], ["", " ", " "],
        ["# Partition spec:", "", ""], ["# field_name", "field_transform", "column_name"],
        ["at_day", "day", "at"],
    ]  # fmt: skip
    assert "table_type\tICEBERG" in athena.lines("SHOW TBLPROPERTIES shown")
    assert "shown" in athena.lines("SHOW TABLES IN db")


def test_drop_table_deletes_the_files(athena):
    athena.create("dropped", "id bigint")
    athena.ok("INSERT INTO dropped VALUES 1")
    assert len(athena.keys("dropped/")) > 3
    athena.ok("DROP TABLE dropped")
    assert athena.keys("dropped/") == []
    assert "dropped" not in athena.lines("SHOW TABLES IN db")


TYPES = (
    "a boolean, b int, c bigint, d float, e double, f decimal(20,3), g date, h timestamp, "
    "i string, j binary, k array<struct<x:int,y:string>>, l map<string,bigint>, "
    "m struct<p:date,q:array<double>>"
)
VALUES = (
    "true, 1, 2, REAL '1.5', 2.5e0, DECIMAL '12345678901234567.125', DATE '2024-02-29', "
    "TIMESTAMP '2024-02-29 01:02:03.123456', 'ä', X'00ff', "
    "CAST(ARRAY[ROW(1, 'z')] AS ARRAY(ROW(x integer, y varchar))), "
    "CAST(MAP(ARRAY['k'], ARRAY[7]) AS MAP(varchar, bigint)), "
    "CAST(ROW(DATE '2020-01-01', ARRAY[1e0]) AS ROW(p date, q array(double)))"
)
READ = {
    "a": True, "b": 1, "c": 2, "d": 1.5, "e": 2.5, "f": Decimal("12345678901234567.125"),
    "g": dt.date(2024, 2, 29), "h": dt.datetime(2024, 2, 29, 1, 2, 3, 123456), "i": "ä",
    "j": b"\x00\xff", "k": [{"x": 1, "y": "z"}], "l": [("k", 7)],
    "m": {"p": dt.date(2020, 1, 1), "q": [1.0]},
}  # fmt: skip
SHOWN = [
    "true", "1", "2", "1.5", "2.5", "12345678901234567.125", "2024-02-29",
    "2024-02-29 01:02:03.123456", "ä", "00 ff", "[{x=1, y=z}]", "{k=7}",
    "{p=2020-01-01, q=[1.0]}",
]  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "orc", "avro"])
def test_values_of_every_type_come_back(athena, form):
    name = f"types_{form}"
    athena.create(name, TYPES, format=form)
    nulls = ", ".join(["NULL"] * 13)
    athena.ok(f"INSERT INTO {name} VALUES ({VALUES}), ({nulls})")
    rows = athena.rows(f"SELECT * FROM {name} ORDER BY b NULLS LAST")
    assert rows == [SHOWN, [None] * 13]
    assert athena.rows(f"SELECT count(*), count(b) FROM {name}") == [["2", "1"]]
    if form == "parquet":  # what PyIceberg reads of data files
        assert athena.read(name)[0] == READ


PARTITIONS = {
    "year(at)": "at_year=2024", "month(at)": "at_month=2024-02", "day(at)": "at_day=2024-02-29",
    "hour(at)": "at_hour=2024-02-29-23", "bucket(16, id)": "id_bucket=3",
    "bucket(16, name)": "name_bucket=", "truncate(10, id)": "id_trunc=30",
    "truncate(2, name)": "name_trunc=ab", "truncate(100, price)": "price_trunc=12.00",
    "bucket(8, price)": "price_bucket=", "bucket(8, at)": "at_bucket=", "day": "day=2024-02-28",
    "name": "name=abc", "bucket(4, day)": "day_bucket=", "year(day)": "day_year=2024",
}  # fmt: skip


ASKED = (
    ("id == 34", 34), ("name == 'abc'", 34), ("id == -5", -5), ("day == '2024-02-28'", 34),
    ("price == 12.34", 34), ("at == '2024-02-29T23:59:59.5'", 34), ("id is null", None),
)  # fmt: skip


@pytest.mark.slow
def test_every_transform_puts_rows_where_pyiceberg_finds_them(athena):
    columns = "id bigint, name string, price decimal(9,2), at timestamp, day date"
    row = (
        "(34, 'abc', DECIMAL '12.34', TIMESTAMP '2024-02-29 23:59:59.5', DATE '2024-02-28'), "
        "(NULL, NULL, NULL, NULL, NULL), "
        "(-5, 'b', DECIMAL '-0.01', TIMESTAMP '1969-12-31 23:00:00', DATE '1969-12-31')"
    )
    catalog = athena.catalog()
    for at, (transform, folder) in enumerate(PARTITIONS.items()):
        name = f"part_{at}"
        athena.create(name, columns, f"PARTITIONED BY ({transform})")
        athena.ok(f"INSERT INTO {name} VALUES {row}")
        keys = [one for one in athena.keys(f"{name}/data/") if folder in one]
        assert keys, (transform, athena.keys(f"{name}/data/"))
        # PyIceberg computes the transform of the value itself to find its files.
        table = catalog.load_table(f"db.{name}")
        for asked, number in ASKED:
            found = table.scan(row_filter=asked).to_arrow().to_pylist()
            assert [one["id"] for one in found] == [number], (transform, asked)
        assert athena.rows(f"SELECT id FROM {name} WHERE id = 34 AND name = 'abc'") == [["34"]]


def test_ctas_makes_a_table_with_its_rows(athena):
    athena.ok(
        "CREATE TABLE ctas WITH (table_type = 'ICEBERG', is_external = false, "
        "location = 's3://lake/ctas/', partitioning = ARRAY['bucket(id, 4)', 'day(at)'], "
        "format = 'PARQUET', write_compression = 'snappy') AS "
        "SELECT CAST(n AS bigint) AS id, CAST(TIMESTAMP '2024-01-01 00:00:00' AS timestamp(6)) AS "
        "at, CAST('x' AS varchar(5)) AS name, CAST(n AS smallint) AS small "
        "FROM UNNEST(sequence(1, 20)) AS t(n)"
    )
    assert athena.rows("SELECT count(*), sum(id), max(name) FROM ctas") == [["20", "210", "x"]]
    read = athena.read("ctas")
    assert (len(read), read[0]["small"]) == (20, 1)
    lines = athena.lines("SHOW CREATE TABLE ctas")
    assert "PARTITIONED BY (bucket(4, `id`), day(`at`))" in lines
    assert "already exists" in athena.error(
        "CREATE TABLE ctas WITH (table_type = 'ICEBERG', is_external = false, "
        "location = 's3://lake/ctas2/') AS SELECT 1 AS id"
    )


def test_a_failed_statement_leaves_no_files(athena):
    athena.create("kept", "id bigint", "PARTITIONED BY (id)")
    athena.ok("INSERT INTO kept VALUES 1")
    before = athena.keys("kept/")
    error = athena.error("INSERT INTO kept SELECT n FROM UNNEST(sequence(1, 101)) AS t(n)")
    assert error.startswith("ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")
    athena.error("INSERT INTO kept SELECT 1 / (id - 1) FROM kept")
    assert "TYPE_MISMATCH" in athena.error("INSERT INTO kept VALUES 'x'")
    failed = athena.error(
        "CREATE TABLE gone WITH (table_type = 'ICEBERG', is_external = false, "
        "location = 's3://lake/gone/') AS SELECT 1 / (n - 1) AS id FROM UNNEST(ARRAY[1]) AS t(n)"
    )
    assert failed.startswith("DIVISION_BY_ZERO")
    assert athena.keys("kept/") == before
    assert athena.keys("gone/") == []


def test_hidden_columns_and_scanned_bytes(athena):
    athena.create("hidden", "id bigint, name string", "PARTITIONED BY (id)")
    athena.ok("INSERT INTO hidden VALUES (1, 'a'), (2, 'b')")
    [[path, same]] = athena.rows(
        'SELECT "$path", "$path" LIKE \'s3://lake/hidden/data/id=1/%\' FROM hidden WHERE id = 1'
    )
    assert same == "true"
    assert path is not None
    assert athena.rows(f"SELECT name FROM hidden WHERE \"$path\" = '{path}'") == [["a"]]
    one = athena.ok("SELECT name FROM hidden WHERE id = 1")["Statistics"]["DataScannedInBytes"]
    both = athena.ok("SELECT name FROM hidden")["Statistics"]["DataScannedInBytes"]
    assert 0 < one < both
    assert athena.ok("SELECT count(*) FROM hidden")["Statistics"]["DataScannedInBytes"] == 0
    modified = "SELECT count(*) FROM hidden WHERE \"$file_modified_time\" > TIMESTAMP '2020-01-01'"
    assert athena.rows(modified) == [["2"]]
    assert "COLUMN_NOT_FOUND" in athena.error('SELECT "$partition" FROM hidden')
