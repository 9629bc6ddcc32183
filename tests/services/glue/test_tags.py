"""Tags of the catalog's resources, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

PLACE = "arn:aws:glue:us-east-1:000000000000:"


@pytest.fixture
def glue(lakebed):
    client = lakebed.client("glue")
    client.create_database(DatabaseInput={"Name": "d"})
    client.create_table(DatabaseName="d", TableInput={"Name": "t"})
    client.create_user_defined_function(DatabaseName="d", FunctionInput={"FunctionName": "f"})
    return client


@pytest.mark.parametrize("what", ["database/d", "table/d/t", "userDefinedFunction/d/f", "catalog"])
def test_tags_are_added_replaced_and_taken(glue, what):
    arn = PLACE + what
    assert body(glue.get_tags(ResourceArn=arn)) == {"Tags": {}}
    assert body(glue.tag_resource(ResourceArn=arn, TagsToAdd={"a": "1", "b": "2"})) == {}
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"b": "3", "c": ""})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "1", "b": "3", "c": ""}
    assert body(glue.untag_resource(ResourceArn=arn, TagsToRemove=["a", "no"])) == {}
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"b": "3", "c": ""}


def test_errors_of_tags(glue):
    for arn in (
        PLACE + "database/no",
        PLACE + "table/d",
        PLACE.replace("us-east-1", "eu-west-1") + "database/d",
        PLACE.replace("000000000000", "111111111111") + "database/d",
        PLACE + "connection/no",
    ):
        assert error_of(lambda arn=arn: glue.get_tags(ResourceArn=arn)) == (
            "EntityNotFoundException", f"Resource {arn} not found.", 400,
        )  # fmt: skip
    code, message, _ = error_of(
        lambda: glue.tag_resource(ResourceArn=PLACE + "mlTransform/j", TagsToAdd={"a": "b"})
    )
    assert (code, "glue.TagResource (of a mlTransform)" in message) == ("LakebedNotBuilt", True)
    arn = PLACE + "database/d"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={str(number): "" for number in range(50)})
    assert error_of(lambda: glue.tag_resource(ResourceArn=arn, TagsToAdd={"x": ""})) == (
        "InvalidInputException", "A resource has at most 50 tags.", 400,
    )  # fmt: skip
