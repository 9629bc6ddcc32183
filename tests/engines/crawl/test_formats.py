"""Metadata of Delta Lake, Iceberg and Hudi tables, as files have them; types in Glue's words."""

from __future__ import annotations

import gzip
import io
import json
import os

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pyiceberg.types import IcebergType

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.formats import (
    MetadataError,
    MetadataFile,
    MetadataFiles,
    delta,
    hudi,
    iceberg,
)
from lakebed.engines.sql.duckdb.iceberg.types import to_glue

PRIMITIVES = ("boolean", "int", "long", "float", "double", "date", "time", "timestamp",
              "timestamptz", "string", "uuid", "binary", "fixed[4]", "decimal(9, 2)")  # fmt: skip


def nested(inner):
    return st.one_of(
        st.builds(lambda one: {"type": "list", "element-id": 2, "element": one,
                               "element-required": False}, inner),
        st.builds(lambda key, one: {"type": "map", "key-id": 3, "key": key, "value-id": 4,
                                    "value": one, "value-required": False}, inner, inner),
        st.builds(lambda one: {"type": "struct", "fields": [
            {"id": 5, "name": "a", "required": False, "type": one}]}, inner),
    )  # fmt: skip


@given(st.recursive(st.sampled_from(PRIMITIVES), nested, max_leaves=5))
def test_types_of_iceberg_are_those_that_athena_writes(given_type):
    parsed = TypeAdapter(IcebergType).validate_python(given_type)
    assert iceberg.glue_type(given_type) == to_glue(parsed)


@pytest.mark.parametrize(
    ("given_type", "glue"),
    [
        ("integer", "int"), ("timestamp_ntz", "timestamp"), ("decimal(38, 18)", "decimal(38,18)"),
        ({"type": "array", "elementType": "long", "containsNull": True}, "array<bigint>"),
        ({"type": "map", "keyType": "string", "valueType": "byte"}, "map<string,tinyint>"),
        ({"type": "struct", "fields": [{"name": "A", "type": "short"}]}, "struct<a:smallint>"),
    ],
)  # fmt: skip
def test_types_of_delta(given_type, glue):
    assert delta.glue_type(given_type) == glue


@pytest.mark.parametrize(
    ("given_type", "glue"),
    [
        (["null", "long"], "bigint"),
        ({"type": "int", "logicalType": "date"}, "date"),
        ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp"),
        ({"type": "fixed", "size": 5, "logicalType": "decimal", "precision": 10, "scale": 2},
         "decimal(10,2)"),
        ({"type": "string", "avro.java.string": "String"}, "string"),
        ({"type": "array", "items": ["null", "int"]}, "array<int>"),
        ({"type": "map", "values": "double"}, "map<string,double>"),
        ({"type": "record", "fields": [{"name": "X", "type": ["null", "bytes"]}]},
         "struct<x:binary>"),
        ({"type": "enum", "symbols": ["a"]}, "string"),
    ],
)  # fmt: skip
def test_types_of_hudi(given_type, glue):
    assert hudi.glue_type(given_type) == glue


@pytest.mark.parametrize(
    ("read", "given_type"),
    [(delta.glue_type, "variant"), (iceberg.glue_type, "geometry"),
     (hudi.glue_type, ["int", "string"]), (hudi.glue_type, "what")],
)  # fmt: skip
def test_a_type_without_a_word_is_refused(read, given_type):
    with pytest.raises(MetadataError, match="has no type in the Data Catalog"):
        read(given_type)


def files(kind, folder, **texts) -> MetadataFiles:
    """Write files (a bar in a name is a slash, two underscores a dash) and name them."""
    out = []
    for name, body in texts.items():
        path = folder / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        out.append(MetadataFile(name.replace("|", "/").replace("__", "-"), path))
    return MetadataFiles(kind, "s3://b/t", tuple(out))


def metadata(column: str, **more) -> bytes:
    schema = {"schema-id": 1, "fields": [{"id": 1, "name": column, "type": "int", "doc": "d"}]}
    said = {"format-version": 2, "schemas": [{"schema-id": 0, "fields": []}, schema],
            "current-schema-id": 1, **more}  # fmt: skip
    return json.dumps(said).encode()


