"""Parquet, ORC and Avro: schema evolution, types, nested values."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from decimal import Decimal

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

FORMS = {"PARQUET": pq.write_table, "ORC": orc.write_table}
ORC_BY_NAME = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde' WITH SERDEPROPERTIES "
    "('orc.column.index.access'='false') STORED AS ORC"
)
PARQUET_BY_ORDER = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' WITH "
    "SERDEPROPERTIES ('parquet.column.index.access'='true') STORED AS PARQUET"
)
BY_NAME = pytest.mark.parametrize(
    ("form", "clause"), [("PARQUET", "STORED AS PARQUET"), ("ORC", ORC_BY_NAME)]
)
BY_ORDER = pytest.mark.parametrize(
    ("form", "clause"), [("PARQUET", PARQUET_BY_ORDER), ("ORC", "STORED AS ORC")]
)


def put(console, form: str, key: str, columns: dict, **more):
    sink = io.BytesIO()
    FORMS[form](pa.table(columns), sink, **more)
    console.lake.write("b", f"t/{key}", sink.getvalue())


def make(console, columns: str, clause: str):
    console.ok(f"CREATE EXTERNAL TABLE t ({columns}) {clause} LOCATION 's3://b/t/'")


@BY_NAME
def test_columns_are_found_by_name(console, form, clause):
    put(console, form, "1", {"a": pa.array([1, 2], pa.int32()), "B": ["x", "y"]})
    put(console, form, "2", {"B": ["z"], "a": pa.array([2**40]), "extra": [1.0]})
    put(console, form, "3", {"c": pa.array([7], pa.int16())})
    make(console, "a bigint, b string, c int", clause)
    assert console.rows("SELECT a, b, c FROM t ORDER BY a NULLS LAST") == [
        ["1", "x", ""], ["2", "y", ""], [str(2**40), "z", ""], ["", "", "7"],
    ]  # fmt: skip
    assert console.rows("SELECT count(*), sum(c) FROM t") == [["4", "7"]]


@BY_ORDER
def test_columns_are_found_by_order(console, form, clause):
    put(console, form, "1", {"p": [1, 2], "q": ["x", "y"]})
    put(console, form, "2", {"other": [3]})
    make(console, "a bigint, b string", clause)
    assert console.rows("SELECT b, a FROM t ORDER BY a") == [["x", "1"], ["y", "2"], ["", "3"]]


@BY_NAME
def test_nested_values_evolve(console, form, clause):
    put(console, form, "1", {
        "s": [{"X": 1, "gone": 0}, None], "l": [[{"k": 1}, None], []],
        "m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int32())),
    })  # fmt: skip
    put(console, form, "2", {
        "s": pa.array([{"new": "n", "x": 5}], pa.struct({"new": pa.string(), "x": pa.int32()})),
        "m": pa.array([[("b", 2)]], pa.map_(pa.string(), pa.int64())),
    })  # fmt: skip
    make(console, "s struct<x:bigint,new:string>, l array<struct<k:bigint,j:string>>, "
         "m map<string,bigint>", clause)  # fmt: skip
    assert console.rows("SELECT s, l, m FROM t ORDER BY s.x NULLS LAST") == [
        ["{x=1, new=null}", "[{k=1, j=null}, null]", "{a=1}"],
        ["{x=5, new=n}", "", "{b=2}"],
        ["", "[]", ""],
    ]


@BY_NAME
def test_every_type(console, form, clause):
    put(console, form, "1", {
        "bo": [True], "ti": pa.array([1], pa.int8()), "sm": pa.array([2], pa.int16()),
        "r": pa.array([1.5], pa.float32()), "d": [2.5], "de": pa.array([Decimal("1.25")]),
        "s": ["é"], "c": ["ab"], "v": ["abcdef"], "bi": [b"\x01\xff"], "da": [date(2024, 2, 29)],
        "ts": pa.array([datetime(2024, 2, 29, 1, 2, 3, 456789)], pa.timestamp("us")),
    })  # fmt: skip
    make(console, "bo boolean, ti tinyint, sm smallint, r float, d double, de decimal(9,3), "
         "s string, c char(3), v varchar(3), bi binary, da date, ts timestamp", clause)  # fmt: skip
    assert console.rows("SELECT * FROM t") == [
        ["true", "1", "2", "1.5", "2.5", "1.250", "é", "ab ", "abc", "01 ff", "2024-02-29",
         "2024-02-29 01:02:03.456"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "kind", "said"),
    [
        (["x"], "bigint", "BINARY"),
        ([1], "string", "INT64"),
        ([1.5], "int", "DOUBLE"),
        ([1], "array<int>", "INT64"),
        ([1], "timestamp", "INT64"),
        ([True], "int", "BOOLEAN"),
    ],
)
def test_types_that_clash_are_bad_data(console, stored, kind, said):
    put(console, "PARQUET", "f.parquet", {"a": stored, "b": [0] * len(stored)})
    make(console, f"a {kind}, b int", "STORED AS PARQUET")
    spelled = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}.get(kind, kind)
    assert console.error("SELECT a FROM t") == (
        "HIVE_BAD_DATA",
        f"Field a's type {said} in parquet file s3://b/t/f.parquet is incompatible with type "
        f"{spelled} defined in table schema",
    )
    assert console.rows("SELECT b FROM t") == [["0"]]


@BY_NAME
def test_a_number_too_large_for_the_table_is_bad_data(console, form, clause):
    put(console, form, "1", {"a": [1, 2**40]})
    make(console, "a int", clause)
    assert console.error("SELECT sum(a) FROM t")[0] == "HIVE_BAD_DATA"


def test_parquet_written_by_older_writers(console):
    put(console, "PARQUET", "1", {
        "ts": pa.array([datetime(2024, 2, 29, 1, 2, 3)], pa.timestamp("us")),
        "de": pa.array([Decimal("1.25")], pa.decimal128(30, 2)), "l": [[1, 2]],
    }, use_deprecated_int96_timestamps=True, use_compliant_nested_type=False, version="1.0",
        compression="gzip")  # fmt: skip
    put(console, "PARQUET", "2", {
        "ts": pa.array([datetime(2024, 3, 1)], pa.timestamp("ns")),
        "de": pa.array([Decimal("9.5")], pa.decimal128(5, 1)), "l": [[3]],
    }, store_decimal_as_integer=True)  # fmt: skip
    make(console, "ts timestamp, de decimal(12,2), l array<int>", "STORED AS PARQUET")
    assert console.rows("SELECT * FROM t ORDER BY ts") == [
        ["2024-02-29 01:02:03.000", "1.25", "[1, 2]"], ["2024-03-01 00:00:00.000", "9.50", "[3]"],
    ]  # fmt: skip


@pytest.mark.parametrize("clause", ["STORED AS PARQUET", "STORED AS ORC", "STORED AS AVRO"])
def test_a_file_of_another_format_cannot_be_opened(console, clause):
    console.lake.write("b", "t/x", b"no such format, but long enough to be one")
    make(console, "a int", clause)
    assert console.error("SELECT a FROM t")[0] in ("HIVE_CANNOT_OPEN_SPLIT", "HIVE_CURSOR_ERROR")


def test_orc_files_of_hive_have_no_names(console):
    put(console, "ORC", "1", {"_col0": [1], "_col1": ["x"]})
    make(console, "a bigint, b string", ORC_BY_NAME)
    assert console.rows("SELECT a, b FROM t") == [["1", "x"]]


def test_orc_of_many_stripes_is_counted_by_column(console):
    columns = {"a": list(range(200_000)), "b": [f"text {at * 7919}" for at in range(200_000)]}
    put(console, "ORC", "1", columns, stripe_size=200_000)
    make(console, "a bigint, b string", "STORED AS ORC")
    outcome = console.ok("SELECT sum(a) FROM t")
    assert outcome.result.read_text() == f'"_col0"\n"{sum(range(200_000))}"\n'
    size = console.lake.path("b", "t/1").stat().st_size
    assert 0 < outcome.data_scanned_bytes <= size
    assert console.rows("SELECT count(*), count(DISTINCT b) FROM t WHERE a >= 100000") == [
        ["100000", "100000"]
    ]


SCHEMA = {
    "type": "record", "name": "r", "fields": [
        {"name": "Id", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "m", "type": {"type": "map", "values": "int"}},
        {"name": "s", "type": ["null", {"type": "record", "name": "q", "fields": [
            {"name": "x", "type": "double"}]}]},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "de", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9,
                                "scale": 2}},
        {"name": "e", "type": {"type": "enum", "name": "en", "symbols": ["A", "B"]}},
        {"name": "by", "type": "bytes"},
    ],
}  # fmt: skip
AVRO = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe' "


def put_avro(console, key: str, schema: dict, records: list, codec: str = "deflate"):
    sink = io.BytesIO()
    fastavro.writer(sink, fastavro.parse_schema(schema), records, codec=codec)
    console.lake.write("b", f"t/{key}", sink.getvalue())


def test_avro_of_every_type(console):
    put_avro(console, "1.avro", SCHEMA, [
        {"Id": 1, "name": "n", "tags": ["a"], "m": {"k": 1}, "s": {"x": 1.5},
         "d": date(2024, 2, 29), "t": datetime(2024, 2, 29, 1, 2, 3), "de": Decimal("1.25"),
         "e": "B", "by": b"\x01"},
        {"Id": 2, "name": None, "tags": [], "m": {}, "s": None, "d": date(1969, 12, 31),
         "t": datetime(1970, 1, 1), "de": Decimal("-1.00"), "e": "A", "by": b""},
    ])  # fmt: skip
    make(console, "id bigint, name string, tags array<string>, m map<string,int>, "
         "s struct<x:double>, d date, t timestamp, de decimal(9,2), e string, `by` binary",
         "STORED AS AVRO")  # fmt: skip
    outcome = console.ok("SELECT id FROM t")
    assert outcome.data_scanned_bytes == console.lake.path("b", "t/1.avro").stat().st_size
    assert console.rows("SELECT * FROM t ORDER BY id") == [
        ["1", "n", "[a]", "{k=1}", "{x=1.5}", "2024-02-29", "2024-02-29 01:02:03.000", "1.25", "B",
         "01"],
        ["2", "", "[]", "{}", "", "1969-12-31", "1970-01-01 00:00:00.000", "-1.00", "A", ""],
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["literal", "url"])
def test_avro_follows_the_tables_schema(console, where):
    old = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}]}
    new = {"type": "record", "name": "r", "fields": [
        {"name": "a", "type": "long"}, {"name": "b", "type": "string", "default": "none"},
    ]}  # fmt: skip
    put_avro(console, "1.avro", old, [{"a": 1}], "null")
    put_avro(console, "2.avro", new, [{"a": 2**40, "b": "x"}])
    console.lake.write("b", "schemas/r.avsc", json.dumps(new).encode())
    given = json.dumps(new) if where == "literal" else "s3://b/schemas/r.avsc"
    make(
        console, "a bigint, b string",
        f"{AVRO} WITH SERDEPROPERTIES ('avro.schema.{where}'='{given}') STORED AS AVRO",
    )  # fmt: skip
    assert console.rows("SELECT a, b FROM t ORDER BY a") == [["1", "none"], [str(2**40), "x"]]


def long(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "snappy", "zstandard"])
def test_avro_codecs(console, codec, monkeypatch):
    from fastavro import _write as write

    def snapped(file, block, level):
        packed = pa.Codec("snappy").compress(block, asbytes=True) + b"\0\0\0\0"
        file.write(long(len(packed)) + packed)

    def packed(file, block, level):
        body = pa.Codec("zstd").compress(block, asbytes=True)
        file.write(long(len(body)) + body)

    monkeypatch.setitem(write.BLOCK_WRITERS, "snappy", snapped)
    monkeypatch.setitem(write.BLOCK_WRITERS, "zstandard", packed)
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "long"}]}
    put_avro(console, "1.avro", schema, [{"a": at} for at in range(20_000)], codec)
    make(console, "a bigint", "STORED AS AVRO")
    assert console.rows("SELECT count(*), sum(a) FROM t") == [["20000", str(sum(range(20_000)))]]
