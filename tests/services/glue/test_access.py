"""Who makes a crawler has to be allowed to pass its role, by boto3 on a strict server."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.glue.test_databases import error_of
from tests.services.sts.conftest import allow

ROLE = "arn:aws:iam::000000000000:role/service-role/crawls"


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        trust = allow("sts:AssumeRole", Principal={"Service": "glue.amazonaws.com"})
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        running.client("iam").create_role(
            RoleName="crawls", Path="/service-role/", AssumeRolePolicyDocument=document
        )
        running.client("iam").attach_role_policy(
            RoleName="crawls", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        )
        running.client("s3").create_bucket(Bucket="lake")
        yield running


@pytest.fixture
def glue(strict):
    """Glue's client as a user of a name who has these statements."""

    def make(name, *statements):
        iam = strict.client("iam")
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return strict.client(
            "glue", aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )  # fmt: skip

    return make


def crawler(name, **more):
    targets = {"S3Targets": [{"Path": "s3://lake/orders/"}]}
    return {"Name": name, "Role": ROLE, "DatabaseName": "shop", "Targets": targets, **more}


@pytest.mark.parametrize("role", [ROLE, "service-role/crawls"])
def test_a_role_has_to_be_passed(glue, role):
    name = f"ann-{len(role)}"
    ann = glue(name, allow("glue:*", "*"))
    assert error_of(lambda: ann.create_crawler(**crawler(name, Role=role))) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::000000000000:user/{name} is not authorized to perform: iam:PassRole "
        f"on resource: {ROLE} because no identity-based policy allows the iam:PassRole action",
        400,
    )


def test_a_role_is_passed_to_the_service_it_is_for(glue):
    to = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    elsewhere = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    bob = glue("bob", allow("glue:*", "*"), allow("iam:PassRole", ROLE, Condition=to))
    carl = glue("carl", allow("glue:*", "*"), allow("iam:PassRole", ROLE, Condition=elsewhere))
    bob.create_crawler(**crawler("bob"))
    bob.update_crawler(Name="bob", Description="no role is passed here")
    bob.update_crawler(Name="bob", Role=ROLE)
    assert (
        error_of(lambda: carl.update_crawler(Name="bob", Role=ROLE))[0] == "AccessDeniedException"
    )
    carl.update_crawler(Name="bob", Description="no role is passed here")
    carl.get_crawler(Name="bob")


def test_a_job_is_passed_its_role_when_it_is_made_and_changed(glue):
    members = {"Role": ROLE, "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/a.py"}}
    arn = "arn:aws:glue:us-east-1:000000000000:job/erin"
    to = {"StringEquals": {"iam:AssociatedResourceArn": arn}}
    erin = glue("erin", allow("glue:*", "*"), allow("iam:PassRole", ROLE, Condition=to))
    fred = glue("fred", allow("glue:*", "*"))
    erin.create_job(Name="erin", **members)
    erin.update_job(JobName="erin", JobUpdate=members)
    for call in (
        lambda: erin.create_job(Name="other", **members),
        lambda: fred.create_job(Name="fred", **members),
        lambda: fred.update_job(JobName="erin", JobUpdate=members),
    ):
        code, message, _ = error_of(call)
        assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)


def test_passing_a_role_is_not_making_a_crawler(glue):
    dora = glue("dora", allow("iam:PassRole", "*"))
    refused = error_of(lambda: dora.create_crawler(**crawler("dora")))
    assert "is not authorized to perform: glue:CreateCrawler" in refused[1]
