"""Views and information_schema: names that stand for queries over the catalog."""

from __future__ import annotations

import base64
import json

import pytest


@pytest.fixture
def people(console):
    console.lake.write("b", "people/a.csv", b"1,Ann,30\n2,Bob,40\n3,Cy,50\n")
    console.ok(
        "CREATE EXTERNAL TABLE people (id int, name string, age int) ROW FORMAT DELIMITED "
        "FIELDS TERMINATED BY ',' LOCATION 's3://b/people/'"
    )
    console.ok("CREATE DATABASE other")
    return console


def test_a_view_is_kept_as_athena_keeps_it(people):
    outcome = people.ok("CREATE VIEW old AS SELECT name, age * 2 AS twice FROM people")
    assert (outcome.statement_type, outcome.substatement_type) == ("DDL", "CREATE_VIEW")
    table = people.lake.tables["default", "old"]
    text = table.pop("ViewOriginalText")
    assert json.loads(base64.b64decode(text[len("/* Presto View: ") : -len(" */")])) == {
        "originalSql": "SELECT name, age * 2 AS twice FROM people",
        "catalog": "awsdatacatalog",
        "schema": "default",
        "columns": [{"name": "name", "type": "varchar"}, {"name": "twice", "type": "integer"}],
        "runAsInvoker": True,
    }
    assert table == {
        "Name": "old",
        "DatabaseName": "default",
        "TableType": "VIRTUAL_VIEW",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {
            "Columns": [{"Name": "name", "Type": "string"}, {"Name": "twice", "Type": "int"}],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def test_views_are_read_through_views_from_any_database(people):
    people.ok("CREATE VIEW old AS SELECT * FROM people WHERE age > 35")
    people.ok("CREATE VIEW other.oldest AS SELECT id, upper(name) AS n FROM old ORDER BY age DESC")
    assert people.rows("SELECT n FROM other.oldest WHERE id > 1 ORDER BY id") == [["BOB"], ["CY"]]
    text = "SELECT o.n, p.age FROM oldest o JOIN default.people p USING (id) ORDER BY 1"
    assert people.rows(text, database="other") == [["BOB", "40"], ["CY", "50"]]
    assert people.rows("SELECT count(*) FROM old a JOIN old b ON a.id = b.id") == [["2"]]


def test_a_view_is_replaced_shown_and_dropped(people):
    people.ok("CREATE VIEW v AS SELECT 1 AS a")
    assert people.error("CREATE VIEW v AS SELECT 2 AS a") == (
        "TABLE_ALREADY_EXISTS",
        "line 1:1: View already exists: 'awsdatacatalog.default.v'",
    )
    people.ok("CREATE OR REPLACE VIEW v AS\nSELECT 2 AS b")
    assert people.rows("SELECT b FROM v") == [["2"]]
    assert people.lines("SHOW VIEWS") == ["v"]
    assert people.lines("SHOW TABLES") == ["people", "v"]
    assert people.lines("SHOW VIEWS IN default LIKE 'x.*'") == []
    shown = "\n".join(people.lines("SHOW CREATE VIEW v"))
    assert shown == "CREATE VIEW awsdatacatalog.default.v AS \nSELECT 2 AS b"
    people.ok("DROP VIEW v")
    people.ok(shown)
    assert people.rows("TABLE v") == [["2"]]
    people.ok("DROP VIEW IF EXISTS v")
    people.ok("DROP VIEW IF EXISTS v")
    assert people.error("DROP VIEW v") == (
        "TABLE_NOT_FOUND",
        "line 1:1: View 'awsdatacatalog.default.v' does not exist",
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("CREATE VIEW v AS SELECT 1", "MISSING_COLUMN_NAME"),
        ("CREATE VIEW v AS SELECT 1 a, 2 A", "DUPLICATE_COLUMN_NAME"),
        ("CREATE VIEW v AS SELECT NULL a", "COLUMN_TYPE_UNKNOWN"),
        ("CREATE VIEW v AS SELECT nope FROM people", "COLUMN_NOT_FOUND"),
        ("CREATE VIEW people AS SELECT 1 a", "TABLE_ALREADY_EXISTS"),
        ("DROP VIEW people", "TABLE_NOT_FOUND"),
        ("CREATE VIEW nope.v AS SELECT 1 a", "SCHEMA_NOT_FOUND"),
    ],
)
def test_what_cannot_be_a_view_is_refused(people, text, error):
    assert people.error(text)[0] == error
    assert set(people.lake.tables) == {("default", "people")}


def test_a_view_whose_tables_changed_says_so(people):
    people.ok("CREATE VIEW v AS SELECT name FROM people")
    people.ok("ALTER TABLE people REPLACE COLUMNS (id int)")
    assert people.error("SELECT * FROM v") == (
        "INVALID_VIEW",
        "line 1:15: Failed analyzing stored view 'awsdatacatalog.default.v': "
        "line 1:8: Column 'name' cannot be resolved",
    )
    people.ok("ALTER TABLE people REPLACE COLUMNS (name int)")
    assert people.error("SELECT * FROM v")[0] == "VIEW_IS_STALE"


def test_a_view_of_itself_is_refused(people):
    people.ok("CREATE VIEW v AS SELECT 1 a")
    people.ok("CREATE VIEW w AS SELECT a FROM v")
    people.ok("CREATE OR REPLACE VIEW v AS SELECT a FROM w")
    name, message = people.error("SELECT * FROM v")
    assert (name, "recursive" in message) == ("INVALID_VIEW", True)


def test_information_schema_lists_the_catalog(people):
    people.ok("CREATE VIEW other.v AS SELECT 1 AS a, 'x' AS b")
    text = "SELECT * FROM information_schema.tables ORDER BY table_name"
    assert people.rows(text) == [
        ["awsdatacatalog", "default", "people", "BASE TABLE"],
        ["awsdatacatalog", "other", "v", "VIEW"],
    ]
    assert people.rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1") == [
        ["default"], ["information_schema"], ["other"],
    ]  # fmt: skip
    text = (
        "SELECT table_name, column_name, ordinal_position, is_nullable, data_type "
        "FROM information_schema.columns WHERE table_schema = 'other' ORDER BY 3"
    )
    assert people.rows(text) == [
        ["v", "a", "1", "YES", "integer"],
        ["v", "b", "2", "YES", "varchar(1)"],
    ]
    text = "SELECT view_definition FROM information_schema.views WHERE table_schema <> 'default'"
    assert people.rows(text) == [["SELECT 1 AS a, 'x' AS b"]]


def test_information_schema_asks_for_no_more_than_the_query_wants(people):
    people.lake.calls.clear()
    text = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'other'"
    assert people.rows(text) == []
    assert people.lake.calls == ["get_databases", "get_tables"]
