"""Databases of the Data Catalog, by boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

EVERYONE = [
    {
        "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        "Permissions": ["ALL"],
    }
]


def error_of(call):
    with pytest.raises(ClientError) as raised:
        call()
    response = raised.value.response
    error, status = response["Error"], response["ResponseMetadata"]["HTTPStatusCode"]
    return error["Code"], error["Message"], status


def body(response):
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


def test_a_database_comes_back_whole_in_lower_case(lakebed):
    glue = lakebed.client("glue")
    given = {
        "Name": "Sales",
        "Description": "d",
        "LocationUri": "s3://b/",
        "Parameters": {"k": "v"},
    }
    assert body(glue.create_database(DatabaseInput=given)) == {}
    database = glue.get_database(Name="SALES")["Database"]
    assert database.pop("CreateTime").timestamp() > 1_700_000_000
    assert database == {
        **given,
        "Name": "sales",
        "CreateTableDefaultPermissions": EVERYONE,
        "CatalogId": "000000000000",
    }


def test_errors_of_databases(lakebed):
    glue = lakebed.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    not_found = ("EntityNotFoundException", "Database nope not found.", 400)
    assert error_of(lambda: glue.get_database(Name="nope")) == not_found
    assert error_of(lambda: glue.delete_database(Name="nope")) == not_found
    assert error_of(lambda: glue.create_database(DatabaseInput={"Name": "D"})) == (
        "AlreadyExistsException",
        "Database already exists.",
        400,
    )
    assert error_of(lambda: glue.get_database(CatalogId="111111111111", Name="d")) == (
        "EntityNotFoundException",
        "Catalog 111111111111 not found.",
        400,
    )
    assert error_of(lambda: glue.get_databases(NextToken="%%%")) == (
        "InvalidInputException",
        "Invalid NextToken",
        400,
    )
    assert error_of(lambda: glue.update_database(Name="d", DatabaseInput={"Name": "e"})) == (
        "InvalidInputException",
        "Database name cannot be changed.",
        400,
    )


def test_databases_are_listed_in_pages_by_name(lakebed):
    glue = lakebed.client("glue")
    for name in ("b", "c", "a"):
        glue.create_database(DatabaseInput={"Name": name})
    first = glue.get_databases(MaxResults=2)
    second = glue.get_databases(MaxResults=2, NextToken=first["NextToken"])
    assert [d["Name"] for d in first["DatabaseList"]] == ["a", "b"]
    assert [d["Name"] for d in second["DatabaseList"]] == ["c"]
    assert "NextToken" not in second


def test_update_replaces_the_definition(lakebed):
    glue = lakebed.client("glue")
    glue.create_database(
        DatabaseInput={"Name": "d", "Description": "old", "Parameters": {"a": "b"}}
    )
    glue.update_database(Name="d", DatabaseInput={"Name": "d", "Description": "new"})
    database = glue.get_database(Name="d")["Database"]
    assert (database["Description"], "Parameters" in database) == ("new", False)


def test_delete_takes_tables_and_partitions_along(lakebed):
    glue = lakebed.client("glue")
    for _ in range(2):
        glue.create_database(DatabaseInput={"Name": "d"})
        table = {"Name": "t", "PartitionKeys": [{"Name": "p", "Type": "string"}]}
        glue.create_table(DatabaseName="d", TableInput=table)
        assert glue.get_partitions(DatabaseName="d", TableName="t")["Partitions"] == []
        glue.create_partition(DatabaseName="d", TableName="t", PartitionInput={"Values": ["1"]})
        glue.delete_database(Name="d")
    assert glue.get_databases()["DatabaseList"] == []


def test_accounts_and_regions_are_apart(lakebed):
    lakebed.client("glue").create_database(DatabaseInput={"Name": "d"})
    assert lakebed.client("glue", region_name="eu-west-1").get_databases()["DatabaseList"] == []
    other = lakebed.client("glue", aws_access_key_id="222222222222", aws_secret_access_key="test")
    assert other.get_databases()["DatabaseList"] == []


def test_databases_by_attributes_and_sharing(lakebed):
    glue = lakebed.client("glue")
    target = {"CatalogId": "000000000000", "DatabaseName": "d"}
    glue.create_database(DatabaseInput={"Name": "d", "Description": "x"})
    glue.create_database(DatabaseInput={"Name": "link", "TargetDatabase": target})

    def listed(**more):
        return glue.get_databases(**more)["DatabaseList"]

    assert listed(AttributesToGet=["NAME"]) == [{"Name": "d"}, {"Name": "link"}]
    assert listed(AttributesToGet=["NAME", "TARGET_DATABASE"]) == [
        {"Name": "d"}, {"Name": "link", "TargetDatabase": target},
    ]  # fmt: skip
    assert listed(ResourceShareType="FOREIGN") == []
    assert [one["Name"] for one in listed(ResourceShareType="ALL")] == ["d", "link"]
    whole = glue.get_database(Name="d")["Database"]
    linked = {**whole, "Name": "link", "TargetDatabase": target}
    assert glue.get_database(Name="link")["Database"] == linked
    assert listed() == [whole, linked]
    glue.update_database(Name="link", DatabaseInput={"Name": "link", "Description": "y"})
    assert glue.get_database(Name="d")["Database"]["Description"] == "y"
    glue.delete_database(Name="d")
    assert error_of(lambda: glue.get_database(Name="link")) == (
        "EntityNotFoundException", "Database d not found.", 400,
    )  # fmt: skip
    assert [one["Name"] for one in listed()] == ["link"]
    code, message, _ = error_of(
        lambda: glue.create_database(
            DatabaseInput={"Name": "f", "FederatedDatabase": {"Identifier": "i"}}
        )
    )
    assert (code, "DatabaseInput.FederatedDatabase" in message) == ("LakebedNotBuilt", True)


def test_a_database_created_again_has_no_tags_left(lakebed):
    glue = lakebed.client("glue")
    arn = "arn:aws:glue:us-east-1:000000000000:database/d"
    glue.create_database(DatabaseInput={"Name": "d"}, Tags={"team": "data"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}
    glue.delete_database(Name="d")
    glue.create_database(DatabaseInput={"Name": "d"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}
