from __future__ import annotations

from tests.services.s3.answers import refusal


def test_nothing_is_locked(lakebed):
    s3 = lakebed.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="k", Body=b"body")
    assert refusal(s3.get_object_lock_configuration, Bucket="lake") == (
        404,
        {
            "Code": "ObjectLockConfigurationNotFoundError",
            "Message": "Object Lock configuration does not exist for this bucket",
            "BucketName": "lake",
        },
    )
    missing = (
        400,
        {"Code": "InvalidRequest", "Message": "Bucket is missing Object Lock Configuration"},
    )
    for operation in (s3.get_object_retention, s3.get_object_legal_hold):
        assert refusal(operation, Bucket="lake", Key="k") == missing
        assert refusal(operation, Bucket="lake", Key="none")[1]["Code"] == "NoSuchKey"
    hold = {"Bucket": "lake", "Key": "k", "LegalHold": {"Status": "ON"}}
    assert refusal(s3.put_object_legal_hold, **hold)[0] == 501
