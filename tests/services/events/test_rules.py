"""Rules of EventBridge, by boto3."""

from __future__ import annotations

import pytest

from tests.services.events.rules import BASE, GROUP, ROLE, body, refused, rule

PATTERN = '{"source": ["shop"]}'
NONE = ("ResourceNotFoundException", "Rule r does not exist on EventBus default.")


@pytest.fixture
def events(lakebed):
    return lakebed.client("events")


def test_a_rule_is_put_described_replaced_and_deleted(events):
    put = events.put_rule(Name="r", EventPattern=PATTERN, Description="d", RoleArn=ROLE)
    assert put["RuleArn"] == f"{BASE}:rule/r"
    whole = {
        "Name": "r", "Arn": f"{BASE}:rule/r", "EventPattern": PATTERN, "State": "ENABLED",
        "Description": "d", "RoleArn": ROLE, "EventBusName": "default",
    }  # fmt: skip
    assert body(events.describe_rule(Name="r")) == {**whole, "CreatedBy": "000000000000"}
    assert body(events.list_rules()) == {"Rules": [whole]}
    events.put_rule(Name="r", EventPattern=PATTERN, State="DISABLED")
    assert body(events.describe_rule(Name="r")) == {
        "Name": "r", "Arn": f"{BASE}:rule/r", "EventPattern": PATTERN, "State": "DISABLED",
        "EventBusName": "default", "CreatedBy": "000000000000",
    }  # fmt: skip
    events.enable_rule(Name="r")
    assert events.describe_rule(Name="r")["State"] == "ENABLED"
    events.disable_rule(Name="r")
    assert events.describe_rule(Name="r")["State"] == "DISABLED"
    events.delete_rule(Name="r")
    events.delete_rule(Name="r")
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        assert refused(lambda call=call: call(Name="r")) == NONE


def test_what_is_no_rule_is_refused(events):
    assert refused(lambda: events.put_rule(Name="r")) == (
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    )
    assert refused(lambda: events.put_rule(Name="r", EventPattern='{"source": "shop"}')) == (
        "InvalidEventPatternException",
        'Event pattern is not valid. Reason: "source" must be an object or an array',
    )
    for schedule in ("rate(1 minutes)", "rate(2 minute)", "rate(0 days)", "cron(0 8)", "at(x)"):
        assert refused(lambda one=schedule: events.put_rule(Name="r", ScheduleExpression=one)) == (
            "ValidationException", "Parameter ScheduleExpression is not valid.",
        )  # fmt: skip
    assert refused(lambda: events.put_rule(Name="r", EventPattern=PATTERN, EventBusName="b")) == (
        "ResourceNotFoundException", "Event bus b does not exist.",
    )  # fmt: skip
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert refused(lambda: events.put_rule(Name="r", EventPattern=PATTERN, State=state))[0] == (
        "LakebedNotBuilt"
    )
    long = '{"source": ["' + "x" * 2048 + '"]}'
    assert refused(lambda: events.put_rule(Name="r", EventPattern=long))[0] == (
        "InvalidEventPatternException"
    )
    assert events.list_rules()["Rules"] == []


def test_a_rule_with_targets_is_not_deleted(lakebed, events):
    rule(lakebed, {"source": ["shop"]}, {"Id": "a", "Arn": GROUP})
    assert refused(lambda: events.delete_rule(Name="r")) == (
        "ValidationException", "Rule can't be deleted since it has targets.",
    )  # fmt: skip
    events.remove_targets(Rule="r", Ids=["a"])
    events.delete_rule(Name="r")
    assert events.list_rules()["Rules"] == []


def test_rules_are_listed_in_pages_and_by_prefix(lakebed, events):
    for name in ("a1", "a2", "b1"):
        rule(lakebed, {"source": ["shop"]}, {"Id": "t", "Arn": GROUP}, name=name)
    first = events.list_rules(Limit=2)
    rest = events.list_rules(Limit=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in first["Rules"] + rest["Rules"]] == ["a1", "a2", "b1"]
    assert "NextToken" not in rest
    assert [one["Name"] for one in events.list_rules(NamePrefix="a")["Rules"]] == ["a1", "a2"]
    first = events.list_rule_names_by_target(TargetArn=GROUP, Limit=2)
    rest = events.list_rule_names_by_target(TargetArn=GROUP, NextToken=first["NextToken"])
    assert first["RuleNames"] + rest["RuleNames"] == ["a1", "a2", "b1"]
    assert events.list_rule_names_by_target(TargetArn=GROUP + "x")["RuleNames"] == []
