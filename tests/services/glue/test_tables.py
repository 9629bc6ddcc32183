"""Tables of the Data Catalog, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

TABLE = {
    "Name": "trips",
    "Description": "d",
    "StorageDescriptor": {
        "Columns": [{"Name": "a", "Type": "int", "Comment": "c"}, {"Name": "b", "Type": "string"}],
        "Location": "s3://b/trips/",
        "SerdeInfo": {"SerializationLibrary": "x", "Parameters": {"k": "v"}},
        "Compressed": False,
    },
    "PartitionKeys": [{"Name": "p", "Type": "string"}],
    "TableType": "EXTERNAL_TABLE",
    "Parameters": {"classification": "csv"},
}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    return client


def test_a_table_comes_back_whole(glue):
    assert body(glue.create_table(DatabaseName="D", TableInput={**TABLE, "Name": "Trips"})) == {}
    table = glue.get_table(DatabaseName="d", Name="TRIPS")["Table"]
    created, updated = table.pop("CreateTime"), table.pop("UpdateTime")
    assert created == updated
    assert table == {
        **TABLE,
        "DatabaseName": "d",
        "Retention": 0,
        "IsRegisteredWithLakeFormation": False,
        "CatalogId": "000000000000",
        "VersionId": "0",
    }


def test_errors_of_tables(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    assert error_of(lambda: glue.create_table(DatabaseName="d", TableInput=TABLE)) == (
        "AlreadyExistsException",
        "Table already exists.",
        400,
    )
    assert error_of(lambda: glue.get_table(DatabaseName="d", Name="no")) == (
        "EntityNotFoundException",
        "Entity Not Found",
        400,
    )
    assert error_of(lambda: glue.get_table(DatabaseName="no", Name="no")) == (
        "EntityNotFoundException",
        "Database no not found.",
        400,
    )
    assert error_of(lambda: glue.delete_table(DatabaseName="d", Name="no")) == (
        "EntityNotFoundException",
        "Table no not found.",
        400,
    )
    code, message, status = error_of(
        lambda: glue.create_table(DatabaseName="d", TableInput=TABLE, PartitionIndexes=[
            {"Keys": ["p"], "IndexName": "i"}
        ])
    )  # fmt: skip
    assert (code, status) == ("LakebedNotBuilt", 400)
    assert "glue.CreateTable (PartitionIndexes)" in message


def test_update_keeps_the_creation_time_and_counts_versions(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    before = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    glue.update_table(DatabaseName="d", TableInput={**TABLE, "Description": "new"})
    after = glue.get_table(DatabaseName="d", Name="trips")["Table"]
    assert after["CreateTime"] == before["CreateTime"]
    assert (after["Description"], after["VersionId"]) == ("new", "1")


def test_update_with_a_stale_version_is_refused(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    glue.update_table(DatabaseName="d", TableInput=TABLE, VersionId="0")
    code, _, status = error_of(
        lambda: glue.update_table(DatabaseName="d", TableInput=TABLE, VersionId="0")
    )
    assert (code, status) == ("ConcurrentModificationException", 400)


def test_tables_are_listed_by_pattern_in_pages(glue):
    for name in ("a_1", "a_2", "a_3", "b_1"):
        glue.create_table(DatabaseName="d", TableInput={**TABLE, "Name": name})
    pages = glue.get_paginator("get_tables").paginate(
        DatabaseName="d", Expression="a.*", PaginationConfig={"PageSize": 2}
    )
    assert [[t["Name"] for t in page["TableList"]] for page in pages] == [["a_1", "a_2"], ["a_3"]]
    for pattern, found in (("*_1*", ["a_1", "b_1"]), ("*2", ["a_2"]), ("B*", ["b_1"])):
        # The stars that awswrangler's catalog.tables(name_contains=…) sends.
        tables = glue.get_tables(DatabaseName="d", Expression=pattern)["TableList"]
        assert [table["Name"] for table in tables] == found
    code, _, _ = error_of(lambda: glue.get_tables(DatabaseName="d", Expression="["))
    assert code == "InvalidInputException"


def test_batch_delete_names_what_was_not_there(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    answer = glue.batch_delete_table(DatabaseName="d", TablesToDelete=["trips", "no"])
    assert answer["Errors"] == [
        {
            "TableName": "no",
            "ErrorDetail": {
                "ErrorCode": "EntityNotFoundException",
                "ErrorMessage": "Table no not found.",
            },
        }
    ]
    assert glue.get_tables(DatabaseName="d")["TableList"] == []


def test_a_deleted_table_leaves_no_partition_behind(glue):
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    glue.create_partition(DatabaseName="d", TableName="trips", PartitionInput={"Values": ["1"]})
    glue.delete_table(DatabaseName="d", Name="trips")
    glue.create_table(DatabaseName="d", TableInput=TABLE)
    assert glue.get_partitions(DatabaseName="d", TableName="trips")["Partitions"] == []
