"""Versions of secrets and their labels by boto3."""

from __future__ import annotations

import pytest

from tests.services.secretsmanager.secrets import body, refused


@pytest.fixture
def manager(lakebed):
    return lakebed.client("secretsmanager")


@pytest.fixture
def versions(manager):
    first = manager.create_secret(Name="db", SecretString="1")["VersionId"]
    more = [manager.put_secret_value(SecretId="db", SecretString=one) for one in "23"]
    return [first, *(one["VersionId"] for one in more)]


def stages(manager):
    return manager.describe_secret(SecretId="db")["VersionIdsToStages"]


def test_a_label_is_moved(manager, versions):
    one, two, three = versions
    assert stages(manager) == {two: ["AWSPREVIOUS"], three: ["AWSCURRENT"]}
    manager.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", RemoveFromVersionId=three, MoveToVersionId=one
    )
    assert stages(manager) == {one: ["AWSCURRENT"], three: ["AWSPREVIOUS"]}
    manager.update_secret_version_stage(SecretId="db", VersionStage="own", MoveToVersionId=two)
    manager.update_secret_version_stage(SecretId="db", VersionStage="own", RemoveFromVersionId=two)
    assert stages(manager) == {one: ["AWSCURRENT"], three: ["AWSPREVIOUS"]}


def test_what_is_refused(manager, versions):
    one, two, three = versions
    given = {"SecretId": "db", "VersionStage": "AWSCURRENT"}
    code = "InvalidParameterException"
    asked = [
        ({"MoveToVersionId": one},
         "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently "
         f"attached to version {three}, so you must explicitly reference that version in "
         "RemoveFromVersionId."),
        ({"MoveToVersionId": one, "RemoveFromVersionId": two},
         f"The staging label AWSCURRENT isn't currently attached to version {two}."),
        ({"RemoveFromVersionId": three},
         "You can only move staging label AWSCURRENT to a different secret version. It can't be "
         "completely removed."),
    ]  # fmt: skip
    for more, message in asked:
        assert refused(lambda more=more: manager.update_secret_version_stage(**given, **more)) == (
            code,
            message,
        )


def test_versions_are_listed(manager, versions):
    found = body(manager.list_secret_version_ids(SecretId="db"))
    assert [one["VersionId"] for one in found["Versions"]] == versions[1:]
    given = {"SecretId": "db", "IncludeDeprecated": True, "MaxResults": 2}
    pages = [manager.list_secret_version_ids(**given)]
    pages.append(manager.list_secret_version_ids(**given, NextToken=pages[0]["NextToken"]))
    shown = [[one["VersionId"] for one in page["Versions"]] for page in pages]
    assert shown == [versions[:2], versions[2:]]
    [last] = [one for one in found["Versions"] if one["VersionId"] == versions[2]]
    last.pop("CreatedDate")
    assert last == {
        "VersionId": versions[2], "VersionStages": ["AWSCURRENT"],
        "KmsKeyIds": ["DefaultEncryptionKey"],
    }  # fmt: skip
