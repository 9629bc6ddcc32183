"""Events looked up by boto3."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.services.cloudtrail.trails import refused


@pytest.fixture
def trail(lakebed):
    glue = lakebed.client("glue")
    for name in ("one", "two", "three"):
        glue.create_database(DatabaseInput={"Name": f"looked_up_{name}"})
    with pytest.raises(ClientError):
        glue.get_database(Name="looked_up_none")
    time.sleep(0.1)
    return lakebed.client("cloudtrail")


def by(trail, key, value, **more):
    given = [{"AttributeKey": key, "AttributeValue": value}]
    return trail.lookup_events(LookupAttributes=given, **more)["Events"]


def names(events):
    """Return the databases that events made, the newest first."""
    found = [json.loads(one["CloudTrailEvent"])["requestParameters"] for one in events]
    return [one["DatabaseInput"]["Name"] for one in found]


def test_events_are_found_by_name_the_newest_first(trail):
    found = by(trail, "EventName", "CreateDatabase")[:3]
    assert names(found) == ["looked_up_three", "looked_up_two", "looked_up_one"]
    event = found[0]
    told = json.loads(event.pop("CloudTrailEvent"))
    assert event == {
        "EventId": told["eventID"], "EventName": "CreateDatabase", "ReadOnly": "false",
        "EventTime": event["EventTime"], "EventSource": "glue.amazonaws.com",
        "Username": "root", "AccessKeyId": "test", "Resources": [],
    }  # fmt: skip
    assert [one["EventId"] for one in by(trail, "EventId", event["EventId"])] == [event["EventId"]]


def test_events_are_found_by_other_attributes(trail):
    read = by(trail, "ReadOnly", "true")
    assert read[0]["EventName"] in ("GetDatabase", "LookupEvents")
    assert all(one["ReadOnly"] == "true" for one in read)
    assert by(trail, "EventSource", "glue.amazonaws.com")[0]["EventName"] == "GetDatabase"
    assert by(trail, "Username", "nobody") == []


def test_pages_go_on_where_the_last_ended(trail):
    given = [{"AttributeKey": "EventName", "AttributeValue": "CreateDatabase"}]
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=given, PaginationConfig={"PageSize": 1, "MaxItems": 3}
    )
    events = [event for page in pages for event in page["Events"]]
    assert names(events) == ["looked_up_three", "looked_up_two", "looked_up_one"]


def test_a_time_range_is_heeded(trail):
    assert by(trail, "EventName", "CreateDatabase", StartTime=time.time() + 60,
              EndTime=time.time() + 90) == []  # fmt: skip
    assert by(trail, "EventName", "CreateDatabase", EndTime=time.time() - 3600) == []


def test_what_is_refused(trail):
    look = trail.lookup_events
    assert refused(lambda: look(StartTime=2, EndTime=1))[0] == "InvalidTimeRangeException"
    assert refused(lambda: look(NextToken="odd"))[0] == "InvalidNextTokenException"
    assert refused(lambda: look(EventCategory="insight"))[0] == "LakebedNotBuilt"
