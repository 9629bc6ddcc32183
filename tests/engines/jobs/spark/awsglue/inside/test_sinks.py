"""Sinks of files, and the tables that follow what they write."""

import gzip
import json
import time
from pathlib import Path

import pytest
from awsglue.dynamicframe import DynamicFrameCollection


def files(folder: Path) -> list[str]:
    """Return the names of the folders that data files are in."""
    found = [one for one in folder.rglob("*") if one.is_file() and one.name[0] not in "._"]
    return sorted({str(one.parent.relative_to(folder)) for one in found})


@pytest.mark.parametrize("format", ["json", "parquet", "glueparquet", "orc", "avro", "csv"])
def test_what_is_written_is_read_again(glue, frame, rows, tmp_path, format):
    made = frame({"a": "x", "b": "1"}, {"a": "y, z", "b": "2"})
    out = str(tmp_path / "out")
    glue.write_dynamic_frame.from_options(made, "s3", {"path": out}, format)
    options = {"withHeader": True} if format == "csv" else {}
    again = glue.create_dynamic_frame.from_options("s3", {"paths": [out]}, format, options)
    assert rows(again) == [{"a": "x", "b": "1"}, {"a": "y, z", "b": "2"}]
    glue.write_dynamic_frame.from_options(made, "s3", {"path": out}, format)
    again = glue.create_dynamic_frame.from_options("s3", {"paths": [out]}, format, options)
    assert again.count() == 4


def test_partitions(glue, frame, rows, spark, tmp_path):
    made = frame({"y": 2025, "m": "a/b", "v": 1}, {"y": 2026, "m": None, "v": 2})
    options = {"path": str(tmp_path / "out"), "partitionKeys": ["y", "m"]}
    glue.write_dynamic_frame.from_options(made, "s3", options, "parquet")
    assert files(tmp_path / "out") == [
        "y=2025/m=a%2Fb", "y=2026/m=__HIVE_DEFAULT_PARTITION__"
    ]  # fmt: skip
    assert rows(spark.read.parquet(str(tmp_path / "out"))) == [
        {"v": 1, "y": 2025, "m": "a/b"}, {"v": 2, "y": 2026, "m": None}
    ]  # fmt: skip


def test_csv_options(glue, frame, tmp_path):
    made = frame({"a": 'say "x"', "b": 1}).coalesce(1)
    given = {"separator": "|", "quoteChar": -1, "writeHeader": False}
    made.write("s3", {"path": str(tmp_path / "out"), "compression": "gzip"}, "csv", given)
    (file,) = (tmp_path / "out").glob("part-*.csv.gz")
    assert gzip.decompress(file.read_bytes()) == b'say "x"|1\n'


def test_glueparquet_takes_fields_without_a_type(glue, frame, rows, spark, tmp_path):
    made = frame({"a": 1, "n": None})
    with pytest.raises(Exception, match="(?i)void|null"):
        made.write("s3", {"path": str(tmp_path / "plain")}, "parquet")
    made.write("s3", {"path": str(tmp_path / "out")}, "glueparquet", {"compression": "gzip"})
    assert rows(spark.read.parquet(str(tmp_path / "out"))) == [{"a": 1}]


def test_a_collection_is_written_by_name(glue, frame, tmp_path):
    parts = DynamicFrameCollection({"one": frame({"a": 1}), "two": frame({"b": 2})}, glue)
    glue.write_from_options(parts, "s3", {"path": str(tmp_path)}, "json")
    assert {"one", "two"} <= set(files(tmp_path))


def test_formats_that_are_not_written(glue, frame, tmp_path):
    made = frame({"a": 1})
    with pytest.raises(ValueError, match="Glue does not write format xml"):
        made.write("s3", {"path": str(tmp_path)}, "xml")
    with pytest.raises(NotImplementedError, match="format hyper of an S3 sink is not built"):
        made.write("s3", {"path": str(tmp_path)}, "hyper")
    with pytest.raises(NotImplementedError, match="a sink of connection_type redshift"):
        glue.getSink("redshift")


