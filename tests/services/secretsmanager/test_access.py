"""Who may read a secret, or a parameter, on a server that enforces it."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.secretsmanager.secrets import refused


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def made(strict, name, **statement):
    """Make a user, who may what the statement says; return what makes clients of the user's."""
    iam = strict.client("iam")
    iam.create_user(UserName=name)
    if statement:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return lambda service: strict.client(
        service,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_the_policy_of_a_secret_lets_a_user_read_it(strict):
    root = strict.client("secretsmanager")
    arn = root.create_secret(Name="db", SecretString="pass")["ARN"]
    user = made(strict, "reader")("secretsmanager")

    def read():
        return user.get_secret_value(SecretId=arn)

    assert refused(read)[0] == "AccessDeniedException"
    statement = {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/reader"},
        "Action": "secretsmanager:GetSecretValue", "Resource": "*",
    }  # fmt: skip
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    root.put_resource_policy(SecretId="db", ResourcePolicy=text)
    assert read()["SecretString"] == "pass"
    assert refused(lambda: user.describe_secret(SecretId=arn))[0] == "AccessDeniedException"


def test_a_batch_answers_what_may_be_read(strict):
    root = strict.client("secretsmanager")
    mine, other = (root.create_secret(Name=one, SecretString=one)["ARN"] for one in ("own", "not"))
    batch = made(strict, "batch", Resource=["*"], Action=["secretsmanager:BatchGetSecretValue"])(
        "secretsmanager"
    )
    found = batch.batch_get_secret_value(SecretIdList=[mine, other])
    assert [one["ErrorCode"] for one in found["Errors"]] == ["AccessDeniedException"] * 2
    some = made(strict, "some", Resource=mine, Action="secretsmanager:GetSecretValue")(
        "secretsmanager"
    )
    assert some.get_secret_value(SecretId=mine)["SecretString"] == "own"
    assert refused(lambda: some.get_secret_value(SecretId=other))[0] == "AccessDeniedException"


def test_a_user_reads_the_parameters_below_a_path(strict):
    root = strict.client("ssm")
    for name in ("/team/a", "/other/a"):
        root.put_parameter(Name=name, Value="v", Type="SecureString")
    user = made(
        strict, "team", Action="ssm:GetParameter*",
        Resource="arn:aws:ssm:us-east-1:000000000000:parameter/team*",
    )("ssm")  # fmt: skip
    assert user.get_parameter(Name="/team/a:1", WithDecryption=True)["Parameter"]["Value"] == "v"
    assert len(user.get_parameters_by_path(Path="/team/")["Parameters"]) == 1
    for call in (
        lambda: user.get_parameter(Name="/other/a"),
        lambda: user.get_parameters(Names=["/team/a", "/other/a"]),
        lambda: user.get_parameters_by_path(Path="/other"),
        lambda: user.delete_parameter(Name="/team/a"),
    ):
        assert refused(call)[0] == "AccessDeniedException"
