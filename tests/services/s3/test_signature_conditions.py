"""What policies may ask of signatures, by real requests; and that whom they name exists."""

from __future__ import annotations

import json

import pytest
import requests
from botocore.config import Config

from lakebed.testing import server
from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other

TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}]}
)
V4 = Config(signature_version="s3v4")


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3", config=V4)
    client.create_bucket(Bucket="lake")
    client.put_object(Bucket="lake", Key="k", Body=b"body")
    open_to_policies(client, "lake")
    return client


def policy(s3, **conditions):
    """Let everybody do everything with objects of which the conditions hold."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*Object",
        "Resource": "arn:aws:s3:::lake/*",
        "Condition": conditions,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps(document))


def ways(lakebed):
    """Return by which ways another account may do something with an object."""
    keys = {"aws_access_key_id": OTHER, "aws_secret_access_key": "test", "config": V4}
    guest = lakebed.client("s3", **keys)
    old = other(lakebed)
    call = {"Bucket": "lake", "Key": "k"}
    form = guest.generate_presigned_post("lake", "form")
    found = {
        "header": _status(guest.get_object, **call),
        "query": requests.get(guest.generate_presigned_url("get_object", call)).status_code,
        "version 2": requests.get(old.generate_presigned_url("get_object", call)).status_code,
        "form": requests.post(form["url"], form["fields"], files={"file": b"x"}).status_code,
        "nobody": _status(nobody(lakebed).get_object, **call),
    }
    return {name for name, status in found.items() if status < 300}


def _status(call, **arguments):
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except call.__self__.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


ALL_V4 = {"header", "query", "form"}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"StringEquals": {"s3:authType": "REST-HEADER"}}, {"header"}),
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, {"query", "version 2"}),
        ({"StringEquals": {"s3:authType": "POST"}}, {"form"}),
        ({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, ALL_V4),
        ({"StringEquals": {"s3:signatureversion": "AWS"}}, {"version 2"}),
        ({"NumericLessThan": {"s3:signatureAge": "600000"}}, ALL_V4),
        ({"NumericGreaterThan": {"s3:signatureAge": "600000"}}, set()),
        (
            {"StringNotEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}},
            {"header", "nobody"},
        ),
        ({"Null": {"s3:TlsVersion": "true"}}, {*ALL_V4, "version 2", "nobody"}),
    ],
)
def test_a_policy_may_ask_how_a_request_was_signed(lakebed, s3, conditions, expected):
    policy(s3, **conditions)
    assert ways(lakebed) == expected


def test_a_policy_may_ask_for_the_version_of_tls():
    with server("--tls") as secure:
        s3 = secure.client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="k", Body=b"body")
        open_to_policies(s3, "lake")
        policy(s3, NumericGreaterThanEquals={"s3:TlsVersion": "1.2"})
        assert other(secure).get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
        policy(s3, NumericGreaterThanEquals={"s3:TlsVersion": "1.4"})
        assert refusal(other(secure).get_object, Bucket="lake", Key="k")[0] == 403


def test_a_policy_names_those_who_are_there(lakebed, s3):
    iam = lakebed.client("iam")
    iam.create_user(UserName="ada", Path="/team/")
    iam.create_role(RoleName="reads", AssumeRolePolicyDocument=TRUST)

    def put(arn):
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": arn},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::lake/*",
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return {"Bucket": "lake", "Policy": text}

    account = "arn:aws:iam::000000000000"
    for arn in (f"{account}:user/team/ada", f"{account}:role/reads", f"{account}:root", OTHER):
        assert answer(s3.put_bucket_policy(**put(arn))) == {}
    invalid = 400, {"Code": "MalformedPolicy", "Message": "Invalid principal in policy"}
    for arn in (f"{account}:user/ada", f"{account}:role/writes", f"arn:aws:iam::{OTHER}:user/bob"):
        assert refusal(s3.put_bucket_policy, **put(arn)) == invalid
