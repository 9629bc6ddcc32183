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


MODES = {
    "ctas": {"ctas_approach": True},
    "unload": {"ctas_approach": False, "unload_approach": True},
    "csv": {"ctas_approach": False},
}


def read(mode, text, at="s3://lake/read/", **more):
    """Read a query's answer from a place of its own: UNLOAD wants it empty."""
    return wr.athena.read_sql_query(
        text, "shop", s3_output=f"{at}{len(text)}/", **MODES[mode], **more
    )


@pytest.mark.parametrize("mode", MODES)
def test_parameters_categories_and_chunks_in_every_mode(shop, mode):
    named = read(
        mode, "SELECT id, city FROM orders WHERE city = :city AND id > :least ORDER BY id",
        params={"city": "Bern", "least": 1},
    )  # fmt: skip
    assert rows(named) == [(3, "Bern")]
    marks = read(
        mode, "SELECT id FROM orders WHERE city = ? ORDER BY id",
        params=["Rome"], paramstyle="qmark",
    )  # fmt: skip
    assert rows(marks) == [(2,)]
    frame = read(mode, "SELECT id, city FROM orders ORDER BY id", categories=["city"])
    assert sorted(rows(frame)) == [(1, "Bern"), (2, "Rome"), (3, "Bern"), (4, "Oslo")]
    if mode == "csv":  # of Parquet awswrangler with pandas 3 makes strings
        assert str(frame.city.dtype) == "category"
    chunks = list(read(mode, "SELECT id FROM orders ORDER BY id", chunksize=3))
    assert [len(chunk) for chunk in chunks] == [3, 1]
    assert sorted(pd.concat(chunks).id) == [1, 2, 3, 4]
    assert wr.catalog.tables(database="shop").Table.tolist() == ["orders"]


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_answer_in_every_mode(shop, mode):
    assert len(read(mode, "SELECT id FROM orders WHERE id = 99")) == 0


@pytest.mark.parametrize("mode", ["ctas", "csv"])
def test_the_cache_finds_an_earlier_query(shop, mode):
    more = dict(MODES[mode], database="shop", s3_output="s3://lake/cached/", keep_files=True)
    text = "SELECT count(*) AS c FROM orders"
    first = wr.athena.read_sql_query(text, **more)
    cached = wr.athena.read_sql_query(
        text, athena_cache_settings={"max_cache_seconds": 900}, **more
    )
    assert rows(first) == rows(cached) == [(4,)]
    ids = [frame.query_metadata["QueryExecutionId"] for frame in (first, cached)]
    assert ids[0] == ids[1]


def test_athena_reuses_results_when_asked(shop):
    more = {"database": "shop", "s3_output": "s3://lake/reused/", "ctas_approach": False}
    frames = [
        wr.athena.read_sql_query(
            "SELECT max(id) AS m FROM orders",
            result_reuse_configuration={
                "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}
            },
            **more,
        )
        for _ in range(2)
    ]
    assert [rows(frame) for frame in frames] == [[(4,)], [(4,)]]
    assert [
        frame.query_metadata["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
        for frame in frames
    ] == [False, True]


def test_a_managed_workgroup_needs_no_place(shop):
    shop.client("athena").create_work_group(
        Name="managed",
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ManagedQueryResultsConfiguration": {"Enabled": True},
        },
    )
    frame = wr.athena.read_sql_query(
        "SELECT id FROM orders ORDER BY id", "shop", workgroup="managed", ctas_approach=False
    )
    assert frame.id.tolist() == [1, 2, 3, 4]


def test_prepared_statements_and_unload(shop):
    wr.athena.create_prepared_statement(
        sql="SELECT id FROM orders WHERE city = ?", statement_name="by_city"
    )
    assert [one["StatementName"] for one in wr.athena.list_prepared_statements()] == ["by_city"]
    frame = wr.athena.read_sql_query("EXECUTE by_city USING 'Rome'", "shop", ctas_approach=False)
    assert frame.id.tolist() == [2]
    wr.athena.delete_prepared_statement("by_city")
    assert wr.athena.list_prepared_statements() == []
    ended = wr.athena.unload(
        sql="SELECT id, city FROM orders", path="s3://lake/out/", database="shop",
        file_format="PARQUET", partitioned_by=["city"],
    )  # fmt: skip
    assert ended.raw_payload["SubstatementType"] == "UNLOAD"
    beside = [".csv", ".metadata"]  # what Athena keeps of the query is put there, too
    back = wr.s3.read_parquet("s3://lake/out/", dataset=True, path_ignore_suffix=beside)
    assert sorted(zip(back.id, back.city, strict=True)) == [
        (1, "Bern"), (2, "Rome"), (3, "Bern"), (4, "Oslo"),
    ]  # fmt: skip


def test_executions_are_listed_and_stopped(shop):
    known = wr.athena.start_query_execution("SELECT 1", database="shop", wait=False)
    assert wr.athena.wait_query(known)["Status"]["State"] == "SUCCEEDED"
    assert wr.athena.list_query_executions()[0] == known
    found = wr.athena.get_query_executions([known, "nope"], return_unprocessed=True)
    assert [frame.QueryExecutionId.tolist() for frame in found] == [[known], ["nope"]]


def test_what_a_dashboard_asks(shop):
    """Grafana's data source lists catalogs, databases, tables and workgroups page by page."""
    athena = shop.client("athena")
    for number in range(3):
        athena.create_work_group(Name=f"w{number}")
        wr.catalog.create_parquet_table("shop", f"t{number}", f"s3://lake/t{number}/", {"a": "int"})
    where = {"CatalogName": "AwsDataCatalog"}
    asked = [
        ("list_work_groups", {}, "WorkGroups", "Name", ["primary", "w0", "w1", "w2"]),
        ("list_databases", where, "DatabaseList", "Name", ["default", "shop"]),
        (
            "list_table_metadata", where | {"DatabaseName": "shop"}, "TableMetadataList", "Name",
            ["orders", "t0", "t1", "t2"],
        ),
    ]  # fmt: skip
    for operation, request, member, name, expected in asked:
        found, token = [], {}
        while True:
            page = getattr(athena, operation)(MaxResults=2, **request, **token)
            found += [one[name] for one in page[member]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert found == expected
    catalogs = athena.list_data_catalogs()["DataCatalogsSummary"]
    assert [one["CatalogName"] for one in catalogs] == ["AwsDataCatalog"]
    table = athena.get_table_metadata(TableName="orders", DatabaseName="shop", **where)
    assert [one["Name"] for one in table["TableMetadata"]["Columns"]][:2] == ["id", "amount"]
