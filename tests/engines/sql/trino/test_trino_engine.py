"""The Trino engine against a server that speaks its protocol: what goes out, what comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lakebed.core.settings import Settings
from lakebed.engines.sql import EngineSettings
from lakebed.engines.sql.trino import open_engine
from tests.engines.sql.conftest import Console
from tests.engines.sql.lake import FakeLake
from tests.engines.sql.trino.fake_trino import FakeTrino

ROWS = [
    {"stats": {"state": "QUEUED"}},
    {"columns": [{"name": "Foo", "type": "integer"}, {"name": "s", "type": "varchar(3)"}],
     "data": [[1, 'a"b'], [None, ""]]},
    {"columns": [{"name": "Foo", "type": "integer"}, {"name": "s", "type": "varchar(3)"}],
     "data": [[3, None]], "stats": {"physicalInputBytes": 77}},
]  # fmt: skip


class TrinoConsole(Console):
    def __init__(self, root: Path, url: str) -> None:
        self.url = url
        super().__init__(root)

    async def _open(self):
        return open_engine(EngineSettings(2, server=Settings(sql_trino_url=self.url)))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    fake = FakeTrino()
    console = TrinoConsole(tmp_path_factory.mktemp("trino"), fake.url)
    yield console, fake
    console.wait(console.engine.close())
    console.loop.close()
    fake.close()


@pytest.fixture
def console(opened, tmp_path):
    console, fake = opened
    console.lake = FakeLake(tmp_path / "lake")
    fake.asked.clear()
    fake.headers.clear()
    fake.answers = {"SELECT": ROWS}
    fake.cancelled.clear()
    return console


@pytest.fixture
def trino(opened):
    return opened[1]


def test_a_query_is_handed_over_and_its_pages_are_the_result(console, trino):
    outcome = console.ok("SELECT Foo, s FROM t;", database="shop")
    assert outcome.result.read_text() == '"Foo","s"\n"1","a""b"\n,""\n"3",\n'
    assert [(one.name, one.type, one.trino_type) for one in outcome.columns] == [
        ("Foo", "integer", "integer"), ("s", "varchar", "varchar(3)"),
    ]  # fmt: skip
    assert (outcome.row_count, outcome.data_scanned_bytes) == (3, 77)
    assert trino.asked == [("POST", "/v1/statement", "SELECT Foo, s FROM t")]
    sent = trino.headers[0]
    assert (sent["X-Trino-Catalog"], sent["X-Trino-Schema"]) == ("awsdatacatalog", "shop")


def test_what_our_grammar_does_not_know_is_trinos_to_judge(console, trino):
    console.ok("SELECT a b c d FROM")
    assert trino.texts == ["SELECT a b c d FROM"]


def test_a_busy_server_is_asked_again(console, trino):
    trino.busy = 2
    assert console.ok("SELECT 1").row_count == 3


def test_parameters_go_with_the_statement(console, trino):
    trino.answers = {"EXECUTE IMMEDIATE": ROWS}
    console.ok("SELECT 'it''s', ? + ?", parameters=("1", "2"))
    assert trino.texts == ["EXECUTE IMMEDIATE 'SELECT ''it''''s'', ? + ?' USING 1, 2"]


def test_trinos_error_is_the_querys(console, trino):
    trino.answers["SELECT"] = [
        {"error": {"errorName": "DIVISION_BY_ZERO", "message": "Division by zero"}}
    ]
    outcome = console.run("SELECT 1/0")
    assert outcome.state == "FAILED"
    assert (outcome.error.name, outcome.error.message) == ("DIVISION_BY_ZERO", "Division by zero")
    assert (outcome.error.category, outcome.error.type_code) == (2, 1001)


def test_a_stopped_query_is_ended_there_too(console, trino):
    trino.answers["SELECT"] = [{"endless": True}]
    query = console.query("SELECT 1")

    async def stopped():
        work = asyncio.ensure_future(console.engine.run(query, console.lake))
        while len(trino.asked) < 1:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert await console.engine.stop(query.id)
        return await work

    assert console.wait(stopped()).state == "CANCELLED"
    assert trino.cancelled.wait(5)
    assert trino.asked[-1] == ("DELETE", "/v1/query/20260101_q1", "")


def test_a_scan_limit_ends_a_query(console):
    outcome = console.run("SELECT 1", bytes_scanned_max=76)
    assert (outcome.state, outcome.error.name) == ("CANCELLED", "EXCEEDED_SCAN_LIMIT")


def test_create_table_as_says_athenas_properties_in_trinos_words(console, trino):
    trino.answers = {"CREATE TABLE": [{"updateCount": 7, "stats": {"physicalInputBytes": 5}}]}
    outcome = console.ok(
        "CREATE TABLE shop.t WITH (format = 'TEXTFILE', field_delimiter = ',', "
        "partitioned_by = ARRAY['d'], write_compression = 'SNAPPY', external_location = 's3://b/t')"
        " AS SELECT ' AS ' x, d FROM u"
    )
    assert trino.texts == [
        'CREATE TABLE awsdatacatalog."shop"."t" WITH (format = \'TEXTFILE\', external_location = '
        "'s3://b/t/', partitioned_by = ARRAY['d'], textfile_field_separator = ',') AS "
        "SELECT ' AS ' x, d FROM u"
    ]
    assert trino.headers[0]["X-Trino-Session"] == "awsdatacatalog.compression_codec=SNAPPY"
    assert (outcome.update_count, outcome.data_scanned_bytes) == (7, 5)
    assert (outcome.statement_type, outcome.substatement_type) == ("DDL", "CREATE_TABLE_AS_SELECT")


def test_create_table_as_goes_below_the_results_by_default(console, trino):
    trino.answers = {"CREATE TABLE": [{"updateCount": 0}]}
    console.ok("CREATE TABLE t AS WITH a AS (SELECT 1 x) SELECT * FROM a WITH NO DATA")
    text = trino.texts[0]
    assert "external_location = 's3://results/out/tables/id-" in text
    assert text.endswith(") AS WITH a AS (SELECT 1 x) SELECT * FROM a  WITH NO DATA")


def test_insert_is_handed_over(console, trino):
    trino.answers = {"INSERT": [{"updateCount": 2}]}
    console.ok("CREATE EXTERNAL TABLE t (x int) LOCATION 's3://b/t/'")
    assert console.ok("INSERT INTO t VALUES (1), (2)").update_count == 2
    assert trino.texts == ["INSERT INTO t VALUES (1), (2)"]


def test_ddl_stays_here_and_unload_is_refused(console, trino):
    console.ok("CREATE DATABASE shop")
    assert console.lines("SHOW DATABASES LIKE 'sh*'") == ["shop"]
    assert console.error("UNLOAD (SELECT 1) TO 's3://b/u/' WITH (format = 'PARQUET')") == (
        "NOT_SUPPORTED", "line 1:1: UNLOAD with the Trino engine is not built in lakebed yet",
    )  # fmt: skip
    assert trino.texts == []


def test_explain_shows_trinos_plan(console, trino):
    trino.answers = {"EXPLAIN": [{"columns": [{"name": "Query Plan", "type": "varchar"}],
                                  "data": [["Fragment 0\n  Output"]]}]}  # fmt: skip
    assert console.lines("EXPLAIN SELECT 1") == ["Query Plan", "Fragment 0", "  Output"]


def test_without_its_files_a_child_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("LAKEBED_TRINO_HOME", raising=False)
    loop = asyncio.new_event_loop()
    engine = open_engine(EngineSettings(server=Settings(data_dir=tmp_path)))
    console = Console.__new__(Console)
    console.numbers, console.root = iter(range(9)), tmp_path
    outcome = loop.run_until_complete(engine.run(console.query("SELECT 1"), FakeLake(tmp_path)))
    loop.run_until_complete(engine.close())
    loop.close()
    assert outcome.state == "FAILED"
    assert outcome.error.message == "Trino is not installed: run `lakebed engine add trino`"
