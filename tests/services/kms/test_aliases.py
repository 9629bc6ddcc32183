"""Aliases by boto3."""

from __future__ import annotations

import pytest

from tests.services.kms.keys import body, refused

ARN = "arn:aws:kms:us-east-1:000000000000:"


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


def test_an_alias_names_one_key_then_another(kms):
    one, two = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/lake", TargetKeyId=one)
    [shown] = kms.list_aliases()["Aliases"]
    created, updated = shown.pop("CreationDate"), shown.pop("LastUpdatedDate")
    assert created == updated
    assert shown == {
        "AliasName": "alias/lake", "AliasArn": f"{ARN}alias/lake", "TargetKeyId": one,
    }  # fmt: skip
    assert kms.describe_key(KeyId="alias/lake")["KeyMetadata"]["KeyId"] == one
    blob = kms.encrypt(KeyId=f"{ARN}alias/lake", Plaintext=b"x")
    assert blob["KeyId"] == f"{ARN}key/{one}"
    kms.update_alias(AliasName="alias/lake", TargetKeyId=two)
    assert kms.describe_key(KeyId="alias/lake")["KeyMetadata"]["KeyId"] == two
    assert kms.decrypt(CiphertextBlob=blob["CiphertextBlob"])["Plaintext"] == b"x"
    assert body(kms.list_aliases(KeyId=one)) == {"Aliases": [], "Truncated": False}
    assert len(kms.list_aliases(KeyId=two)["Aliases"]) == 1
    kms.delete_alias(AliasName="alias/lake")
    assert kms.list_aliases()["Aliases"] == []


def test_aliases_are_listed_in_pages(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    names = [f"alias/{one}" for one in "abc"]
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=key)
    for more in ({}, {"KeyId": key}):
        pages = kms.get_paginator("list_aliases").paginate(**more, PaginationConfig={"PageSize": 2})
        found = [[one["AliasName"] for one in page["Aliases"]] for page in pages]
        assert found == [names[:2], names[2:]]


def test_what_is_refused(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/lake", TargetKeyId=key)
    asked = [
        (lambda: kms.create_alias(AliasName="alias/lake", TargetKeyId=key),
         ("AlreadyExistsException", f"An alias with the name {ARN}alias/lake already exists")),
        (lambda: kms.create_alias(AliasName="lake", TargetKeyId=key),
         ("ValidationException", 'Alias must start with the prefix "alias/". Please see '
          "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")),
        (lambda: kms.create_alias(AliasName="alias/", TargetKeyId=key),
         ("ValidationException", "Invalid identifier")),
        (lambda: kms.create_alias(AliasName="alias/aws/s3", TargetKeyId=key),
         ("NotAuthorizedException", "The prefix alias/aws/ is reserved for AWS.")),
        (lambda: kms.delete_alias(AliasName="alias/none"),
         ("NotFoundException", f"Alias {ARN}alias/none is not found.")),
    ]  # fmt: skip
    for call, expected in asked:
        assert refused(call) == expected
    hmac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    assert refused(lambda: kms.update_alias(AliasName="alias/lake", TargetKeyId=hmac["KeyId"])) == (
        "ValidationException",
        "The current and new key must be the same type and have the same key usage.",
    )
