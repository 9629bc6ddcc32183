"""GetSessionToken and GetFederationToken, by boto3 on a strict server."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import body, error_of
from tests.services.sts.conftest import allow, keys_of


def test_a_session_of_a_user_is_the_user(strict, user):
    ann = user("ann", allow("s3:ListAllMyBuckets", "*"))
    sts = strict.client("sts", **ann)
    keys = keys_of(sts.get_session_token()["Credentials"])
    assert keys["aws_access_key_id"].startswith("ASIA")
    session = strict.client("sts", **keys)
    assert body(session.get_caller_identity()) == body(sts.get_caller_identity())
    assert strict.client("s3", **keys).list_buckets()["Buckets"] == []
    assert error_of(session.get_session_token) == (
        "AccessDenied", "Cannot call GetSessionToken with session credentials", 403,
    )  # fmt: skip


def test_a_root_session_is_the_root_for_an_hour(strict):
    sts = strict.client("sts")
    credentials = sts.get_session_token(DurationSeconds=43200)["Credentials"]
    session = strict.client("sts", **keys_of(credentials))
    assert session.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"


def test_a_federated_user_may_what_both_allow(strict, user):
    ann = user("ann", allow(["s3:ListAllMyBuckets", "sts:GetFederationToken", "glue:*"], "*"))
    policy = {"Version": "2012-10-17", "Statement": [allow(["s3:*", "iam:*"], "*")]}
    sts = strict.client("sts", **ann)
    answer = body(sts.get_federation_token(Name="guest", Policy=json.dumps(policy)))
    keys = keys_of(answer.pop("Credentials"))
    arn = "arn:aws:sts::000000000000:federated-user/guest"
    assert answer.pop("PackedPolicySize") > 0
    assert answer == {"FederatedUser": {"FederatedUserId": "000000000000:guest", "Arn": arn}}
    assert body(strict.client("sts", **keys).get_caller_identity()) == {
        "UserId": "000000000000:guest", "Account": "000000000000", "Arn": arn,
    }  # fmt: skip
    strict.client("s3", **keys).list_buckets()
    glue, iam = strict.client("glue", **keys), strict.client("iam", **keys)
    assert error_of(glue.get_databases)[0] == "AccessDeniedException"
    assert error_of(iam.list_users)[0] == "AccessDenied"


def test_a_federated_user_without_a_policy_may_nothing(strict):
    keys = keys_of(strict.client("sts").get_federation_token(Name="guest")["Credentials"])
    assert error_of(strict.client("s3", **keys).list_buckets)[0] == "AccessDenied"


def test_a_federated_user_of_the_root_may_what_the_policy_allows(strict):
    policy = {"Version": "2012-10-17", "Statement": [allow("s3:*", "*")]}
    answer = strict.client("sts").get_federation_token(Name="guest", Policy=json.dumps(policy))
    assert strict.client("s3", **keys_of(answer["Credentials"])).list_buckets()["Buckets"] == []
