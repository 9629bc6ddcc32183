from __future__ import annotations

import re

import pytest

from tests.services.s3.answers import answer, refusal

MALFORMED = (
    400,
    {
        "Code": "MalformedXML",
        "Message": "The XML you provided was not well-formed or did not validate against our "
        "published schema",
    },
)


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def put(s3, **configuration):
    return s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration=configuration)


def test_versioning_is_enabled_suspended_and_enabled_again(s3):
    assert answer(s3.get_bucket_versioning(Bucket="lake")) == {}
    for status in ("Enabled", "Suspended", "Enabled"):
        assert answer(put(s3, Status=status, MFADelete="Disabled")) == {}
        assert answer(s3.get_bucket_versioning(Bucket="lake")) == {"Status": status}


def test_versioning_may_begin_suspended(s3):
    put(s3, Status="Suspended")
    assert answer(s3.get_bucket_versioning(Bucket="lake")) == {"Status": "Suspended"}


def test_no_other_status_is_taken(s3):
    for configuration in ({"Status": "enabled"}, {"Status": "Disabled"}, {"MFADelete": "Maybe"}):
        assert refusal(put, s3=s3, **configuration) == MALFORMED
    assert refusal(put, s3=s3) == (
        400,
        {
            "Code": "IllegalVersioningConfigurationException",
            "Message": "The Versioning element must be specified",
        },
    )
    status, error = refusal(put, s3=s3, Status="Enabled", MFADelete="Enabled")
    assert (status, error["Code"]) == (501, "NotImplemented")
    assert "s3.PutBucketVersioning (MfaDelete)" in error["Message"]
    assert answer(s3.get_bucket_versioning(Bucket="lake")) == {}


def test_a_bucket_that_is_not_there_has_no_versioning(s3):
    expected = (
        404,
        {
            "Code": "NoSuchBucket",
            "Message": "The specified bucket does not exist",
            "BucketName": "absent",
        },
    )
    assert refusal(s3.get_bucket_versioning, Bucket="absent") == expected
    configured = {"Bucket": "absent", "VersioningConfiguration": {"Status": "Enabled"}}
    assert refusal(s3.put_bucket_versioning, **configured) == expected


def test_version_ids_look_like_those_of_aws_and_are_never_the_same(s3):
    put(s3, Status="Enabled")
    ids = {s3.put_object(Bucket="lake", Key="k", Body=b"")["VersionId"] for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9._]{32}", version) for version in ids)


def test_a_bucket_with_versions_is_not_empty(s3):
    put(s3, Status="Enabled")
    version = s3.put_object(Bucket="lake", Key="k", Body=b"")["VersionId"]
    marker = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    for left in (version, marker):
        assert refusal(s3.delete_bucket, Bucket="lake") == (
            409,
            {
                "Code": "BucketNotEmpty",
                "Message": "The bucket you tried to delete is not empty. You must delete all "
                "versions in the bucket.",
                "BucketName": "lake",
            },
        )
        s3.delete_object(Bucket="lake", Key="k", VersionId=left)
    s3.delete_bucket(Bucket="lake")
    s3.create_bucket(Bucket="lake")
    assert answer(s3.get_bucket_versioning(Bucket="lake")) == {}
