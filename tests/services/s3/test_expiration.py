"""Who writes or reads an object is told when it expires, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

KEY = {"Bucket": "lake", "Key": "logs/k"}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def ruled(s3, *rules):
    whole = [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **one} for one in rules]
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": whole})


def told(last_modified, days, rule="r"):
    """Return the header: so many days after a time, at the midnight that comes then."""
    due = last_modified + timedelta(days=days)
    midnight = due.replace(hour=0, minute=0, second=0)
    if midnight != due:
        midnight += timedelta(days=1)
    return f'expiry-date="{midnight:%a, %d %b %Y} 00:00:00 GMT", rule-id="{rule}"'


def test_nothing_is_told_of_what_does_not_expire(s3):
    assert "Expiration" not in s3.put_object(**KEY, Body=b"")
    ruled(
        s3,
        {"ID": "off", "Status": "Disabled", "Expiration": {"Days": 1}},
        {"ID": "others", "Filter": {"Prefix": "other/"}, "Expiration": {"Days": 1}},
        {"ID": "moves", "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]},
    )
    assert "Expiration" not in s3.put_object(**KEY, Body=b"")
    assert "Expiration" not in s3.head_object(**KEY)


def test_every_answer_about_an_object_tells_when_it_expires(s3):
    ruled(s3, {"ID": "a rule/1", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}})
    put = s3.put_object(**KEY, Body=b"body")
    head = s3.head_object(**KEY)
    expected = told(head["LastModified"], 3, "a%20rule%2F1")
    assert (put["Expiration"], head["Expiration"]) == (expected, expected)
    assert s3.get_object(**KEY)["Expiration"] == expected
    copied = s3.copy_object(Bucket="lake", Key="logs/copy", CopySource="lake/logs/k")
    modified = copied["CopyObjectResult"]["LastModified"]
    assert copied["Expiration"] == told(modified, 3, "a%20rule%2F1")
    upload = {**KEY, "UploadId": s3.create_multipart_upload(**KEY)["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")
    whole = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    made = s3.complete_multipart_upload(**upload, MultipartUpload=whole)
    again = s3.complete_multipart_upload(**upload, MultipartUpload=whole)
    expected = s3.head_object(**KEY)["Expiration"]
    assert (made["Expiration"], again["Expiration"]) == (expected, expected)


def test_of_several_rules_the_first_that_is_due_is_told(s3):
    tagged = {"And": {"Prefix": "logs/", "Tags": [{"Key": "short", "Value": "yes"}]}}
    at = datetime(2080, 1, 1, tzinfo=UTC)
    ruled(
        s3,
        {"ID": "dated", "Filter": {"Prefix": "logs/"}, "Expiration": {"Date": at}},
        {"ID": "tagged", "Filter": tagged, "Expiration": {"Days": 1}},
    )
    dated = 'expiry-date="Mon, 01 Jan 2080 00:00:00 GMT", rule-id="dated"'
    assert s3.put_object(**KEY, Body=b"")["Expiration"] == dated
    s3.put_object(**KEY, Body=b"", Tagging="short=yes")
    head = s3.head_object(**KEY)
    assert head["Expiration"] == told(head["LastModified"], 1, "tagged")


def test_nothing_is_told_of_a_version_that_is_named(s3):
    on = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration=on)
    ruled(s3, {"Expiration": {"Days": 1}})
    version = s3.put_object(**KEY, Body=b"")["VersionId"]
    assert "Expiration" in s3.head_object(**KEY)
    assert "Expiration" not in s3.head_object(**KEY, VersionId=version)
