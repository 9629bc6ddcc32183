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
        lambda: iam.simulate_custom_policy(**asked, ResourceHandlingOption="EC2-Classic-EBS")
    )
    assert (code, "ResourceHandlingOption" in sentence) == ("LakebedNotBuilt", True)
    unknown = error_of(
        lambda: iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::000000000000:user/nobody", ActionNames=["s3:GetObject"]
        )
    )
    assert unknown[0] == "NoSuchEntity"


def decisions(answer):
    return [
        (one["EvalDecision"], [matched["SourcePolicyId"] for matched in one["MatchedStatements"]])
        for one in answer["EvaluationResults"]
    ]


def test_a_resources_policy_decides_with_who_calls(iam):
    ann, bob = (f"arn:aws:iam::000000000000:user/{name}" for name in ("ann", "bob"))
    granting = {**allowing("s3:GetObject")["Statement"][0], "Principal": {"AWS": ann}}
    asked = {
        "PolicyInputList": [json.dumps(allowing("glue:*"))], "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::lake/a"], "ResourcePolicy": policy(granting),
    }  # fmt: skip
    as_ann = iam.simulate_custom_policy(**asked, CallerArn=ann)
    assert decisions(as_ann) == [("allowed", ["ResourcePolicy"])]
    assert decisions(iam.simulate_custom_policy(**asked, CallerArn=bob)) == [("implicitDeny", [])]
    # Of another account's resource the caller's own policies have to say so, too.
    other = {**asked, "CallerArn": ann, "ResourceOwner": "arn:aws:iam::111111111111:root"}
    assert decisions(iam.simulate_custom_policy(**other)) == [("implicitDeny", [])]
    both = {**other, "PolicyInputList": [json.dumps(allowing("s3:*"))]}
    assert [one for one, _ in decisions(iam.simulate_custom_policy(**both))] == ["allowed"]
    for wrong in ({}, {"CallerArn": "arn:aws:iam::000000000000:role/x"}):
        refused = error_of(lambda wrong=wrong: iam.simulate_custom_policy(**asked, **wrong))
        assert refused[0] == "InvalidInput"


def test_a_resources_policy_denies_a_user(iam):
    iam.create_user(UserName="ann")
    own = json.dumps(allowing("s3:*"))
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=own)
    denying = {**allowing("s3:*", effect="Deny")["Statement"][0], "Principal": "*"}
    answer = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::000000000000:user/ann", ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::lake/a"], ResourcePolicy=policy(denying),
    )  # fmt: skip
    assert decisions(answer) == [("explicitDeny", ["ResourcePolicy"])]


def test_a_group_is_simulated_by_its_policies(iam):
    iam.create_group(GroupName="all")
    own = json.dumps(allowing("glue:*"))
    iam.put_group_policy(GroupName="all", PolicyName="g", PolicyDocument=own)
    answer = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::000000000000:group/all",
        ActionNames=["glue:GetTable", "s3:GetObject"],
    )
    assert decisions(answer) == [("allowed", ["g"]), ("implicitDeny", [])]
