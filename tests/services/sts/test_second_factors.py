"""Codes of second factors, by boto3 on a strict server: who shows one may what asks for it."""

from __future__ import annotations

import base64
import json
import time

import pytest

from lakebed.govern.one_time_codes import code_at
from tests.services.glue.test_databases import error_of
from tests.services.sts.conftest import allow, keys_of

ANN = {"AWS": "arn:aws:iam::000000000000:user/ann"}
SHOWN = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture
def ann(user):
    return user("ann", allow("s3:ListAllMyBuckets", "*", Condition=SHOWN))


@pytest.fixture
def phone(iam, ann):
    """The serial of Ann's device, and its code of some steps from now."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, now = base64.b32decode(made["Base32StringSeed"]), int(time.time()) // 30
    iam.enable_mfa_device(
        UserName="ann", SerialNumber=made["SerialNumber"],
        AuthenticationCode1=code_at(seed, now - 2), AuthenticationCode2=code_at(seed, now - 1),
    )  # fmt: skip
    return lambda away=0: {
        "SerialNumber": made["SerialNumber"], "TokenCode": code_at(seed, now + away),
    }  # fmt: skip


def test_a_role_that_asks_for_a_code_is_assumed_with_one(strict, ann, phone, role):
    arn = role("reader", allow("sts:AssumeRole", Principal=ANN, Condition=SHOWN))
    sts = strict.client("sts", **ann)
    asked = {"RoleArn": arn, "RoleSessionName": "work"}
    denied = error_of(lambda: sts.assume_role(**asked))
    assert denied[1].endswith("because no role trust policy allows the sts:AssumeRole action")
    wrong = {**phone(), "TokenCode": "000000"}
    assert error_of(lambda: sts.assume_role(**asked, **wrong)) == denied
    sts.assume_role(**asked, **phone())
    # A code counts once.
    assert error_of(lambda: sts.assume_role(**asked, **phone())) == denied
    sts.assume_role(**asked, **phone(1))


def test_a_session_with_a_code_may_what_asks_for_it(strict, ann, phone):
    sts = strict.client("sts", **ann)
    for keys in (ann, keys_of(sts.get_session_token()["Credentials"])):
        s3 = strict.client("s3", **keys)
        assert error_of(s3.list_buckets)[0] == "AccessDenied"
    keys = keys_of(sts.get_session_token(**phone())["Credentials"])
    assert strict.client("s3", **keys).list_buckets()["Buckets"] == []


def test_wrong_codes_and_others_devices_are_refused(strict, ann, phone, user):
    sts = strict.client("sts", **ann)
    bob = strict.client("sts", **user("bob"))
    failed = "MultiFactorAuthentication failed"
    for client, given, sentence in (
        (sts, {**phone(), "TokenCode": "000000"},
         f"{failed} with invalid MFA one time pass code. "),
        (bob, phone(), f"{failed}, unable to validate MFA code.  Please verify your MFA serial "
         "number is valid and associated with this user."),
        (sts, {"TokenCode": "123456"},
         f"{failed}, must provide both MFA serial number and one time pass code."),
    ):  # fmt: skip
        refused = error_of(lambda client=client, given=given: client.get_session_token(**given))
        assert refused == ("AccessDenied", sentence, 403)


def test_a_session_without_a_code_does_not_call_iam(strict, user, phone):
    iam = strict.client("iam")
    reads = {"Version": "2012-10-17", "Statement": [allow("iam:Get*", "*")]}
    iam.put_user_policy(UserName="ann", PolicyName="reads", PolicyDocument=json.dumps(reads))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    sts = strict.client(
        "sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    without, shown = (
        strict.client("iam", **keys_of(sts.get_session_token(**given)["Credentials"]))
        for given in ({}, phone())
    )
    assert error_of(without.get_user) == (
        "InvalidClientTokenId", "The security token included in the request is invalid", 403,
    )  # fmt: skip
    assert shown.get_user()["User"]["UserName"] == "ann"
