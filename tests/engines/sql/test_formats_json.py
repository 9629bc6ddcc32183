"""JSON by both SerDes, CloudTrail's files, Amazon Ion."""

from __future__ import annotations

import gzip
import json

import pytest
from amazon.ion import simpleion
from hypothesis import given
from hypothesis import strategies as st

from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb.readers import arrow_values, ion, json_lines
from lakebed.engines.sql.duckdb.readers.arrow_values import Rules

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE = "org.apache.hive.hcatalog.data.JsonSerDe"
BOTH = pytest.mark.parametrize("serde", [OPENX, HIVE])


def make(console, columns: str, body: bytes, serde: str = OPENX, more: str = ""):
    console.lake.write("b", "t/a.json", body)
    console.ok(
        f"CREATE EXTERNAL TABLE t ({columns}) ROW FORMAT SERDE '{serde}' {more} LOCATION 's3://b/t/'"
    )


@BOTH
def test_every_type_of_json(console, serde):
    record = {
        "I": 5, "b": 2**40, "D": 1.5, "f": 2, "de": 1.25, "s": "x", "bo": True, "da": "2024-02-29",
        "ts": "2024-02-29 01:02:03.5", "arr": [1, None, 3], "m": {"k": 1},
        "st": {"Name": "n", "inner": {"A": [{"z": 1}, {"z": None}]}}, "extra": [{}],
    }  # fmt: skip
    lines = json.dumps(record).encode() + b"\n{}\n" + json.dumps({"i": None, "arr": None}).encode()
    make(
        console,
        "i int, b bigint, d double, f float, de decimal(9,2), s string, bo boolean, da date, "
        "ts timestamp, arr array<int>, m map<string,int>, "
        "st struct<name:string,inner:struct<a:array<struct<z:int>>,gone:string>>",
        lines, serde,
    )  # fmt: skip
    assert console.rows("SELECT * FROM t") == [
        ["5", str(2**40), "1.5", "2.0", "1.25", "x", "true", "2024-02-29",
         "2024-02-29 01:02:03.500", "[1, null, 3]", "{k=1}",
         "{name=n, inner={a=[{z=1}, {z=null}], gone=null}}"],
        [""] * 12, [""] * 12,
    ]  # fmt: skip


@BOTH
def test_what_is_no_text_becomes_its_json(console, serde):
    body = b'{"a": {"x": [1, 2.50]}, "b": 1.10, "c": true, "d": 7, "e": null}\n'
    make(console, "a string, b string, c string, d string, e string", body, serde)
    assert console.rows("SELECT a, b, c, d, e IS NULL FROM t") == [
        ['{"x":[1,2.50]}', "1.10", "true", "7", "true"]
    ]


@BOTH
def test_numbers_in_quotes_are_numbers_and_words_are_not(console, serde):
    make(console, "i int, d double", b'{"i": "12", "d": "1.5"}\n', serde)
    assert console.rows("SELECT i, d FROM t") == [["12", "1.5"]]
    console.lake.write("b", "t/b.json", b'{"i": "x"}\n')
    name, message = console.error("SELECT sum(i) FROM t")
    assert (name, message) == (
        "HIVE_BAD_DATA",
        "Error Parsing a column in the table: 'x' is no value of type integer",
    )
    assert console.rows("SELECT count(d) FROM t") == [["1"]]


@BOTH
def test_a_value_too_large_is_bad_data(console, serde):
    make(console, "t tinyint", b'{"t": 300}\n', serde)
    assert console.error("SELECT t FROM t")[0] == "HIVE_BAD_DATA"


@BOTH
def test_null_for_invalid_data(console, serde):
    body = b'{"i": "x", "a": 5, "t": 300}\n{"i": 1, "a": [1], "t": 3}\n'
    make(console, "i int, a array<int>, t tinyint", body, serde,
         "WITH SERDEPROPERTIES ('use.null.for.invalid.data'='true')")  # fmt: skip
    assert console.rows("SELECT * FROM t") == [["", "", ""], ["1", "[1]", "3"]]


@pytest.mark.parametrize("line", [b'{"a": 1', b"nonsense", b"7", b'{"a": 1} x', b'{"a": \xff}'])
@BOTH
def test_a_malformed_line_fails_the_query(console, serde, line):
    make(console, "a int", b'{"a": 1}\n' + line + b"\n", serde)
    name, message = console.error("SELECT a FROM t")
    assert name == "HIVE_CURSOR_ERROR"
    assert message.startswith("Row is not a valid JSON Object - ")


