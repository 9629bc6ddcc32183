"""Managed policies, by boto3: the account's own and AWS's."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole

ARN = "arn:aws:iam::000000000000:policy/data/read"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def shape(**more):
    return {
        "PolicyName": "read", "PolicyId": "ANPA", "Arn": ARN, "Path": "/data/",
        "DefaultVersionId": "v1", "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True, "CreateDate": "TIME", "UpdateDate": "TIME", **more,
    }  # fmt: skip


@pytest.fixture
def read(iam):
    tags = [{"Key": "a", "Value": "b"}]
    return iam.create_policy(
        PolicyName="read", Path="/data/", PolicyDocument=json.dumps(allowing()),
        Description="may read", Tags=tags,
    )  # fmt: skip


def test_a_policy_comes_back(iam, read):
    tags = [{"Key": "a", "Value": "b"}]
    assert whole(read) == {"Policy": shape(Tags=tags)}
    got = iam.get_policy(PolicyArn=ARN)
    assert whole(got) == {"Policy": shape(Description="may read", Tags=tags)}
    listed = iam.list_policies(Scope="Local")
    assert whole(listed) == {"Policies": [shape()], "IsTruncated": False}
    assert iam.list_policies(Scope="Local", PathPrefix="/x/")["Policies"] == []


def test_a_name_is_taken_whatever_its_path_and_case(iam, read):
    document = json.dumps(allowing())
    assert error_of(lambda: iam.create_policy(PolicyName="Read", PolicyDocument=document)) == (
        "EntityAlreadyExists",
        "A policy called Read already exists. Duplicate names are not allowed.",
        409,
    )
    other = ARN.replace("/data", "")
    assert error_of(lambda: iam.get_policy(PolicyArn=other)) == (
        "NoSuchEntity", f"Policy {other} was not found.", 404,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "Syntax errors in policy."),
        ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
        (json.dumps(allowing("read")), "Actions/Conditions must be prefaced by a vendor, e.g., "
         "iam, sdb, ec2, etc."),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(iam, document, sentence):
    assert error_of(lambda: iam.create_policy(PolicyName="x", PolicyDocument=document)) == (
        "MalformedPolicyDocument", sentence, 400,
    )  # fmt: skip


def test_a_policy_too_long_is_refused_without_its_white_space(iam):
    def document(count):
        return json.dumps(allowing(resource=["arn:aws:s3:::" + "a" * 500] * count), indent=40)

    iam.create_policy(PolicyName="fits", PolicyDocument=document(11))
    long = error_of(lambda: iam.create_policy(PolicyName="x", PolicyDocument=document(12)))
    assert long == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409)


def test_whom_a_policy_is_attached_to_is_told(iam, read):
    trust = json.dumps(TRUST)
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="analysts")
    iam.create_role(RoleName="etl", Path="/x/", AssumeRolePolicyDocument=trust,
                    PermissionsBoundary=ARN)  # fmt: skip
    iam.attach_user_policy(UserName="ann", PolicyArn=ARN)
    assert error_of(lambda: iam.attach_user_policy(UserName="ann", PolicyArn="x" * 30)) == (
        "ValidationError", "Invalid ARN:  Could not be parsed!", 400,
    )  # fmt: skip
    iam.attach_group_policy(GroupName="analysts", PolicyArn=ARN)
    assert whole(iam.list_entities_for_policy(PolicyArn=ARN)) == {
        "PolicyGroups": [{"GroupName": "analysts", "GroupId": "AGPA"}],
        "PolicyUsers": [{"UserName": "ann", "UserId": "AIDA"}],
        "PolicyRoles": [],
        "IsTruncated": False,
    }
    bounded = iam.list_entities_for_policy(
        PolicyArn=ARN,
        PolicyUsageFilter="PermissionsBoundary",
        EntityFilter="Role",
        PathPrefix="/x/",
    )
    assert whole(bounded)["PolicyRoles"] == [{"RoleName": "etl", "RoleId": "AROA"}]
    policy = iam.get_policy(PolicyArn=ARN)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (2, 1)
    assert error_of(lambda: iam.delete_policy(PolicyArn=ARN)) == (
        "DeleteConflict", "Cannot delete a policy attached to entities.", 409,
    )  # fmt: skip
    iam.detach_user_policy(UserName="ann", PolicyArn=ARN)
    iam.detach_group_policy(GroupName="analysts", PolicyArn=ARN)
    iam.delete_role(RoleName="etl")
    iam.delete_policy(PolicyArn=ARN)
    assert error_of(lambda: iam.get_policy(PolicyArn=ARN))[0] == "NoSuchEntity"


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "glue.amazonaws.com"},
        }
    ],
}  # fmt: skip


def test_aws_policies_can_be_read_and_not_written(iam):
    policy = iam.get_policy(PolicyArn=READ_ONLY)["Policy"]
    assert (policy["Arn"], policy["DefaultVersionId"]) == (READ_ONLY, "v1")
    document = iam.get_policy_version(PolicyArn=READ_ONLY, VersionId="v1")["PolicyVersion"]
    assert "s3:Get*" in document["Document"]["Statement"][0]["Action"]
    listed = {one["Arn"] for one in iam.list_policies(Scope="AWS")["Policies"]}
    assert {READ_ONLY, "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"} <= listed
    wrong = "arn:aws:iam::aws:policy/AWSGlueServiceRole"
    assert error_of(lambda: iam.get_policy(PolicyArn=wrong))[0] == "NoSuchEntity"
    assert error_of(lambda: iam.delete_policy(PolicyArn=READ_ONLY))[0] == "NoSuchEntity"


def test_every_shipped_policy_is_one(iam):
    for policy in iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
        text = json.dumps(version["Document"])
        made = iam.create_policy(PolicyName=policy["PolicyName"], PolicyDocument=text)
        assert made["Policy"]["IsAttachable"]


def test_tags_of_policies_are_added_and_removed(iam, read):
    iam.tag_policy(PolicyArn=ARN, Tags=[{"Key": "A", "Value": "1"}, {"Key": "z", "Value": ""}])
    iam.untag_policy(PolicyArn=ARN, TagKeys=["z"])
    assert whole(iam.list_policy_tags(PolicyArn=ARN)) == {
        "Tags": [{"Key": "A", "Value": "1"}], "IsTruncated": False,
    }  # fmt: skip


def test_attached_ones_can_be_listed_alone(iam, read):
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [one["Arn"] for one in attached] == [READ_ONLY]
    assert iam.list_policies(PolicyUsageFilter="PermissionsBoundary")["Policies"] == []
