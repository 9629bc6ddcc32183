"""Policies of secrets by boto3."""

from __future__ import annotations

import json

import pytest

from tests.services.secretsmanager.secrets import body, refused


@pytest.fixture
def manager(lakebed):
    return lakebed.client("secretsmanager")


def policy(principal):
    statement = {
        "Effect": "Allow", "Principal": {"AWS": principal}, "Resource": "*",
        "Action": "secretsmanager:GetSecretValue",
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_policy_comes_and_goes(manager):
    arn = manager.create_secret(Name="db", SecretString="1")["ARN"]
    nothing = {"ARN": arn, "Name": "db"}
    assert body(manager.get_resource_policy(SecretId="db")) == nothing
    text = policy("arn:aws:iam::111122223333:root")
    assert body(manager.put_resource_policy(SecretId="db", ResourcePolicy=text)) == nothing
    assert body(manager.get_resource_policy(SecretId="db")) == {**nothing, "ResourcePolicy": text}
    assert body(manager.delete_resource_policy(SecretId="db")) == nothing
    assert body(manager.get_resource_policy(SecretId="db")) == nothing


def test_what_is_refused(manager):
    manager.create_secret(Name="db", SecretString="1")
    put = manager.put_resource_policy
    assert refused(lambda: put(SecretId="db", ResourcePolicy="{")) == (
        "MalformedPolicyDocumentException", "This resource policy contains a syntax error.",
    )  # fmt: skip
    public = policy("*")
    assert refused(lambda: put(SecretId="db", ResourcePolicy=public, BlockPublicPolicy=True)) == (
        "PublicPolicyException",
        "You can't attach a resource policy that allows broad access to the secret.",
    )
    put(SecretId="db", ResourcePolicy=public)


def test_a_policy_is_checked_before_it_is_put(manager):
    own = policy("arn:aws:iam::000000000000:root")
    assert body(manager.validate_resource_policy(ResourcePolicy=own)) == {
        "PolicyValidationPassed": True, "ValidationErrors": [],
    }  # fmt: skip
    assert body(manager.validate_resource_policy(ResourcePolicy=policy("*"))) == {
        "PolicyValidationPassed": False,
        "ValidationErrors": [{
            "CheckName": "PUBLIC_POLICY",
            "ErrorMessage": "The resource policy allows broad access to the secret.",
        }],
    }  # fmt: skip
