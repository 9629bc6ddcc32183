"""awswrangler 3.17 with its defaults, against a live server: the whole answers, types included."""

from __future__ import annotations

import awswrangler as wr
import pandas as pd
import pytest

ORDERS = pd.DataFrame(
    {
        "id": pd.array([1, 2, 3, 4], dtype="Int64"),
        "amount": [9.5, None, 3.25, 100.0],
        "name": pd.array(["a", "", None, 'naïve, "quoted"\nline'], dtype="string"),
        "paid": pd.array([True, False, None, True], dtype="boolean"),
        "day": pd.to_datetime(["2024-01-01", "2024-02-29", None, "1999-12-31"]).date,
        "at": pd.to_datetime(
            ["2024-01-01 10:00:00", None, "2024-02-29 23:59:59.5", "2000-01-01"], format="ISO8601"
        ),
        "city": ["Bern", "Rome", "Bern", "Oslo"],
    }
)
EXPECTED_TYPES = {
    "id": "Int64", "amount": "float64", "name": "string", "paid": "boolean",
    "day": "object", "at": "datetime64[ns]", "city": "string",
}  # fmt: skip


@pytest.fixture
def shop(lakebed):
    lakebed.client("s3").create_bucket(Bucket="lake")
    wr.catalog.create_database("shop")
    wr.s3.to_parquet(
        ORDERS, "s3://lake/orders/", dataset=True, database="shop", table="orders",
        partition_cols=["city"],
    )  # fmt: skip
    return lakebed


def rows(frame):
    """Return a frame's values with every missing one as None."""
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame.itertuples(index=False)
    ]


def expected():
    ordered = ORDERS.sort_values("id")
    return [
        tuple(
            None
            if pd.isna(value)
            else value.to_pydatetime()
            if isinstance(value, pd.Timestamp)
            else value
            for value in row
        )
        for row in ordered.itertuples(index=False)
    ]


def test_to_parquet_catalogs_the_table(shop):
    assert wr.catalog.get_table_types("shop", "orders") == {
        "id": "bigint", "amount": "double", "name": "string", "paid": "boolean",
        "day": "date", "at": "timestamp", "city": "string",
    }  # fmt: skip
    partitions = wr.catalog.get_partitions("shop", "orders")
    assert sorted(partitions.values()) == [["Bern"], ["Oslo"], ["Rome"]]


@pytest.mark.parametrize("ctas", [True, False])
def test_read_sql_query_answers_rows_and_types(shop, ctas):
    frame = wr.athena.read_sql_query("SELECT * FROM orders ORDER BY id", "shop", ctas_approach=ctas)
    assert [str(kind).split("[")[0] for kind in frame.dtypes] == [
        kind.split("[")[0] for kind in EXPECTED_TYPES.values()
    ]
    found = rows(frame.sort_values("id"))
    if not ctas:
        # Athena's CSV keeps "" apart from NULL; pandas reads both as missing.
        found = [row[:2] + (row[2] or ("" if row[0] == 2 else None),) + row[3:] for row in found]
    assert found == expected()
    assert wr.catalog.tables(database="shop").Table.tolist() == ["orders"]


def test_a_filter_on_a_partition_reads_that_partition_only(shop):
    frame = wr.athena.read_sql_query(
        "SELECT id FROM orders WHERE city = 'Bern' ORDER BY id", "shop", ctas_approach=False
    )
    assert frame.id.tolist() == [1, 3]
    whole = wr.athena.read_sql_query("SELECT id FROM orders", "shop", ctas_approach=False)
    scanned = [one.query_metadata["Statistics"]["DataScannedInBytes"] for one in (frame, whole)]
    assert 0 < scanned[0] < scanned[1]


def test_read_parquet_reads_what_was_written(shop):
    frame = wr.s3.read_parquet("s3://lake/orders/", dataset=True).sort_values("id")
    assert rows(frame[["id", "amount"]]) == rows(ORDERS[["id", "amount"]])
    table = wr.s3.read_parquet_table(table="orders", database="shop").sort_values("id")
    assert table.city.tolist() == ["Bern", "Rome", "Bern", "Oslo"]


def test_modes_append_and_overwrite_partitions(shop):
    more = pd.DataFrame({**{c: ORDERS[c][:1] for c in ORDERS}, "id": [9], "city": ["Rome"]})
    wr.s3.to_parquet(
        more, "s3://lake/orders/", dataset=True, database="shop", table="orders",
        partition_cols=["city"], mode="overwrite_partitions",
    )  # fmt: skip
    ids = wr.athena.read_sql_query("SELECT id FROM orders ORDER BY id", "shop").id.tolist()
    assert ids == [1, 3, 4, 9]


def test_create_csv_table_over_files(shop):
    s3 = shop.client("s3")
    s3.put_object(Bucket="lake", Key="csv/a.csv", Body=b"id;what\n1;x\n2;\n;z\n")
    wr.catalog.create_csv_table(
        database="shop", table="things", path="s3://lake/csv/", sep=";",
        columns_types={"id": "int", "what": "string"}, skip_header_line_count=1,
    )  # fmt: skip
    frame = wr.athena.read_sql_query("SELECT * FROM things ORDER BY what", "shop")
    assert rows(frame) == [(2, ""), (1, "x"), (None, "z")]


def test_a_failed_query_raises_with_athenas_reason(shop):
    with pytest.raises(wr.exceptions.QueryFailed, match="FUNCTION_NOT_FOUND.*nope"):
        wr.athena.read_sql_query("SELECT nope(id) FROM orders", "shop", ctas_approach=False)
    with pytest.raises(wr.exceptions.QueryFailed, match="TABLE_NOT_FOUND"):
        wr.athena.read_sql_query("SELECT * FROM missing", "shop", ctas_approach=False)


def test_utilities_take_a_database(shop):
    # These quote the database of the context: QueryExecutionContext={"Database": "`shop`"}.
    assert wr.athena.describe_table("orders", database="shop")["Column Name"].tolist()[:2] == [
        "id", "amount",
    ]  # fmt: skip
    assert wr.athena.show_create_table("orders", database="shop").startswith("CREATE EXTERNAL")
    assert wr.athena.repair_table("orders", database="shop") == "SUCCEEDED"
    assert wr.catalog.tables(database="shop", name_contains="rder").Table.tolist() == ["orders"]
