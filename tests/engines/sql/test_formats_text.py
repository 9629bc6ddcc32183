"""Delimited text and CSV, plain and compressed, as Hive's SerDes read them."""

from __future__ import annotations

import bz2
import gzip
import re
import struct
import zlib

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakebed.engines.sql.duckdb.catalog import File
from lakebed.engines.sql.duckdb.readers import lines, open_csv
from lakebed.engines.sql.duckdb.readers import survey as surveys
from lakebed.engines.sql.duckdb.readers.lines import split
from lakebed.engines.sql.duckdb.readers.storage import Storage, Stored
from lakebed.engines.sql.duckdb.readers.stream import Meter, decompressed

OPEN_CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
COMMA = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"


def make(console, columns: str, files: dict[str, bytes], form: str = COMMA, more: str = ""):
    for key, body in files.items():
        console.lake.write("b", f"t/{key}", body)
    console.ok(f"CREATE EXTERNAL TABLE t ({columns}) {form} LOCATION 's3://b/t/' {more}")


def hadoop_blocks(codec: str, text: bytes, chunk: int = 64) -> bytes:
    half = len(text) // 2
    out = b""
    for block in (text[:half], text[half:]):
        out += struct.pack(">I", len(block))
        parts = [block[at : at + chunk] for at in range(0, len(block), chunk)]
        for part in parts if codec == "snappy" else [block]:
            packed = pa.Codec(codec).compress(part, asbytes=True)
            out += struct.pack(">I", len(packed)) + packed
    return out


def snappy_frames(text: bytes) -> bytes:
    half = len(text) // 2
    packed = b"\0\0\0\0" + pa.Codec("snappy").compress(text[:half], asbytes=True)
    plain = b"\0\0\0\0" + text[half:]
    return (
        b"\xff\x06\0\0sNaPpY"
        + b"\x00" + len(packed).to_bytes(3, "little") + packed
        + b"\xfe\x02\0\0\0\0"
        + b"\x01" + len(plain).to_bytes(3, "little") + plain
    )  # fmt: skip


def stream(codec: str, text: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as out:
        out.write(text)
    return sink.getvalue().to_pybytes()


CODECS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": lambda text: stream("zstd", text),
    "deflate": zlib.compress,
    "snappy": lambda text: hadoop_blocks("snappy", text),
    "frames.snappy": snappy_frames,
    "lz4": lambda text: hadoop_blocks("lz4_raw", text),
    "frames.lz4": lambda text: stream("lz4", text),
}


def test_every_compression_is_read_and_counted_as_stored(console):
    files = {f"a.{name}": pack(b"h,h\n%d,%s\n" % (at, name.encode()))
             for at, (name, pack) in enumerate(CODECS.items())}  # fmt: skip
    files["plain.csv"] = b"h,h\n99,plain"
    make(console, "n int, name string", files, more="TBLPROPERTIES ('skip.header.line.count'='1')")
    outcome = console.ok("SELECT count(*) FROM t")
    assert outcome.data_scanned_bytes == sum(map(len, files.values()))
    assert console.rows("SELECT n, name FROM t ORDER BY n") == [
        *([str(at), name] for at, name in enumerate(CODECS)), ["99", "plain"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*CODECS, "two.gz", "two.bz2", "two.zst"])
def test_a_long_file_is_the_same_in_every_compression(tmp_path, name):
    text = b"".join(b"%d,%d\n" % (at, at * at) for at in range(60_000))
    if name.startswith("two."):
        pack, half = CODECS[name[4:]], len(text) // 2
        body = pack(text[:half]) + pack(text[half:])
    else:
        body = CODECS[name](text)
    path = tmp_path / f"a.{name}"
    path.write_bytes(body)
    meter = Meter()
    assert b"".join(decompressed(str(path), path.name, meter)) == text
    assert meter.read_bytes == len(body)


@pytest.mark.parametrize("name", ["gz", "bz2", "deflate", "snappy", "lz4"])
def test_a_torn_file_is_an_error(console, name):
    body = CODECS[name](b"1,a\n" * 1000)
    make(console, "n int, s string", {f"a.{name}": body[:-5]})
    assert console.error("SELECT count(*) FROM t")[0] == "HIVE_CURSOR_ERROR"


