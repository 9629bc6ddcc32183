"""Hive's DDL: what ends up in the catalog, what it shows, how it refuses."""

from __future__ import annotations

import pytest

TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "


@pytest.fixture
def logs(console):
    console.ok(
        "CREATE EXTERNAL TABLE logs (id int COMMENT 'the \\'id\\'', name string, "
        "tags array<struct<k:string,v:map<string,int>>>) COMMENT 'all logs' "
        "PARTITIONED BY (year int, month string) CLUSTERED BY (id, name) INTO 4 BUCKETS "
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' COLLECTION ITEMS TERMINATED BY '\\;' "
        "LINES TERMINATED BY '\\n' NULL DEFINED AS 'NA' "
        "STORED AS TEXTFILE LOCATION 's3://b/logs/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    console.ok(
        "ALTER TABLE logs ADD PARTITION (year=2024, month='jan') "
        "PARTITION (month='feb', year=2024) LOCATION 's3://b/feb'"
    )
    return console


def columns(console, table="logs"):
    storage = console.lake.tables["default", table]["StorageDescriptor"]
    return [(one["Name"], one["Type"]) for one in storage["Columns"]]


def test_create_table_keeps_every_clause(logs):
    table = logs.lake.tables["default", "logs"]
    assert int(table["Parameters"].pop("transient_lastDdlTime")) > 1_700_000_000
    assert table == {
        "Name": "logs",
        "DatabaseName": "default",
        "Owner": "hadoop",
        "Retention": 0,
        "StorageDescriptor": {
            "Columns": [
                {"Name": "id", "Type": "int", "Comment": "the 'id'"},
                {"Name": "name", "Type": "string"},
                {"Name": "tags", "Type": "array<struct<k:string,v:map<string,int>>>"},
            ],
            "Location": "s3://b/logs",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "Compressed": False,
            "NumberOfBuckets": 4,
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {
                    "field.delim": ",",
                    "collection.delim": ";",
                    "line.delim": "\n",
                    "serialization.null.format": "NA",
                    "serialization.format": ",",
                },
            },
            "BucketColumns": ["id", "name"],
            "SortColumns": [],
            "Parameters": {},
            "StoredAsSubDirectories": False,
        },
        "PartitionKeys": [
            {"Name": "year", "Type": "int"},
            {"Name": "month", "Type": "string"},
        ],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "skip.header.line.count": "1", "comment": "all logs"},
    }


@pytest.mark.parametrize(
    ("words", "serde", "reads"),
    [
        ("PARQUET", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
         "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
        ("ORC", "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
         "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat"),
        ("AVRO", "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
         "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat"),
        ("ION", "com.amazon.ionhiveserde.IonHiveSerDe",
         "com.amazon.ionhiveserde.formats.IonInputFormat"),
    ],
)  # fmt: skip
def test_stored_as_names_serde_and_formats(console, words, serde, reads):
    console.ok(f"CREATE EXTERNAL TABLE t (a int) STORED AS {words} LOCATION 's3://b/t/'")
    storage = console.lake.tables["default", "t"]["StorageDescriptor"]
    assert (storage["SerdeInfo"]["SerializationLibrary"], storage["InputFormat"]) == (serde, reads)


def test_show_create_table_makes_the_same_table_again(logs):
    text = "\n".join(logs.lines("SHOW CREATE TABLE logs"))
    before = logs.lake.tables.pop(("default", "logs"))
    logs.ok(text)
    after = logs.lake.tables["default", "logs"]
    for table in (before, after):
        table["Parameters"].pop("transient_lastDdlTime")
    assert after == before


def test_columns_are_added_replaced_and_changed(logs):
    logs.ok("ALTER TABLE logs ADD COLUMNS (score double COMMENT 's', at timestamp)")
    assert columns(logs)[3:] == [("score", "double"), ("at", "timestamp")]
    logs.ok("ALTER TABLE logs CHANGE COLUMN score points decimal(5,2) COMMENT 'p' FIRST")
    assert columns(logs)[0] == ("points", "decimal(5,2)")
    logs.ok("ALTER TABLE logs CHANGE points points bigint AFTER name")
    assert [name for name, _ in columns(logs)] == ["id", "name", "points", "tags", "at"]
    logs.ok("ALTER TABLE logs REPLACE COLUMNS (id bigint, name string)")
    assert columns(logs) == [("id", "bigint"), ("name", "string")]
    logs.ok("ALTER TABLE logs PARTITION (year=2024, month='jan') ADD COLUMNS (extra int)")
    part = logs.lake.partitions["default", "logs"]["2024", "jan"]["StorageDescriptor"]
    assert part["Columns"][-1] == {"Name": "extra", "Type": "int"}
    assert columns(logs) == [("id", "bigint"), ("name", "string")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ALTER TABLE logs ADD COLUMNS (id int)", TASK + "Duplicate column name: id"),
        ("ALTER TABLE logs CHANGE nope a int", TASK + "Invalid column reference nope"),
        ("ALTER TABLE nope ADD COLUMNS (a int)",
         "SemanticException [Error 10001]: Table not found default.nope"),
        ("ALTER TABLE logs ADD PARTITION (year=2024, month='jan')",
         TASK + "AlreadyExistsException(message:Partition already exists.)"),
        ("ALTER TABLE logs DROP PARTITION (year=1999)",
         "SemanticException [Error 10006]: Partition not found (year = '1999')"),
        ("ALTER TABLE logs PARTITION (year=1, month='x') SET LOCATION 's3://b/x/'",
         "SemanticException [Error 10006]: Partition not found {year=1, month=x}"),
        ("SHOW PARTITIONS nope", "SemanticException [Error 10001]: Table not found default.nope"),
        ("SHOW TABLES IN nope", "SemanticException [Error 10072]: Database does not exist: nope"),
        ("CREATE EXTERNAL TABLE logs (a int) LOCATION 's3://b/l/'",
         TASK + "AlreadyExistsException(message:Table logs already exists)"),
        ("DROP DATABASE default",
         TASK + "InvalidOperationException(message:Database default is not empty. "
         "One or more tables exist.)"),
        ("CREATE DATABASE default", TASK + "Database default already exists"),
    ],
)  # fmt: skip
def test_refusals_are_hives(logs, text, error):
    before = repr((logs.lake.tables, logs.lake.partitions))
    assert logs.error(text) == ("FAILED", error)
    assert repr((logs.lake.tables, logs.lake.partitions)) == before


