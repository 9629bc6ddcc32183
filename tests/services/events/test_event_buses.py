"""Event buses, by boto3."""

from __future__ import annotations

from tests.services.events.rules import BASE, GROUP, body, put, refused, rule, seen, shown

DEFAULT = {"Name": "default", "Arn": f"{BASE}:event-bus/default"}


def test_a_bus_is_created_described_listed_and_deleted(lakebed):
    events = lakebed.client("events")
    arn = f"{BASE}:event-bus/own"
    assert body(events.create_event_bus(Name="own", Description="mine")) == {
        "EventBusArn": arn, "Description": "mine",
    }  # fmt: skip
    assert refused(lambda: events.create_event_bus(Name="own")) == (
        "ResourceAlreadyExistsException", "Event bus own already exists.",
    )  # fmt: skip
    found = body(events.describe_event_bus(Name=arn))
    assert found.pop("CreationTime") == found.pop("LastModifiedTime")
    assert found == {"Name": "own", "Arn": arn, "Description": "mine"}
    assert body(events.describe_event_bus()) == DEFAULT
    first = events.list_event_buses(Limit=1)
    rest = events.list_event_buses(NextToken=first["NextToken"])
    assert first["EventBuses"] == [DEFAULT]
    assert [one["Name"] for one in rest["EventBuses"]] == ["own"]
    rule(lakebed, {"source": ["shop"]}, EventBusName="own")
    assert refused(lambda: events.delete_event_bus(Name="own")) == (
        "ValidationException", "Event bus can't be deleted since it has rules.",
    )  # fmt: skip
    assert refused(lambda: events.delete_event_bus(Name="default")) == (
        "ValidationException", "Cannot delete event bus default.",
    )  # fmt: skip
    events.delete_rule(Name="r", EventBusName="own")
    events.delete_event_bus(Name="own")
    events.delete_event_bus(Name="own")
    assert refused(lambda: events.describe_event_bus(Name="own")) == (
        "ResourceNotFoundException", "Event bus own does not exist.",
    )  # fmt: skip
    assert refused(
        lambda: events.create_event_bus(Name="own", DeadLetterConfig={"Arn": "arn:x"})
    )[0] == "LakebedNotBuilt"  # fmt: skip


def test_events_stay_on_their_bus(lakebed):
    events = lakebed.client("events")
    events.create_event_bus(Name="own")
    seen(lakebed, {"source": ["shop"]})
    rule(lakebed, {"source": ["shop"]}, {"Id": "a", "Arn": GROUP}, EventBusName="own")
    put(lakebed, {"on": "own"}, EventBusName=f"{BASE}:event-bus/own")
    put(lakebed, {"on": "default"})
    assert sorted(one["detail"]["on"] for one in shown(lakebed, 2)) == ["default", "own"]
    assert refused(
        lambda: events.put_rule(
            Name="s", ScheduleExpression="rate(1 minute)", EventBusName="own"
        )
    )[0] == "ValidationException"  # fmt: skip
