"""User-defined functions, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

GIVEN = {
    "FunctionName": "MyFunction",
    "ClassName": "org.example.F",
    "OwnerName": "me",
    "OwnerType": "USER",
    "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://b/f.jar"}],
}


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    for name in ("d", "e"):
        client.create_database(DatabaseInput={"Name": name})
    return client


def test_a_function_comes_back_whole_and_changes(glue):
    assert body(glue.create_user_defined_function(DatabaseName="D", FunctionInput=GIVEN)) == {}
    names = {"DatabaseName": "d", "FunctionName": "myfunction"}
    found = glue.get_user_defined_function(**names)["UserDefinedFunction"]
    created = found.pop("CreateTime")
    assert found == {**GIVEN, "DatabaseName": "d", "CatalogId": "000000000000"}
    changed = {**GIVEN, "OwnerName": "you", "ResourceUris": []}
    assert body(glue.update_user_defined_function(**names, FunctionInput=changed)) == {}
    found = glue.get_user_defined_function(**names)["UserDefinedFunction"]
    assert found.pop("CreateTime") == created
    assert found == {**changed, "DatabaseName": "d", "CatalogId": "000000000000"}
    assert body(glue.delete_user_defined_function(**names)) == {}
    gone = ("EntityNotFoundException", "Function myfunction not found.", 400)
    assert error_of(lambda: glue.get_user_defined_function(**names)) == gone
    assert error_of(lambda: glue.delete_user_defined_function(**names)) == gone


def test_errors_of_functions(glue):
    glue.create_user_defined_function(DatabaseName="d", FunctionInput=GIVEN)
    for database, given, code, message in (
        ("d", GIVEN, "AlreadyExistsException", "Function myfunction already exists."),
        ("no", GIVEN, "EntityNotFoundException", "Database no not found."),
        ("d", {"ClassName": "c"}, "InvalidInputException", "FunctionName is required."),
    ):
        assert error_of(
            lambda database=database, given=given: glue.create_user_defined_function(
                DatabaseName=database, FunctionInput=given
            )
        ) == (code, message, 400)
    for number in range(99):
        glue.create_user_defined_function(
            DatabaseName="d", FunctionInput={**GIVEN, "FunctionName": f"f{number}"}
        )
    assert error_of(
        lambda: glue.create_user_defined_function(
            DatabaseName="d", FunctionInput={**GIVEN, "FunctionName": "more"}
        )
    ) == (
        "ResourceNumberLimitExceededException",
        "Number of functions exceeds the limit of 100 per database.",
        400,
    )


def test_functions_are_listed_by_pattern_type_and_page(glue):
    for database, name in (("d", "a1"), ("d", "a2"), ("d", "b"), ("e", "a1"), ("e", "a3")):
        kind = "AGGREGATE_FUNCTION" if name == "a3" else "REGULAR_FUNCTION"
        glue.create_user_defined_function(
            DatabaseName=database, FunctionInput={"FunctionName": name, "FunctionType": kind}
        )

    def listed(size=2, **more):
        pages = glue.get_paginator("get_user_defined_functions").paginate(
            PaginationConfig={"PageSize": size}, **more
        )
        return [
            [
                one["DatabaseName"] + "." + one["FunctionName"]
                for one in page["UserDefinedFunctions"]
            ]
            for page in pages
        ]

    assert listed(Pattern="a.*") == [["d.a1", "d.a2"], ["e.a1", "e.a3"]]
    assert listed(Pattern="*", size=4) == [["d.a1", "d.a2", "d.b", "e.a1"], ["e.a3"]]
    assert listed(Pattern="*", DatabaseName="d") == [["d.a1", "d.a2"], ["d.b"]]
    assert listed(Pattern="a.*", FunctionType="AGGREGATE_FUNCTION") == [["e.a3"]]
    glue.delete_database(Name="e")
    assert listed(Pattern="*", size=9) == [["d.a1", "d.a2", "d.b"]]
