"""Values of secrets by boto3."""

from __future__ import annotations

import pytest

from tests.services.secretsmanager.secrets import ABSENT, body, refused


@pytest.fixture
def manager(lakebed):
    return lakebed.client("secretsmanager")


@pytest.mark.parametrize(("member", "value"), [("SecretString", "pä$s"), ("SecretBinary", b"\0\1")])
def test_a_value_comes_back(manager, member, value):
    made = manager.create_secret(Name="db", **{member: value})
    found = body(manager.get_secret_value(SecretId="db"))
    assert found.pop("CreatedDate") >= manager.describe_secret(SecretId="db")["CreatedDate"]
    assert found == {
        "ARN": made["ARN"], "Name": "db", "VersionId": made["VersionId"], member: value,
        "VersionStages": ["AWSCURRENT"],
    }  # fmt: skip
    accessed = manager.describe_secret(SecretId="db")["LastAccessedDate"]
    assert accessed.timestamp() % 86_400 == 0


def test_labels_move_as_versions_are_put(manager):
    one = manager.create_secret(Name="db", SecretString="1")["VersionId"]
    two = body(manager.put_secret_value(SecretId="db", SecretString="2"))
    assert two["VersionStages"] == ["AWSCURRENT"]
    three = manager.put_secret_value(
        SecretId="db", SecretString="3", VersionStages=["AWSPENDING", "blue"]
    )
    assert manager.describe_secret(SecretId="db")["VersionIdsToStages"] == {
        one: ["AWSPREVIOUS"], two["VersionId"]: ["AWSCURRENT"],
        three["VersionId"]: ["AWSPENDING", "blue"],
    }  # fmt: skip
    for stage, text in (("AWSPREVIOUS", "1"), ("AWSCURRENT", "2"), ("blue", "3")):
        found = manager.get_secret_value(SecretId="db", VersionStage=stage)
        assert found["SecretString"] == text
    assert manager.get_secret_value(SecretId="db", VersionId=one)["SecretString"] == "1"
    assert refused(
        lambda: manager.get_secret_value(SecretId="db", VersionId=one, VersionStage="blue")
    ) == (
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
    )
    assert refused(lambda: manager.get_secret_value(SecretId="db", VersionStage="red")) == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: red",
    )


def test_a_request_made_twice_makes_one_version(manager):
    token = "12345678-1234-1234-1234-123456789012"
    given = {"Name": "db", "SecretString": "1", "ClientRequestToken": token}
    assert body(manager.create_secret(**given)) == body(manager.create_secret(**given))
    put = {"SecretId": "db", "ClientRequestToken": token}
    assert manager.put_secret_value(**put, SecretString="1")["VersionStages"] == ["AWSCURRENT"]
    assert refused(lambda: manager.put_secret_value(**put, SecretString="2")) == (
        "ResourceExistsException", "A resource with the ID you requested already exists.",
    )  # fmt: skip
    assert refused(lambda: manager.put_secret_value(SecretId="db")) == (
        "InvalidRequestException", "You must provide either SecretString or SecretBinary.",
    )  # fmt: skip


def test_many_values_at_once(manager):
    for name in "abc":
        manager.create_secret(Name=name, SecretString=name * 2)
    manager.delete_secret(SecretId="c")
    found = body(manager.batch_get_secret_value(SecretIdList=["b", "none", "a"]))
    assert [one["SecretString"] for one in found["SecretValues"]] == ["bb", "aa"]
    assert found["Errors"] == [{"SecretId": "none", "ErrorCode": ABSENT[0], "Message": ABSENT[1]}]
    given = {"Filters": [{"Key": "name", "Values": ["a", "b"]}], "MaxResults": 1}
    first = manager.batch_get_secret_value(**given)
    last = manager.batch_get_secret_value(**given, NextToken=first["NextToken"])
    shown = [one["Name"] for page in (first, last) for one in page["SecretValues"]]
    assert (shown, "NextToken" in last) == (["a", "b"], False)
    assert refused(manager.batch_get_secret_value)[0] == "InvalidParameterException"