@pytest.mark.parametrize("mark", [b"", b"\r"])
def test_lines_and_fields_are_those_of_lazy_simple(console, mark):
    lines = [b"1,a,x", b"", b"2,b", b"3,c,y,more", b",,", b"x,\\N,", b'4,"q,r"', b"\xef,\xff,z"]
    make(console, "n int, s string, u string", {"a.csv": b"".join(
        one + mark + b"\n" for one in lines)})  # fmt: skip
    found = console.rows("SELECT n, s IS NULL, s, u IS NULL, u FROM t")
    assert found == [
        ["1", "false", "a", "false", "x"],
        ["", "true", "", "true", ""],
        ["2", "false", "b", "true", ""],
        ["3", "false", "c", "false", "y"],
        ["", "false", "", "false", ""],
        ["", "true", "", "false", ""],
        ["4", "false", '"q', "false", 'r"'],
        ["", "false", "�", "false", "z"],
    ]


def test_numbers_that_are_none_are_null(console):
    texts = ["7", "+7", "007", "-7", "1.9", "-1.9", "1e3", " 7", "7 ", "1_0", "", "0x7", "300"]
    make(console, "t tinyint, i int, b bigint, d double, s string",
         {"a.csv": "".join(f"{x},{x},{x},{x},{x}\n" for x in texts).encode()})  # fmt: skip
    assert console.rows("SELECT t, i, b, d FROM t") == [
        ["7", "7", "7", "7.0"], ["7", "7", "7", "7.0"], ["7", "7", "7", "7.0"],
        ["-7", "-7", "-7", "-7.0"], ["1", "1", "1", "1.9"], ["-1", "-1", "-1", "-1.9"],
        ["", "", "", "1000.0"], ["", "", "", "7.0"], ["", "", "", "7.0"], ["", "", "", ""],
        ["", "", "", ""], ["", "", "", ""], ["", "300", "300", "300.0"],
    ]  # fmt: skip


def test_every_type_of_text(console):
    make(
        console,
        "b boolean, f float, de decimal(9,2), da date, ts timestamp, bi binary, c char(3), "
        "v varchar(2), sm smallint",
        {"a.csv": b"TRUE,1.5,12.345,2024-02-29,2024-02-29 01:02:03.456,aGk=,ab,abc,5\n"
         b"t,x,x,2024-02-30,2024-02-29T01:02:03,,,,70000\n"},
    )  # fmt: skip
    assert console.rows("SELECT * FROM t") == [
        ["true", "1.5", "12.35", "2024-02-29", "2024-02-29 01:02:03.456", "68 69", "ab ", "ab",
         "5"],
        ["", "", "", "", "", "", "   ", "", ""],
    ]  # fmt: skip


@pytest.mark.parametrize("odd", ["", " 1e5"])
def test_dates_and_timestamps_that_are_none_are_null(console, odd):
    texts = ["2024-02-29", "2024-2-9", "2024-02-29 01:02:03", "2024/02/29", "epoch", "infinity",
             "-infinity", "20240229", "2024-02-30", "24-02-29", "", "x"]  # fmt: skip
    body = "".join(f"{one},{one},{odd}\n" for one in texts)
    make(console, "d date, t timestamp, o string", {"a.csv": body.encode()})
    assert console.rows("SELECT d, t FROM t") == [
        ["2024-02-29", "2024-02-29 00:00:00.000"], ["2024-02-09", ""],
        ["2024-02-29", "2024-02-29 01:02:03.000"], *([["", ""]] * 9),
    ]  # fmt: skip


def test_nested_values_by_their_separators(console):
    make(
        console,
        "a array<int>, m map<string,int>, s struct<x:int,y:array<string>>, "
        "mm map<string,array<string>>, aa array<array<int>>",
        {"a": b"1,2,\\N|k:1,l:2,k:3|5,p:q|g:r\x04s,h:\\N|1:2,3\n|||\n".replace(b"|\n", b"|\n")},
        form="ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' COLLECTION ITEMS TERMINATED BY ',' "
        "MAP KEYS TERMINATED BY ':'",
    )
    assert console.rows("SELECT a, m, s, mm, aa FROM t") == [
        ["[1, 2, null]", "{k=1, l=2}", "{x=5, y=[p, q]}", "{g=[r, s], h=null}", "[[1, 2], [3]]"],
        ["[]", "{}", "{x=null, y=null}", "{}", ""],
    ]