def test_openx_ignores_malformed_lines_when_told(console):
    make(console, "a int", b'{"a": 1}\n{"a": \n\n{"a": 3}\n', OPENX,
         "WITH SERDEPROPERTIES ('ignore.malformed.json'='true')")  # fmt: skip
    assert console.rows("SELECT a, 0 FROM t") == [["1", "0"], ["", "0"], ["", "0"], ["3", "0"]]


def test_openx_reads_arrays_by_order(console):
    make(console, "a int, b string", b'[1, "x", 9]\n[2]\n{"b": "y", "a": 3}\n')
    assert console.rows("SELECT a, b FROM t") == [["1", "x"], ["2", ""], ["3", "y"]]


def test_openx_maps_names(console):
    make(
        console, "ts string, a_b int, s struct<my_field:int>",
        b'{"timestamp": "now", "a.b": 5, "s": {"my:field": 7}}\n', OPENX,
        "WITH SERDEPROPERTIES ('mapping.ts'='timestamp', 'dots.in.keys'='true', "
        "'mapping.my_field'='my:field')",
    )  # fmt: skip
    assert console.rows("SELECT * FROM t") == [["now", "5", "{my_field=7}"]]


def test_openx_keys_of_both_cases(console):
    body = b'{"URL": "a", "Url": "b"}\n'
    make(console, "url string", body)
    assert console.error("SELECT url FROM t") == (
        "HIVE_CURSOR_ERROR",
        'Row is not a valid JSON Object - JSONException: Duplicate key "url"',
    )
    console.ok("DROP TABLE t")
    make(console, "url1 string, url2 string", body, OPENX,
         "WITH SERDEPROPERTIES ('case.insensitive'='FALSE', 'mapping.url1'='URL', "
         "'mapping.url2'='Url')")  # fmt: skip
    assert console.rows("SELECT * FROM t") == [["a", "b"]]


def test_openx_timestamps(console):
    moments = ["2024-02-29T01:02:03Z", "2024-02-29T01:02:03.25+02:00", 1579059880000, 1579059880.5,
               "1579059880", "2024-02-29"]  # fmt: skip
    body = b"".join(json.dumps({"t": one}).encode() + b"\n" for one in moments)
    make(console, "t timestamp", body)
    assert console.rows("SELECT t FROM t") == [
        ["2024-02-29 01:02:03.000"], ["2024-02-28 23:02:03.250"], ["2020-01-15 03:44:40.000"],
        ["2020-01-15 03:44:40.500"], ["2020-01-15 03:44:40.000"], ["2024-02-29 00:00:00.000"],
    ]  # fmt: skip


def test_hive_timestamp_formats(console):
    make(console, "t timestamp",
         b'{"t": "2024-02-29T01:02:03.250Z"}\n{"t": "2024-02-29T01:02:03"}\n', HIVE,
         "WITH SERDEPROPERTIES (\"timestamp.formats\"=\"yyyy-MM-dd'T'HH:mm:ss.SSS'Z',"
         "yyyy-MM-dd'T'HH:mm:ss\")")  # fmt: skip
    assert console.rows("SELECT t FROM t") == [
        ["2024-02-29 01:02:03.250"], ["2024-02-29 01:02:03.000"],
    ]  # fmt: skip


def test_compressed_json_is_counted_as_stored(console):
    body = gzip.compress(b'{"a": 1}\n' * 10_000)
    console.lake.write("b", "t/a.json.gz", body)
    console.ok(f"CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE '{OPENX}' LOCATION 's3://b/t/'")
    outcome = console.ok("SELECT sum(a) FROM t")
    assert outcome.result.read_text() == '"_col0"\n"10000"\n'
    assert outcome.data_scanned_bytes == len(body)


