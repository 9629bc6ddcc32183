"""MariaDB from Debian: what tables it has, with which types; what a refusal says."""

from __future__ import annotations

import pytest

from lakebed.engines import jdbc
from lakebed.engines.jdbc import DatabaseColumn, DatabaseTable, Endpoint, JdbcError, Login
from lakebed.engines.jdbc.mysql import glue_type
from tests import databases

LOGIN = Login(databases.USER, databases.PASSWORD)


@pytest.fixture(scope="module")
def shop(maria):
    maria.run(
        "CREATE DATABASE shop",
        "CREATE TABLE shop.orders (id bigint unsigned PRIMARY KEY, total decimal(10,2) NOT NULL,"
        " paid tinyint(1), at datetime COMMENT 'When', kind enum('a','b')) COMMENT 'Bought'",
        "CREATE VIEW shop.large AS SELECT id FROM shop.orders",
        "CREATE TABLE shop.secret (id int)",
        f"CREATE USER {databases.USER} IDENTIFIED BY '{databases.PASSWORD}'",
        f"GRANT SELECT ON shop.orders TO {databases.USER}",
        f"GRANT SELECT ON shop.large TO {databases.USER}",
    )
    return Endpoint("mysql", "127.0.0.1", maria.port, "shop")


def tables(where: Endpoint, schema: str, table: str) -> list[DatabaseTable]:
    database = jdbc.connect(where, LOGIN)
    try:
        return list(database.tables(schema, table))
    finally:
        database.close()


def test_tables_with_keys_comments_and_types(shop):
    large, orders = tables(shop, "", "%")
    assert orders == DatabaseTable(
        "shop", "", "orders",
        (
            DatabaseColumn("id", "decimal(20,0)", "bigint(20) unsigned", "", False, 1),
            DatabaseColumn("total", "decimal(10,2)", "decimal(10,2)", "", False),
            DatabaseColumn("paid", "boolean", "tinyint(1)"),
            DatabaseColumn("at", "timestamp", "datetime", "When"),
            DatabaseColumn("kind", "string", "enum('a','b')"),
        ),
        "Bought",
    )  # fmt: skip
    assert (large.path, large.is_view, large.comment) == ("shop/large", True, "")
    assert [one.name for one in tables(shop, "", "or%")] == ["orders"]


@pytest.mark.parametrize(
    ("native", "glue"),
    [
        ("tinyint(4)", "tinyint"), ("smallint(5) unsigned", "int"), ("mediumint(9)", "int"),
        ("int(11)", "int"), ("int(10) unsigned", "bigint"), ("float", "float"),
        ("double", "double"), ("decimal(65,30)", "decimal(38,30)"), ("bit(1)", "boolean"),
        ("bit(8)", "binary"), ("year(4)", "date"), ("time", "string"), ("longtext", "string"),
        ("mediumblob", "binary"), ("set('x,y','z')", "string"), ("json", "string"),
        ("timestamp(6)", "timestamp"),
    ],
)  # fmt: skip
def test_types(native, glue):
    assert glue_type(native) == glue


def test_a_refusal_says_what_the_server_said(shop):
    with pytest.raises(JdbcError, match=r"Access denied for user 'crawler'@.* to database 'gone'"):
        jdbc.connect(Endpoint("mysql", "127.0.0.1", shop.port, "gone"), LOGIN)
    with pytest.raises(JdbcError, match="Access denied for user 'crawler'"):
        jdbc.connect(shop, Login(databases.USER, "wrong"))
    with pytest.raises(JdbcError, match="Can't connect to MySQL server"):
        jdbc.connect(Endpoint("mysql", "127.0.0.1", 1, "shop"), LOGIN)


def test_tls_is_enforced(shop):
    with pytest.raises(JdbcError, match="SSL"):
        jdbc.connect(shop, Login(databases.USER, databases.PASSWORD, enforces_tls=True))
