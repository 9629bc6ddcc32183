from __future__ import annotations

import pytest

from tests.services.s3.answers import answer, refusal


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def not_set(code, message):
    return 404, {"Code": code, "Message": message, "BucketName": "lake"}


def test_a_plain_bucket_is_read_as_infrastructure_tools_read_it(s3):
    assert answer(s3.get_bucket_accelerate_configuration(Bucket="lake")) == {}
    assert answer(s3.get_bucket_request_payment(Bucket="lake")) == {"Payer": "BucketOwner"}
    assert answer(s3.get_bucket_notification_configuration(Bucket="lake")) == {}
    assert refusal(s3.get_bucket_encryption, Bucket="lake") == not_set(
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    )
    assert refusal(s3.get_bucket_replication, Bucket="lake") == not_set(
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found"
    )


@pytest.mark.parametrize("operation", ["delete_bucket_replication"])
def test_deleting_what_is_not_set_succeeds(s3, operation):
    response = getattr(s3, operation)(Bucket="lake")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_settings_may_be_put_as_they_are(s3):
    call = {"Bucket": "lake"}
    payment = {"Payer": "BucketOwner"}
    assert answer(s3.put_bucket_request_payment(**call, RequestPaymentConfiguration=payment)) == {}
    put = s3.put_bucket_notification_configuration(**call, NotificationConfiguration={})
    assert answer(put) == {}


def test_other_settings_are_refused_by_name(s3):
    call = {"Bucket": "lake"}
    refused = [
        refusal(
            s3.put_bucket_request_payment,
            **call,
            RequestPaymentConfiguration={"Payer": "Requester"},
        ),
    ]
    names = [
        "PutBucketRequestPayment (Payer Requester)",
    ]
    assert [status for status, _ in refused] == [501]
    for name, (_, error) in zip(names, refused, strict=True):
        assert error["Code"] == "NotImplemented"
        assert error["Message"].startswith(f"lakebed has not built s3.{name} yet.")


def test_a_setting_of_no_bucket_is_no_such_bucket(lakebed):
    s3 = lakebed.client("s3")
    for operation in ("get_bucket_cors", "get_bucket_logging", "get_bucket_encryption"):
        assert refusal(getattr(s3, operation), Bucket="nowhere")[1]["Code"] == "NoSuchBucket"
