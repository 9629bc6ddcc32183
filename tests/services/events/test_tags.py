"""Tags of rules and buses, by boto3."""

from __future__ import annotations

import pytest

from tests.services.events.rules import BASE, refused

ONE = [{"Key": "a", "Value": "1"}]


@pytest.mark.parametrize(
    "arn", [f"{BASE}:rule/r", f"{BASE}:rule/own/r", f"{BASE}:event-bus/own",
            f"{BASE}:event-bus/default"]
)  # fmt: skip
def test_tags_come_and_go(lakebed, arn):
    events = lakebed.client("events")
    events.create_event_bus(Name="own", Tags=ONE)
    for bus in ("default", "own"):
        events.put_rule(Name="r", EventPattern='{"a": [1]}', EventBusName=bus, Tags=ONE)
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}, *ONE])
    events.untag_resource(ResourceARN=arn, TagKeys=["a", "none"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    # What replaces a rule does not change its tags.
    events.put_rule(Name="r", EventPattern='{"a": [2]}', Tags=[{"Key": "c", "Value": "3"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_what_is_not_there_has_no_tags(lakebed):
    events = lakebed.client("events")
    assert refused(lambda: events.list_tags_for_resource(ResourceARN=f"{BASE}:rule/r")) == (
        "ResourceNotFoundException", "Rule r does not exist on EventBus default.",
    )  # fmt: skip
    assert refused(lambda: events.list_tags_for_resource(ResourceARN="arn:x"))[0] == (
        "ValidationException"
    )
