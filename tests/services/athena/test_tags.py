"""Tags of workgroups and data catalogs, by boto3."""

from __future__ import annotations

import pytest

from tests.services.glue.test_databases import body, error_of

ARN = "arn:aws:athena:us-east-1:000000000000"


def tags_of(athena, arn):
    return {
        tag["Key"]: tag["Value"] for tag in athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
    }


@pytest.mark.parametrize("kind", ["workgroup", "datacatalog"])
def test_tags_are_added_changed_and_removed(athena, kind):
    first = [{"Key": "a", "Value": "1"}]
    if kind == "workgroup":
        athena.create_work_group(Name="team", Tags=first)
    else:
        athena.create_data_catalog(
            Name="team", Type="GLUE", Parameters={"catalog-id": "000000000000"}, Tags=first
        )
    arn = f"{ARN}:{kind}/team"
    assert tags_of(athena, arn) == {"a": "1"}
    athena.tag_resource(
        ResourceARN=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    )
    assert tags_of(athena, arn) == {"a": "2", "b": ""}
    assert body(athena.untag_resource(ResourceARN=arn, TagKeys=["a", "none"])) == {}
    assert tags_of(athena, arn) == {"b": ""}


def test_a_resource_has_at_most_fifty_tags(athena):
    arn = f"{ARN}:workgroup/primary"
    tags = [{"Key": f"k{number:02}", "Value": "v"} for number in range(50)]
    athena.tag_resource(ResourceARN=arn, Tags=tags)
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    assert error_of(
        lambda: athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "x", "Value": ""}])
    ) == ("InvalidRequestException", "A resource can have at most 50 tags.", 400)


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("nonsense", ("InvalidRequestException", "Invalid ARN: nonsense", 400)),
        (
            f"{ARN}:workgroup/other",
            ("ResourceNotFoundException", f"Resource {ARN}:workgroup/other was not found.", 400),
        ),
        (
            "arn:aws:athena:eu-west-1:000000000000:workgroup/primary",
            (
                "ResourceNotFoundException",
                "Resource arn:aws:athena:eu-west-1:000000000000:workgroup/primary was not found.",
                400,
            ),
        ),
    ],
)
def test_arns_that_name_nothing(athena, arn, expected):
    assert error_of(lambda: athena.list_tags_for_resource(ResourceARN=arn)) == expected
