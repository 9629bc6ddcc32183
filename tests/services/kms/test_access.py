"""Who may use a key, on a server that enforces it."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.kms.keys import refused

ACCOUNT = "arn:aws:iam::000000000000"


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def signed_as(strict, name):
    iam = strict.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return strict.client(
        "kms",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_a_grant_lets_a_user_decrypt_and_nothing_else(strict):
    root, user = strict.client("kms"), signed_as(strict, "grantee")
    key = root.create_key()["KeyMetadata"]["KeyId"]
    context = {"team": "data"}
    blob = root.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]

    def decrypt():
        return user.decrypt(CiphertextBlob=blob, EncryptionContext=context)

    assert refused(decrypt)[0] == "AccessDeniedException"
    grant = root.create_grant(
        KeyId=key, GranteePrincipal=f"{ACCOUNT}:user/grantee", Operations=["Decrypt"],
        Constraints={"EncryptionContextEquals": context},
    )  # fmt: skip
    assert decrypt()["Plaintext"] == b"x"
    assert refused(lambda: user.encrypt(KeyId=key, Plaintext=b"x"))[0] == "AccessDeniedException"
    root.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    assert refused(decrypt)[0] == "AccessDeniedException"


def test_iam_alone_does_not_open_a_key_that_names_others(strict):
    root, user = strict.client("kms"), signed_as(strict, "allowed")
    document = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    strict.client("iam").put_user_policy(
        UserName="allowed", PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
    )  # fmt: skip
    theirs = root.create_key()["KeyMetadata"]["KeyId"]
    assert user.encrypt(KeyId=theirs, Plaintext=b"x")["CiphertextBlob"]
    statement = {**document, "Principal": {"AWS": f"{ACCOUNT}:user/other"}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    root.put_key_policy(KeyId=theirs, Policy=text, BypassPolicyLockoutSafetyCheck=True)
    assert refused(lambda: user.encrypt(KeyId=theirs, Plaintext=b"x"))[0] == (
        "AccessDeniedException"
    )
