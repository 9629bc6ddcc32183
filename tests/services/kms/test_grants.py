"""Grants by boto3: what they are, and what they let others do."""

from __future__ import annotations

import pytest

from tests.services.kms.keys import body, refused

ROLE = "arn:aws:iam::000000000000:role/reader"


@pytest.fixture
def kms(lakebed):
    return lakebed.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def test_a_grant_comes_back(kms, key):
    given = {
        "GranteePrincipal": ROLE, "Operations": ["Decrypt", "Encrypt"], "Name": "reading",
        "RetiringPrincipal": "arn:aws:iam::000000000000:root",
        "Constraints": {"EncryptionContextSubset": {"team": "data"}},
    }  # fmt: skip
    made = kms.create_grant(KeyId=key["KeyId"], **given)
    again = kms.create_grant(KeyId=key["KeyId"], **given)
    assert (again["GrantId"], again["GrantToken"]) == (made["GrantId"], made["GrantToken"])
    [grant] = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    grant.pop("CreationDate")
    assert grant == {
        **given, "KeyId": key["Arn"], "GrantId": made["GrantId"],
        "IssuingAccount": "arn:aws:iam::000000000000:root",
    }  # fmt: skip
    assert kms.list_grants(KeyId=key["KeyId"], GranteePrincipal=ROLE + "2")["Grants"] == []
    found = kms.list_retirable_grants(RetiringPrincipal=given["RetiringPrincipal"])
    assert [one["GrantId"] for one in found["Grants"]] == [made["GrantId"]]
    kms.retire_grant(GrantToken=made["GrantToken"])
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


def test_grants_are_listed_in_pages_and_revoked(kms, key):
    made = sorted(
        kms.create_grant(
            KeyId=key["KeyId"], GranteePrincipal=ROLE, RetiringPrincipal=ROLE,
            Operations=["Decrypt"],
        )["GrantId"] for _ in range(3)
    )  # fmt: skip
    for name, more in (
        ("list_grants", {"KeyId": key["KeyId"]}),
        ("list_retirable_grants", {"RetiringPrincipal": ROLE}),
    ):
        first = getattr(kms, name)(Limit=2, **more)
        last = getattr(kms, name)(Limit=2, Marker=first["NextMarker"], **more)
        shown = [one["GrantId"] for page in (first, last) for one in page["Grants"]]
        assert shown == made
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made[0])
    assert refused(lambda: kms.revoke_grant(KeyId=key["KeyId"], GrantId=made[0])) == (
        "NotFoundException", f"Grant ID {made[0]} not found",
    )  # fmt: skip
    shown = kms.list_grants(KeyId=key["KeyId"], GrantId=made[1])["Grants"]
    assert [one["GrantId"] for one in shown] == [made[1]]


def test_what_is_refused(kms, key):
    name = key["KeyId"]
    assert refused(
        lambda: kms.create_grant(KeyId=name, GranteePrincipal=ROLE, Operations=["Sign"])
    ) == (
        "ValidationException",
        "Operations ['Sign'] are not valid for key usage ENCRYPT_DECRYPT.",
    )
    assert refused(
        lambda: kms.create_grant(KeyId=name, GranteePrincipal="me", Operations=["Decrypt"])
    ) == ("InvalidArnException", "Invalid ARN: me")
    assert refused(lambda: kms.encrypt(KeyId=name, Plaintext=b"x", GrantTokens=["none"])) == (
        "InvalidGrantTokenException",
        "The grant token is not valid.",
    )
    assert body(kms.list_grants(KeyId=name)) == {"Grants": [], "Truncated": False}
