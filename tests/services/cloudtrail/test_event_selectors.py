"""Event selectors by boto3: which events are delivered."""

from __future__ import annotations

import time

import pytest

from tests.services.cloudtrail.trails import deliver, delivered, refused

ALL_OBJECTS = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::lake/secret/"]}


@pytest.fixture
def trail(lakebed):
    for bucket in ("trail", "lake"):
        lakebed.client("s3").create_bucket(Bucket=bucket)
    client = lakebed.client("cloudtrail")
    client.create_trail(Name="audit", S3BucketName="trail")
    return client


def test_the_default_is_all_management_events(trail):
    answer = trail.get_event_selectors(TrailName="audit")
    assert answer["EventSelectors"] == [{
        "ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [],
        "ExcludeManagementEventSources": [],
    }]  # fmt: skip


def events_after(lakebed, trail, **selectors):
    """Log by some selectors while objects are written and read; return what was delivered."""
    s3 = lakebed.client("s3")
    trail.put_event_selectors(TrailName="audit", **selectors)
    trail.start_logging(Name="audit")
    deliver(lakebed)
    for key in ("secret/a", "open/b"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")
        s3.get_object(Bucket="lake", Key=key)
    lakebed.client("glue").create_database(DatabaseInput={"Name": "db"})
    time.sleep(0.1)
    deliver(lakebed)
    return [
        (one["eventName"], one.get("resources", [{}])[0].get("ARN"))
        for one in delivered(s3)
        if one["eventName"] in ("PutObject", "GetObject", "CreateDatabase")
        and "trail" not in str(one.get("resources"))
    ]


def test_data_events_of_objects_below_a_prefix(lakebed, trail):
    found = events_after(lakebed, trail, EventSelectors=[{"DataResources": [ALL_OBJECTS]}])
    secret = "arn:aws:s3:::lake/secret/a"
    assert found == [("PutObject", secret), ("GetObject", secret), ("CreateDatabase", None)]


def test_data_events_that_write_by_an_advanced_selector(lakebed, trail):
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {
            "Field": "resources.ARN",
            "NotStartsWith": ["arn:aws:s3:::lake/secret/", "arn:aws:s3:::trail"],
        },
        {"Field": "readOnly", "Equals": ["false"]},
    ]  # fmt: skip
    found = events_after(
        lakebed, trail, AdvancedEventSelectors=[{"Name": "writes", "FieldSelectors": fields}]
    )
    assert found == [("PutObject", "arn:aws:s3:::lake/open/b")]
    assert trail.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"] == [
        {"Name": "writes", "FieldSelectors": fields}
    ]


def test_what_is_refused(trail):
    put = trail.put_event_selectors
    assert refused(lambda: put(TrailName="audit"))[0] == "InvalidEventSelectorsException"
    tables = [{"DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": ["arn"]}]}]
    code, sentence = refused(lambda: put(TrailName="audit", EventSelectors=tables))
    assert (code, "AWS::DynamoDB::Table" in sentence) == ("LakebedNotBuilt", True)
    odd = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Insight"]}]}]
    assert refused(lambda: put(TrailName="audit", AdvancedEventSelectors=odd))[0] == (
        "InvalidEventSelectorsException"
    )


def test_a_refused_upload_is_delivered_with_its_error(lakebed, trail):
    # It is refused before its body is read.
    trail.put_event_selectors(TrailName="audit", EventSelectors=[{"DataResources": [ALL_OBJECTS]}])
    trail.start_logging(Name="audit")
    deliver(lakebed)
    s3 = lakebed.client("s3")
    put = {"Bucket": "lake", "Key": "secret/a", "Body": b"x" * 100_000}
    put["ExpectedBucketOwner"] = "111111111111"
    assert refused(lambda: s3.put_object(**put))[0] == "AccessDenied"
    time.sleep(0.1)
    deliver(lakebed)
    found = [
        (one["errorCode"], one["resources"][0]["ARN"])
        for one in delivered(s3)
        if one["eventName"] == "PutObject" and "errorCode" in one
    ]
    assert found == [("AccessDenied", "arn:aws:s3:::lake/secret/a")]
