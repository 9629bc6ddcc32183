"""Secrets by boto3."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta

import pytest

from tests.services.secretsmanager.secrets import ABSENT, ARN, DELETED, body, refused


@pytest.fixture
def manager(lakebed):
    return lakebed.client("secretsmanager")


def test_a_secret_comes_back(manager):
    made = body(
        manager.create_secret(
            Name="lake/db", SecretString="pass", Description="of the lake",
            Tags=[{"Key": "team", "Value": "data"}],
        )
    )  # fmt: skip
    version = made.pop("VersionId")
    assert made == {"ARN": made["ARN"], "Name": "lake/db"}
    assert re.fullmatch(re.escape(f"{ARN}lake/db-") + "[A-Za-z0-9]{6}", made["ARN"])
    for name in ("lake/db", made["ARN"], f"{ARN}lake/db"):
        shown = body(manager.describe_secret(SecretId=name))
        created, changed = shown.pop("CreatedDate"), shown.pop("LastChangedDate")
        assert timedelta() <= changed - created < timedelta(seconds=60)
        assert shown == {
            "ARN": made["ARN"], "Name": "lake/db", "Description": "of the lake",
            "Tags": [{"Key": "team", "Value": "data"}],
            "VersionIdsToStages": {version: ["AWSCURRENT"]},
        }  # fmt: skip


def test_a_secret_without_a_value(manager):
    made = body(manager.create_secret(Name="empty"))
    assert sorted(made) == ["ARN", "Name"]
    assert "VersionIdsToStages" not in manager.describe_secret(SecretId="empty")
    assert refused(lambda: manager.get_secret_value(SecretId="empty")) == (
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    )


def test_an_update_makes_a_version_if_there_is_a_value(manager):
    first = manager.create_secret(Name="db", SecretString="one")
    changed = body(manager.update_secret(SecretId="db", Description="new"))
    assert changed == {"ARN": first["ARN"], "Name": "db"}
    second = manager.update_secret(SecretId="db", SecretString="two")
    shown = manager.describe_secret(SecretId="db")
    assert shown["Description"] == "new"
    assert shown["VersionIdsToStages"] == {
        first["VersionId"]: ["AWSPREVIOUS"], second["VersionId"]: ["AWSCURRENT"],
    }  # fmt: skip


def test_another_key_takes_the_values_over(lakebed, manager):
    kms = lakebed.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    manager.create_secret(Name="db", SecretString="one", KmsKeyId=keys[0])
    manager.put_secret_value(SecretId="db", SecretString="two")
    kms.disable_key(KeyId=keys[0])
    code, message = refused(lambda: manager.get_secret_value(SecretId="db"))
    assert (code, message.endswith("is disabled.")) == ("DecryptionFailure", True)
    kms.enable_key(KeyId=keys[0])
    manager.update_secret(SecretId="db", KmsKeyId=keys[1])
    kms.disable_key(KeyId=keys[0])
    assert manager.get_secret_value(SecretId="db")["SecretString"] == "two"
    old = manager.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
    assert old["SecretString"] == "one"
    assert manager.describe_secret(SecretId="db")["KmsKeyId"] == keys[1]


def test_a_deleted_secret_can_be_restored(manager):
    made = manager.create_secret(Name="db", SecretString="one")
    created = manager.describe_secret(SecretId="db")["CreatedDate"]
    done = body(manager.delete_secret(SecretId="db", RecoveryWindowInDays=7))
    due = done.pop("DeletionDate")
    assert done == {"ARN": made["ARN"], "Name": "db"}
    assert abs(due - created - timedelta(days=7)) < timedelta(seconds=60)
    assert manager.describe_secret(SecretId="db")["DeletedDate"] == due
    for call in (manager.get_secret_value, manager.delete_secret, manager.update_secret):
        assert refused(lambda call=call: call(SecretId="db")) == DELETED
    assert refused(lambda: manager.create_secret(Name="db")) == (
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for "
        "deletion.",
    )
    assert manager.list_secrets()["SecretList"] == []
    assert len(manager.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1
    assert body(manager.restore_secret(SecretId="db")) == {"ARN": made["ARN"], "Name": "db"}
    assert manager.get_secret_value(SecretId="db")["SecretString"] == "one"


def test_a_forced_deletion_is_final(manager):
    made = manager.create_secret(Name="db", SecretString="one")
    manager.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    assert refused(lambda: manager.describe_secret(SecretId=made["ARN"])) == ABSENT
    again = manager.create_secret(Name="db", SecretString="two")
    assert again["ARN"] != made["ARN"]
    assert refused(lambda: manager.get_secret_value(SecretId=made["ARN"])) == ABSENT
    assert manager.delete_secret(SecretId="none", ForceDeleteWithoutRecovery=True)["Name"] == "none"


def test_secrets_are_found_by_filters_and_in_pages(manager):
    given = (("a/one", "first thing", "x"), ("a/two", "second", "y"), ("b", "", "x"))
    for name, text, tag in given:
        manager.create_secret(
            Name=name, Description=text, SecretString="s", Tags=[{"Key": tag, "Value": "v"}]
        )

    def found(**filters):
        given = [{"Key": key.replace("_", "-"), "Values": one} for key, one in filters.items()]
        answer = manager.list_secrets(Filters=given, SortBy="name", SortOrder="asc")
        return [one["Name"] for one in answer["SecretList"]]

    assert found(name=["a/"]) == ["a/one", "a/two"]
    assert found(name=["A/"]) == []
    assert found(name=["!a/"]) == ["b"]
    assert found(tag_key=["x"]) == ["a/one", "b"]
    assert found(tag_key=["x"], name=["a"]) == ["a/one"]
    assert found(description=["THING"]) == ["a/one"]
    assert found(all=["second"]) == ["a/two"]
    pages = manager.get_paginator("list_secrets").paginate(
        SortBy="name", SortOrder="desc", PaginationConfig={"PageSize": 2}
    )
    assert [[one["Name"] for one in page["SecretList"]] for page in pages] == [
        ["b", "a/two"], ["a/one"],
    ]  # fmt: skip


def test_what_is_refused(manager):
    manager.create_secret(Name="db", SecretString="one")
    exists = "The operation failed because the secret db already exists."
    asked = [
        (lambda: manager.create_secret(Name="db", SecretString="two"),
         ("ResourceExistsException", exists)),
        (lambda: manager.create_secret(Name="a b"),
         ("InvalidParameterException", "Invalid name. Must be a valid name containing alphanumeric "
          "characters, or any of the following: -/_+=.@!")),
        (lambda: manager.create_secret(Name="x", SecretString="a", SecretBinary=b"b"),
         ("InvalidRequestException", "You can't specify both a binary secret value and a string "
          "secret value in the same secret.")),
        (lambda: manager.describe_secret(SecretId="none"), ABSENT),
        (lambda: manager.delete_secret(SecretId="db", RecoveryWindowInDays=3),
         ("InvalidParameterException",
          "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")),
    ]  # fmt: skip
    for call, expected in asked:
        assert refused(call) == expected
    replicas = {"Name": "x", "AddReplicaRegions": [{"Region": "eu-west-1"}]}
    assert refused(lambda: manager.create_secret(**replicas))[0] == "LakebedNotBuilt"
    assert refused(lambda: manager.rotate_secret(SecretId="db"))[0] == "LakebedNotBuilt"


def test_no_value_stands_in_store_or_audit(lakebed, manager):
    manager.create_secret(Name="db", SecretString="gauntlet-value")
    manager.put_secret_value(SecretId="db", SecretString="gauntlet-value-2")
    manager.get_secret_value(SecretId="db")
    state = lakebed.data_dir / "state"
    with sqlite3.connect(f"file:{state / 'store.sqlite'}?mode=ro", uri=True) as store:
        assert "gauntlet-value" not in "\n".join(store.iterdump())
    audit = "".join(path.read_text() for path in (state / "audit").iterdir())
    assert "PutSecretValue" in audit
    assert "gauntlet-value" not in audit
