"""PostgreSQL from Debian: what tables it has, with which types; what a refusal says."""

from __future__ import annotations

import pytest

from lakebed.engines import jdbc
from lakebed.engines.jdbc import DatabaseColumn, DatabaseTable, Endpoint, JdbcError, Login
from lakebed.engines.jdbc.postgresql import glue_type
from tests import databases

LOGIN = Login(databases.USER, databases.PASSWORD)


@pytest.fixture(scope="module")
def shop(postgres):
    postgres.run(
        f"CREATE USER {databases.USER} PASSWORD '{databases.PASSWORD}'", "CREATE DATABASE shop"
    )
    postgres.run(
        "CREATE SCHEMA sales",
        'CREATE TABLE sales.orders (id bigint PRIMARY KEY, "Total" numeric(10,2) NOT NULL,'
        " tags text[], at timestamptz, gone int)",
        "ALTER TABLE sales.orders DROP COLUMN gone",
        "COMMENT ON TABLE sales.orders IS 'What was bought'",
        "COMMENT ON COLUMN sales.orders.at IS 'When'",
        'CREATE VIEW sales.large AS SELECT id FROM sales.orders WHERE "Total" > 100',
        "CREATE TABLE sales.secret (id int)",
        "CREATE TABLE public.pairs (a int, b int, c uuid, PRIMARY KEY (b, a))",
        "CREATE SCHEMA hidden",
        "CREATE TABLE hidden.t (id int)",
        f"GRANT USAGE ON SCHEMA sales TO {databases.USER}",
        f"GRANT SELECT ON sales.orders, sales.large, public.pairs TO {databases.USER}",
        f"GRANT SELECT ON hidden.t TO {databases.USER}",
        database="shop",
    )
    return Endpoint("postgresql", "127.0.0.1", postgres.port, "shop")


def tables(where: Endpoint, schema: str, table: str, login: Login = LOGIN) -> list[DatabaseTable]:
    database = jdbc.connect(where, login)
    try:
        return list(database.tables(schema, table))
    finally:
        database.close()


def test_tables_with_keys_comments_and_types(shop):
    assert tables(shop, "sales", "orders") == [
        DatabaseTable(
            "shop", "sales", "orders",
            (
                DatabaseColumn("id", "bigint", "bigint", "", False, 1),
                DatabaseColumn("Total", "decimal(10,2)", "numeric(10,2)", "", False),
                DatabaseColumn("tags", "array<string>", "text[]"),
                DatabaseColumn("at", "timestamp", "timestamp with time zone", "When"),
            ),
            "What was bought",
        )
    ]  # fmt: skip
    (pairs,) = tables(shop, "public", "%")
    assert [(one.name, one.key_position) for one in pairs.columns] == [("a", 2), ("b", 1), ("c", 0)]


def test_only_what_the_user_may_read_is_there(shop):
    found = tables(shop, "%", "%")
    assert [(one.path, one.is_view) for one in found] == [
        ("shop/public/pairs", False), ("shop/sales/large", True), ("shop/sales/orders", False),
    ]  # fmt: skip
    assert [one.name for one in tables(shop, "sales", "o%s")] == ["orders"]
    assert tables(shop, "Sales", "%") == []


@pytest.mark.parametrize(
    ("native", "glue"),
    [
        ("smallint", "smallint"), ("integer", "int"), ("real", "float"),
        ("double precision", "double"), ("boolean", "boolean"), ("date", "date"),
        ("bytea", "binary"), ("numeric", "decimal(38,18)"), ("numeric(50,2)", "decimal(38,18)"),
        ("numeric(5,-2)", "decimal(38,18)"), ("character varying(20)", "string"),
        ("timestamp(3) without time zone", "timestamp"), ("jsonb", "string"),
        ("integer[]", "array<int>"), ("time without time zone", "string"), ("uuid", "string"),
    ],
)  # fmt: skip
def test_types(native, glue):
    assert glue_type(native) == glue


@pytest.mark.parametrize(
    ("change", "login", "said"),
    [
        ({"database": "nowhere"}, LOGIN, 'FATAL: database "nowhere" does not exist'),
        ({}, Login(databases.USER, "wrong"),
         'FATAL: password authentication failed for user "crawler"'),
        ({"port": 1}, LOGIN, "The connection attempt failed."),
        ({}, Login(databases.USER, databases.PASSWORD, enforces_tls=True),
         "The connection attempt failed."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_server_said(shop, change, login, said):
    where = Endpoint(**{name: change.get(name, getattr(shop, name)) for name in
                        ("product", "host", "port", "database")})  # fmt: skip
    with pytest.raises(JdbcError) as caught:
        jdbc.connect(where, login)
    assert str(caught.value).startswith(said)
    assert databases.PASSWORD not in str(caught.value)
