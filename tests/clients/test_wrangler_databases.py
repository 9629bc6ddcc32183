"""awswrangler's PostgreSQL and MySQL modules, real servers, connections of the catalog."""

from __future__ import annotations

import tempfile
from pathlib import Path

import awswrangler as wr
import pandas as pd
import pytest

from tests.clients.database_servers import PASSWORD, mariadb, postgresql

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame(
    {
        "id": pd.array([1, 2, 3], dtype="Int64"),
        "name": pd.array(["a", None, "naïve 'x'"], dtype="string"),
        "price": [1.5, None, 100.25],
        "day": pd.to_datetime(["2024-01-01", "2024-02-29", "1999-12-31"]).date,
    }
)


@pytest.fixture(params=[(postgresql, wr.postgresql), (mariadb, wr.mysql)], ids=["pg", "mysql"])
def database(request, lakebed):
    """A module of awswrangler, and a connection to its server that the catalog knows."""
    start, module = request.param
    with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as found:
        lakebed.client("glue").create_connection(
            ConnectionInput={
                "Name": "shop",
                "ConnectionType": "JDBC",
                "ConnectionProperties": {
                    "JDBC_CONNECTION_URL": found.url,
                    "USERNAME": found.user,
                    "PASSWORD": PASSWORD,
                },
            }
        )
        yield module, lakebed


def columns(frame):
    plain = frame.astype(object).where(frame.notna(), None)
    return {name: plain[name].tolist() for name in plain.columns}


def test_a_frame_goes_from_the_database_to_the_lake_and_back(database):
    module, lakebed = database
    schema = "public" if module is wr.postgresql else "shop"
    lakebed.client("s3").create_bucket(Bucket="lake")
    wr.catalog.create_database("shop")
    with module.connect("shop") as connection:
        module.to_sql(FRAME, connection, table="orders", schema=schema, mode="overwrite")
        module.to_sql(FRAME.assign(id=FRAME.id + 3), connection, table="orders", schema=schema)
        found = module.read_sql_query(
            f"SELECT * FROM {schema}.orders WHERE id > 3 ORDER BY id", con=connection
        )
        whole = module.read_sql_table("orders", con=connection, schema=schema)
        chunks = list(
            module.read_sql_query(f"SELECT id FROM {schema}.orders", con=connection, chunksize=4)
        )
    assert columns(found) == {**columns(FRAME), "id": [4, 5, 6]}
    assert len(whole) == 6
    assert [len(chunk) for chunk in chunks] == [4, 2]
    wr.s3.to_parquet(found, "s3://lake/orders/", dataset=True, database="shop", table="orders")
    back = wr.athena.read_sql_query(
        "SELECT * FROM orders ORDER BY id", "shop", ctas_approach=False,
        s3_output="s3://lake/results/",
    )  # fmt: skip
    assert columns(back) == columns(found)


def test_the_password_is_not_written_anywhere_in_the_clear(database):
    _, lakebed = database
    kept = [path for path in lakebed.data_dir.rglob("*") if path.is_file()]
    assert kept
    assert [path.name for path in kept if PASSWORD.encode() in path.read_bytes()] == []