def test_defaults_are_control_characters(console):
    make(console, "a array<string>, m map<string,string>, n int",
         {"a": b"x\x02y\x01k\x03v\x0112\n"}, form="")  # fmt: skip
    assert console.rows("SELECT a, m, n FROM t") == [["[x, y]", "{k=v}", "12"]]


def test_an_escape_hides_the_separator(console):
    make(
        console, "a string, b string, c string",
        {"a.csv": b"x\\,y,p\\\\q,\\N\na\\nb,,z\\\nplain,1,2\n"},
        form="ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY '\\\\'",
    )  # fmt: skip
    assert console.rows("SELECT a, b, c FROM t") == [
        ["x,y", "p\\q", ""], ["a\nb", "", "z\\"], ["plain", "1", "2"],
    ]  # fmt: skip


def test_a_null_format_and_timestamp_formats(console):
    make(
        console, "a string, t timestamp", {"a.csv": b"NA,2024/02/03 04:05\n,1700000000123\n"},
        form="ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' WITH "
        "SERDEPROPERTIES ('field.delim'=',', 'serialization.null.format'='NA', "
        "'timestamp.formats'='yyyy/MM/dd HH:mm,millis')",
    )  # fmt: skip
    assert console.rows("SELECT a IS NULL, t FROM t") == [
        ["true", "2024-02-03 04:05:00.000"], ["false", "2023-11-14 22:13:20.123"],
    ]  # fmt: skip


def test_marks_headers_and_footers_are_left_out_of_each_file(console):
    make(
        console, "a int", {"a.csv": b"\xef\xbb\xbfh\n1\n2\nend\n", "b.csv.gz": gzip.compress(
            b"\xef\xbb\xbfh\n3\nend"), "c.csv": b"", "_h": b"9\n", ".h": b"9\n"},
        more="TBLPROPERTIES ('skip.header.line.count'='1', 'skip.footer.line.count'='1')",
    )  # fmt: skip
    assert console.rows("SELECT a FROM t ORDER BY a") == [["1"], ["2"], ["3"]]


def test_opencsv_takes_types_as_athenas_page_says(console):
    make(
        console, "p string, d date, t timestamp, n bigint, f double, b boolean",
        {"a.csv": b'"x ""y"" z","18276","1579059880000","-5","1.5","TRUE"\n'}, OPEN_CSV,
    )  # fmt: skip
    assert console.rows("SELECT * FROM t") == [
        ['x "y" z', "2020-01-15", "2020-01-15 03:44:40.000", "-5", "1.5", "true"]
    ]


@pytest.mark.parametrize("text", ["", "x", "1.5", " 1"])
def test_opencsv_refuses_what_is_no_number(console, text):
    make(console, "s string, n int", {"a.csv": f"a,1\nb,{text}\n".encode()}, OPEN_CSV)
    assert console.error("SELECT sum(n) FROM t") == (
        "HIVE_BAD_DATA", f'Error parsing field value for field 1: For input string: "{text}"',
    )  # fmt: skip
    assert console.rows("SELECT s FROM t") == [["a"], ["b"]]


def test_opencsv_null_for_invalid_data(console):
    make(console, "s string, n int", {"a.csv": b"a,1\nb,x\n"}, OPEN_CSV,
         "TBLPROPERTIES ('use.null.for.invalid.data'='true')")  # fmt: skip
    assert console.rows("SELECT s, n FROM t") == [["a", "1"], ["b", ""]]


