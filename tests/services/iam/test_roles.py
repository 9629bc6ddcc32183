"""Roles, by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole
from tests.services.iam.test_policies import TRUST

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ROLE = {
    "Path": "/x/", "RoleName": "etl", "RoleId": "AROA", "CreateDate": "TIME",
    "Arn": "arn:aws:iam::000000000000:role/x/etl", "AssumeRolePolicyDocument": TRUST,
    "MaxSessionDuration": 3600,
}  # fmt: skip


@pytest.fixture
def etl(iam):
    """The role as it was made."""
    return iam.create_role(
        RoleName="etl", Path="/x/", AssumeRolePolicyDocument=json.dumps(TRUST, indent=2),
        Tags=[{"Key": "a", "Value": "b"}],
    )  # fmt: skip


def test_a_role_comes_back(iam, etl):
    tags = [{"Key": "a", "Value": "b"}]
    assert whole(etl) == {"Role": {**ROLE, "Tags": tags}}
    got = whole(iam.get_role(RoleName="etl"))
    assert got == {"Role": {**ROLE, "Tags": tags, "RoleLastUsed": {}}}
    assert whole(iam.list_roles(PathPrefix="/x/")) == {"Roles": [ROLE], "IsTruncated": False}
    assert iam.list_roles(PathPrefix="/y/")["Roles"] == []


def test_a_role_is_changed(iam, etl):
    iam.update_role(RoleName="etl", Description="d", MaxSessionDuration=7200)
    changed = whole(iam.update_role_description(RoleName="etl", Description="e"))["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("e", 7200)
    other = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": "*"}}]}
    iam.update_assume_role_policy(RoleName="etl", PolicyDocument=json.dumps(other))
    assert iam.get_role(RoleName="etl")["Role"]["AssumeRolePolicyDocument"] == other
    iam.tag_role(RoleName="etl", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_role(RoleName="etl", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="etl")["Tags"] == [{"Key": "c", "Value": "d"}]


def test_a_boundary_is_set_and_lifted(iam, etl):
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ADMINISTRATOR}
    iam.put_role_permissions_boundary(RoleName="etl", PermissionsBoundary=ADMINISTRATOR)
    assert iam.get_role(RoleName="etl")["Role"]["PermissionsBoundary"] == boundary
    iam.delete_role_permissions_boundary(RoleName="etl")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="etl")["Role"]
    none = error_of(lambda: iam.delete_role_permissions_boundary(RoleName="etl"))
    assert none[0] == "NoSuchEntity"


def test_a_trust_policy_has_to_be_one(iam):
    wrong = json.dumps(allowing("sts:AssumeRole"))
    assert error_of(lambda: iam.create_role(RoleName="x", AssumeRolePolicyDocument=wrong)) == (
        "MalformedPolicyDocument", "Missing required field Principal", 400,
    )  # fmt: skip
    assert error_of(lambda: iam.create_role(RoleName="x", AssumeRolePolicyDocument="{,}")) == (
        "MalformedPolicyDocument", "This policy contains invalid Json", 400,
    )  # fmt: skip
    statement = TRUST["Statement"][0]
    long = {**TRUST, "Statement": [{**statement, "Sid": str(number)} for number in range(30)]}
    assert error_of(
        lambda: iam.create_role(RoleName="x", AssumeRolePolicyDocument=json.dumps(long))
    ) == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409)


def test_a_role_with_policies_is_not_deleted(iam, etl):
    iam.attach_role_policy(RoleName="etl", PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName="etl", PolicyName="p", PolicyDocument=json.dumps(allowing()))
    assert error_of(lambda: iam.delete_role(RoleName="etl")) == (
        "DeleteConflict", "Cannot delete entity, must detach all policies first.", 409,
    )  # fmt: skip
    iam.detach_role_policy(RoleName="etl", PolicyArn=ADMINISTRATOR)
    assert error_of(lambda: iam.delete_role(RoleName="etl")) == (
        "DeleteConflict", "Cannot delete entity, must delete policies first.", 409,
    )  # fmt: skip
    iam.delete_role_policy(RoleName="etl", PolicyName="p")
    iam.delete_role(RoleName="etl")
    assert error_of(lambda: iam.get_role(RoleName="etl")) == (
        "NoSuchEntity", "The role with name etl cannot be found.", 404,
    )  # fmt: skip