@given(st.lists(st.fixed_dictionaries({}, optional={
    "i": st.none() | st.integers(-(2**31), 2**31 - 1),
    "l": st.none() | st.lists(st.none() | st.text()),
    "m": st.none() | st.dictionaries(st.text(), st.none() | st.integers(-9, 9)),
    "s": st.none() | st.fixed_dictionaries({"a": st.none() | st.lists(st.lists(st.booleans()))}),
}), max_size=6))  # fmt: skip
def test_columns_hold_what_the_records_hold(records):
    kinds = {"i": "int", "l": "array<string>", "m": "map<string,int>",
             "s": "struct<a:array<array<boolean>>>"}  # fmt: skip
    rules = Rules(json_lines.scalar, str)
    parsed = [parse_type(kind) for kind in kinds.values()]
    i, lists, m, s = arrow_values.members(records, kinds, parsed, rules)
    assert i.to_pylist() == [one.get("i") for one in records]
    assert lists.to_pylist() == [one.get("l") for one in records]
    maps = [None if one is None else dict(one) for one in m.to_pylist()]
    assert maps == [one.get("m") for one in records]
    structs = [None if one is None else {"a": one["f0"]} for one in s.to_pylist()]
    assert structs == [one.get("s") for one in records]


EVENTS = [
    {"eventVersion": "1.08", "userIdentity": {"type": "Root", "accountId": "1",
     "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
     "eventTime": "2024-02-29T01:02:03Z", "eventName": "PutObject",
     "requestParameters": {"bucketName": "b", "size": 1.50}, "responseElements": None,
     "resources": [{"ARN": "arn:x", "type": "AWS::S3::Object"}], "readOnly": False},
    {"eventName": "GetObject", "readOnly": True},
]  # fmt: skip


@pytest.mark.parametrize("serde", [HIVE, "com.amazon.emr.hive.serde.CloudTrailSerde"])
def test_cloudtrail_files_are_read_by_their_records(console, serde):
    console.lake.write("b", "t/a.json.gz", gzip.compress(json.dumps({"Records": EVENTS}).encode()))
    console.lake.write("b", "t/b.json", json.dumps({"Records": []}).encode())
    console.ok(
        "CREATE EXTERNAL TABLE t (eventversion string, useridentity struct<type:string,"
        "accountid:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string>>>, "
        "eventtime string, eventname string, requestparameters string, responseelements string, "
        "resources array<struct<arn:string,type:string>>, readonly string) "
        f"ROW FORMAT SERDE '{serde}' STORED AS INPUTFORMAT "
        "'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT "
        "'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' LOCATION 's3://b/t/'"
    )
    assert console.rows(
        "SELECT eventname, useridentity.accountid, useridentity.sessioncontext.attributes."
        "mfaauthenticated, requestparameters, responseelements IS NULL, resources[1].arn, readonly "
        "FROM t WHERE eventname = 'PutObject'"
    ) == [["PutObject", "1", "false", '{"bucketName":"b","size":1.5}', "true", "arn:x", "false"]]
    assert console.rows("SELECT count(*), count(useridentity) FROM t") == [["2", "1"]]


ION = """
{name: "Ann", Age: 41, id: {name: "x", numbers: [7, 8]}, d: 1.25, t: 2024-02-29T01:02:03.5Z,
 f: 1.5e0, b: true, l: ["p", "q"], y: sym}
{name: null, age: null.int, id: {name: "z", numbers: []}, b: false}
"""


@pytest.mark.parametrize("binary", [False, True])
def test_ion_is_read_by_name_and_by_path(console, binary):
    values = simpleion.loads(ION, single_value=False)
    body = simpleion.dumps(values, binary=True, sequence_as_stream=True) if binary else ION.encode()
    console.lake.write("b", "t/a.ion", body)
    console.ok(
        "CREATE EXTERNAL TABLE t (name string, age int, inner_name string, first_number int, "
        "d decimal(5,2), t timestamp, f double, b boolean, l array<string>, y string) "
        "ROW FORMAT SERDE 'com.amazon.ionhiveserde.IonHiveSerDe' WITH SERDEPROPERTIES ("
        "'ion.inner_name.path_extractor'='(id name)', "
        "'ion.first_number.path_extractor'='(id numbers 0)') STORED AS INPUTFORMAT "
        "'com.amazon.ionhiveserde.formats.IonInputFormat' OUTPUTFORMAT "
        "'com.amazon.ionhiveserde.formats.IonOutputFormat' LOCATION 's3://b/t/'"
    )
    assert console.rows("SELECT * FROM t") == [
        ["Ann", "41", "x", "7", "1.25", "2024-02-29 01:02:03.500", "1.5", "true", "[p, q]", "sym"],
        ["", "", "z", "", "", "", "", "false", "", ""],
    ]


def test_ion_paths():
    assert ion.steps("(a 0 'b c' \"d\")") == ["a", 0, "b c", "d"]
