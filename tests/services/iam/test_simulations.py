"""What policies would decide, by boto3."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole

READ = "arn:aws:s3:::lake/read/*"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_given_policies_decide_each_action_and_resource(iam):
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/read/x"}
    answer = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(allowing("s3:Get*", READ)), policy(deny)],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::lake/read/a", "arn:aws:s3:::lake/read/x"],
    )
    found = [
        (one["EvalActionName"], one["EvalResourceName"][-1], one["EvalDecision"],
         [matched["SourcePolicyId"] for matched in one["MatchedStatements"]])
        for one in answer["EvaluationResults"]
    ]  # fmt: skip
    assert found == [
        ("s3:GetObject", "a", "allowed", ["PolicyInputList.1"]),
        ("s3:GetObject", "x", "explicitDeny", ["PolicyInputList.2"]),
        ("s3:PutObject", "a", "implicitDeny", []),
        ("s3:PutObject", "x", "implicitDeny", []),
    ]


def test_values_that_are_missing_are_named(iam):
    condition = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    statement = {**allowing("glue:GetTable")["Statement"][0], "Condition": condition}
    asked = {"PolicyInputList": [policy(statement)], "ActionNames": ["glue:GetTable"]}
    (result,) = iam.simulate_custom_policy(**asked)["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["aws:principaltag/team"]
    entry = {
        "ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["data"],
        "ContextKeyType": "string",
    }  # fmt: skip
    (result,) = iam.simulate_custom_policy(**asked, ContextEntries=[entry])["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_a_users_own_policies_groups_and_boundary_decide(iam):
    iam.create_policy(PolicyName="edge", PolicyDocument=json.dumps(allowing("s3:*")))
    iam.create_user(UserName="ann", PermissionsBoundary="arn:aws:iam::000000000000:policy/edge")
    iam.create_group(GroupName="all")
    iam.add_user_to_group(GroupName="all", UserName="ann")
    iam.put_group_policy(
        GroupName="all", PolicyName="g", PolicyDocument=json.dumps(allowing(["s3:*", "glue:*"]))
    )
    arn = "arn:aws:iam::000000000000:user/ann"
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "glue:GetTable", "iam:ListUsers"]
    )
    found = [
        (one["EvalActionName"], one["EvalDecision"],
         one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"])
        for one in whole(answer)["EvaluationResults"]
    ]  # fmt: skip
    assert found == [
        ("s3:GetObject", "allowed", True),
        ("glue:GetTable", "implicitDeny", False),
        ("iam:ListUsers", "implicitDeny", False),
    ]


def test_what_is_not_honoured_is_refused(iam):
    asked = {"PolicyInputList": [json.dumps(allowing())], "ActionNames": ["s3:GetObject"]}
    code, sentence, _ = error_of(
        lambda: iam.simulate_custom_policy(**asked, CallerArn="arn:aws:iam::000000000000:user/x")
    )
    assert (code, "CallerArn" in sentence) == ("LakebedNotBuilt", True)
    unknown = error_of(
        lambda: iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::000000000000:user/nobody", ActionNames=["s3:GetObject"]
        )
    )
    assert unknown[0] == "NoSuchEntity"
