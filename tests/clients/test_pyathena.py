"""PyAthena's cursors against a live server."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyathena import connect
from pyathena.error import OperationalError


@pytest.fixture
def cursor(lakebed):
    lakebed.client("s3").create_bucket(Bucket="lake")
    with connect(s3_staging_dir="s3://lake/staging/", poll_interval=0.05) as connection:
        yield connection.cursor()


def test_values_come_back_in_their_types(cursor):
    cursor.execute(
        "SELECT 1 AS i, 2.5 AS d, 'x' AS s, DATE '2024-02-29' AS day, true AS b, "
        "CAST(NULL AS varchar) AS n, 1e0 AS f"
    )
    assert [(column[0], column[1]) for column in cursor.description] == [
        ("i", "integer"), ("d", "decimal"), ("s", "varchar"), ("day", "date"), ("b", "boolean"),
        ("n", "varchar"), ("f", "double"),
    ]  # fmt: skip
    assert cursor.fetchall() == [(1, Decimal("2.5"), "x", date(2024, 2, 29), True, None, 1.0)]


def test_ddl_then_select(cursor):
    cursor.execute("CREATE DATABASE shop")
    cursor.execute(
        "CREATE EXTERNAL TABLE shop.t (a int, b string) ROW FORMAT DELIMITED "
        "FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' STORED AS TEXTFILE "
        "LOCATION 's3://lake/t/'"
    )
    cursor.execute("SHOW TABLES IN shop")
    assert cursor.fetchall() == [("t",)]
    cursor.execute("SELECT count(*) FROM shop.t")
    assert cursor.fetchall() == [(0,)]
    cursor.execute("CREATE TABLE shop.u AS SELECT 7/2 AS n, 'a' AS s UNION ALL SELECT 1, 'b'")
    cursor.execute("SELECT * FROM shop.u ORDER BY n")
    assert cursor.fetchall() == [(1, "b"), (3, "a")]
    cursor.execute("DROP TABLE shop.u")
    cursor.execute("SHOW TABLES IN shop")
    assert cursor.fetchall() == [("t",)]


def test_paging_over_more_than_a_thousand_rows(cursor):
    digits = "(VALUES 0,1,2,3,4,5,6,7,8,9)"
    cursor.execute(
        f"SELECT a.x * 1000 + b.x * 100 + c.x * 10 + d.x AS n FROM {digits} a(x) "
        f"CROSS JOIN {digits} b(x) CROSS JOIN {digits} c(x) CROSS JOIN (VALUES 0,1,2) d(x) "
        "ORDER BY n"
    )
    found = [row[0] for row in cursor.fetchall()]
    assert len(found) == 3000
    assert found == sorted(found)


def test_errors_carry_trinos_name(cursor):
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND"):
        cursor.execute("SELECT nope FROM (VALUES 1) t(x)")
    with pytest.raises(OperationalError, match="mismatched input 'SELEC'"):
        cursor.execute("SELEC 1")
