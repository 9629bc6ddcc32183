"""Key policies by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.kms.keys import body, refused


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


def policy(principal, action="kms:*"):
    statement = {
        "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*",
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_key_is_left_to_iam_unless_its_policy_says_otherwise(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    found = body(kms.get_key_policy(KeyId=key))
    assert found.pop("PolicyName") == "default"
    assert json.loads(found["Policy"]) == {
        "Version": "2012-10-17", "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions", "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*",
            "Resource": "*",
        }],
    }  # fmt: skip
    assert body(kms.list_key_policies(KeyId=key)) == {
        "PolicyNames": ["default"], "Truncated": False,
    }  # fmt: skip
    own = policy("arn:aws:iam::000000000000:root", ["kms:PutKeyPolicy", "kms:Get*"])
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=own)
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == own


def test_what_is_refused(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    malformed = "MalformedPolicyDocumentException"
    out = "The new key policy will not allow you to update the key policy in the future."
    other = policy("arn:aws:iam::111122223333:root")
    assert refused(lambda: kms.put_key_policy(KeyId=key, Policy=other)) == (malformed, out)
    assert refused(lambda: kms.create_key(Policy=other)) == (malformed, out)
    assert refused(lambda: kms.put_key_policy(KeyId=key, Policy="{"))[0] == malformed
    assert refused(lambda: kms.get_key_policy(KeyId=key, PolicyName="own")) == (
        "NotFoundException", "No such policy exists",
    )  # fmt: skip
    kms.put_key_policy(KeyId=key, Policy=other, BypassPolicyLockoutSafetyCheck=True)
