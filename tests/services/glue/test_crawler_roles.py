"""The roles of crawlers, with IAM: whom they trust, and what they may, by boto3."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.glue.test_crawl_run import crawled, make_crawler, put_orders
from tests.services.glue.test_databases import error_of

GLUE_SERVICE = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"


def make_role(lake, service="glue.amazonaws.com"):
    statement = {
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
    }  # fmt: skip
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = lake.client("iam")
    iam.create_role(RoleName="crawls", Path="/service-role/", AssumeRolePolicyDocument=trust)
    return iam


def test_a_role_that_does_not_trust_glue_is_refused(lakebed):
    make_role(lakebed, "lambda.amazonaws.com")
    put_orders(lakebed)
    assert error_of(lambda: make_crawler(lakebed.client("glue"))) == (
        "InvalidInputException",
        "Service is unable to assume provided role. Please verify role's TrustPolicy",
        400,
    )


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


def test_a_crawl_may_what_its_role_may(strict):
    strict.reset()
    iam = make_role(strict)
    put_orders(strict)
    iam.attach_role_policy(RoleName="crawls", PolicyArn=GLUE_SERVICE)
    glue = strict.client("glue")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="crawls", PolicyName="reads", PolicyDocument=document)
    make_crawler(glue)
    assert crawled(glue)["Status"] == "SUCCEEDED"
    iam.delete_role_policy(RoleName="crawls", PolicyName="reads")
    iam.detach_role_policy(RoleName="crawls", PolicyArn=GLUE_SERVICE)
    assert crawled(glue)["Status"] == "FAILED"
