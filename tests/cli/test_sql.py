"""`lakebed sql`: one shot, a prompt, prices, and advice that was tried."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest

from lakebed.cli.sql.athena import price
from lakebed.cli.sql.statements import is_whole, split
from tests.cli.commands import lakebed as command

MB = 1 << 20


def run(lakebed, *arguments):
    return command("sql", lakebed.data_dir, *arguments)


@pytest.fixture
def sales(lakebed):
    """A table of 12 small CSV files of a wide row, 5 countries, 12 MB."""
    s3, glue = lakebed.client("s3"), lakebed.client("glue")
    s3.create_bucket(Bucket="sales")
    lines = [f"{n},C{n % 5},{n * 7},{'x' * 170}" for n in range(5000)]
    for number in range(12):
        body = "\n".join(lines).encode()
        s3.put_object(Bucket="sales", Key=f"csv/{number:02d}.csv", Body=body)
    glue.create_database(DatabaseInput={"Name": "shop"})
    done = run(
        lakebed, "-d", "shop",
        "CREATE EXTERNAL TABLE sales (id int, country string, cents bigint, note string) "
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://sales/csv/'",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return lakebed


def test_rows_for_people_and_for_programs(lakebed):
    text = (
        "SELECT * FROM (VALUES (1, 'a,\"b', CAST(NULL AS varchar), true), (2, '', 'x', false)) "
        "AS t(i, s, n, b) ORDER BY 1"
    )
    assert run(lakebed, text).stdout.splitlines() == [
        "i | s    | n    | b",
        "--+------+------+------",
        '1 | a,"b | NULL | true',
        "2 |      | x    | false",
    ]
    assert run(lakebed, text, "--csv").stdout == 'i,s,n,b\n1,"a,""b",,true\n2,"",x,false\n'
    assert json.loads(run(lakebed, text, "--json").stdout) == [
        {"i": 1, "s": 'a,"b', "n": None, "b": True},
        {"i": 2, "s": "", "n": "x", "b": False},
    ]
    nothing = "SELECT 1 WHERE false"
    assert json.loads(run(lakebed, nothing, "--json").stdout) == []


def test_statements_of_a_file_run_until_one_fails(lakebed, tmp_path):
    text = "CREATE DATABASE d; -- one; comment\nSHOW DATABASES LIKE 'd';\nSELECT nope; SELECT 1"
    (tmp_path / "all.sql").write_text(text)
    done = run(lakebed, "-f", str(tmp_path / "all.sql"))
    assert (done.returncode, done.stdout) == (1, "d\n")
    assert done.stderr == (
        "lakebed sql: COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved\n"
    )


def test_more_rows_than_a_page_are_all_printed(lakebed):
    done = run(lakebed, "SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY 1", "--csv")
    assert done.stdout.splitlines() == ["n", *map(str, range(1, 2501))]


def test_nobody_there_is_said_with_what_to_do(tmp_path):
    done = command("sql", tmp_path, "--endpoint-url", "http://127.0.0.1:9", "SELECT 1")
    assert done.returncode == 2
    assert "is `lakebed serve` running there?" in done.stderr


def test_advice_is_given_where_trying_it_helped_and_leaves_nothing(sales):
    before = [one["Key"] for one in sales.client("s3").list_objects_v2(Bucket="sales")["Contents"]]
    text = "SELECT sum(cents) FROM sales WHERE country = 'C1'"
    done = run(sales, "-d", "shop", text, "--explain-cost")
    assert done.returncode == 0, done.stderr
    assert "11,0" in done.stderr.splitlines()[0]
    assert "bytes scanned, $0.00005" in done.stderr.splitlines()[0]
    advice = [line for line in done.stderr.splitlines() if line.startswith("advice:")]
    kinds = [line.split(": ")[2] for line in advice]
    assert kinds[:3] == [
        "keep it as Parquet (columnar)",
        "keep it as Parquet, partitioned by country (5 values)",
        "compress its files (gzip)",
    ]
    assert all("instead of" in line for line in advice)
    tables = sales.client("glue").get_tables(DatabaseName="shop")["TableList"]
    assert [one["Name"] for one in tables] == ["sales"]
    s3 = sales.client("s3")
    results = "aws-athena-query-results-000000000000-us-east-1"
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=results)["Contents"]]
    # The table's own statement, the query, and how many countries there are: each with metadata.
    assert sum(key.endswith(".csv") for key in keys) == 2
    assert [key for key in keys if "/tables/" in key] == []
    after = [one["Key"] for one in s3.list_objects_v2(Bucket="sales")["Contents"]]
    assert after == before


def test_nothing_is_advised_that_does_not_help(lakebed):
    done = run(lakebed, "SELECT 1", "--explain-cost")
    assert done.stderr.splitlines()[1:] == [
        "advice: none; nothing that was tried made this query cheaper"
    ]


def test_a_price_is_athenas():
    assert price(0) == 0
    assert price(1) == price(10 * MB) == 10 * MB * 5 / (1 << 40)
    assert price(10 * MB + 1) == 11 * MB * 5 / (1 << 40)
    assert price(1 << 40) == 5


def test_statements_end_at_semicolons_that_are_none_of_a_string():
    assert split("SELECT ';' ; -- ;\n /* ; */ SELECT \";\";;") == [
        "SELECT ';'", "-- ;\n /* ; */ SELECT \";\"",
    ]  # fmt: skip
    assert (is_whole("SELECT 1;"), is_whole("SELECT ';'"), is_whole("")) == (True, False, False)


class Terminal:
    """Types, and reads what is shown up to what is expected."""

    def __init__(self, fd):
        self.fd, self.shown = fd, b""

    def type(self, text):
        os.write(self.fd, text)

    def expect(self, wanted, seconds=20.0):
        until = time.monotonic() + seconds
        while wanted not in self.shown and time.monotonic() < until:
            if select.select([self.fd], [], [], 0.1)[0]:
                self.shown += os.read(self.fd, 65536)
                if b"\x1b[6n" in self.shown:  # the terminal is asked where its cursor is
                    self.type(b"\x1b[1;1R")
                    self.shown = self.shown.replace(b"\x1b[6n", b"")
        before, found, self.shown = self.shown.partition(wanted)
        assert found, before
        return before


def test_a_prompt_keeps_history_and_completes(lakebed):
    lakebed.client("glue").create_database(DatabaseInput={"Name": "warehouse"})
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lakebed.cli.main", "sql", "--data-dir", lakebed.data_dir],
        stdin=side, stdout=side, stderr=side, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(side)
    terminal = Terminal(main)
    try:
        terminal.expect(b"default>")
        terminal.type(b"SELECT 6 *\r 7 AS answer;\r")
        assert b"42" in terminal.expect(b"(1 row")
        terminal.expect(b"default>")
        terminal.type(b"\\u wareh\t")
        terminal.expect(b"ouse")  # what the completion adds; the line may be drawn in pieces
        terminal.type(b"\r")
        terminal.expect(b"warehouse>")
        terminal.type(b"SELECT nope;\r")
        terminal.expect(b"COLUMN_NOT_FOUND")
        terminal.expect(b"warehouse>")
        terminal.type(b"\\q\r")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)
    history = (lakebed.data_dir / "state" / "sql_history").read_text()
    assert "+SELECT 6 *\n+ 7 AS answer;\n" in history
