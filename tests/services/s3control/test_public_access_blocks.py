from __future__ import annotations

import json

import pytest

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other
from tests.services.s3control.resolving import resolving

__all__ = ["resolving"]

ACCOUNT = "000000000000"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.fixture
def control(lakebed, resolving):
    return lakebed.client("s3control")


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake", ObjectOwnership="ObjectWriter")
    client.put_object(Bucket="lake", Key="k", Body=b"body")
    open_to_policies(client, "lake")
    return client


def block(control, *names):
    configuration = dict.fromkeys(names, True)
    control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=configuration)


def public_policy():
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::lake/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_block_of_an_account_is_kept(control):
    absent = (
        404,
        {
            "Code": "NoSuchPublicAccessBlockConfiguration",
            "Message": "The public access block configuration was not found",
        },
    )
    status, error = refusal(control.get_public_access_block, AccountId=ACCOUNT)
    assert (status, {name: error[name] for name in ("Code", "Message")}) == absent
    block(control, "BlockPublicAcls", "RestrictPublicBuckets")
    found = answer(control.get_public_access_block(AccountId=ACCOUNT))
    expected = {name: name in ("BlockPublicAcls", "RestrictPublicBuckets") for name in BLOCKS}
    assert found == {"PublicAccessBlockConfiguration": expected}
    control.delete_public_access_block(AccountId=ACCOUNT)
    status, error = refusal(control.get_public_access_block, AccountId=ACCOUNT)
    assert (status, {name: error[name] for name in ("Code", "Message")}) == absent


def test_nobody_touches_the_block_of_another_account(control):
    status, error = refusal(control.get_public_access_block, AccountId=OTHER)
    assert (status, error["Code"]) == (403, "AccessDenied")


def test_public_policies_are_blocked_in_all_buckets(control, s3):
    block(control, "BlockPublicPolicy")
    status, error = refusal(s3.put_bucket_policy, Bucket="lake", Policy=public_policy())
    assert (status, error["Code"]) == (403, "AccessDenied")
    control.delete_public_access_block(AccountId=ACCOUNT)
    s3.put_bucket_policy(Bucket="lake", Policy=public_policy())


def test_buckets_with_public_policies_are_closed_to_others_at_once(lakebed, control, s3):
    s3.put_bucket_policy(Bucket="lake", Policy=public_policy())
    guest = nobody(lakebed)
    assert guest.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
    block(control, "RestrictPublicBuckets")
    assert refusal(guest.get_object, Bucket="lake", Key="k")[0] == 403
    assert refusal(other(lakebed).get_object, Bucket="lake", Key="k")[0] == 403
    assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
    control.delete_public_access_block(AccountId=ACCOUNT)
    assert guest.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"


def test_public_access_lists_are_blocked_and_ignored(lakebed, control, s3):
    s3.put_object_acl(Bucket="lake", Key="k", ACL="public-read")
    guest = nobody(lakebed)
    assert guest.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
    block(control, "BlockPublicAcls", "IgnorePublicAcls")
    assert refusal(guest.get_object, Bucket="lake", Key="k")[0] == 403
    call = {"Bucket": "lake", "Key": "k", "ACL": "public-read"}
    assert refusal(s3.put_object_acl, **call)[0] == 403


def test_a_bucket_may_have_the_name_of_the_path(lakebed, s3):
    s3.create_bucket(Bucket="v20180820")
    s3.put_object(Bucket="v20180820", Key="configuration/publicAccessBlock", Body=b"object")
    found = s3.get_object(Bucket="v20180820", Key="configuration/publicAccessBlock")
    assert found["Body"].read() == b"object"
