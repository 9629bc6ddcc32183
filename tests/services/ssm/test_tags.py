"""Tags of parameters by boto3."""

from __future__ import annotations

from tests.services.ssm.parameters import refused


def test_tags_come_and_go(lakebed):
    ssm = lakebed.client("ssm")
    ssm.put_parameter(Name="/a", Value="v", Type="String", Tags=[{"Key": "a", "Value": "1"}])
    given = {"ResourceType": "Parameter", "ResourceId": "/a"}
    ssm.add_tags_to_resource(**given, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**given, TagKeys=["a", "none"])
    assert ssm.list_tags_for_resource(**given)["TagList"] == [{"Key": "b", "Value": "2"}]
    given["ResourceId"] = "/none"
    assert refused(lambda: ssm.list_tags_for_resource(**given)) == (
        "InvalidResourceId", "Parameter with the name /none doesn't exist",
    )  # fmt: skip
    given["ResourceType"] = "Document"
    assert refused(lambda: ssm.list_tags_for_resource(**given))[0] == "LakebedNotBuilt"