def test_opencsv_a_line_break_in_quotes_ends_the_row(console):
    make(console, "a string, b string", {"a.csv": b'1,"x\ny"\n2,z\n'}, OPEN_CSV)
    assert console.rows("SELECT a, b FROM t") == [["1", ""], ["", ""], ["2", "z"]]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b", ["a", "b"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a\\"b","\\\\"', ['a"b', "\\"]),
        ('"a""b",""', ['a"b', ""]),
        ('a\\b,"c\\d"', ["ab", "cd"]),
        ('x, "y" ,z', ["x", 'y" ', "z"]),
        ('abc"d"ef,g', ['abc"d"ef', "g"]),
        ("", [""]),
        ('"open,x', []),
    ],
)
def test_opencsv_parser(line, fields):
    assert open_csv.parser(Storage("", "", (), (), ()))(line) == fields


PLAIN = st.characters(exclude_characters='\\\n\r"', exclude_categories=["Cs"])


@given(st.lists(st.lists(st.text(PLAIN), min_size=1), min_size=1))
def test_opencsv_reads_what_a_quoting_writer_writes(rows):
    parse = open_csv.parser(Storage("", "", (), (), ()))
    for row in rows:
        assert parse(",".join(f'"{one}"' for one in row)) == row


@given(st.binary(max_size=400).map(lambda text: text.replace(b"\xef\xbb\xbf", b"")),
       st.integers(1, 9))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_lines_are_the_same_however_the_blocks_fall(text, size):
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    whole = [one for batch in split(iter([text])) for one in batch]
    before, lines.BATCH_BYTES = lines.BATCH_BYTES, 1
    try:
        assert [one for batch in split(iter(blocks)) for one in batch] == whole
    finally:
        lines.BATCH_BYTES = before
    assert whole == text.splitlines()


def surveyed(folder, body: bytes, separator: str = ",") -> surveys.Survey:
    path = folder / f"{abs(hash(body))}.csv"
    path.write_bytes(body)
    return surveys.survey(Stored(File("a.csv", str(path), len(body)), "b", 0), separator)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"1,a\n2,b", (True, False, False)),
        (b"1.5,a\n", (True, True, False)),
        ("é,1\n".encode(), (True, False, False)),
        (b"N3EX1,1E\n", (True, False, True)),
        (b"N3EX1,A5E5\n2013-01-01T10:00:00Z,x y\n", (True, False, False)),
        (b"a,1 \n", (True, False, True)),
        (b"0x1f,1\n", (True, False, True)),
        (b"1_0,1\n", (True, False, True)),
        *((body, (False, True, True)) for body in
          (b"\n1,a\n", b"1\n\n2\n", b"1\r\n", b"\xff\n", b"\xc3", b"a\0b\n")),
    ],
)  # fmt: skip
def test_a_file_is_looked_at_before_it_is_read(tmp_path, body, expected):
    found = surveyed(tmp_path, body)
    assert (found.plain, found.points, found.odd) == expected


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_look_is_the_same_however_the_blocks_fall(tmp_path, monkeypatch, size):
    bodies = [b"ab,1e5\n" * 9, "é,é\n".encode() * 40, b"a,b\n" * 30 + b"\nx\n", b"a,b\n\xc3"]
    bodies += [b"N3EX,1\n" * 20, b"x, 1\n" * 20]
    whole = [surveyed(tmp_path, body) for body in bodies]
    surveys._survey.cache_clear()
    monkeypatch.setattr(surveys, "_BLOCK_BYTES", size)
    for body, known in zip(bodies, whole, strict=True):
        found = surveyed(tmp_path, body)
        # A block without a line's end is left to the careful reading.
        assert found == known or not found.plain
    surveys._survey.cache_clear()


FIELDS = st.text("019eExXbB_+-. \tN", max_size=6)


@given(st.lists(st.lists(FIELDS, min_size=2, max_size=3), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_not_odd_is_no_number_to_duckdb_alone(tmp_path, rows):
    body = "".join(",".join(row) + "\n" for row in rows).encode()
    found = surveyed(tmp_path, body)
    if found.odd:
        return
    fields = [field for row in rows for field in row if "." not in field]
    with duckdb.connect() as database:
        text = "SELECT [TRY_CAST(x AS INTEGER) FOR x IN ?]"
        ((values,),) = database.execute(text, [fields]).fetchall()
    assert values == [int(one) if re.fullmatch(r"[+-]?\d+", one) else None for one in fields]
