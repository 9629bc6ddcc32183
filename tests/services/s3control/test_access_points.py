from __future__ import annotations

import json

import pytest
import requests
from botocore.config import Config

from tests.services.s3.answers import RECENT, answer, refusal
from tests.services.s3.callers import OTHER, other
from tests.services.s3control.resolving import resolving

__all__ = ["resolving"]

ACCOUNT = "000000000000"
ARN = f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/point"
MINE = {"AccountId": ACCOUNT, "Name": "point"}
OPEN = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)


@pytest.fixture
def s3(lakebed, resolving):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="a/k", Body=b"body")
    return client


@pytest.fixture
def control(lakebed, s3):
    return lakebed.client("s3control")


def make(control, **more):
    return control.create_access_point(**MINE, Bucket="lake", **more)["Alias"]


def policy(principal, action, resource):
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_access_point_is_made_shown_listed_and_deleted(control):
    made = answer(control.create_access_point(**MINE, Bucket="lake"))
    alias = made["Alias"]
    assert made == {"AccessPointArn": ARN, "Alias": alias}
    assert alias.startswith("point-")
    assert alias.endswith("-s3alias")
    assert len(alias) <= 63
    listed = {
        "Name": "point",
        "NetworkOrigin": "Internet",
        "Bucket": "lake",
        "AccessPointArn": ARN,
        "Alias": alias,
        "BucketAccountId": ACCOUNT,
    }
    assert answer(control.get_access_point(**MINE)) == {
        **listed,
        "PublicAccessBlockConfiguration": dict.fromkeys(OPEN, True),
        "CreationDate": RECENT,
        "Endpoints": {
            "ipv4": "s3-accesspoint.us-east-1.amazonaws.com",
            "dualstack": "s3-accesspoint.dualstack.us-east-1.amazonaws.com",
        },
    }
    found = answer(control.list_access_points(AccountId=ACCOUNT, Bucket="lake"))
    assert found == {"AccessPointList": [listed]}
    nothing = answer(control.list_access_points(AccountId=ACCOUNT, Bucket="other"))
    assert nothing.get("AccessPointList", []) == []
    control.delete_access_point(**MINE)
    status, error = refusal(control.get_access_point, **MINE)
    assert (status, error["Code"]) == (404, "NoSuchAccessPoint")


def test_access_points_are_listed_in_pages(control):
    for number in range(3):
        name = f"point-{number}"
        control.create_access_point(AccountId=ACCOUNT, Name=name, Bucket="lake")
    first = control.list_access_points(AccountId=ACCOUNT, MaxResults=2)
    rest = control.list_access_points(AccountId=ACCOUNT, NextToken=first["NextToken"])
    names = [one["Name"] for page in (first, rest) for one in page["AccessPointList"]]
    assert names == ["point-0", "point-1", "point-2"]
    assert "NextToken" not in rest


def test_what_cannot_be_made_is_refused(lakebed, s3, control):
    def code(**changes):
        call = {**MINE, "Bucket": "lake", **changes}
        return refusal(control.create_access_point, **call)[1]["Code"]

    assert code(Bucket="nowhere") == "NoSuchBucket"
    assert code(Name="Point") == "InvalidAccessPoint"
    assert code(AccountId=OTHER) == "AccessDenied"
    assert code(VpcConfiguration={"VpcId": "vpc-1"}) == "LakebedNotBuilt"
    other(lakebed).create_bucket(Bucket="theirs")
    assert code(Bucket="theirs") == "AccessDenied"
    make(control)
    assert code() == "AccessPointAlreadyOwnedByYou"
    s3.delete_object(Bucket="lake", Key="a/k")
    assert refusal(s3.delete_bucket, Bucket="lake")[1]["Code"] == "BucketHasAccessPointsAttached"


def test_objects_are_reached_by_arn_and_by_alias(s3, control):
    alias = make(control)
    for name in (ARN, alias):
        s3.put_object(Bucket=name, Key="new", Body=b"12345")
        assert s3.get_object(Bucket="lake", Key="new")["Body"].read() == b"12345"
        assert s3.get_object(Bucket=name, Key="a/k")["Body"].read() == b"body"
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]]
        assert keys == ["a/k", "new"]
        s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "new"}]})
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": alias, "Key": "a/k"})
    assert requests.get(signed, timeout=10).content == b"body"
    for name in (ARN, alias):
        status, error = refusal(s3.get_bucket_policy, Bucket=name)
        assert (status, error["Code"]) == (405, "MethodNotAllowed")


def test_a_copy_names_no_access_point_as_its_source(s3, control):
    make(control)
    source = {"Bucket": ARN, "Key": "a/k"}
    error = refusal(s3.copy_object, Bucket="lake", Key="copy", CopySource=source)[1]
    assert error["Code"] == "NotImplemented"


def test_a_signature_holds_for_the_name_that_was_signed(lakebed, control):
    alias = make(control)
    config = Config(signature_version="s3v4")
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "wrong"}
    wrong = lakebed.client("s3", **keys, config=config)
    assert refusal(wrong.get_object, Bucket=alias, Key="a/k")[1]["Code"] == "SignatureDoesNotMatch"


def test_a_form_is_sent_to_an_alias(s3, control):
    alias = make(control)
    form = s3.generate_presigned_post(alias, "form")
    sent = requests.post(form["url"], form["fields"], files={"file": b"body"}, timeout=10)
    assert sent.status_code == 204
    assert s3.get_object(Bucket="lake", Key="form")["Body"].read() == b"body"
