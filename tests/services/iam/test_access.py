"""Who may call IAM, on a strict server: ARNs with paths, conditions, one's own keys."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


@pytest.fixture
def made(strict):
    """Return what makes a client of IAM as a user with one statement."""
    strict.reset()
    iam = strict.client("iam")

    def make(statement):
        iam.create_user(UserName="ann", Path="/data/")
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        return strict.client(
            "iam",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return make


def statement(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_a_user_may_look_after_its_own_keys_alone(strict, made):
    own = "arn:aws:iam::*:user/data/${aws:username}"
    ann = made(statement(["iam:*AccessKey*", "iam:GetUser"], own))
    assert len(ann.list_access_keys()["AccessKeyMetadata"]) == 1
    assert ann.get_user()["User"]["UserName"] == "ann"
    strict.client("iam").create_user(UserName="bob", Path="/data/")
    code, sentence, status = error_of(lambda: ann.create_access_key(UserName="bob"))
    assert (code, status) == ("AccessDenied", 403)
    assert sentence == (
        "User: arn:aws:iam::000000000000:user/data/ann is not authorized to perform: "
        "iam:CreateAccessKey on resource: arn:aws:iam::000000000000:user/data/bob because no "
        "identity-based policy allows the iam:CreateAccessKey action"
    )


def test_what_may_be_attached_is_a_condition(strict, made):
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    condition = {"ArnEquals": {"iam:PolicyARN": arn}}
    ann = made(statement("iam:AttachUserPolicy", Condition=condition))
    ann.attach_user_policy(UserName="ann", PolicyArn=arn)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    refused = error_of(lambda: ann.attach_user_policy(UserName="ann", PolicyArn=administrator))
    assert refused[0] == "AccessDenied"


def test_users_may_be_made_only_within_a_boundary(strict, made):
    root = strict.client("iam")
    root.create_policy(PolicyName="edge", PolicyDocument=json.dumps(allowing("s3:*")))
    edge = "arn:aws:iam::000000000000:policy/edge"
    condition = {"StringEquals": {"iam:PermissionsBoundary": edge}}
    ann = made(statement("iam:CreateUser", Condition=condition))
    ann.create_user(UserName="bob", PermissionsBoundary=edge)
    assert error_of(lambda: ann.create_user(UserName="carl"))[0] == "AccessDenied"


def test_a_policy_is_named_by_its_arn(strict, made):
    root = strict.client("iam")
    for name in ("one", "two"):
        root.create_policy(PolicyName=name, Path="/x/", PolicyDocument=json.dumps(allowing()))
    arn = "arn:aws:iam::000000000000:policy/x/"
    ann = made(statement("iam:GetPolicy", f"{arn}one"))
    ann.get_policy(PolicyArn=f"{arn}one")
    assert error_of(lambda: ann.get_policy(PolicyArn=f"{arn}two"))[0] == "AccessDenied"


def test_what_was_allowed_through_a_group_is_gone_with_it(strict, made):
    root = strict.client("iam")
    ann = made(statement("sts:GetCallerIdentity"))
    root.create_group(GroupName="readers")
    root.attach_group_policy(
        GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    )
    assert error_of(ann.list_users)[0] == "AccessDenied"
    root.add_user_to_group(GroupName="readers", UserName="ann")
    assert len(ann.list_users()["Users"]) == 1
    root.remove_user_from_group(GroupName="readers", UserName="ann")
    assert error_of(ann.list_users)[0] == "AccessDenied"


def test_tags_of_policies_devices_and_providers_are_conditions(strict, made):
    root = strict.client("iam")
    ann = made(statement("iam:*", Condition={"StringEquals": {"aws:ResourceTag/team": "data"}}))
    for team in ("data", "else"):
        tags = [{"Key": "team", "Value": team}]
        document = json.dumps(allowing())
        policy = root.create_policy(PolicyName=team, PolicyDocument=document, Tags=tags)["Policy"]
        device = root.create_virtual_mfa_device(VirtualMFADeviceName=team, Tags=tags)
        provider = root.create_open_id_connect_provider(Url=f"https://{team}.example", Tags=tags)
        calls = (
            lambda arn=policy["Arn"]: ann.get_policy(PolicyArn=arn),
            lambda serial=device["VirtualMFADevice"]["SerialNumber"]: ann.list_mfa_device_tags(
                SerialNumber=serial
            ),
            lambda arn=provider["OpenIDConnectProviderArn"]: ann.get_open_id_connect_provider(
                OpenIDConnectProviderArn=arn
            ),
        )
        for call in calls:
            if team == "data":
                call()
            else:
                assert error_of(call)[0] == "AccessDenied"


def test_an_account_lets_its_users_change_their_passwords(strict, made):
    root = strict.client("iam")
    ann = made(statement("iam:GetUser"))
    root.create_login_profile(UserName="ann", Password="first One 1")
    change = {"OldPassword": "first One 1", "NewPassword": "second One 2"}
    refused = error_of(lambda: ann.change_password(**change))
    assert (refused[0], "iam:ChangePassword" in refused[1]) == ("AccessDenied", True)
    assert "on resource: arn:aws:iam::000000000000:user/data/ann" in refused[1]
    root.update_account_password_policy(AllowUsersToChangePassword=True)
    ann.change_password(**change)
