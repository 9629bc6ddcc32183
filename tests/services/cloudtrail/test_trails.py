"""Trails by boto3: what they are, and what they deliver."""

from __future__ import annotations

import re
import time

import pytest

from tests.services.cloudtrail.trails import deliver, delivered, refused

ARN = "arn:aws:cloudtrail:us-east-1:000000000000:trail/audit"
SHAPE = {
    "Name": "audit", "S3BucketName": "trail", "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": False, "TrailARN": ARN, "LogFileValidationEnabled": False,
    "IsOrganizationTrail": False,
}  # fmt: skip


@pytest.fixture
def trail(lakebed):
    lakebed.client("s3").create_bucket(Bucket="trail")
    return lakebed.client("cloudtrail")


def body(answer):
    answer.pop("ResponseMetadata")
    return answer


def test_a_trail_comes_back(trail):
    assert body(trail.create_trail(Name="audit", S3BucketName="trail")) == SHAPE
    described = {
        **SHAPE, "HomeRegion": "us-east-1", "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
    }  # fmt: skip
    assert trail.get_trail(Name=ARN)["Trail"] == described
    assert trail.describe_trails()["trailList"] == [described]
    assert trail.list_trails()["Trails"] == [
        {"TrailARN": ARN, "Name": "audit", "HomeRegion": "us-east-1"}
    ]
    changed = trail.update_trail(Name="audit", S3KeyPrefix="logs/", IsMultiRegionTrail=True)
    assert body(changed) == {**SHAPE, "S3KeyPrefix": "logs", "IsMultiRegionTrail": True}
    assert body(trail.get_trail_status(Name="audit")) == {"IsLogging": False}
    trail.delete_trail(Name="audit")
    assert trail.describe_trails()["trailList"] == []


def test_a_trail_of_all_regions_is_seen_in_others(lakebed, trail):
    trail.create_trail(Name="audit", S3BucketName="trail", IsMultiRegionTrail=True)
    elsewhere = lakebed.session().client(
        "cloudtrail", endpoint_url=lakebed.url, region_name="eu-west-1"
    )
    assert [one["HomeRegion"] for one in elsewhere.describe_trails()["trailList"]] == ["us-east-1"]
    assert elsewhere.describe_trails(includeShadowTrails=False)["trailList"] == []
    assert elsewhere.get_trail(Name=ARN)["Trail"]["Name"] == "audit"


def test_what_is_refused(trail):
    trail.create_trail(Name="audit", S3BucketName="trail")
    create = trail.create_trail
    assert refused(lambda: create(Name="audit", S3BucketName="trail")) == (
        "TrailAlreadyExistsException", "Trail audit already exists for customer: 000000000000",
    )  # fmt: skip
    assert refused(lambda: create(Name="a", S3BucketName="trail"))[0] == "InvalidTrailNameException"
    assert refused(lambda: create(Name="other", S3BucketName="no-such-bucket")) == (
        "S3BucketDoesNotExistException", "S3 bucket no-such-bucket does not exist!",
    )  # fmt: skip
    unknown = "arn:aws:cloudtrail:us-east-1:000000000000:trail/nothing"
    assert refused(lambda: trail.get_trail(Name="nothing")) == (
        "TrailNotFoundException", f"Unknown trail: {unknown} for the user: 000000000000",
    )  # fmt: skip
    code, sentence = refused(
        lambda: create(Name="more", S3BucketName="trail", EnableLogFileValidation=True)
    )
    assert (code, "EnableLogFileValidation" in sentence) == ("LakebedNotBuilt", True)
    for name in ("two", "three", "four", "five"):
        create(Name=f"trail-{name}", S3BucketName="trail")
    assert refused(lambda: create(Name="six", S3BucketName="trail"))[0] == (
        "MaximumNumberOfTrailsExceededException"
    )


def test_events_from_the_start_of_logging_on_are_delivered_once(lakebed, trail):
    s3, glue = lakebed.client("s3"), lakebed.client("glue")
    trail.create_trail(Name="audit", S3BucketName="trail", S3KeyPrefix="logs")
    glue.create_database(DatabaseInput={"Name": "before"})
    time.sleep(0.05)
    trail.start_logging(Name="audit")
    glue.create_database(DatabaseInput={"Name": "during"})
    until = time.monotonic() + 10
    while not any(one["eventName"] == "CreateDatabase" for one in delivered(s3)):
        assert time.monotonic() < until
        deliver(lakebed)
    made = [one for one in delivered(s3) if one["eventName"] == "CreateDatabase"]
    assert [one["requestParameters"] for one in made] == [{"DatabaseInput": {"Name": "during"}}]
    assert made[0]["eventSource"] == "glue.amazonaws.com"
    assert (made[0]["readOnly"], made[0]["managementEvent"]) == (False, True)
    [key, *_] = [one["Key"] for one in s3.list_objects_v2(Bucket="trail")["Contents"]]
    day, stamp = r"\d{4}/\d\d/\d\d", r"\d{8}T\d{4}Z"
    assert re.fullmatch(
        f"logs/AWSLogs/000000000000/CloudTrail/us-east-1/{day}/"
        f"000000000000_CloudTrail_us-east-1_{stamp}_[0-9a-f]{{16}}.json.gz", key,
    )  # fmt: skip
    status = trail.get_trail_status(Name="audit")
    assert status["IsLogging"] is True
    assert status["LatestDeliveryTime"] >= status["StartLoggingTime"]
    trail.stop_logging(Name="audit")
    glue.create_database(DatabaseInput={"Name": "after"})
    deliver(lakebed)
    names = [one["eventID"] for one in delivered(s3)]
    assert len(names) == len(set(names))
    assert not any("after" in str(one["requestParameters"]) for one in delivered(s3))


def test_a_bucket_that_is_gone_is_said_and_events_wait(lakebed, trail):
    s3 = lakebed.client("s3")
    trail.create_trail(Name="audit", S3BucketName="trail")
    trail.start_logging(Name="audit")
    lakebed.client("glue").create_database(DatabaseInput={"Name": "kept"})
    s3.delete_bucket(Bucket="trail")
    until = time.monotonic() + 10
    while "LatestDeliveryError" not in trail.get_trail_status(Name="audit"):
        assert time.monotonic() < until
        deliver(lakebed)
    assert trail.get_trail_status(Name="audit")["LatestDeliveryError"] == "NoSuchBucket"
    s3.create_bucket(Bucket="trail")
    deliver(lakebed)
    assert any(one["eventName"] == "CreateDatabase" for one in delivered(s3))
    assert "LatestDeliveryError" not in trail.get_trail_status(Name="audit")
