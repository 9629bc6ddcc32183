"""Whom a bucket tells of its objects, by boto3: EventBridge, which shows it in a log group."""

from __future__ import annotations

import time

import pytest

from tests.cli.owner import owner
from tests.services.events.rules import seen, shown
from tests.services.s3.answers import answer, refusal

DAY = 86_400
EVENTBRIDGE = {"NotificationConfiguration": {"EventBridgeConfiguration": {}}}


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def told(lakebed, count, kind=""):
    """Return the details of the events, by their order, without what differs each time."""
    found = [one for one in shown(lakebed, count) if one["detail-type"].endswith(kind)]
    for one in found:
        assert one["source"] == "aws.s3"
        assert one["resources"] == ["arn:aws:s3:::lake"]
    details = [one["detail"] for one in sorted(found, key=_sequencer)]
    for one in details:
        assert len(one["object"].pop("sequencer")) == 16
        assert len(one.pop("request-id")) == 16
        assert one.pop("source-ip-address", "127.0.0.1") == "127.0.0.1"
    return details


def _sequencer(event):
    return event["detail"]["object"]["sequencer"]


def detail(reason, more=(), **known):
    return {
        "version": "0", "bucket": {"name": "lake"}, "object": known,
        "requester": "000000000000", "reason": reason, **dict(more),
    }  # fmt: skip


def test_a_configuration_is_put_shown_and_taken_away(s3):
    assert answer(s3.get_bucket_notification_configuration(Bucket="lake")) == {}
    s3.put_bucket_notification_configuration(Bucket="lake", **EVENTBRIDGE)
    assert (
        answer(s3.get_bucket_notification_configuration(Bucket="lake"))
        == (EVENTBRIDGE["NotificationConfiguration"])
    )
    s3.put_bucket_notification_configuration(Bucket="lake", NotificationConfiguration={})
    assert answer(s3.get_bucket_notification_configuration(Bucket="lake")) == {}


@pytest.mark.parametrize(
    ("member", "arn"),
    [
        ("TopicConfigurations", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t"}),
        ("QueueConfigurations", {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q"}),
        ("LambdaFunctionConfigurations",
         {"LambdaFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}),
    ],
)  # fmt: skip
def test_other_destinations_are_refused_by_name(s3, member, arn):
    given = {member: [{**arn, "Events": ["s3:ObjectCreated:*"]}], "EventBridgeConfiguration": {}}
    status, error = refusal(
        s3.put_bucket_notification_configuration, Bucket="lake", NotificationConfiguration=given
    )
    assert status == 501
    assert f"NotificationConfiguration.{member}" in error["Message"]
    assert answer(s3.get_bucket_notification_configuration(Bucket="lake")) == {}


def test_objects_that_come_and_go_are_told(lakebed, s3):
    s3.put_object(Bucket="lake", Key="before", Body=b"1")
    seen(lakebed, {"source": ["aws.s3"]})
    s3.put_object(Bucket="lake", Key="untold", Body=b"1")
    s3.put_bucket_notification_configuration(Bucket="lake", **EVENTBRIDGE)
    first = s3.put_object(Bucket="lake", Key="a b/é", Body=b"12345")["ETag"].strip('"')
    s3.copy_object(Bucket="lake", Key="copy", CopySource={"Bucket": "lake", "Key": "a b/é"})
    upload = {"Bucket": "lake", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"123")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    whole = s3.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"].strip('"')
    s3.delete_object(Bucket="lake", Key="copy")
    s3.delete_object(Bucket="lake", Key="copy")
    s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "parts"}, {"Key": "none"}]})
    gone = {"deletion-type": "Permanently Deleted"}
    assert told(lakebed, 5) == [
        detail("PutObject", key="a b/é", size=5, etag=first),
        detail("CopyObject", key="copy", size=5, etag=first),
        detail("CompleteMultipartUpload", key="parts", size=3, etag=whole),
        detail("DeleteObject", gone, key="copy", etag=first),
        detail("DeleteObject", gone, key="parts", etag=whole),
    ]


def test_versions_and_delete_markers_are_told(lakebed, s3):
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket="lake", **EVENTBRIDGE)
    seen(lakebed, {"source": ["aws.s3"]})
    put = s3.put_object(Bucket="lake", Key="k", Body=b"1")
    etag, version = put["ETag"].strip('"'), put["VersionId"]
    marker = s3.delete_object(Bucket="lake", Key="k")["VersionId"]
    s3.delete_object(Bucket="lake", Key="k", VersionId=version)
    assert told(lakebed, 3) == [
        detail("PutObject", **{"key": "k", "size": 1, "etag": etag, "version-id": version}),
        detail(
            "DeleteObject",
            {"deletion-type": "Delete Marker Created"},
            **{"key": "k", "etag": "d41d8cd98f00b204e9800998ecf8427e", "version-id": marker},
        ),
        detail(
            "DeleteObject",
            {"deletion-type": "Permanently Deleted"},
            **{"key": "k", "etag": etag, "version-id": version},
        ),
    ]


def test_what_expires_is_told_as_the_lifecycle_s(lakebed, s3):
    s3.put_bucket_notification_configuration(Bucket="lake", **EVENTBRIDGE)
    etag = s3.put_object(Bucket="lake", Key="k", Body=b"1")["ETag"].strip('"')
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": [rule]})
    seen(lakebed, {"source": ["aws.s3"]})
    assert owner(lakebed, "lifecycle", now=time.time() + 3 * DAY)["done"]["lake"] == {"expire": 1}
    gone = {"deletion-type": "Permanently Deleted", "requester": "s3.amazonaws.com"}
    assert told(lakebed, 1) == [detail("Lifecycle Expiration", gone, key="k", etag=etag)]
