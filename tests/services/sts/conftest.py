"""A server that holds to what policies say, and who asks it."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server


@pytest.fixture(scope="module")
def strict_server():
    with server("--mode", "strict") as running:
        yield running


@pytest.fixture
def strict(strict_server):
    """A strict server, emptied before the test."""
    strict_server.reset()
    return strict_server


@pytest.fixture
def iam(strict):
    return strict.client("iam")


@pytest.fixture
def user(iam):
    """Make a user with inline statements; return the members of a client that signs as it."""

    def make(name, *statements):
        iam.create_user(UserName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    return make


@pytest.fixture
def role(iam):
    """Make a role with its trust statement and inline statements; return its ARN."""

    def make(name, trust, *statements, path="/", **members):
        trusted = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=trusted, **members
        )["Role"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return made["Arn"]

    return make


def allow(action, resource=None, **more):
    """Return a statement that allows; one of a trust policy has no resource."""
    about = {} if resource is None else {"Resource": resource}
    return {"Effect": "Allow", "Action": action, **about, **more}


def keys_of(credentials):
    """Return the members of a client that signs with temporary credentials."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
