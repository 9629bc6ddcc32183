"""Tags of secrets by boto3."""

from __future__ import annotations

from tests.services.secretsmanager.secrets import refused


def test_tags_come_and_go(lakebed):
    manager = lakebed.client("secretsmanager")
    manager.create_secret(Name="db", Tags=[{"Key": "a", "Value": "1"}])
    manager.tag_resource(
        SecretId="db", Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]
    )
    manager.untag_resource(SecretId="db", TagKeys=["a", "none"])
    assert manager.describe_secret(SecretId="db")["Tags"] == [{"Key": "b", "Value": "2"}]
    tags = [{"Key": "aws:own", "Value": "1"}]
    assert refused(lambda: manager.tag_resource(SecretId="db", Tags=tags)) == (
        "InvalidParameterException", "Tag keys can't begin with aws:.",
    )  # fmt: skip
