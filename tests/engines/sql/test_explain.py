"""EXPLAIN and EXPLAIN ANALYZE: plans in each format, what is read and written, validation."""

from __future__ import annotations

import json

import pytest

QUERY = "SELECT name, count(*) FROM logs WHERE day = '2024-05-02' AND id > 1 GROUP BY name"


@pytest.fixture
def logs(console):
    for day in ("2024-05-01", "2024-05-02"):
        console.lake.write("b", f"logs/day={day}/a.csv", b"1,a\n2,b\n3,b\n")
    console.ok(
        "CREATE EXTERNAL TABLE logs (id int, name string) PARTITIONED BY (day string) "
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://b/logs/'"
    )
    console.ok("MSCK REPAIR TABLE logs")
    return console


def document(console, text: str):
    title, *lines = console.lines(text)
    assert title == "Query Plan"
    return json.loads("\n".join(lines))


def operators(plan) -> list[str]:
    return [plan["name"], *(name for child in plan["children"] for name in operators(child))]


def test_the_plan_is_text_json_or_a_graph(logs):
    title, *lines = logs.lines(f"EXPLAIN {QUERY}")
    assert title == "Query Plan"
    assert any("Hash Group By" in line for line in lines)
    (physical,) = document(logs, f"EXPLAIN (FORMAT JSON) {QUERY}")
    assert "HASH_GROUP_BY" in operators(physical)
    (logical,) = document(logs, f"EXPLAIN (TYPE LOGICAL, FORMAT JSON) {QUERY}")
    assert "AGGREGATE" in operators(logical)
    graph = logs.lines(f"explain (format graphviz, type distributed) {QUERY}")
    assert graph[:2] == ["Query Plan", "digraph G {"]


def test_nothing_is_read_but_by_analyze(logs):
    assert logs.ok(f"EXPLAIN {QUERY}").data_scanned_bytes == 0
    outcome = logs.ok(f"EXPLAIN ANALYZE {QUERY}")
    assert outcome.data_scanned_bytes == 12
    assert (outcome.statement_type, outcome.substatement_type) == ("DML", "EXPLAIN")
    assert any("2 rows" in line for line in outcome.result.read_text().splitlines())
    found = document(logs, f"EXPLAIN ANALYZE (FORMAT JSON) {QUERY}")
    assert found["operator"][0]["type"] == "RESULT_COLLECTOR"


def test_validation_answers_true_or_the_error(logs):
    assert logs.lines(f"EXPLAIN (TYPE VALIDATE) {QUERY}") == ["Valid", "true"]
    assert logs.error("EXPLAIN (TYPE VALIDATE) SELECT x") == (
        "COLUMN_NOT_FOUND",
        "line 1:32: Column 'x' cannot be resolved",
    )


def test_io_names_tables_and_what_is_asked_of_partitions(logs):
    def bound(low, high):
        return {"low": low, "high": high}

    logs.ok("CREATE TABLE copy WITH (format = 'PARQUET') AS SELECT id, name FROM logs")
    exactly = {"value": "2024-05-02", "bound": "EXACTLY"}
    found = document(logs, f"EXPLAIN (TYPE IO) INSERT INTO copy SELECT 1, name FROM ({QUERY})")
    estimate = found.pop("estimate")
    assert found == {
        "inputTableColumnInfos": [
            {
                "table": {"catalog": "awsdatacatalog",
                          "schemaTable": {"schema": "default", "table": "logs"}},
                "constraint": {"none": False, "columnConstraints": [
                    {"columnName": "day", "type": "varchar",
                     "domain": {"nullsAllowed": False, "ranges": [bound(exactly, exactly)]}}
                ]},
            }
        ],
        "outputTable": {"catalog": "awsdatacatalog",
                        "schemaTable": {"schema": "default", "table": "copy"}},
    }  # fmt: skip
    assert (estimate["outputRowCount"] > 0, estimate["cpuCost"]) == (True, "NaN")
    found = document(logs, "EXPLAIN (TYPE IO) SELECT * FROM logs WHERE day > '2024-05-01'")
    (table,) = found["inputTableColumnInfos"]
    (constraint,) = table["constraint"]["columnConstraints"]
    above = {"value": "2024-05-01", "bound": "ABOVE"}
    assert constraint["domain"]["ranges"] == [bound(above, {"bound": "BELOW"})]


def test_statements_that_write_are_explained_and_write_nothing(logs):
    before = logs.lake.keys("b")
    for text in (
        "CREATE TABLE new AS SELECT id FROM logs",
        "UNLOAD (SELECT id FROM logs) TO 's3://b/u/' WITH (format = 'PARQUET')",
    ):
        assert logs.lines(f"EXPLAIN {text}")[0] == "Query Plan"
    assert (logs.lake.keys("b"), ("default", "new") in logs.lake.tables) == (before, False)
    assert logs.error("EXPLAIN INSERT INTO logs SELECT 1")[0] == "TYPE_MISMATCH"
    assert logs.error("EXPLAIN INSERT INTO nowhere SELECT 1")[0] == "TABLE_NOT_FOUND"


def test_a_query_in_parentheses_is_no_option(console):
    assert console.lines("EXPLAIN (SELECT 1)")[0] == "Query Plan"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("EXPLAIN (TYPE NOPE) SELECT 1", ("SYNTAX_ERROR", "line 1:15: mismatched input 'NOPE'. "
         "Expecting: 'DISTRIBUTED', 'IO', 'LOGICAL', 'VALIDATE'")),
        ("EXPLAIN\n(FORMAT TEXT, FORMAT XML) SELECT 1", ("SYNTAX_ERROR", "line 2:22: mismatched "
         "input 'XML'. Expecting: 'GRAPHVIZ', 'JSON', 'TEXT'")),
        ("EXPLAIN (TYPE LOGICAL, 1) SELECT 1", ("SYNTAX_ERROR", "line 1:23: mismatched input '1'. "
         "Expecting: 'FORMAT', 'TYPE'")),
        ("EXPLAIN ANALYZE (TYPE IO) SELECT 1", ("SYNTAX_ERROR", "line 1:16: EXPLAIN ANALYZE has "
         "the option FORMAT, which is TEXT or JSON")),
        ("EXPLAIN ANALYZE INSERT INTO t SELECT 1", ("NOT_SUPPORTED", "line 1:1: EXPLAIN ANALYZE of "
         "INSERT is not built in lakebed yet")),
        ("EXPLAIN SHOW TABLES", ("NOT_SUPPORTED", "line 1:1: EXPLAIN of SHOW is not built in "
         "lakebed yet")),
    ],
)  # fmt: skip
def test_other_forms_are_refused(console, text, error):
    assert console.error(text) == error
