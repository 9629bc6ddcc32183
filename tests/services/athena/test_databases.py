"""Databases as Athena shows them, by boto3."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of

WHERE = {"CatalogName": "AwsDataCatalog"}


def test_a_database_comes_back_as_glue_has_it(athena, lakebed):
    lakebed.client("glue").create_database(
        DatabaseInput={"Name": "shop", "Description": "d", "Parameters": {"a": "1"}}
    )
    assert body(athena.get_database(DatabaseName="shop", **WHERE)) == {
        "Database": {"Name": "shop", "Description": "d", "Parameters": {"a": "1"}}
    }
    code, message, status = error_of(lambda: athena.get_database(DatabaseName="nope", **WHERE))
    assert (code, status) == ("MetadataException", 400)
    start = (
        "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; "
        "Error Code: EntityNotFoundException; Request ID: "
    )
    assert (message.startswith(start), message.endswith("; Proxy: null)")) == (True, True)


def test_databases_are_listed_in_pages(athena, lakebed):
    for name in ("b", "a"):
        lakebed.client("glue").create_database(
            DatabaseInput={"Name": name, "Description": f"of {name}"}
        )
    first = athena.list_databases(MaxResults=2, **WHERE)
    second = athena.list_databases(MaxResults=2, NextToken=first["NextToken"], **WHERE)
    assert first["DatabaseList"] + second["DatabaseList"] == [
        {"Name": "a", "Description": "of a"},
        {"Name": "b", "Description": "of b"},
        {"Name": "default"},
    ]
    assert (len(second["DatabaseList"]), "NextToken" in second) == (1, False)
    names = athena.list_databases(AttributesToGet=["NAME"], **WHERE)["DatabaseList"]
    assert names == [{"Name": "a"}, {"Name": "b"}, {"Name": "default"}]


def test_the_catalog_and_the_workgroup_must_be_there(athena):
    assert error_of(lambda: athena.list_databases(CatalogName="nope")) == (
        "InvalidRequestException", "Catalog 'nope' does not exist", 400,
    )  # fmt: skip
    assert error_of(lambda: athena.list_databases(WorkGroup="nope", **WHERE)) == (
        "InvalidRequestException", "WorkGroup is not found.", 400,
    )  # fmt: skip
