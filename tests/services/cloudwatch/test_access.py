"""Who may put metrics, by boto3 in strict mode; and that an answer is kept."""

from __future__ import annotations

import json

import boto3

from lakebed import testing
from lakebed.testing import server
from tests.services.cloudwatch.metrics import minute, put, statistics
from tests.services.glue.test_databases import error_of


def test_a_policy_may_name_the_namespace():
    statement = {
        "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": "App"}},
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with server("--mode", "strict") as lakebed:
        iam = lakebed.client("iam")
        iam.create_user(UserName="writer")
        iam.put_user_policy(UserName="writer", PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName="writer")["AccessKey"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
        writer = session.client("cloudwatch", endpoint_url=lakebed.url)
        put(writer, "m", (minute(), 1.0))
        assert error_of(lambda: put(writer, "m", (minute(), 1.0), namespace="Other"))[::2] == (
            "AccessDenied", 403,
        )  # fmt: skip
        code, _, _ = error_of(writer.list_metrics)
        assert code == "AccessDenied"


def test_what_was_answered_survives_a_kill(tmp_path):
    first = minute(3)
    running = testing.start(tmp_path / "data")
    try:
        put(running.client("cloudwatch"), "m", (first, 4.0))
    finally:
        running.kill()
    running = testing.start(tmp_path / "data")
    try:
        (point,) = statistics(running.client("cloudwatch"), "m", first, first + 60, 60, "Sum")
    finally:
        running.stop()
    assert point["Sum"] == 4
