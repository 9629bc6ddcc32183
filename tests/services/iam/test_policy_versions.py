"""Versions of managed policies, by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole

ARN = "arn:aws:iam::000000000000:policy/read"


@pytest.fixture
def read(iam):
    iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(allowing()))


def version(name, *, is_default=False, **more):
    return {"VersionId": name, "IsDefaultVersion": is_default, "CreateDate": "TIME", **more}


def test_a_version_comes_into_force_when_asked(iam, read):
    second, third = json.dumps(allowing("s3:Get*")), json.dumps(allowing("s3:List*"))
    made = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=second)
    assert whole(made) == {"PolicyVersion": version("v2")}
    made = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=third, SetAsDefault=True)
    assert whole(made) == {"PolicyVersion": version("v3", is_default=True)}
    assert iam.get_policy(PolicyArn=ARN)["Policy"]["DefaultVersionId"] == "v3"
    pages = iam.get_paginator("list_policy_versions").paginate(
        PolicyArn=ARN, PaginationConfig={"PageSize": 2}
    )
    assert [whole(page["Versions"]) for page in pages] == [
        [version("v3", is_default=True), version("v2")], [version("v1")],
    ]  # fmt: skip
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v2")
    got = iam.get_policy_version(PolicyArn=ARN, VersionId="v2")
    document = allowing("s3:Get*")
    assert whole(got) == {"PolicyVersion": version("v2", is_default=True, Document=document)}


def test_there_are_five_at_most_and_numbers_go_on(iam, read):
    document = json.dumps(allowing())
    for _ in range(4):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document)
    assert error_of(lambda: iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document)) == (
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must "
        "delete an existing version.",
        409,
    )
    iam.delete_policy_version(PolicyArn=ARN, VersionId="v5")
    made = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document)
    assert made["PolicyVersion"]["VersionId"] == "v6"


def test_the_default_version_goes_with_its_policy(iam, read):
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=json.dumps(allowing()))
    assert error_of(lambda: iam.delete_policy_version(PolicyArn=ARN, VersionId="v1")) == (
        "DeleteConflict", "Cannot delete the default version of a policy.", 409,
    )  # fmt: skip
    assert error_of(lambda: iam.delete_policy(PolicyArn=ARN))[0] == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=ARN, VersionId="v2")
    assert error_of(lambda: iam.get_policy_version(PolicyArn=ARN, VersionId="v2"))[0] == (
        "NoSuchEntity"
    )
    iam.delete_policy(PolicyArn=ARN)