def test_a_run_says_what_it_wrote(glue, frame, tmp_path, monkeypatch):
    monkeypatch.setenv("LAKEBED_JOB_RUN_DIR", str(tmp_path))
    frame({"a": 1}).write("s3", {"path": f"{tmp_path}/out"}, "json")
    said = (tmp_path / "outputs.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in said] == [{"path": f"{tmp_path}/out"}]


def sink(glue, catalog, prefix, **options):
    made = glue.getSink("s3", path=f"s3://glue-out/{prefix}", enableUpdateCatalog=True, **options)
    made.setCatalogInfo(catalogDatabase=catalog.database, catalogTableName="t")
    return made


def listed(s3, prefix, folder) -> None:
    """Wait until the server has noticed what was put into its folder from outside."""
    deadline = time.monotonic() + 30
    while "Contents" not in s3.list_objects_v2(Bucket="glue-out", Prefix=f"{prefix}/{folder}/"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def columns(catalog) -> list[tuple[str, str]]:
    table = catalog.get_table(DatabaseName=catalog.database, Name="t")["Table"]
    return [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]


def partitions(catalog) -> list[tuple[list[str], str]]:
    found = catalog.get_partitions(DatabaseName=catalog.database, TableName="t")["Partitions"]
    return sorted((one["Values"], one["StorageDescriptor"]["Location"]) for one in found)


@pytest.mark.parametrize("format", ["glueparquet", "json", "csv"])
def test_a_table_is_made_and_followed(glue, frame, rows, catalog, s3, prefix, format):
    one = sink(glue, catalog, prefix, partitionKeys=["y"])
    one.setFormat(format)
    one.writeFrame(frame({"a": 1, "y": "2025"}, {"a": 2, "y": "20:26"}))
    assert columns(catalog) == [("a", "int")]
    assert partitions(catalog) == [
        (["2025"], f"s3://glue-out/{prefix}/y=2025/"),
        (["20:26"], f"s3://glue-out/{prefix}/y=20%3A26/"),
    ]
    other = sink(glue, catalog, prefix, partitionKeys=["y"]).setFormat(format)
    if format != "csv":
        other.writeFrame(frame({"a": 3, "b": "new", "y": "2027"}))
        assert columns(catalog) == [("a", "int"), ("b", "string")]
        listed(s3, prefix, "y=2027")
        made = glue.create_dynamic_frame.from_catalog(catalog.database, "t")
        assert rows(made.select_fields(["a", "b", "y"])) == [
            {"a": 1, "b": None, "y": "2025"},
            {"a": 2, "b": None, "y": "20:26"},
            {"a": 3, "b": "new", "y": "2027"},
        ]


def test_log_leaves_the_schema_alone(glue, frame, catalog, prefix):
    sink(glue, catalog, prefix, partitionKeys=["y"]).setFormat("json").writeFrame(
        frame({"a": 1, "y": "1"})
    )
    given = {"partitionKeys": ["y"], "updateBehavior": "LOG"}
    sink(glue, catalog, prefix, **given).setFormat("json").writeFrame(
        frame({"a": 1, "b": 2, "y": "2"})
    )
    assert (columns(catalog), len(partitions(catalog))) == ([("a", "int")], 1)
    sink(glue, catalog, prefix, **given).setFormat("json").writeFrame(frame({"a": 1, "y": "3"}))
    assert len(partitions(catalog)) == 2


def test_what_a_catalog_update_refuses(glue, frame, catalog, prefix):
    made = frame({"a": 1, "y": "1"})
    with pytest.raises(ValueError, match="does not support format orc"):
        sink(glue, catalog, prefix).setFormat("orc").writeFrame(made)
    with pytest.raises(ValueError, match="useGlueParquetWriter"):
        sink(glue, catalog, prefix).setFormat("parquet").writeFrame(made)
    with pytest.raises(ValueError, match="updateBehavior may not be X"):
        sink(glue, catalog, prefix, updateBehavior="X").setFormat("json").writeFrame(made)
    sink(glue, catalog, prefix, partitionKeys=["y"]).setFormat("json").writeFrame(made)
    with pytest.raises(ValueError, match="are not those of the table"):
        sink(glue, catalog, prefix, partitionKeys=["a"]).setFormat("json").writeFrame(made)


def test_write_to_a_table_of_the_catalog(glue, frame, rows, catalog, s3, prefix):
    sink(glue, catalog, prefix, partitionKeys=["y"]).setFormat("json").writeFrame(
        frame({"a": 1, "y": "1"})
    )
    options = {"enableUpdateCatalog": True, "partitionKeys": ["y"]}
    glue.write_dynamic_frame.from_catalog(
        frame({"a": 2, "y": "2"}), catalog.database, "t", additional_options=options
    )
    listed(s3, prefix, "y=2")
    made = glue.create_dynamic_frame.from_catalog(database=catalog.database, table_name="t")
    assert rows(made) == [{"a": 1, "y": "1"}, {"a": 2, "y": "2"}]


def test_a_frame_of_nothing_writes_nothing(glue, tmp_path):
    (tmp_path / "in").mkdir()
    frame = glue.create_dynamic_frame.from_options(
        "file", {"paths": [str(tmp_path / "in")]}, "json"
    )
    sink = glue.getSink("file", path=str(tmp_path / "out"), partitionKeys=["kind"])
    sink.setFormat("glueparquet")
    sink.writeFrame(frame)
    assert not (tmp_path / "out").exists()
