"""Crawls of PostgreSQL and MariaDB servers from Debian, by boto3."""

from __future__ import annotations

import socket
import time

import pytest

from tests import databases
from tests.services.glue.crawlers import ROLE, crawled, tables
from tests.services.glue.test_databases import body, error_of

NOT_REACHED = (
    "Check that your connection definition references your JDBC database with correct URL syntax, "
    "username, and password. "
)


@pytest.fixture(scope="module")
def postgres():
    with databases.postgres() as server:
        server.run(
            f"CREATE USER {databases.USER} PASSWORD '{databases.PASSWORD}'", "CREATE DATABASE shop"
        )
        server.run(
            "CREATE SCHEMA sales",
            "CREATE TABLE sales.orders (id bigint PRIMARY KEY, total numeric(10,2), at timestamp)",
            "CREATE TABLE sales.orders_old (id bigint)",
            'CREATE TABLE public.people ("Name" varchar(20))',
            "COMMENT ON TABLE sales.orders IS 'What was bought'",
            "COMMENT ON COLUMN sales.orders.at IS 'When'",
            f"GRANT USAGE ON SCHEMA sales TO {databases.USER}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA sales, public TO {databases.USER}",
            database="shop",
        )
        yield server


@pytest.fixture
def glue(lakebed):
    return lakebed.client("glue")


def connect(glue, url: str, name: str = "shop", **properties: str) -> None:
    given = {
        "JDBC_CONNECTION_URL": url, "USERNAME": databases.USER, "PASSWORD": databases.PASSWORD,
        **properties,
    }  # fmt: skip
    glue.create_connection(
        ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": given}
    )


def target(path: str, **members) -> dict:
    return {"JdbcTargets": [{"ConnectionName": "shop", "Path": path, **members}]}


def columns(table: dict) -> list[tuple[str, str]]:
    return [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]


def test_tables_of_a_schema(lakebed, glue, postgres):
    connect(glue, f"jdbc:postgresql://127.0.0.1:{postgres.port}/shop")
    last = crawled(lakebed, Targets=target("shop/sales/%"), TablePrefix="x_")
    assert (last["Status"], last.get("ErrorMessage")) == ("SUCCEEDED", None)
    found = tables(lakebed)
    assert set(found) == {"x_shop_sales_orders", "x_shop_sales_orders_old"}
    orders = found["x_shop_sales_orders"]
    assert columns(orders) == [("id", "bigint"), ("total", "decimal(10,2)"), ("at", "timestamp")]
    assert orders["Parameters"] == {
        "CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": "c", "classification": "postgresql", "compressionType": "none",
        "connectionName": "shop", "typeOfData": "table",
    }  # fmt: skip
    descriptor = orders["StorageDescriptor"]
    assert descriptor["Location"] == "shop.sales.orders"
    assert "InputFormat" not in descriptor
    assert orders["TableType"] == "EXTERNAL_TABLE"


def test_a_connection_is_tested_by_connecting(glue, postgres):
    connect(glue, f"jdbc:postgresql://127.0.0.1:{postgres.port}/shop")
    assert body(glue.test_connection(ConnectionName="shop")) == {}
    given = {
        "ConnectionType": "JDBC",
        "ConnectionProperties": {
            "HOST": "127.0.0.1", "PORT": str(postgres.port), "JDBC_ENGINE": "postgresql",
            "USERNAME": databases.USER, "PASSWORD": "wrong",
        },
    }  # fmt: skip
    code, message, _ = error_of(lambda: glue.test_connection(TestConnectionInput=given))
    assert code == "InvalidInputException"
    assert message.startswith(NOT_REACHED + "FATAL: ")


def test_exclusions_and_additional_metadata(lakebed, glue, postgres):
    connect(glue, f"jdbc:postgresql://127.0.0.1:{postgres.port}/other")
    crawled(
        lakebed,
        Targets=target(
            "shop/%/%", Exclusions=["{public,moving}/**", "*/*_old"],
            EnableAdditionalMetadata=["COMMENTS", "RAWTYPES"],
        ),
    )  # fmt: skip
    ((name, orders),) = tables(lakebed).items()
    assert (name, orders["Description"]) == ("shop_sales_orders", "What was bought")
    assert orders["StorageDescriptor"]["Columns"] == [
        {"Name": "id", "Type": "bigint", "Parameters": {"rawType": "bigint"}},
        {"Name": "total", "Type": "decimal(10,2)", "Parameters": {"rawType": "numeric(10,2)"}},
        {"Name": "at", "Type": "timestamp", "Comment": "When",
         "Parameters": {"rawType": "timestamp without time zone"}},
    ]  # fmt: skip


def test_what_is_gone_is_deprecated_and_what_changed_is_updated(lakebed, glue, postgres):
    postgres.run("CREATE SCHEMA moving", "CREATE TABLE moving.a (id int)",
                 "CREATE TABLE moving.b (id int)",
                 f"GRANT USAGE ON SCHEMA moving TO {databases.USER}",
                 f"GRANT SELECT ON ALL TABLES IN SCHEMA moving TO {databases.USER}",
                 database="shop")  # fmt: skip
    connect(glue, f"jdbc:postgresql://127.0.0.1:{postgres.port}/shop")
    crawled(lakebed, Targets=target("shop/moving/%"))
    postgres.run("DROP TABLE moving.a", "ALTER TABLE moving.b ADD COLUMN x text", database="shop")
    assert crawled(lakebed)["Status"] == "SUCCEEDED"
    found = tables(lakebed)
    assert "DEPRECATED_BY_CRAWLER" in found["shop_moving_a"]["Parameters"]
    assert columns(found["shop_moving_b"]) == [("id", "int"), ("x", "string")]


