"""Who hands a role over to Firehose or CloudWatch Logs may pass it, by boto3 on a strict server."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.glue.test_databases import error_of
from tests.services.sts.conftest import allow

DELIVERY = "arn:aws:iam::000000000000:role/delivery"
BACKUP = "arn:aws:iam::000000000000:role/backup"
ARN = "arn:aws:firehose:us-east-1:000000000000:deliverystream/none"


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


@pytest.fixture
def user(strict):
    """A client of a service as a user of a name who has these statements."""
    strict.reset()
    strict.client("s3").create_bucket(Bucket="lake")

    def make(service, *statements, name="ann"):
        iam = strict.client("iam")
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return strict.client(
            service, aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )  # fmt: skip

    return make


def _create(firehose):
    place = {"BucketARN": "arn:aws:s3:::lake"}
    backup = {"RoleARN": BACKUP, **place}
    firehose.create_delivery_stream(
        DeliveryStreamName="flights",
        ExtendedS3DestinationConfiguration={
            "RoleARN": DELIVERY, **place, "S3BackupMode": "Enabled",
            "S3BackupConfiguration": backup,
        },
    )  # fmt: skip


def _refusal(role):
    return (
        "AccessDeniedException",
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: iam:PassRole on "
        f"resource: {role} because no identity-based policy allows the iam:PassRole action",
        400,
    )


@pytest.mark.parametrize(("passed", "missing"), [(BACKUP, DELIVERY), (DELIVERY, BACKUP)])
def test_every_role_of_a_stream_has_to_be_passed(user, passed, missing):
    ann = user("firehose", allow("firehose:*", "*"), allow("iam:PassRole", passed))
    assert error_of(lambda: _create(ann)) == _refusal(missing)


def test_a_role_is_passed_to_firehose(user):
    to = {"StringEquals": {"iam:PassedToService": "firehose.amazonaws.com"}}
    ann = user("firehose", allow("firehose:*", "*"), allow("iam:PassRole", "*", Condition=to))
    _create(ann)
    update = {
        "DeliveryStreamName": "flights", "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
    }  # fmt: skip
    bob = user("firehose", allow("firehose:*", "*"), name="bob")
    bob.update_destination(**update, ExtendedS3DestinationUpdate={"Prefix": "a/"})
    update["CurrentDeliveryStreamVersionId"] = "2"
    refused = error_of(
        lambda: bob.update_destination(**update, ExtendedS3DestinationUpdate={"RoleARN": DELIVERY})
    )
    assert refused[0] == "AccessDeniedException"


def test_a_role_of_a_subscription_has_to_be_passed(user, strict):
    strict.client("logs").create_log_group(logGroupName="/app")
    ann = user("logs", allow("logs:*", "*"))
    names = {"logGroupName": "/app", "filterName": "f", "filterPattern": ""}
    assert error_of(
        lambda: ann.put_subscription_filter(**names, destinationArn=ARN, roleArn=DELIVERY)
    ) == _refusal(DELIVERY)
