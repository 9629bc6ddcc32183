"""Versions of tables, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import error_of

NAMES = {"DatabaseName": "d", "TableName": "t"}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    client.create_table(DatabaseName="d", TableInput={"Name": "t", "Description": "0"})
    for number in range(1, 12):
        client.update_table(DatabaseName="d", TableInput={"Name": "t", "Description": str(number)})
    return client


def versions(glue):
    pages = glue.get_paginator("get_table_versions").paginate(
        **NAMES, PaginationConfig={"PageSize": 5}
    )
    return [version["VersionId"] for page in pages for version in page["TableVersions"]]


def test_versions_are_listed_the_newest_first(glue):
    assert versions(glue) == [str(number) for number in range(11, -1, -1)]


def test_one_version_is_the_table_as_it_was(glue):
    old = glue.get_table_version(**NAMES, VersionId="3")["TableVersion"]
    assert (old["VersionId"], old["Table"]["Description"]) == ("3", "3")
    now = glue.get_table_version(**NAMES)["TableVersion"]
    assert (now["VersionId"], now["Table"]["Description"]) == ("11", "11")


def test_skip_archive_leaves_no_version(glue):
    glue.update_table(DatabaseName="d", TableInput={"Name": "t"}, SkipArchive=True)
    assert versions(glue)[:2] == ["12", "10"]


def test_deleting_versions(glue):
    glue.delete_table_version(**NAMES, VersionId="3")
    errors = glue.batch_delete_table_version(**NAMES, VersionIds=["4", "3", "11"])["Errors"]
    assert [(e["VersionId"], e["ErrorDetail"]["ErrorCode"]) for e in errors] == [
        ("3", "EntityNotFoundException"),
        ("11", "InvalidInputException"),
    ]
    assert versions(glue) == ["11", "10", "9", "8", "7", "6", "5", "2", "1", "0"]
    assert error_of(lambda: glue.get_table_version(**NAMES, VersionId="3")) == (
        "EntityNotFoundException",
        "Version not found.",
        400,
    )
    assert error_of(lambda: glue.get_table_version(**NAMES, VersionId="x"))[0] == (
        "InvalidInputException"
    )