@pytest.mark.parametrize(
    ("path", "url", "password", "said"),
    [
        ("shop/sales/%", "jdbc:postgresql://127.0.0.1:{}/shop", "wrong",
         NOT_REACHED + 'FATAL: password authentication failed for user "crawler"'),
        ("nowhere/sales/%", "jdbc:postgresql://127.0.0.1:{}/shop", databases.PASSWORD,
         NOT_REACHED + 'FATAL: database "nowhere" does not exist'),
        ("shop/sales/%", "jdbc:postgresql://127.0.0.1:1/shop", databases.PASSWORD,
         NOT_REACHED + "The connection attempt failed."),
        ("shop", "jdbc:postgresql://127.0.0.1:{}/shop", databases.PASSWORD,
         "The include path shop is not of the form database/schema/table."),
        ("orcl/%", "jdbc:oracle:thin://@h:1521/orcl", databases.PASSWORD,
         "lakebed has not built glue.StartCrawler (JDBC connections to oracle) yet."),
    ],
)  # fmt: skip
def test_a_crawl_that_cannot_be_says_why(lakebed, glue, postgres, path, url, password, said):
    connect(glue, url.format(postgres.port), PASSWORD=password)
    last = crawled(lakebed, Targets=target(path))
    assert last["Status"] == "FAILED"
    assert last["ErrorMessage"].startswith(said)
    assert tables_or_none(lakebed) == {}
    log = (lakebed.data_dir.parent / "server.log").read_text(errors="replace")
    assert databases.PASSWORD not in log


def tables_or_none(lakebed) -> dict:
    try:
        return tables(lakebed)
    except lakebed.client("glue").exceptions.EntityNotFoundException:
        return {}


def test_a_crawl_of_a_server_that_does_not_answer_can_be_stopped(lakebed, glue):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connect(glue, f"jdbc:postgresql://127.0.0.1:{silent.getsockname()[1]}/shop")
        glue.create_crawler(Name="c", Role=ROLE, DatabaseName="db", Targets=target("shop/s/%"))
        glue.start_crawler(Name="c")
        silent.accept()[0].recv(8)
        began = time.monotonic()
        glue.stop_crawler(Name="c")
        while (crawler := glue.get_crawler(Name="c")["Crawler"])["State"] != "READY":
            time.sleep(0.02)
    assert crawler["LastCrawl"]["Status"] == "CANCELLED"
    assert time.monotonic() - began < 5


def test_who_logs_in_is_read_from_a_secret(lakebed, glue):
    value = '{"username": "of the secret", "password": "p"}'
    lakebed.client("secretsmanager").create_secret(Name="shop/db", SecretString=value)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"jdbc:postgresql://127.0.0.1:{silent.getsockname()[1]}/shop"
        connect(glue, url, SECRET_ID="shop/db")
        glue.create_crawler(Name="c", Role=ROLE, DatabaseName="db", Targets=target("shop/s/%"))
        glue.start_crawler(Name="c")
        client = silent.accept()[0]
        greeting = client.recv(1024)
        if len(greeting) == 8:
            # It asks for TLS first, which this server does not have.
            client.sendall(b"N")
            greeting = client.recv(1024)
        glue.stop_crawler(Name="c")
        while glue.get_crawler(Name="c")["Crawler"]["State"] != "READY":
            time.sleep(0.02)
    assert b"user\0of the secret\0" in greeting


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "Secrets Manager can't find the specified secret."),
        ("plain", "The secret has no JSON object with username and password."),
    ],
)
def test_a_secret_that_says_not_who_logs_in(lakebed, glue, value, said):
    if value:
        lakebed.client("secretsmanager").create_secret(Name="s", SecretString=value)
    connect(glue, "jdbc:postgresql://h/db", SECRET_ID="s")
    assert said in crawled(lakebed, Targets=target("db/s/%"))["ErrorMessage"]


def test_a_connection_has_to_be_there(glue):
    code, message, _ = error_of(
        lambda: glue.create_crawler(
            Name="c", Role="r", DatabaseName="d", Targets=target("shop/sales/%")
        )
    )
    assert (code, message) == (
        "InvalidInputException",
        "Unable to retrieve connection shop: Connection shop not found.",
    )


@pytest.mark.slow
def test_a_mariadb_server(lakebed, glue):
    with databases.maria() as server:
        server.run(
            "CREATE DATABASE shop", "CREATE TABLE shop.orders (id int, name text)",
            f"CREATE USER {databases.USER} IDENTIFIED BY '{databases.PASSWORD}'",
            f"GRANT SELECT ON shop.* TO {databases.USER}",
        )  # fmt: skip
        connect(glue, f"jdbc:mysql://127.0.0.1:{server.port}/shop")
        assert crawled(lakebed, Targets=target("shop/%"))["Status"] == "SUCCEEDED"
    ((name, orders),) = tables(lakebed).items()
    assert (name, columns(orders)) == ("shop_orders", [("id", "int"), ("name", "string")])
    assert orders["Parameters"]["classification"] == "mysql"
    assert crawled(lakebed)["Status"] == "FAILED"
    assert "DEPRECATED_BY_CRAWLER" not in tables(lakebed)["shop_orders"]["Parameters"]