def test_partitions_are_renamed_moved_and_dropped(logs):
    assert logs.lines("SHOW PARTITIONS logs") == ["year=2024/month=feb", "year=2024/month=jan"]
    logs.ok(
        "ALTER TABLE logs PARTITION (year=2024, month='jan') "
        "RENAME TO PARTITION (year=2025, month='jan')"
    )
    logs.ok("ALTER TABLE logs PARTITION (year=2025, month='jan') SET LOCATION 's3://b/moved/'")
    places = {
        values: part["StorageDescriptor"]["Location"]
        for values, part in logs.lake.partitions["default", "logs"].items()
    }
    assert places == {("2024", "feb"): "s3://b/feb/", ("2025", "jan"): "s3://b/moved/"}
    logs.ok("ALTER TABLE logs DROP PARTITION (year=2024), PARTITION (year=2025)")
    assert logs.lines("SHOW PARTITIONS logs") == []
    logs.ok("ALTER TABLE logs DROP IF EXISTS PARTITION (year=2024)")


def test_properties_and_location_of_a_table(logs):
    logs.ok("ALTER TABLE logs SET TBLPROPERTIES ('a'='b', 'EXTERNAL'='FALSE')")
    logs.ok("ALTER TABLE logs SET LOCATION 's3://b/elsewhere/'")
    table = logs.lake.tables["default", "logs"]
    assert (table["Parameters"]["a"], table["Parameters"]["EXTERNAL"]) == ("b", "TRUE")
    assert table["StorageDescriptor"]["Location"] == "s3://b/elsewhere/"
    assert logs.lines("SHOW TBLPROPERTIES logs('a')") == ["b"]


def test_databases_are_altered(console):
    console.ok("CREATE SCHEMA d COMMENT 'c' LOCATION 's3://b/d/' WITH DBPROPERTIES ('a'='1')")
    console.ok("ALTER DATABASE d SET DBPROPERTIES ('a'='2', 'b'='3')")
    assert console.lake.databases["d"] == {
        "Name": "d",
        "Description": "c",
        "LocationUri": "s3://b/d/",
        "Parameters": {"a": "2", "b": "3"},
    }


def test_describe_formatted_shows_all_hive_shows(logs):
    lines = [line.rstrip() for line in logs.lines("DESCRIBE FORMATTED logs")]
    assert lines[:3] == [
        "# col_name          \tdata_type           \tcomment",
        "",
        "id                  \tint                 \tthe 'id'",
    ]
    for shown in (
        "Location:           \ts3://b/logs",
        "Table Type:         \tEXTERNAL_TABLE",
        "\tskip.header.line.count\t1",
        "SerDe Library:      \torg.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Num Buckets:        \t4",
        "Bucket Columns:     \t[id, name]",
        "\tserialization.null.format\tNA",
    ):
        assert shown in lines
    extended = logs.lines("DESCRIBE EXTENDED logs")
    assert extended[-1].startswith("Detailed Table Information\tTable(tableName:logs, dbName:")


def test_describe_looks_into_a_column(logs):
    # Athena's JDBC driver ends at a line whose second member is a blank, and fails at an empty one.
    plain = [line.split("\t") for line in logs.lines("DESCRIBE logs")]
    assert ["", " ", " "] in plain
    assert ["", "", ""] not in plain
    inside = [line.split("\t")[:2] for line in logs.lines("DESCRIBE logs tags.$elem$")]
    assert [[part.strip() for part in line] for line in inside] == [
        ["k", "string"],
        ["v", "map<string,int>"],
    ]
    name, message = logs.error("DESCRIBE logs nope")
    assert (name, message.startswith(TASK + "cannot find field nope")) == ("FAILED", True)
