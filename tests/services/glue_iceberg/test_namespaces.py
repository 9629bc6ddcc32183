"""Namespaces of the Iceberg REST endpoint are databases of the Data Catalog."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
)

from tests.services.glue_iceberg.rest_catalog import ACCOUNT, call, catalog


@pytest.fixture
def rest(lakebed):
    return catalog(lakebed)


def test_a_namespace_is_a_database(lakebed, rest):
    rest.create_namespace("Db", {"location": "s3://lake/db", "comment": "mine", "k": "v"})
    database = lakebed.client("glue").get_database(Name="db")["Database"]
    assert database["LocationUri"] == "s3://lake/db"
    assert database["Description"] == "mine"
    assert database["Parameters"] == {"k": "v"}
    assert rest.list_namespaces() == [("db",)]
    assert rest.load_namespace_properties("db") == {
        "location": "s3://lake/db", "comment": "mine", "k": "v"
    }  # fmt: skip
    assert rest.namespace_exists("db")
    assert not rest.namespace_exists("other")
    rest.drop_namespace("db")
    assert rest.list_namespaces() == []


def test_properties_are_set_and_removed(rest):
    rest.create_namespace("db", {"a": "1", "b": "2"})
    summary = rest.update_namespace_properties("db", {"a", "x"}, {"c": "3"})
    assert (summary.updated, summary.removed, summary.missing) == (["c"], ["a"], ["x"])
    assert rest.load_namespace_properties("db") == {"b": "2", "c": "3"}


def test_namespaces_that_are_there_or_not(lakebed, rest):
    rest.create_namespace("db")
    with pytest.raises(NamespaceAlreadyExistsError):
        rest.create_namespace("db")
    with pytest.raises(NoSuchNamespaceError):
        rest.load_namespace_properties("other")
    lakebed.client("glue").create_table(DatabaseName="db", TableInput={"Name": "t"})
    with pytest.raises(NamespaceNotEmptyError):
        rest.drop_namespace("db")


def test_a_listing_has_pages(lakebed):
    for name in ("a", "b", "c"):
        call(lakebed, "POST", f"catalogs/{ACCOUNT}/namespaces", {"namespace": [name]})
    path = f"catalogs/{ACCOUNT}/namespaces?pageSize=2"
    status, first = call(lakebed, "GET", path)
    assert status == 200
    assert first["namespaces"] == [["a"], ["b"]]
    token = quote(first["next-page-token"], safe="")
    _, second = call(lakebed, "GET", f"{path}&pageToken={token}")
    assert second == {"namespaces": [["c"]]}


def test_a_namespace_has_a_single_level(lakebed):
    status, found = call(
        lakebed, "POST", f"catalogs/{ACCOUNT}/namespaces", {"namespace": ["a", "b"]}
    )
    assert status == 400
    assert found["error"] == {
        "message": "Namespaces have a single level: a.b", "type": "BadRequestException", "code": 400
    }  # fmt: skip
