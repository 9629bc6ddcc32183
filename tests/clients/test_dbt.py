"""dbt-athena on a project of its own: built, its seeds changed, built again; every table read."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyathena import connect

from tests.clients.clients import client, run

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "dbt_project"
CUSTOMERS = """id,name,city,changed_at
1,Ada,Paris,2024-04-01 00:00:00
2,Bo,Oslo,2024-01-01 00:00:00
4,Dee,Rome,2024-04-01 00:00:00
"""
ORDERS = """id,customer_id,ordered_on,amount
10,1,2024-03-01,0
11,2,2024-03-01,8.25
12,1,2024-03-02,2.00
13,4,2024-03-02,4.00
14,4,2024-03-03,1.50
"""

D1, D2, D3 = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)
TABLES = {
    "customers": [
        (1, "Ada", "Paris", datetime(2024, 4, 1)),
        (2, "Bo", "Oslo", datetime(2024, 1, 1)),
        (4, "Dee", "Rome", datetime(2024, 4, 1)),
    ],
    "orders_by_day": [
        (1, Decimal("1.50"), D3), (2, Decimal("6.00"), D2), (2, Decimal("8.25"), D1),
    ],
    "spending": [(1, "Ada", Decimal("2.00")), (2, "Bo", Decimal("8.25")),
                 (4, "Dee", Decimal("5.50"))],
    "appended": [
        (10, Decimal("5.50"), 1), (11, Decimal("7.25"), 1), (12, Decimal("1.00"), 1),
        (13, Decimal("4.00"), 2), (14, Decimal("1.50"), 2),
    ],
    "overwritten": [
        (10, Decimal("5.50"), D1), (11, Decimal("7.25"), D1), (12, Decimal("2.00"), D2),
        (13, Decimal("4.00"), D2), (14, Decimal("1.50"), D3),
    ],
    "merged": [
        (11, Decimal("8.25"), datetime(2024, 3, 1), 2),
        (12, Decimal("2.00"), datetime(2024, 3, 2), 1),
        (13, Decimal("4.00"), datetime(2024, 3, 2), 4),
        (14, Decimal("1.50"), datetime(2024, 3, 3), 4),
    ],
}  # fmt: skip
HISTORY = """
SELECT id, name, city, dbt_valid_from, if(id = 3, NULL, dbt_valid_to), dbt_valid_to IS NOT NULL
FROM shop.customers_history ORDER BY 1, dbt_valid_from
"""
"""Customer 3 is gone from the seed: its row ends when the second build ran."""

SNAPSHOT = ["dbt_updated_at timestamp", "dbt_valid_from timestamp", "dbt_valid_to timestamp"]
DESCRIBED = {
    "customers": ["table", None, "id int", "name string", "city string", "changed_at timestamp"],
    "orders": [
        "table", None, "id int", "customer_id int", "ordered_on date", "amount decimal(10,2)",
    ],
    "stg_orders": [
        "view", "Orders, their columns named as the other models want them",
        "order_id int", "customer_id int", "ordered_on date", "amount decimal(10,2)",
    ],
    "orders_by_day": [
        "table", "What a day brought",
        "orders bigint how many", "amount decimal(38,2)", "ordered_on date",
    ],
    "spending": [
        "iceberg_table", "What a customer spent",
        "id int the customer", "name string", "amount decimal(38,2)",
    ],
    "appended": ["table", None, "order_id int", "amount decimal(10,2)", "run int"],
    "overwritten": ["table", None, "order_id int", "amount decimal(10,2)", "ordered_on date"],
    "merged": [
        "iceberg_table", None,
        "order_id int", "amount decimal(10,2)", "ordered_at timestamp", "customer_id int",
    ],
    "customers_history": [
        "iceberg_table", None,
        "id int", "name string", "city string", "changed_at timestamp", "dbt_scd_id string",
        *SNAPSHOT,
    ],
    "cities": ["table", None, "id int", "city string", *SNAPSHOT, "dbt_scd_id string"],
}  # fmt: skip


@pytest.fixture
def dbt(lakebed, tmp_path):
    lakebed.client("s3").create_bucket(Bucket="dbt")
    project = shutil.copytree(PROJECT, tmp_path / "project")

    def call(*arguments: str) -> str:
        command = [client("dbt"), *arguments, "--no-use-colors"]
        return run(lakebed, *command, folder=project, seconds=300)

    return call


@pytest.fixture
def rows(lakebed):
    with connect(s3_staging_dir="s3://dbt/results/", poll_interval=0.05) as connection:

        def read(query: str) -> list[tuple[object, ...]]:
            return connection.cursor().execute(query).fetchall()

        yield read


def test_a_project_is_built_twice(dbt, rows, tmp_path):
    assert "PASS=19 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=19" in dbt("build")
    (tmp_path / "project" / "seeds" / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "project" / "seeds" / "orders.csv").write_text(ORDERS)
    assert "PASS=19 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=19" in dbt("build")
    assert {name: rows(f"SELECT * FROM shop.{name} ORDER BY 1, 2") for name in TABLES} == TABLES
    assert rows(HISTORY) == [
        (1, "Ada", "London", datetime(2024, 1, 1), datetime(2024, 4, 1), True),
        (1, "Ada", "Paris", datetime(2024, 4, 1), None, False),
        (2, "Bo", "Oslo", datetime(2024, 1, 1), None, False),
        (3, "Cy, the third", None, datetime(2024, 1, 2, 12, 30), None, True),
        (4, "Dee", "Rome", datetime(2024, 4, 1), None, False),
    ]
    cities = "SELECT id, city, dbt_valid_to IS NOT NULL FROM shop.cities ORDER BY 1, 2"
    assert rows(cities) == [
        (1, "London", True), (1, "Paris", False), (2, "Oslo", False), (3, None, False),
        (4, "Rome", False),
    ]  # fmt: skip
    dbt("docs", "generate")
    catalog = json.loads((tmp_path / "project" / "target" / "catalog.json").read_text())
    assert _described(catalog) == DESCRIBED


def _described(catalog) -> dict[str, list[str]]:
    """Return kind, comment and columns of each relation of dbt's catalog."""
    out: dict[str, list[str]] = {}
    for node in catalog["nodes"].values():
        about = node["metadata"]
        columns = sorted(node["columns"].values(), key=lambda column: column["index"])
        out[about["name"]] = [about["type"], about["comment"]] + [
            " ".join(filter(None, (column["name"], column["type"], column["comment"])))
            for column in columns
        ]
    return out
