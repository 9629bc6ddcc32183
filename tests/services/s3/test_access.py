"""Who may do what, of all that decides it together: a small model, and a server that is strict."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakebed.testing import server
from tests.services.s3.answers import answer, refusal
from tests.services.s3.callers import OTHER, nobody, open_to_policies, other

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "s3-access.md"
THIRD = "222222222222"
BUCKET = "arn:aws:s3:::lake"
DENIED = 403, {"Code": "AccessDenied", "Message": "Access Denied"}

CALLS = {
    "read k": ("s3:GetObject", f"{BUCKET}/k"),
    "read a/k": ("s3:GetObject", f"{BUCKET}/a/k"),
    "list": ("s3:ListBucket", BUCKET),
    "write": ("s3:PutObject", f"{BUCKET}/a/new"),
}


def call(client, name):
    """Make one of the calls and say whether it was let through."""
    verb, _, key = name.partition(" ")
    try:
        if verb == "read":
            client.get_object(Bucket="lake", Key=key)
        elif verb == "list":
            client.list_objects_v2(Bucket="lake")
        else:
            client.put_object(Bucket="lake", Key="a/new", Body=b"")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Principal": st.sampled_from(
            ["*", {"AWS": OTHER}, {"AWS": f"arn:aws:iam::{THIRD}:root"}, {"CanonicalUser": OTHER}]
        ),
        "Action": st.sampled_from(["s3:*", "s3:Get*", "s3:*Object", "s3:L*"]),
        "Resource": st.sampled_from([f"{BUCKET}*", f"{BUCKET}/*", f"{BUCKET}/a/*", BUCKET]),
    }
).filter(lambda one: _fits(one["Action"], one["Resource"]))


def _fits(action, resource):
    if resource == BUCKET:
        return action in ("s3:*", "s3:Get*", "s3:L*")
    return True


def expected(statements, who, name):
    """Return what a reader of the policy expects: a denial wins, then somebody must allow."""
    action, resource = CALLS[name]
    found = {
        one["Effect"]
        for one in statements
        if (one["Principal"] == "*" or (who and who in str(one["Principal"])))
        and fnmatch.fnmatchcase(action, one["Action"])
        and fnmatch.fnmatchcase(resource, one["Resource"])
    }
    return found == {"Allow"}


@pytest.fixture
def callers(lakebed):
    """The owner of the bucket, and by account who else calls."""
    others = {"": nobody(lakebed), OTHER: other(lakebed), THIRD: other(lakebed, THIRD)}
    return lakebed.client("s3"), others


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(STATEMENTS, min_size=1, max_size=4))
def test_policies_decide_as_they_read(lakebed, callers, statements):
    s3, others = callers
    lakebed.reset()
    s3.create_bucket(Bucket="lake")
    open_to_policies(s3, "lake")
    for key in ("k", "a/k"):
        s3.put_object(Bucket="lake", Key=key, Body=b"")
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket="lake", Policy=text)
    for who, client in others.items():
        found = {name: call(client, name) for name in CALLS}
        assert found == {name: expected(statements, who, name) for name in CALLS}, who


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def test_a_strict_server_denies_the_owner_what_its_policy_denies(strict):
    s3 = strict.client("s3")
    s3.create_bucket(Bucket="shut")
    s3.put_object(Bucket="shut", Key="a b", Body=b"")
    denies = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    denies["Resource"] = ["arn:aws:s3:::shut", "arn:aws:s3:::shut/*"]
    s3.put_bucket_policy(Bucket="shut", Policy=json.dumps({"Statement": [denies]}))
    assert refusal(s3.get_object, Bucket="shut", Key="a b") == (
        403,
        {
            "Code": "AccessDenied",
            "Message": "User: arn:aws:iam::000000000000:root is not authorized to perform: "
            's3:GetObject on resource: "arn:aws:s3:::shut/a b" with an explicit deny in a '
            "resource-based policy",
        },
    )
    assert refusal(other(strict).get_object, Bucket="shut", Key="a b") == DENIED
    # The root may always take away what locks it out.
    assert json.loads(answer(s3.get_bucket_policy(Bucket="shut"))["Policy"])
    s3.delete_bucket_policy(Bucket="shut")
    assert s3.get_object(Bucket="shut", Key="a b")["ContentLength"] == 0


def test_an_open_server_holds_denials_against_others_only(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="k", Body=b"")
    denies = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    denies["Resource"] = f"{BUCKET}/*"
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps({"Statement": [denies]}))
    assert call(s3, "read k")
    assert not call(other(lakebed), "read k")
    assert not call(nobody(lakebed), "read k")


def test_a_user_of_a_strict_server_needs_its_own_policys_leave(strict):
    s3, iam = strict.client("s3"), strict.client("iam")
    s3.create_bucket(Bucket="wide")
    for key in ("a/k", "b/k"):
        s3.put_object(Bucket="wide", Key=key, Body=b"body")
    iam.create_user(UserName="ada")
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::wide/a/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [reads]})
    iam.put_user_policy(UserName="ada", PolicyName="reads", PolicyDocument=document)
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    ada = strict.client("s3", **keys)
    assert ada.get_object(Bucket="wide", Key="a/k")["Body"].read() == b"body"
    arn = "arn:aws:iam::000000000000:user/ada"
    assert refusal(ada.get_object, Bucket="wide", Key="b/k") == (
        403,
        {
            "Code": "AccessDenied",
            "Message": f"User: {arn} is not authorized to perform: s3:GetObject on resource: "
            '"arn:aws:s3:::wide/b/k" because no identity-based policy allows the s3:GetObject '
            "action",
        },
    )
    assert refusal(ada.get_object, Bucket="wide", Key="a/none")[1]["Message"] == (
        f"User: {arn} is not authorized to perform: s3:ListBucket on resource: "
        '"arn:aws:s3:::wide" because no identity-based policy allows the s3:ListBucket action'
    )
    # A bucket's policy may name the user, which is enough in the account.
    lets = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:ListBucket"}
    lets["Resource"] = "arn:aws:s3:::wide"
    s3.put_bucket_policy(Bucket="wide", Policy=json.dumps({"Statement": [lets]}))
    assert [one["Key"] for one in ada.list_objects_v2(Bucket="wide")["Contents"]] == ["a/k", "b/k"]
    assert refusal(ada.get_object, Bucket="wide", Key="a/none")[1]["Code"] == "NoSuchKey"
    deleted = ada.delete_objects(Bucket="wide", Delete={"Objects": [{"Key": "a/k"}]})
    assert [one["Code"] for one in deleted["Errors"]] == ["AccessDenied"]


@pytest.mark.parametrize(
    ("effect", "resource", "is_allowed"),
    [
        ("Allow", "arn:aws:s3:::*", True),
        ("Allow", "*", True),
        ("Allow", "arn:aws:s3:::wide*", False),
        ("Deny", "arn:aws:s3:::*", False),
        ("Deny", "arn:aws:s3:::wide*", True),
    ],
)
def test_the_list_of_buckets_is_all_buckets_to_a_policy(strict, effect, resource, is_allowed):
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/walkthrough1.html
    iam, name = strict.client("iam"), f"{effect}{len(resource)}"
    lists = {"Effect": effect, "Action": "s3:ListAllMyBuckets", "Resource": resource}
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    statements = [lists] if effect == "Allow" else [lists, everything]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="lists", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    user = strict.client("s3", **keys)
    if is_allowed:
        assert answer(user.list_buckets())["Owner"] == {"ID": "000000000000"}
        return
    why = (
        "with an explicit deny in an identity-based policy"
        if effect == "Deny"
        else "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    assert refusal(user.list_buckets) == (
        403,
        {
            "Code": "AccessDenied",
            "Message": f"User: arn:aws:iam::000000000000:user/{name} is not authorized to "
            f"perform: s3:ListAllMyBuckets {why}",
        },
    )


@pytest.mark.usefixtures("lakebed")
def test_the_example_of_the_page():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("Bern,Rome\n", "")
