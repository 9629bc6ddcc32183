"""What an account has, by boto3."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole
from tests.services.iam.test_policies import TRUST

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def test_the_summary_counts(iam):
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="all")
    summary = iam.get_account_summary()["SummaryMap"]
    counted = {"Users": 1, "Groups": 1, "Roles": 0, "Policies": 0, "InstanceProfiles": 0}
    assert counted.items() <= summary.items()
    assert (summary["UsersQuota"], summary["VersionsPerPolicyQuota"]) == (5000, 5)


def test_an_account_has_one_alias(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    for alias in ("lake", "house"):
        iam.create_account_alias(AccountAlias=alias)
    assert whole(iam.list_account_aliases()) == {"AccountAliases": ["house"], "IsTruncated": False}
    assert error_of(lambda: iam.create_account_alias(AccountAlias="house"))[0] == (
        "EntityAlreadyExists"
    )
    assert error_of(lambda: iam.delete_account_alias(AccountAlias="lake")) == (
        "NoSuchEntity", "The Account Alias lake cannot be found.", 404,
    )  # fmt: skip
    iam.delete_account_alias(AccountAlias="house")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_all_identities_come_with_what_they_may(iam):
    iam.create_group(GroupName="all")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="all", UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(allowing()))
    iam.attach_group_policy(GroupName="all", PolicyArn=READ_ONLY)
    iam.create_role(RoleName="etl", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(allowing()))
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert len(pages) == 3
    found = {}
    for page in pages:
        for member in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            found.setdefault(member, []).extend(whole(page[member]))
    (user,), (group,), (role,) = (
        found["UserDetailList"], found["GroupDetailList"], found["RoleDetailList"],
    )  # fmt: skip
    assert user["GroupList"] == ["all"]
    assert user["UserPolicyList"] == [{"PolicyName": "p", "PolicyDocument": allowing()}]
    assert group["AttachedManagedPolicies"] == [
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY}
    ]
    assert (role["AssumeRolePolicyDocument"], role["InstanceProfileList"]) == (TRUST, [])
    assert {one["PolicyName"] for one in found["Policies"]} == {"AmazonS3ReadOnlyAccess", "own"}
    only = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    (own,) = whole(only)["Policies"]
    assert own["PolicyVersionList"] == [
        {
            "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": "TIME",
            "Document": allowing(),
        }
    ]  # fmt: skip
    assert only["UserDetailList"] == []
