from __future__ import annotations

import json

from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, other
from tests.services.s3control.resolving import resolving
from tests.services.s3control.test_access_points import (
    ACCOUNT,
    ARN,
    MINE,
    OPEN,
    control,
    make,
    policy,
    s3,
)

__all__ = ["control", "resolving", "s3"]


def test_other_accounts_need_both_policies(lakebed, s3, control):
    alias = make(control)
    guest = other(lakebed)
    call = {"Bucket": alias, "Key": "a/k"}
    assert refusal(guest.get_object, **call)[0] == 403
    who = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    text = policy(who, "s3:GetObject", f"{ARN}/object/a/*")
    control.put_access_point_policy(**MINE, Policy=text)
    assert answer(control.get_access_point_policy(**MINE)) == {"Policy": text}
    assert refusal(guest.get_object, **call)[0] == 403
    delegated = json.loads(policy("*", "s3:GetObject", "arn:aws:s3:::lake/*"))
    condition = {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}
    delegated["Statement"][0]["Condition"] = condition
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps(delegated))
    assert guest.get_object(**call)["Body"].read() == b"body"
    assert refusal(guest.get_object, Bucket="lake", Key="a/k")[0] == 403
    s3.put_object(Bucket="lake", Key="b", Body=b"")
    assert refusal(guest.get_object, Bucket=alias, Key="b")[0] == 403
    control.delete_access_point_policy(**MINE)
    assert refusal(guest.get_object, **call)[0] == 403


def test_a_public_policy_needs_an_access_point_that_lets_it(lakebed, s3, control):
    text = policy("*", "s3:GetObject", f"{ARN}/object/*")
    make(control)
    assert refusal(control.put_access_point_policy, **MINE, Policy=text)[0] == 403
    control.delete_access_point(**MINE)
    alias = make(control, PublicAccessBlockConfiguration=OPEN)
    control.put_access_point_policy(**MINE, Policy=text)
    status = answer(control.get_access_point_policy_status(**MINE))
    assert status == {"PolicyStatus": {"IsPublic": True}}
    s3.delete_public_access_block(Bucket="lake")
    s3.put_bucket_policy(Bucket="lake", Policy=policy("*", "s3:GetObject", "arn:aws:s3:::lake/*"))
    guest = nobody(lakebed)
    assert guest.get_object(Bucket=alias, Key="a/k")["Body"].read() == b"body"


def test_a_policy_that_is_none_is_refused(control):
    make(control)

    def code(text):
        return refusal(control.put_access_point_policy, **MINE, Policy=text)[1]["Code"]

    assert code("{") == "MalformedPolicy"
    elsewhere = policy({"AWS": OTHER}, "s3:GetObject", "arn:aws:s3:::lake/*")
    assert code(elsewhere) == "MalformedPolicy"
    status, error = refusal(control.get_access_point_policy, **MINE)
    assert (status, error["Code"]) == (404, "NoSuchAccessPointPolicy")
