"""What every SQL engine promises, run over a fake lake."""

from __future__ import annotations

import asyncio
import gzip
import time

import duckdb
import pytest


def make_flights(console, kind="csv"):
    console.lake.write("b", "flights/month=1/a.csv", b"id,dest,delay\n1,JFK,5\n2,,NA\n3,BOS,\n")
    body = gzip.compress(b"id,dest,delay\n4,SFO,-7\n")
    console.lake.write("b", "flights/month=2/a.csv.gz", body)
    console.ok(
        "CREATE EXTERNAL TABLE flights (id INT, dest STRING, `delay` INT) "
        "PARTITIONED BY (month INT) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://b/flights/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )


def test_select_one_writes_athenas_csv(console):
    outcome = console.ok("SELECT 1, 'a\"b' AS t, NULL, ''")
    assert outcome.result.read_text() == '"_col0","t","_col2","_col3"\n"1","a""b",,""\n'
    assert [(c.name, c.type, c.precision) for c in outcome.columns] == [
        ("_col0", "integer", 10),
        ("t", "varchar", 3),
        ("_col2", "unknown", 0),
        ("_col3", "varchar", 0),
    ]
    assert (outcome.statement_type, outcome.substatement_type) == ("DML", "SELECT")
    assert outcome.row_count == 1


def test_columns_of_the_same_name_keep_it(console):
    outcome = console.ok("SELECT 1 a, 2 a")
    assert outcome.result.read_text() == '"a","a"\n"1","2"\n'


def test_a_csv_table_is_read_as_hive_reads_it(console):
    make_flights(console)
    console.ok("MSCK REPAIR TABLE flights")
    assert console.rows("SELECT id, dest, delay, month FROM flights ORDER BY id") == [
        ["1", "JFK", "5", "1"],
        ["2", "", "", "1"],
        ["3", "BOS", "", "1"],
        ["4", "SFO", "-7", "2"],
    ]
    assert console.rows("SELECT count(dest), count(delay) FROM flights") == [["4", "2"]]


def test_only_the_files_of_matching_partitions_are_read(console):
    make_flights(console)
    console.ok("MSCK REPAIR TABLE flights")
    whole = console.ok("SELECT sum(delay) FROM flights").data_scanned_bytes
    part = console.ok("SELECT sum(delay) FROM flights WHERE month = 2").data_scanned_bytes
    assert 0 < part < whole
    assert console.rows("SELECT month FROM flights WHERE month IN (2, 3) AND id > 0") == [["2"]]


def test_create_table_as_writes_partitions_and_the_catalog(console):
    make_flights(console)
    console.ok("MSCK REPAIR TABLE flights")
    outcome = console.ok(
        "CREATE TABLE f2 WITH (format='PARQUET', external_location='s3://b/f2/', "
        "partitioned_by=ARRAY['month']) AS SELECT id, delay, month FROM flights"
    )
    assert outcome.substatement_type == "CREATE_TABLE_AS_SELECT"
    assert outcome.update_count == 4
    assert outcome.manifest.read_text().splitlines() == list(outcome.output_objects)
    assert console.rows("SELECT month, sum(delay) FROM f2 GROUP BY 1 ORDER BY 1") == [
        ["1", "5"],
        ["2", "-7"],
    ]
    assert console.lines("SHOW PARTITIONS f2") == ["month=1", "month=2"]
    path = console.lake.path("b", outcome.output_objects[0][len("s3://b/") :])
    assert [
        row[0]
        for row in duckdb.sql(
            f"DESCRIBE FROM read_parquet('{path}', hive_partitioning=false)"
        ).fetchall()
    ] == ["id", "delay"]


def test_create_table_as_refuses_a_full_location_and_leaves_no_trace(console):
    console.lake.write("b", "x/there", b"1")
    name, _ = console.error("CREATE TABLE x WITH (external_location='s3://b/x/') AS SELECT 1 AS a")
    assert name == "HIVE_PATH_ALREADY_EXISTS"
    name, _ = console.error(
        "CREATE TABLE y WITH (external_location='s3://b/y/') AS SELECT 1 / (a - a) AS q "
        "FROM (VALUES 1) t(a)"
    )
    assert name == "DIVISION_BY_ZERO"
    assert console.lake.keys("b") == ["x/there"]
    assert console.lake.tables == {}


@pytest.mark.parametrize("form", ["TEXTFILE", "JSON"])
def test_text_tables_written_are_read_back(console, form):
    console.ok(
        f"CREATE TABLE t WITH (format='{form}') AS SELECT 1 AS a, 'x' AS b, DATE "
        "'2024-02-01' AS c, true AS d"
    )
    assert console.rows("SELECT * FROM t") == [["1", "x", "2024-02-01", "true"]]


def test_an_opencsv_table_unquotes(console):
    console.lake.write("b", "q/a.csv", b'"a,1","say ""hi"""\nplain,\n')
    console.ok(
        "CREATE EXTERNAL TABLE q (a string, b string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://b/q/'"
    )
    assert console.rows("SELECT a, b FROM q") == [["a,1", 'say "hi"'], ["plain", ""]]


def test_text_in_a_compression_not_built_says_so(console):
    console.lake.write("b", "z/a.csv.lzo", b"BZh9")
    console.ok("CREATE EXTERNAL TABLE z (a int) LOCATION 's3://b/z/'")
    assert console.error("SELECT a FROM z") == (
        "NOT_SUPPORTED", "Reading .lzo files is not built in lakebed yet",
    )  # fmt: skip


def test_a_table_lies_in_s3(console):
    for location in ("b/x/", "file:///x/", "s3:/b/x/"):
        name, message = console.error(f"CREATE EXTERNAL TABLE away (a int) LOCATION '{location}'")
        assert (name, message) == (
            "INVALID_TABLE_PROPERTY", f"LOCATION must be of the form s3://bucket/path/: {location}",
        )  # fmt: skip


def test_show_and_describe(console):
    console.ok("CREATE DATABASE IF NOT EXISTS d2 COMMENT 'x'")
    make_flights(console)
    assert console.lines("SHOW DATABASES") == ["d2", "default"]
    for pattern in (".*2", "d2", "*2", "x|d.*2"):
        assert console.lines(f"SHOW DATABASES LIKE '{pattern}'") == ["d2"]
    assert console.error("SHOW SCHEMAS LIKE '['")[0] == "INVALID_FUNCTION_ARGUMENT"
    assert console.lines("SHOW TABLES IN default") == ["flights"]
    assert console.lines("SHOW TABLES IN default 'x*|fl*'") == ["flights"]
    assert console.lines("SHOW TABLES '*x'") == []
    assert [line.strip() for line in console.lines("SHOW COLUMNS IN flights")] == [
        "id", "dest", "delay", "month",
    ]  # fmt: skip
    assert console.lines("DESCRIBE flights")[0].split() == ["id", "int"]
    console.ok("ALTER TABLE flights ADD PARTITION (month=9) LOCATION 's3://b/nine/'")
    assert console.lines("SHOW PARTITIONS flights") == ["month=9"]
    console.ok("ALTER TABLE flights DROP PARTITION (month=9)")
    assert console.lines("SHOW PARTITIONS flights") == []
    assert console.error("DROP DATABASE default") == (
        "FAILED",
        "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
        "InvalidOperationException(message:Database default is not empty. "
        "One or more tables exist.)",
    )
    console.ok("DROP TABLE flights")
    console.ok("DROP DATABASE d2 CASCADE")
    assert console.lines("SHOW DATABASES") == ["default"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT * FROM nope", "TABLE_NOT_FOUND"),
        ("SELECT * FROM nowhere.nope", "SCHEMA_NOT_FOUND"),
        ("SELECT x", "COLUMN_NOT_FOUND"),
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT 1 +", "SYNTAX_ERROR"),
        ("SELECT foo(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT read_text('/etc/passwd')", "FUNCTION_NOT_FOUND"),
        ("SELECT * FROM read_csv('/etc/passwd')", "NOT_SUPPORTED"),
        ("SELECT 1 = 'a'", "TYPE_MISMATCH"),
        ("SELECT a, count(*) FROM (VALUES 1) t(a)", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO"),
        ("SELECT CAST('x' AS INTEGER)", "INVALID_CAST_ARGUMENT"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT a FROM (VALUES 1) t(a), (VALUES 2) u(a)", "AMBIGUOUS_NAME"),
        ("CREATE TABLE t AS SELECT 1 a, 2 a", "DUPLICATE_COLUMN_NAME"),
        ("UNLOAD (SELECT 1) TO 's3://b/'", "MISSING_REQUIRED_PROPERTY"),
        ("DELETE FROM t", "TABLE_NOT_FOUND"),
    ],
)
def test_errors_carry_trinos_names(console, text, name):
    assert console.error(text)[0] == name


def test_parameters_fill_the_question_marks(console):
    assert console.rows("SELECT ?, ? + 1", parameters=("'it''s'", "41")) == [["it's", "42"]]
    assert console.error("SELECT ?")[0] == "INVALID_PARAMETER_USAGE"


def test_stop_ends_a_query_at_once(console):
    async def scene():
        text = (
            "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
            "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 100)) c(z) "
            "WHERE x * y % 7 = 3"
        )
        query = console.query(text)
        task = asyncio.ensure_future(console.engine.run(query, console.lake))
        await asyncio.sleep(0.5)
        started = time.perf_counter()
        assert await console.engine.stop(query.id)
        outcome = await task
        return outcome, time.perf_counter() - started

    outcome, seconds = console.wait(scene())
    assert outcome.state == "CANCELLED"
    assert seconds < 0.5
    assert console.rows("SELECT 1") == [["1"]]


def test_a_killed_worker_fails_one_query_with_a_reason(console):
    async def scene():
        query = console.query(
            "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
            "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 100)) c(z) "
            "WHERE x * y % 7 = 3"
        )
        task = asyncio.ensure_future(console.engine.run(query, console.lake))
        await asyncio.sleep(0.5)
        for worker in list(console.engine._workers):
            worker.process.kill()
        return await task

    outcome = console.wait(scene())
    assert outcome.state == "FAILED"
    assert outcome.error.name == "GENERIC_INTERNAL_ERROR"
    assert outcome.error.retryable
    assert console.rows("SELECT 1") == [["1"]]


def test_a_bug_of_the_server_fails_the_query_and_is_logged(console, caplog):
    def broken(request):
        raise ZeroDivisionError("a bug")

    console.lake.get_table = broken
    name, message = console.error("SELECT * FROM t")
    assert (name, message) == ("GENERIC_INTERNAL_ERROR", "ZeroDivisionError('a bug')")
    assert "ZeroDivisionError" in caplog.text


def test_sums_of_products_have_the_digits_they_need(console):
    rows = "(VALUES (DECIMAL '9999999999999.99', DECIMAL '1.50'), (DECIMAL '1.00', {})) AS t(a, b)"
    sums = "SELECT sum(a * (1 + b)), avg(a * b), sum(DISTINCT a * b) FROM " + rows
    assert console.rows(sums.format("DECIMAL '0.50'")) == [
        ["25000000000001.4750", "7500000000000.2425", "15000000000000.4850"]
    ]
    assert console.rows(sums.format("DECIMAL '9999999999999.99'")) == [
        ["35000000000000.9650", "12499999999999.9875", "24999999999999.9750"]
    ]
    squares = "SELECT sum(a * a), avg(a * a * b) FROM " + rows
    assert console.rows(squares.format("DECIMAL '2.00'")) == [
        ["99999999999999800000000001.0001", "74999999999999850000000001.000075"]
    ]
