"""AssumeRole, by boto3 on a strict server: who is trusted, and what the session may do."""

from __future__ import annotations

import datetime
import json

import pytest

from tests.services.glue.test_databases import body, error_of
from tests.services.sts.conftest import allow, keys_of

ROOT = {"AWS": "arn:aws:iam::000000000000:root"}
ANN = {"AWS": "arn:aws:iam::000000000000:user/ann"}


@pytest.fixture
def bucket(strict):
    s3 = strict.client("s3")
    s3.create_bucket(Bucket="lake")
    for key in ("read/a", "other/b"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")
    return "lake"


def assume(strict, keys, arn, **more):
    sts = strict.client("sts", **keys)
    return sts.assume_role(RoleArn=arn, RoleSessionName="work", **more)


def test_a_session_is_its_role_and_may_what_the_role_may(strict, bucket, user, role):
    ann = user("ann")
    arn = role(
        "reader", allow("sts:AssumeRole", Principal=ANN),
        allow("s3:GetObject", "arn:aws:s3:::lake/read/*"), path="/data/",
    )  # fmt: skip
    answer = body(assume(strict, ann, arn, DurationSeconds=900))
    id = strict.client("iam").get_role(RoleName="reader")["Role"]["RoleId"]
    session = "arn:aws:sts::000000000000:assumed-role/reader/work"
    credentials = answer.pop("Credentials")
    assert answer == {"AssumedRoleUser": {"AssumedRoleId": f"{id}:work", "Arn": session}}
    left = credentials["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert 800 < left.total_seconds() <= 900
    keys = keys_of(credentials)
    assert body(strict.client("sts", **keys).get_caller_identity()) == {
        "UserId": f"{id}:work", "Account": "000000000000", "Arn": session,
    }  # fmt: skip
    s3 = strict.client("s3", **keys)
    assert s3.get_object(Bucket="lake", Key="read/a")["Body"].read() == b"x"
    code, sentence, status = error_of(lambda: s3.get_object(Bucket="lake", Key="other/b"))
    assert (code, status) == ("AccessDenied", 403)
    assert session in sentence
    used = strict.client("iam").get_role(RoleName="reader")["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"


def test_whom_a_role_does_not_trust_is_denied_as_of_no_role(strict, user, role):
    bob = user("bob", allow("sts:AssumeRole", "*"))
    arn = role("reader", allow("sts:AssumeRole", Principal=ANN))
    for one in (arn, arn + "x"):
        code, sentence, status = error_of(lambda one=one: assume(strict, bob, one))
        assert (code, status) == ("AccessDenied", 403)
        assert sentence == (
            "User: arn:aws:iam::000000000000:user/bob is not authorized to perform: sts:AssumeRole "
            "because no role trust policy allows the sts:AssumeRole action"
        )


def test_a_trust_policy_that_denies_says_so(strict, user, role):
    bob = user("bob", allow("sts:AssumeRole", "*"))
    arn = role("reader", {**allow("sts:AssumeRole", Principal={"AWS": "*"}), "Effect": "Deny"})
    assert error_of(lambda: assume(strict, bob, arn)) == (
        "AccessDenied",
        "User: arn:aws:iam::000000000000:user/bob is not authorized to perform: sts:AssumeRole "
        "with an explicit deny in the role trust policy",
        403,
    )


def test_an_account_that_is_trusted_hands_on_by_its_own_policies(strict, user, role):
    arn = role("reader", allow("sts:AssumeRole", Principal=ROOT))
    bob, carl = user("bob"), user("carl", allow("sts:AssumeRole", arn))
    assert error_of(lambda: assume(strict, bob, arn))[0] == "AccessDenied"
    assume(strict, carl, arn)


def test_an_external_id_has_to_be_the_one(strict, user, role):
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    ann = user("ann")
    arn = role("reader", allow("sts:AssumeRole", Principal=ANN, Condition=condition))
    assert error_of(lambda: assume(strict, ann, arn))[0] == "AccessDenied"
    assert error_of(lambda: assume(strict, ann, arn, ExternalId="43"))[0] == "AccessDenied"
    assume(strict, ann, arn, ExternalId="42")


def test_a_session_policy_narrows(strict, bucket, user, role):
    ann = user("ann")
    arn = role("all", allow("sts:AssumeRole", Principal=ANN), allow("s3:*", "*"))
    statement = allow("s3:GetObject", "arn:aws:s3:::lake/read/*")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    answer = assume(strict, ann, arn, Policy=policy)
    assert 0 < answer["PackedPolicySize"] <= 100
    s3 = strict.client("s3", **keys_of(answer["Credentials"]))
    s3.get_object(Bucket="lake", Key="read/a")
    assert error_of(lambda: s3.get_object(Bucket="lake", Key="other/b"))[0] == "AccessDenied"
    read = [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]
    s3 = strict.client("s3", **keys_of(assume(strict, ann, arn, PolicyArns=read)["Credentials"]))
    s3.get_object(Bucket="lake", Key="other/b")
    assert error_of(lambda: s3.delete_object(Bucket="lake", Key="x"))[0] == "AccessDenied"
    wrong = error_of(lambda: assume(strict, ann, arn, Policy="{}"))
    assert wrong[0] == "MalformedPolicyDocument"


def test_how_long_a_session_lasts_is_bounded(strict, user, role):
    ann = user("ann")
    arn = role("reader", allow("sts:AssumeRole", Principal=ANN))
    assert error_of(lambda: assume(strict, ann, arn, DurationSeconds=3601)) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        400,
    )
    second = role(
        "second", allow("sts:AssumeRole", Principal={"AWS": arn}), MaxSessionDuration=43200
    )
    keys = keys_of(assume(strict, ann, arn)["Credentials"])
    assert error_of(lambda: assume(strict, keys, second, DurationSeconds=7200)) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
        "role chaining",
        400,
    )
    assume(strict, keys, second, DurationSeconds=3600)


def test_tags_and_source_identity_go_along_a_chain(strict, bucket, user, role):
    ann = user("ann")
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    first = role("first", allow(actions, Principal=ANN))
    condition = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    second = role(
        "second", allow(actions, Principal={"AWS": first}),
        allow("s3:GetObject", "*", Condition=condition),
    )  # fmt: skip
    answer = assume(
        strict, ann, first, Tags=[{"Key": "team", "Value": "data"}], TransitiveTagKeys=["team"],
        SourceIdentity="ann",
    )  # fmt: skip
    assert answer["SourceIdentity"] == "ann"
    keys = keys_of(answer["Credentials"])
    chained = assume(strict, keys, second)
    assert chained["SourceIdentity"] == "ann"
    s3 = strict.client("s3", **keys_of(chained["Credentials"]))
    s3.get_object(Bucket="lake", Key="read/a")
    again = [{"Key": "Team", "Value": "x"}]
    assert error_of(lambda: assume(strict, keys, second, Tags=again)) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a "
        "transitive tag key from the calling session.",
        400,
    )
    other = error_of(lambda: assume(strict, keys, second, SourceIdentity="bob"))
    assert other[0] == "AccessDenied"