def test_the_newest_iceberg_metadata_is_read(tmp_path):
    table = files("iceberg", tmp_path, **{
        "metadata|00009__a.metadata.json": metadata("old"),
        "metadata|00010__b.gz.metadata.json": gzip.compress(metadata("New")),
    })  # fmt: skip
    found = iceberg.read_iceberg(table)
    assert found.columns == (Column("new", "int", "d"),)
    assert found.metadata == "metadata/00010-b.gz.metadata.json"


def test_a_hint_says_which_iceberg_metadata_holds(tmp_path):
    names = {f"metadata|v{at}.metadata.json": metadata(f"c{at}") for at in (1, 2, 3)}
    found = iceberg.read_iceberg(
        files("iceberg", tmp_path, **names, **{"metadata|version-hint.text": "2\n"})
    )
    assert found.columns[0].name == "c2"


def test_of_two_of_one_version_the_later_one_holds(tmp_path):
    table = files("iceberg", tmp_path, **{
        "metadata|00001__a.metadata.json": metadata("late"),
        "metadata|00001__b.metadata.json": metadata("early"),
    })  # fmt: skip
    os.utime(table.files[1].path, (1, 1))
    assert iceberg.read_iceberg(table).columns[0].name == "late"


def test_an_iceberg_table_of_version_1_has_one_schema(tmp_path):
    said = {"format-version": 1, "schema": {"fields": [{"id": 1, "name": "a", "type": "long"}]}}
    table = files("iceberg", tmp_path, **{"metadata|v1.metadata.json": json.dumps(said)})
    assert iceberg.read_iceberg(table).columns == (Column("a", "bigint"),)


def test_which_files_of_a_delta_log_are_needed():
    log = [f"_delta_log/{at:020}.json" for at in range(6)]
    parts = [f"_delta_log/{4:020}.checkpoint.{part:010}.{2:010}.parquet" for part in (1, 2)]
    classic = f"_delta_log/{2:020}.checkpoint.parquet"
    assert delta.needed(log) == log
    assert delta.needed([*log, classic]) == [classic, *log[3:]]
    assert delta.needed([*log, classic, *parts]) == [*parts, log[5]]
    assert delta.needed([*log, classic, parts[0]]) == [classic, *log[3:]]
    assert delta.needed([*log[3:], classic, "_delta_log/_last_checkpoint"]) == [classic, *log[3:]]
    with pytest.raises(MetadataError, match="has no version 1"):
        delta.needed([log[0], log[2]])
    with pytest.raises(MetadataError, match="is empty"):
        delta.needed(["_delta_log/x"])


PROPERTIES = (
    "#Updated\nhoodie.table.partition.fields=day:SIMPLE\n"
    "hoodie.table.keygenerator.class=org.apache.hudi.keygen.{}KeyGenerator\n"
)
AVRO = {"type": "record", "name": "r", "fields": [
    {"name": "Id", "type": ["null", "long"]}, {"name": "day", "type": {
        "type": "int", "logicalType": "date"}}]}  # fmt: skip


@pytest.mark.parametrize(("generator", "kind"), [("Simple", "date"), ("Custom", "string")])
def test_a_hudi_commit_in_avro(tmp_path, generator, kind):
    commit = {"type": "record", "name": "c", "fields": [
        {"name": "extraMetadata", "type": {"type": "map", "values": "string"}}]}  # fmt: skip
    sink = io.BytesIO()
    fastavro.writer(sink, commit, [{"extraMetadata": {"schema": json.dumps(AVRO)}}])
    table = files("hudi", tmp_path, **{
        ".hoodie|hoodie.properties": PROPERTIES.format(generator),
        ".hoodie|timeline|20250101000000001_20250101000000002.commit": sink.getvalue(),
    })  # fmt: skip
    found = hudi.read_hudi(table)
    assert found.columns[-1] == Column("id", "bigint")
    assert found.partition_keys == (Column("day", kind),)
    assert found.metadata == "20250101000000001"


def test_a_hudi_table_without_a_commit_is_refused(tmp_path):
    table = files("hudi", tmp_path, **{".hoodie|hoodie.properties": PROPERTIES})
    with pytest.raises(MetadataError, match="has no completed commit"):
        hudi.read_hudi(table)


def test_the_last_commit_of_a_hudi_table():
    names = [".hoodie/hoodie.properties", ".hoodie/20250102000000000.deltacommit",
             ".hoodie/20250103000000000.commit.requested", ".hoodie/20250104000000000.clean",
             ".hoodie/timeline/20250103000000000_20250103000000009.replacecommit"]  # fmt: skip
    assert hudi.newest(names) == [names[0], names[4]]
