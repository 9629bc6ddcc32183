"""JDBC URLs, and what of a login is shown."""

from __future__ import annotations

import pytest

from lakebed.engines import jdbc
from lakebed.engines.jdbc import Endpoint, JdbcError, Login, UnbuiltProductError


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("jdbc:postgresql://h:5433/db", Endpoint("postgresql", "h", 5433, "db")),
        ("jdbc:postgresql://h/", Endpoint("postgresql", "h", 5432, "")),
        ("jdbc:postgresql://[::1]:5432/d", Endpoint("postgresql", "::1", 5432, "d")),
        ("jdbc:mysql://h.example/a%20b?useSSL=true&x=1",
         Endpoint("mysql", "h.example", 3306, "a b", {"useSSL": "true", "x": "1"})),
        ("jdbc:mariadb://h", Endpoint("mariadb", "h", 3306, "")),
    ],
)  # fmt: skip
def test_urls(url, where):
    assert jdbc.endpoint(url) == where


@pytest.mark.parametrize(
    "url",
    ["jdbc:oracle:thin:@//h:1521/orcl", "jdbc:redshift://h:5439/db",
     "jdbc:sqlserver://h:1433;databaseName=db"],
)  # fmt: skip
def test_a_product_without_an_engine_is_named(url):
    with pytest.raises(UnbuiltProductError, match=url.split(":")[1]):
        jdbc.endpoint(url)


def test_what_is_no_url_is_refused_without_its_password():
    with pytest.raises(JdbcError) as caught:
        jdbc.endpoint("jdbc:nothing://user:secret@h/db?password=secret")
    assert str(caught.value) == "No suitable driver found for jdbc:nothing://h/db"


def test_a_login_does_not_show_its_password():
    assert "secret" not in f"{Login('u', 'secret')!r} {Login('u', 'secret')}"
