"""SearchTables, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of

TABLES = {
    "sales.customer-link": {"Description": "who buys", "Parameters": {"classification": "parquet"}},
    "sales.xx-link-yy": {"Owner": "Ann", "Parameters": {"classification": "csv"}},
    "web.xxlinkyy": {
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {"Columns": [{"Name": "user_agent", "Comment": "The browser"}]},
        "PartitionKeys": [{"Name": "day"}],
    },
}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    for name in ("sales", "web"):
        client.create_database(DatabaseInput={"Name": name})
    for name, definition in TABLES.items():
        database, _, table = name.partition(".")
        client.create_table(DatabaseName=database, TableInput={"Name": table, **definition})
    return client


def found(glue, **more):
    tables = glue.search_tables(**more)["TableList"]
    return [f"{table['DatabaseName']}.{table['Name']}" for table in tables]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("link", ["sales.customer-link", "sales.xx-link-yy"]),
        ("LINK customer", ["sales.customer-link"]),
        ("parquet", ["sales.customer-link"]),
        ("browser", ["web.xxlinkyy"]),
        ("agent", ["web.xxlinkyy"]),
        ("day", ["web.xxlinkyy"]),
        ('"customer-link"', ["sales.customer-link"]),
        ('"link"', []),
        ("sales", ["sales.customer-link", "sales.xx-link-yy"]),
        ("nothing", []),
    ],
)
def test_a_text_finds_tables_by_their_words(glue, text, expected):
    assert found(glue, SearchText=text) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([("Name", "link")], ["sales.customer-link", "sales.xx-link-yy"]),
        ([("DatabaseName", "web")], ["web.xxlinkyy"]),
        ([("classification", "csv")], ["sales.xx-link-yy"]),
        ([("Name", "link"), ("Owner", "ann")], ["sales.xx-link-yy"]),
        ([("CreateTime", "2000-01-01", "LESS_THAN")], []),
        ([("UpdateTime", "946684800", "GREATER_THAN_EQUALS"), ("Name", "yy")],
         ["sales.xx-link-yy"]),
    ],
)  # fmt: skip
def test_filters_find_tables_that_satisfy_all(glue, filters, expected):
    members = ("Key", "Value", "Comparator")
    asked = [dict(zip(members, one, strict=False)) for one in filters]
    assert found(glue, Filters=asked) == expected


def test_results_are_sorted_and_paged(glue):
    everything = ["sales.customer-link", "sales.xx-link-yy", "web.xxlinkyy"]
    for more, expected in (
        ({}, everything),
        ({"SortCriteria": [{"FieldName": "Name", "Sort": "DESC"}]}, everything[::-1]),
        ({"SortCriteria": [{"FieldName": "CreateTime", "Sort": "ASC"}]}, everything),
    ):
        first = glue.search_tables(MaxResults=2, **more)
        names = [f"{one['DatabaseName']}.{one['Name']}" for one in first["TableList"]]
        rest = found(glue, MaxResults=2, NextToken=first["NextToken"], **more)
        assert (names, rest) == (expected[:2], expected[2:])


def test_errors_and_sharing(glue):
    for more in (
        {"SortCriteria": [{"FieldName": "Colour", "Sort": "ASC"}]},
        {"Filters": [{"Key": "CreateTime", "Value": "yesterday"}]},
        {"NextToken": "%%%"},
    ):
        assert error_of(lambda more=more: glue.search_tables(**more))[0] == "InvalidInputException"
    assert found(glue, ResourceShareType="FOREIGN") == []
    whole = glue.search_tables(SearchText="parquet")["TableList"][0]
    assert whole == glue.get_table(DatabaseName="sales", Name="customer-link")["Table"]
