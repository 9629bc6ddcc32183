"""Every cursor of PyAthena, with and without UNLOAD, and its SQLAlchemy dialect."""

from __future__ import annotations

import asyncio
import functools
from datetime import date
from decimal import Decimal

import pyarrow.fs as fs
import pyathena
import pytest
import sqlalchemy as sa
from pyathena.aio.cursor import AioCursor
from pyathena.arrow.async_cursor import AsyncArrowCursor
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor, AsyncDictCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.async_cursor import AsyncPandasCursor
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.cursor import PolarsCursor

QUERY = (
    "SELECT * FROM (VALUES (1, 'a', 1.5e0, true, DATE '2024-01-01'), (2, '', NULL, NULL, NULL)) "
    "AS t(i, s, d, b, day) ORDER BY i"
)
ROWS = [(1, "a", 1.5, True, date(2024, 1, 1)), (2, "", None, None, None)]


@pytest.fixture
def connect(lakebed, monkeypatch):
    """Make a connection that puts results into a bucket of the server's."""
    # The Arrow cursors' file system is C++, and they have no setting for where it asks.
    place = {"endpoint_override": lakebed.url, "access_key": "test", "secret_key": "test"}
    monkeypatch.setattr(fs, "S3FileSystem", functools.partial(fs.S3FileSystem, **place))
    lakebed.client("s3").create_bucket(Bucket="results")
    lakebed.client("glue").create_database(DatabaseInput={"Name": "default"})

    def made(**more):
        return pyathena.connect(
            s3_staging_dir="s3://results/", region_name="us-east-1", poll_interval=0.01, **more
        )

    return made


def plain(rows):
    """Return rows as tuples of Python's own values, missing ones as None, dates as dates."""

    def value(one):
        if one is None or one != one:
            return None
        if hasattr(one, "to_pydatetime"):
            one = one.to_pydatetime()
        if hasattr(one, "date"):
            return one.date()
        return one.item() if hasattr(one, "item") else one

    return [tuple(value(one) for one in row) for row in rows]


def test_dictionaries(connect):
    cursor = connect(cursor_class=DictCursor).cursor()
    names = ("i", "s", "d", "b", "day")
    assert cursor.execute(QUERY).fetchall() == [dict(zip(names, row, strict=True)) for row in ROWS]


@pytest.mark.parametrize("kind", [AsyncCursor, AsyncDictCursor])
def test_futures(connect, kind):
    with connect(cursor_class=kind).cursor() as cursor:
        _, future = cursor.execute("SELECT 1 AS n")
        assert future.result().fetchall() in ([(1,)], [{"n": 1}])


def test_coroutines(connect):
    async def scene():
        async with connect(cursor_class=AioCursor).cursor() as cursor:
            await cursor.execute(QUERY)
            return await cursor.fetchall()

    assert asyncio.run(scene()) == ROWS


@pytest.mark.parametrize("unload", [False, True])
@pytest.mark.parametrize("kind", [PandasCursor, ArrowCursor, PolarsCursor])
def test_frames(connect, kind, unload):
    cursor = connect(cursor_class=kind).cursor(unload=unload)
    found = plain(cursor.execute(QUERY).fetchall())
    if kind is not PolarsCursor and not unload:
        # Their CSV readers take an empty text for NULL, as they do on AWS.
        found = [tuple("" if at == 1 and v is None else v for at, v in enumerate(r)) for r in found]
    assert found == ROWS


@pytest.mark.parametrize("kind", [AsyncPandasCursor, AsyncArrowCursor])
def test_frames_of_futures(connect, kind):
    with connect(cursor_class=kind).cursor() as cursor:
        _, future = cursor.execute("SELECT 7 AS n")
        assert plain(future.result().fetchall()) == [(7,)]


@pytest.fixture
def engine(connect, lakebed):
    place = lakebed.url.removeprefix("http://")
    assert place
    return sa.create_engine(
        "awsathena+rest://test:test@athena.us-east-1.amazonaws.com:443/default"
        "?s3_staging_dir=s3%3A%2F%2Fresults%2F&poll_interval=0.01"
    )


def test_sqlalchemy_reads_reflects_and_writes(engine, lakebed):
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE orders WITH (external_location='s3://results/orders/') AS SELECT * "
                "FROM (VALUES (1, 'Bern', 9.5), (2, 'Rome', 20.0)) AS t(id, city, amount)"
            )
        )
        orders = sa.Table("orders", sa.MetaData(), autoload_with=connection)
        assert [(one.name, str(one.type)) for one in orders.columns] == [
            ("id", "INTEGER"), ("city", "VARCHAR(4)"), ("amount", "DECIMAL(3, 1)"),
        ]  # fmt: skip
        query = sa.select(orders.c.city, orders.c.amount).where(orders.c.amount > 10)
        assert connection.execute(query).fetchall() == [("Rome", Decimal("20.0"))]
        connection.execute(orders.insert().values(id=3, city="Oslo", amount=Decimal("1.5")))
        count = sa.select(sa.func.count()).select_from(orders)
        assert connection.execute(count).scalar() == 3
        inspector = sa.inspect(connection)
        assert inspector.get_table_names("default") == ["orders"]
        assert inspector.has_table("orders")
        assert not inspector.has_table("nothing")
        connection.execute(sa.text("CREATE VIEW v AS SELECT id FROM orders"))
        assert sa.inspect(connection).get_view_names("default") == ["v"]
