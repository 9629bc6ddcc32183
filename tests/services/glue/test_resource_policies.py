"""The catalog's resource policy, by boto3."""

from __future__ import annotations

import json

from tests.services.glue.test_databases import body, error_of

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]})
NOT_FOUND = ("EntityNotFoundException", "Policy not found", 400)


def test_a_policy_is_put_replaced_by_its_hash_and_deleted(lakebed):
    glue = lakebed.client("glue")
    assert error_of(glue.get_resource_policy) == NOT_FOUND
    assert glue.get_resource_policies()["GetResourcePoliciesResponseList"] == []
    first = glue.put_resource_policy(PolicyInJson=POLICY)["PolicyHash"]
    found = body(glue.get_resource_policy())
    assert found["CreateTime"] == found["UpdateTime"]
    assert (found["PolicyInJson"], found["PolicyHash"]) == (POLICY, first)
    assert body(glue.get_resource_policies()) == {"GetResourcePoliciesResponseList": [found]}
    second = glue.put_resource_policy(
        PolicyInJson=POLICY, PolicyHashCondition=first, PolicyExistsCondition="MUST_EXIST"
    )["PolicyHash"]
    assert second != first
    refused = ("ConditionCheckFailureException", "Policy hash condition not met", 400)
    assert (
        error_of(lambda: glue.put_resource_policy(PolicyInJson=POLICY, PolicyHashCondition=first))
        == refused
    )
    assert error_of(lambda: glue.delete_resource_policy(PolicyHashCondition=first)) == refused
    assert body(glue.delete_resource_policy(PolicyHashCondition=second)) == {}
    assert error_of(glue.delete_resource_policy) == NOT_FOUND


def test_errors_of_policies(lakebed):
    glue = lakebed.client("glue")

    def put(text=POLICY, **more):
        return error_of(lambda: glue.put_resource_policy(PolicyInJson=text, **more))

    assert put(PolicyExistsCondition="MUST_EXIST") == NOT_FOUND
    assert put(ResourceArn="arn:aws:glue:us-east-1:000000000000:catalog") == (
        "InvalidInputException", "Glue resource level policy is not currently supported", 400,
    )  # fmt: skip
    large = json.dumps({"Statement": [{"Sid": "x" * 10_240}]})
    assert put(large) == (
        "InvalidInputException", "The policy is larger than 10240 bytes.", 400,
    )  # fmt: skip
    assert put("{x")[0] == "InvalidInputException"
    assert put("[]") == (
        "InvalidInputException", "The policy must be an object with a Statement.", 400,
    )  # fmt: skip
    glue.put_resource_policy(PolicyInJson=POLICY, PolicyExistsCondition="NOT_EXIST")
    assert put(PolicyExistsCondition="NOT_EXIST") == (
        "ConditionCheckFailureException", "Policy already exists", 400,
    )  # fmt: skip
