"""Partitions: schemas of their own, values of every type, pruning, projection, hidden columns."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb import conditions, projection
from lakebed.engines.sql.duckdb.conditions import Condition
from lakebed.engines.sql.duckdb.projection import Key

COMMA = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"


def make(
    console, columns: str, keys: str, files: dict[str, bytes], more: str = COMMA, tail: str = ""
):
    for key, body in files.items():
        console.lake.write("b", f"t/{key}", body)
    console.ok(
        f"CREATE EXTERNAL TABLE t ({columns}) PARTITIONED BY ({keys}) {more} "
        f"LOCATION 's3://b/t/' {tail}"
    )


def partition(console, *values: str) -> dict:
    return console.lake.partitions["default", "t"][values]["StorageDescriptor"]


def test_partitions_of_another_serde_and_place(console):
    make(console, "a int, b string", "p int", {"p=1/a.csv": b"1,x\n"})
    console.lake.write("c", "else/a.json", b'{"b": "z", "a": 2}\n')
    console.ok("ALTER TABLE t ADD PARTITION (p=1) PARTITION (p=2) LOCATION 's3://c/else/'")
    other = partition(console, "2")
    other["SerdeInfo"] = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
    assert console.rows("SELECT a, b, p FROM t ORDER BY p") == [["1", "x", "1"], ["2", "z", "2"]]


def test_a_partition_may_have_fewer_columns_and_other_types(console):
    make(console, "a bigint, b string, c int", "p int",
         {"p=1/a.csv": b"1,2,3\n", "p=2/a.csv": b"4,5,6\n"})  # fmt: skip
    console.ok("MSCK REPAIR TABLE t")
    partition(console, "1")["Columns"] = [
        {"Name": "a", "Type": "int"},
        {"Name": "b", "Type": "int"},
    ]
    assert console.rows("SELECT a, b, c, p FROM t ORDER BY p") == [
        ["1", "2", "", "1"], ["4", "5", "6", "2"],
    ]  # fmt: skip


def test_a_partition_without_columns_has_the_tables(console):
    make(console, "a bigint, b string", "p int", {"p=1/a.csv": b"1,2\n"})
    console.ok("MSCK REPAIR TABLE t")
    del partition(console, "1")["Columns"]
    assert console.rows("SELECT a, b FROM t") == [["1", "2"]]


def test_files_read_by_name_may_have_more_than_their_partition_says(console):
    make(console, "a int, b string", "p int", {"p=1/a.json": b'{"b": "x", "a": 1}\n'},
         "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'")  # fmt: skip
    console.ok("MSCK REPAIR TABLE t")
    partition(console, "1")["Columns"] = [{"Name": "a", "Type": "int"}]
    assert console.rows("SELECT a, b FROM t") == [["1", "x"]]


def test_a_partitions_type_that_cannot_be_coerced(console):
    make(console, "a int, b date", "p int, q string", {"p=1/q=x/a.csv": b"1,2\n"})
    console.ok("MSCK REPAIR TABLE t")
    partition(console, "1", "x")["Columns"][1] = {"Name": "bb", "Type": "double"}
    assert console.error("SELECT b FROM t") == (
        "HIVE_PARTITION_SCHEMA_MISMATCH",
        "There is a mismatch between the table and partition schemas. The types are incompatible "
        "and cannot be coerced. The column 'b' in table 'default.t' is declared as type 'date', "
        "but partition 'p=1/q=x' declared column 'bb' as type 'double'.",
    )
    assert console.rows("SELECT a FROM t") == [["1"]]


def test_keys_of_every_type(console):
    files = {
        "s=a%20b/i=7/d=2024-02-29/ts=2024-02-29 01%3A02%3A03.0/b=true/de=1.50/a.csv": b"1\n",
        "s=__HIVE_DEFAULT_PARTITION__/i=__HIVE_DEFAULT_PARTITION__/"
        "d=__HIVE_DEFAULT_PARTITION__/ts=__HIVE_DEFAULT_PARTITION__/"
        "b=__HIVE_DEFAULT_PARTITION__/de=__HIVE_DEFAULT_PARTITION__/a.csv": b"2\n",
    }
    make(console, "n int", "s string, i bigint, d date, ts timestamp, b boolean, de decimal(5,2)",
         files)  # fmt: skip
    console.ok("MSCK REPAIR TABLE t")
    assert console.rows("SELECT * FROM t ORDER BY n") == [
        ["1", "a b", "7", "2024-02-29", "2024-02-29 01:02:03.000", "true", "1.50"],
        ["2", "", "", "", "", "", ""],
    ]
    assert console.rows("SELECT n FROM t WHERE d = DATE '2024-02-29' AND i < 8") == [["1"]]
    assert console.rows("SELECT n FROM t WHERE s IS NULL AND b IS NULL") == [["2"]]


def test_the_catalog_is_asked_with_the_predicate(console):
    make(console, "n int", "y string, m int, d date", {})
    asked = []
    original = console.lake.get_partitions
    console.lake.get_partitions = lambda r: (asked.append(r.get("Expression")), original(r))[1]
    for text in (
        "y = '2024' AND m BETWEEN 2 AND 3 AND n > 1",
        "m IN (1, -2) AND (y = 'a' OR y = 'it''s')",
        "5 > m AND m <> 3",
        "y LIKE '20%' AND y LIKE '%4' AND y LIKE 'a'",
        "y = date_format(DATE '2024-02-29', '%Y') AND m = 1 + 2",
        "y = CAST(n AS varchar) AND m = 1 / 0",
        "m + 1 = 2 OR n = 1",
        "d >= DATE '2024-2-9' AND d < current_date - interval '100000' day",
    ):
        console.run(f"SELECT n FROM t WHERE {text}")
    assert asked == [
        "y = '2024' AND m >= 2 AND m <= 3",
        "m IN (1, -2) AND y IN ('a', 'it''s')",
        "m < 5 AND m <> 3",
        "y >= '20' AND y < '21' AND y = 'a'",
        "y = '2024' AND m = 3",
        None,
        None,
        f"d >= '2024-02-09' AND d < '{datetime.now(UTC).date() - timedelta(days=100_000)}'",
    ]


def test_many_partitions_are_pruned_by_any_predicate(console):
    make(console, "n int", "p int, q string", {f"p={at}/q=x{at % 7}/a.csv": b"%d\n" % at
                                               for at in range(300)})  # fmt: skip
    console.ok("MSCK REPAIR TABLE t")
    outcome = console.ok("SELECT sum(n) FROM t WHERE p % 100 = 3 AND substr(q, 2) = '3'")
    assert outcome.result.read_text() == '"_col0"\n"3"\n'
    assert outcome.data_scanned_bytes == 2


def test_hidden_columns(console):
    body = io.BytesIO()
    pq.write_table(pa.table({"n": [3]}), body)
    make(console, "n int", "p int", {"p=1/a.csv": b"1\n", "p=1/b.csv": b"2\n\n",
                                     "p=2/c.parquet": body.getvalue()})  # fmt: skip
    console.ok("MSCK REPAIR TABLE t")
    partition(console, "2")["SerdeInfo"]["SerializationLibrary"] = (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    )
    sizes = [str(console.lake.path("b", f"t/{key}").stat().st_size)
             for key in ("p=1/a.csv", "p=1/b.csv", "p=2/c.parquet")]  # fmt: skip
    assert console.rows(
        'SELECT n, "$path", "$file_size", "$partition" FROM t x WHERE n IS NOT NULL ORDER BY n'
    ) == [
        ["1", "s3://b/t/p=1/a.csv", sizes[0], "p=1"],
        ["2", "s3://b/t/p=1/b.csv", sizes[1], "p=1"],
        ["3", "s3://b/t/p=2/c.parquet", sizes[2], "p=2"],
    ]
    assert console.rows("SELECT * FROM t WHERE \"$path\" LIKE '%.parquet'") == [["3", "2"]]
    for predicate, size in (
        ("\"$path\" LIKE '%/b.csv'", 3),
        ('"$file_size" = 2', 2),
        ("\"$partition\" = 'p=1' AND \"$file_modified_time\" > TIMESTAMP '2024-01-01 00:00:00'", 5),
    ):
        outcome = console.ok(f"SELECT count(n) FROM t WHERE {predicate} AND n > -1")
        assert outcome.data_scanned_bytes == size
    moment = console.rows('SELECT max("$file_modified_time") FROM t')[0][0]
    found = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - found) < timedelta(minutes=5)
    assert console.error('SELECT "$path" FROM (SELECT n FROM t)')[0] == "COLUMN_NOT_FOUND"


def projected(console, keys: str, files: dict[str, bytes], properties: dict[str, str]):
    given = {"projection.enabled": "true", **properties}
    listed = ", ".join(f"'{name}'='{value}'" for name, value in given.items())
    make(console, "n int", keys, files, tail=f"TBLPROPERTIES ({listed})")


def test_projection_of_every_kind(console):
    projected(
        console, "day string, hour int, kind string, id string",
        {f"2024/02/{day:02}/{hour:02}/{kind}/x{n}/a.csv": b"%d\n" % n for n, (day, hour, kind) in
         enumerate([(28, 1, "A"), (28, 3, "B"), (29, 5, "A"), (29, 7, "C")])},
        {
            "projection.day.type": "date", "projection.day.range": "2024/02/01,NOW",
            "projection.day.format": "yyyy/MM/dd", "projection.hour.type": "integer",
            "projection.hour.range": "1,23", "projection.hour.interval": "2",
            "projection.hour.digits": "2", "projection.kind.type": "enum",
            "projection.kind.values": "A,B,C", "projection.id.type": "injected",
            "storage.location.template": "s3://b/t/${day}/${hour}/${kind}/${id}/",
        },
    )  # fmt: skip
    where = "WHERE id IN ('x0', 'x1', 'x2', 'x3') AND day BETWEEN '2024/02/27' AND '2024/02/29'"
    assert console.rows(f"SELECT n, day, hour, kind, id FROM t {where} ORDER BY n") == [
        ["0", "2024/02/28", "1", "A", "x0"], ["1", "2024/02/28", "3", "B", "x1"],
        ["2", "2024/02/29", "5", "A", "x2"], ["3", "2024/02/29", "7", "C", "x3"],
    ]  # fmt: skip
    assert console.rows(f"SELECT n FROM t {where} AND hour > 3 AND kind <> 'A'") == [["3"]]
    assert "get_partitions" not in console.lake.calls
    assert console.error("SELECT n FROM t WHERE day = '2024/02/28'") == (
        "CONSTRAINT_VIOLATION",
        "For the injected projected partition column id, the WHERE clause must contain only "
        "static equality conditions, and at least one such condition must be present.",
    )


def test_projection_without_a_template_has_hives_folders(console):
    projected(console, "p int, q string", {"p=2/q=a/a.csv": b"5\n"}, {
        "projection.p.type": "integer", "projection.p.range": "0,3",
        "projection.q.type": "enum", "projection.q.values": "a,b",
    })  # fmt: skip
    assert console.rows("SELECT n, p, q FROM t") == [["5", "2", "a"]]


def test_a_wide_range_costs_what_is_chosen(console):
    projected(console, "p bigint, s string", {"p=123456789012/s=2024-01-02-03/a.csv": b"5\n"}, {
        "projection.p.type": "integer", "projection.p.range": "0,999999999999",
        "projection.s.type": "date", "projection.s.range": "1900-01-01-00,NOW+10YEARS",
        "projection.s.format": "yyyy-MM-dd-HH", "projection.s.interval": "1",
        "projection.s.interval.unit": "HOURS",
    })  # fmt: skip
    where = "p = 123456789012 AND s >= '2024-01-02' AND s < '2024-01-03'"
    assert console.rows(f"SELECT n, p, s FROM t WHERE {where}") == [
        ["5", "123456789012", "2024-01-02-03"]
    ]
    assert console.error("SELECT n FROM t")[0] == "HIVE_EXCEEDED_PARTITION_LIMIT"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "the property projection.p.type is missing"),
        ({"type": "list"}, "the type 'list' is none of enum, integer, date, injected"),
        ({"type": "integer"}, "the property projection.p.range is missing"),
        ({"type": "integer", "range": "1"}, "range must be two integers, the least and the "
         "greatest"),
        ({"type": "integer", "range": "3,1"}, "range must rise and lie within 64 bits"),
        ({"type": "integer", "range": "1,3", "interval": "0"},
         "interval must be a positive integer, not '0'"),
        ({"type": "enum"}, "the property projection.p.values is missing"),
        ({"type": "date", "range": "NOW,NOW"}, "the property projection.p.format is missing"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2024-1-1x,NOW"},
         "'2024-1-1x' is no date of the format"),
        ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "NOW-1DAY,NOW"},
         "interval and interval.unit are required for a format with a time"),
    ],
)  # fmt: skip
def test_a_wrong_projection_says_what_is_wrong(console, properties, reason):
    projected(console, "p string", {},
              {f"projection.p.{name}": value for name, value in properties.items()})  # fmt: skip
    assert console.error("SELECT n FROM t") == (
        "INVALID_TABLE_PROPERTY",
        f"Partition projection of column 'p' is not valid: {reason}",
    )


def test_projected_dates_of_type_date(console):
    projected(console, "p date, q date", {"p=2024-02-29/q=2024-03-01/a.csv": b"5\n"}, {
        "projection.p.type": "date", "projection.p.range": "2024-01-01,2024-12-31",
        "projection.p.format": "yyyy-MM-dd", "projection.q.type": "enum",
        "projection.q.values": "2024-03-01,2024-03-02",
    })  # fmt: skip
    where = "p BETWEEN DATE '2024-02-28' AND DATE '2024-03-02' AND q > DATE '2024-02-29'"
    assert console.rows(f"SELECT n, p, q FROM t WHERE {where}") == [
        ["5", "2024-02-29", "2024-03-01"]
    ]


def test_a_template_names_every_key(console):
    projected(console, "p string", {}, {
        "projection.p.type": "enum", "projection.p.values": "a",
        "storage.location.template": "s3://b/t/x/",
    })  # fmt: skip
    assert console.error("SELECT n FROM t")[0] == "INVALID_TABLE_PROPERTY"


STRING, BIGINT = parse_type("string"), parse_type("bigint")
OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IN"])


@given(
    st.integers(-50, 50), st.integers(0, 200), st.integers(1, 7), st.integers(1, 4),
    st.booleans(), st.lists(st.tuples(OPERATORS, st.lists(st.integers(-60, 160), min_size=1))),
)  # fmt: skip
def test_integers_are_bounded_as_they_are_filtered(low, count, step, digits, numeric, tests):
    kind = BIGINT if numeric else STRING
    key = Key("p", kind, {"type": "integer", "range": f"{low},{low + count}",
                          "interval": str(step), "digits": str(digits)})  # fmt: skip
    found = [Condition(0, kind, sign, tuple(map(str, values if sign == "IN" else values[:1])))
             for sign, values in tests]  # fmt: skip
    everything = projection._integer(key, [])
    expected = [one for one in everything if all(conditions.accepts(c, one) for c in found)]
    assert sorted(projection._integer(key, found)) == sorted(expected)


@given(
    st.dates(datetime(2000, 1, 1).date(), datetime(2030, 1, 1).date()), st.integers(0, 90),
    st.sampled_from(["yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd", "dd-MM-yyyy", "yyyy-MM"]),
    st.lists(st.tuples(OPERATORS, st.lists(st.text("0123456789-/", max_size=10), min_size=1))),
)  # fmt: skip
def test_dates_are_bounded_as_they_are_filtered(first, days, pattern, tests):
    from lakebed.engines.sql.duckdb.readers import java_dates

    last = first + timedelta(days=days)
    ends = [
        java_dates.write(datetime(one.year, one.month, one.day), pattern) for one in (first, last)
    ]
    key = Key("p", STRING, {"type": "date", "range": ",".join(ends), "format": pattern})
    found = [Condition(0, STRING, sign, tuple(values if sign == "IN" else values[:1]))
             for sign, values in tests]  # fmt: skip
    everything = projection._date(key, [])
    assert everything[0] == ends[0]
    assert everything[-1] == ends[1]
    expected = [one for one in everything if all(conditions.accepts(c, one) for c in found)]
    assert projection._date(key, found) == expected


@pytest.mark.parametrize(
    ("pattern", "given_range", "more", "values"),
    [
        ("yyyy-MM", "2023-11,2024-02", {}, ["2023-11", "2023-12", "2024-01", "2024-02"]),
        ("yyyy", "2022,2024", {}, ["2022", "2023", "2024"]),
        ("yyyy-MM-dd", "2024-02-27,2024-03-12", {"interval": "1", "interval.unit": "weeks"},
         ["2024-02-27", "2024-03-05", "2024-03-12"]),
        ("yyyy-MM-dd", "2024-01-31,2024-04-30", {"interval": "1", "interval.unit": "MONTHS"},
         ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("yyyy-MM-dd'T'HH", "2024-01-01T22,2024-01-02T04",
         {"interval": "3", "interval.unit": "HOURS"},
         ["2024-01-01T22", "2024-01-02T01", "2024-01-02T04"]),
    ],
)  # fmt: skip
def test_dates_of_a_range(pattern, given_range, more, values):
    key = Key("p", STRING, {"range": given_range, "format": pattern, **more})
    assert projection._date(key, []) == values


def test_now_is_a_moment_of_the_range():
    key = Key("p", STRING, {"range": "NOW-2DAYS, NOW ", "format": "yyyy-MM-dd"})
    today = datetime.now(UTC).date()
    found = projection._date(key, [])
    assert found in (
        [str(today - timedelta(days=at)) for at in (2, 1, 0)],
        [str(datetime.now(UTC).date() - timedelta(days=at)) for at in (2, 1, 0)],
    )
