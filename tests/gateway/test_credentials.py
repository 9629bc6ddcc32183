"""Access keys of users and temporary ones, for services of each protocol, by boto3."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.httpsession import URLLib3Session

from tests.services.glue.test_databases import body, error_of


@pytest.fixture
def ann(lakebed):
    """The members of a client that signs as a user."""
    iam = lakebed.client("iam")
    iam.create_user(UserName="ann", Path="/data/")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"],
    }  # fmt: skip


CALLS = {
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_users(),
    "glue": lambda client: client.get_databases(),
}
UNKNOWN = {
    "s3": ("InvalidAccessKeyId", 403),
    "sts": ("InvalidClientTokenId", 403),
    "iam": ("InvalidClientTokenId", 403),
    "glue": ("UnrecognizedClientException", 400),
}
NO_TOKEN = UNKNOWN | {"s3": ("InvalidToken", 400)}


def refused(lakebed, keys, service):
    code, _, status = error_of(lambda: CALLS[service](lakebed.client(service, **keys)))
    return code, status


def test_a_user_is_who_signs_with_its_key(lakebed, ann):
    identity = body(lakebed.client("sts", **ann).get_caller_identity())
    user = lakebed.client("iam").get_user(UserName="ann")["User"]
    assert identity == {
        "UserId": user["UserId"], "Account": "000000000000",
        "Arn": "arn:aws:iam::000000000000:user/data/ann",
    }  # fmt: skip
    assert lakebed.client("iam", **ann).get_user()["User"] == user


def test_a_user_who_moved_is_told_so_at_once(lakebed, ann):
    sts = lakebed.client("sts", **ann)
    sts.get_caller_identity()
    lakebed.client("iam").update_user(UserName="ann", NewUserName="anna", NewPath="/")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/anna"


@pytest.mark.parametrize("service", CALLS)
def test_an_inactive_key_is_refused_from_the_next_request_on(lakebed, ann, service):
    CALLS[service](lakebed.client(service, **ann))
    change = {"UserName": "ann", "AccessKeyId": ann["aws_access_key_id"]}
    iam = lakebed.client("iam")
    iam.update_access_key(**change, Status="Inactive")
    assert refused(lakebed, ann, service) == UNKNOWN[service]
    iam.update_access_key(**change, Status="Active")
    CALLS[service](lakebed.client(service, **ann))
    iam.delete_access_key(**change)
    assert refused(lakebed, ann, service) == UNKNOWN[service]


@pytest.mark.parametrize("service", CALLS)
def test_a_token_beside_a_long_term_key_is_refused(lakebed, ann, service):
    keys = ann | {"aws_session_token": "whatever"}
    assert refused(lakebed, keys, service) == NO_TOKEN[service]


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_is_refused(lakebed, ann, service):
    codes = {"s3": "SignatureDoesNotMatch", "glue": "InvalidSignatureException"}
    status = 400 if service == "glue" else 403
    wrong = ann | {"aws_secret_access_key": "x"}
    expected = (codes.get(service, "SignatureDoesNotMatch"), status)
    assert refused(lakebed, wrong, service) == expected


def test_well_known_keys_come_with_whatever_token(lakebed):
    assert lakebed.client("s3", aws_session_token="x").list_buckets()["Buckets"] == []


def test_a_key_is_still_known_after_a_kill(tmp_path):
    from lakebed.testing import start

    first = start(tmp_path / "data")
    iam = first.client("iam", aws_access_key_id="test", aws_secret_access_key="test")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    first.kill()
    second = start(tmp_path / "data")
    try:
        sts = second.client(
            "sts",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/ann"
    finally:
        second.stop()


def test_a_signature_for_one_service_is_none_for_another(lakebed):
    request = AWSRequest(
        method="POST",
        url=lakebed.url + "/",
        data="Action=ListUsers&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    SigV4Auth(Keys("test", "test"), "sts", "us-east-1").add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == 403
    assert "Credential should be scoped to correct service: 'iam'" in answer.text
