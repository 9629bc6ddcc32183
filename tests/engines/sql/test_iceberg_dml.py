"""Rows of Iceberg tables changed: DELETE, UPDATE, MERGE, and what others did meanwhile."""

from __future__ import annotations

import pytest

from tests.engines.sql.iceberg_tables import Athena


@pytest.fixture
def athena(lakebed):
    return Athena(lakebed)


@pytest.fixture
def stock(athena):
    athena.create("stock", "id bigint, name string, amount int", "PARTITIONED BY (bucket(2, id))")
    athena.ok(
        "INSERT INTO stock SELECT n, 'n' || CAST(n AS varchar), CAST(n * 10 AS integer) "
        "FROM UNNEST(sequence(1, 10)) AS t(n)"
    )
    return athena


def contents(athena, name="stock"):
    return [tuple(one.values()) for one in athena.read(name)]


def test_delete_writes_positions_that_pyiceberg_reads(stock):
    query = stock.ok("DELETE FROM stock WHERE amount > 20 AND id % 2 = 0")
    assert (query["StatementType"], query["SubstatementType"]) == ("DML", "DELETE")
    left = [1, 2, 3, 5, 7, 9]
    assert [one[0] for one in contents(stock)] == left
    assert stock.rows("SELECT array_agg(id ORDER BY id), count(*) FROM stock") == [[str(left), "6"]]
    assert [one for one in stock.keys("stock/data/") if "deletes" in one]
    stock.ok("DELETE FROM stock WHERE name = 'n1'")
    assert stock.rows("SELECT min(id), count(*) FROM stock") == [["2", "5"]]
    stock.ok("DELETE FROM stock WHERE id > 100")
    operations = stock.rows('SELECT operation FROM "stock$snapshots" ORDER BY committed_at')
    assert operations == [["append"], ["delete"], ["delete"]]


def test_delete_without_where_removes_the_files(stock):
    stock.ok("DELETE FROM stock")
    assert stock.rows("SELECT count(*) FROM stock") == [["0"]]
    assert stock.rows('SELECT count(*) FROM "stock$files"') == [["0"]]
    assert contents(stock) == []


def test_update_sets_values_of_the_rows_it_finds(stock):
    stock.ok("UPDATE stock SET amount = amount + 1, name = upper(name) WHERE id IN (2, 3)")
    stock.ok("UPDATE stock SET name = NULL WHERE id = (SELECT max(id) FROM stock)")
    assert contents(stock)[:3] == [(1, "n1", 10), (2, "N2", 21), (3, "N3", 31)]
    assert contents(stock)[9] == (10, None, 100)
    assert stock.rows("SELECT sum(amount), count(*) FROM stock") == [["552", "10"]]
    assert "COLUMN_NOT_FOUND" in stock.error("UPDATE stock SET nope = 1")
    assert "TYPE_MISMATCH" in stock.error("UPDATE stock SET amount = 'x'")
    assert "TABLE_NOT_FOUND" in stock.error("UPDATE nothing SET amount = 1")


def test_merge_does_what_each_when_says(stock):
    stock.ok(
        "MERGE INTO stock AS t USING (VALUES (1, 'one', 0), (2, 'two', 5), (3, 'three', 7), "
        "(77, 'new', 1), (78, 'skipped', -1)) AS s(id, name, amount) ON t.id = s.id "
        "WHEN MATCHED AND s.amount = 0 THEN DELETE "
        "WHEN MATCHED AND t.amount < 30 THEN "
        "UPDATE SET name = s.name, amount = t.amount + s.amount "
        "WHEN NOT MATCHED AND s.amount > 0 THEN INSERT (name, id) VALUES (s.name, s.id)"
    )
    found = contents(stock)
    assert found[:2] == [(2, "two", 25), (3, "n3", 30)]
    assert found[-1] == (77, "new", None)
    assert len(found) == 10


def test_merge_refuses_a_row_that_is_changed_twice(stock):
    error = stock.error(
        "MERGE INTO stock USING (VALUES 1, 1) AS s(id) ON stock.id = s.id "
        "WHEN MATCHED THEN UPDATE SET amount = 0"
    )
    message = "One MERGE target table row matched more than one source row"
    assert error == f"MERGE_TARGET_ROW_MULTIPLE_MATCHES: {message}"
    assert "TYPE_MISMATCH" in stock.error(
        "MERGE INTO stock USING (VALUES 1) AS s(id) ON stock.id = s.id "
        "WHEN NOT MATCHED THEN INSERT VALUES (1, 2, 3)"
    )


def test_rows_of_hive_tables_and_views_cannot_be_changed(athena):
    athena.ok("CREATE EXTERNAL TABLE hive (id int) LOCATION 's3://lake/hive/'")
    athena.ok("CREATE VIEW v AS SELECT 1 AS id")
    for statement in ("DELETE FROM {}", "UPDATE {} SET id = 1"):
        error = athena.error(statement.format("hive"))
        assert error.startswith("NOT_SUPPORTED: line 1:1: Modifying Hive table rows is only")
        assert "NOT_SUPPORTED" in athena.error(statement.format("v"))


def test_equality_deletes_and_renamed_columns_of_others_are_read(stock):
    from tests.engines.sql.iceberg_foreign import add_equality_deletes

    add_equality_deletes(stock, "stock", {"name": ["n3", "n4", None]}, 2)
    assert stock.rows("SELECT count(*), count_if(name IN ('n3', 'n4')) FROM stock") == [["8", "0"]]
    stock.ok("INSERT INTO stock VALUES (3, 'n3', 1)")
    assert stock.rows("SELECT amount FROM stock WHERE id = 3") == [["1"]]
    assert stock.rows("SELECT count(*) FROM stock") == [["9"]]
    stock.ok("DELETE FROM stock WHERE id = 1")
    stock.ok("UPDATE stock SET amount = 0 WHERE id = 5")
    assert stock.rows("SELECT count(*), min(amount) FROM stock") == [["8", "0"]]
    stock.ok("OPTIMIZE stock REWRITE DATA USING BIN_PACK")
    assert stock.rows("SELECT count(*), min(amount) FROM stock") == [["8", "0"]]
