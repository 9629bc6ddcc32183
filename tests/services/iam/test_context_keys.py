"""Which condition keys policies ask for, by boto3."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole

HOME = allowing("s3:GetObject", "arn:aws:s3:::lake/${aws:username}/${*}")
TAGGED = allowing("glue:*")
TAGGED["Statement"][0]["Condition"] = {
    "StringEquals": {"aws:PrincipalTag/team": "data", "AWS:UserName": "ann"},
    "Bool": {"aws:SecureTransport": "true"},
}


def test_keys_and_variables_of_given_policies(iam):
    answer = iam.get_context_keys_for_custom_policy(
        PolicyInputList=[json.dumps(HOME), json.dumps(TAGGED)]
    )
    assert whole(answer) == {
        "ContextKeyNames": ["aws:PrincipalTag/team", "aws:SecureTransport", "aws:username"]
    }
    refused = error_of(lambda: iam.get_context_keys_for_custom_policy(PolicyInputList=["{}"]))
    assert (refused[0], refused[2]) == ("InvalidInput", 400)


def test_keys_of_all_that_a_user_has(iam):
    iam.create_policy(PolicyName="edge", PolicyDocument=json.dumps(HOME))
    iam.create_user(UserName="ann", PermissionsBoundary="arn:aws:iam::000000000000:policy/edge")
    iam.create_group(GroupName="all")
    iam.add_user_to_group(GroupName="all", UserName="ann")
    iam.put_group_policy(GroupName="all", PolicyName="g", PolicyDocument=json.dumps(TAGGED))
    names = iam.get_context_keys_for_principal_policy(
        PolicySourceArn="arn:aws:iam::000000000000:user/ann"
    )["ContextKeyNames"]
    assert names == ["aws:PrincipalTag/team", "aws:SecureTransport", "aws:username"]
    of_group = iam.get_context_keys_for_principal_policy(
        PolicySourceArn="arn:aws:iam::000000000000:group/all"
    )["ContextKeyNames"]
    assert of_group == ["aws:PrincipalTag/team", "aws:SecureTransport", "AWS:UserName"]
    missing = {"PolicySourceArn": "arn:aws:iam::000000000000:role/nobody"}
    refused = error_of(lambda: iam.get_context_keys_for_principal_policy(**missing))
    assert refused[0] == "NoSuchEntity"