def test_tags_need_a_permission_of_their_own(strict, user, role):
    ann = user("ann")
    arn = role("reader", allow("sts:AssumeRole", Principal=ANN))
    tags = [{"Key": "a", "Value": "b"}]
    code, sentence, _ = error_of(lambda: assume(strict, ann, arn, Tags=tags))
    assert code == "AccessDenied"
    assert "sts:TagSession" in sentence


def test_a_role_of_another_account_trusts_and_is_allowed(strict, user):
    other = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}
    arn = "arn:aws:iam::111111111111:role/shared"
    ann, bob = user("ann", allow("sts:AssumeRole", arn)), user("bob")
    trust = {"Version": "2012-10-17", "Statement": [allow("sts:AssumeRole", Principal=ROOT)]}
    strict.client("iam", **other).create_role(
        RoleName="shared", AssumeRolePolicyDocument=json.dumps(trust)
    )
    assert error_of(lambda: assume(strict, bob, arn))[0] == "AccessDenied"
    keys = keys_of(assume(strict, ann, arn)["Credentials"])
    identity = strict.client("sts", **keys).get_caller_identity()
    assert identity["Account"] == "111111111111"


def test_a_session_of_a_role_that_was_made_anew_may_nothing(strict, bucket, user, role):
    ann, read = user("ann"), allow("s3:GetObject", "*")
    trust = allow("sts:AssumeRole", Principal=ANN)
    arn = role("reader", trust, read)
    s3 = strict.client("s3", **keys_of(assume(strict, ann, arn)["Credentials"]))
    s3.get_object(Bucket="lake", Key="read/a")
    iam = strict.client("iam")
    iam.delete_role_policy(RoleName="reader", PolicyName="own")
    iam.delete_role(RoleName="reader")
    role("reader", trust, read)
    assert error_of(lambda: s3.get_object(Bucket="lake", Key="read/a"))[0] == "AccessDenied"


def test_what_is_not_built_is_refused_by_name(strict, role):
    arn = role("reader", allow("sts:AssumeRole", Principal=ROOT))
    code, sentence, _ = error_of(
        lambda: assume(strict, {}, arn, ProvidedContexts=[{"ContextAssertion": "abcd"}])
    )
    assert (code, "ProvidedContexts" in sentence) == ("LakebedNotBuilt", True)


def test_tags_of_a_user_are_principal_tags(strict, bucket, user, role):
    own = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    ann = user("ann", allow("s3:GetObject", "arn:aws:s3:::lake/${aws:PrincipalTag/folder}/*"))
    arn = role("reader", allow("sts:AssumeRole", Principal={"AWS": "*"}, Condition=own))
    s3 = strict.client("s3", **ann)
    assert error_of(lambda: assume(strict, ann, arn))[0] == "AccessDenied"
    assert error_of(lambda: s3.get_object(Bucket="lake", Key="read/a"))[0] == "AccessDenied"
    tags = {"team": "data", "folder": "read"}
    strict.client("iam").tag_user(
        UserName="ann", Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    s3.get_object(Bucket="lake", Key="read/a")
    assert error_of(lambda: s3.get_object(Bucket="lake", Key="other/b"))[0] == "AccessDenied"
    assume(strict, ann, arn)
