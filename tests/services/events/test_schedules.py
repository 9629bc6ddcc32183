"""Rules with schedules: what they say, and the events they make."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from lakebed.services.events._schedules import next_time
from tests.cli.owner import owner
from tests.services.events.rules import BASE, GROUP, shown

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC).timestamp()
HOUR = 3600


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("rate(1 minute)", "2026-11-22T12:01:30"),
        ("rate(5 hours)", "2026-11-22T17:00:30"),
        ("rate(1 day)", "2026-11-23T12:00:30"),
        ("cron(0/15 * * * ? *)", "2026-11-22T12:15:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", None),
    ],
)
def test_a_schedule_is_due(schedule, due):
    found = next_time(schedule, NOW)
    if due is None:
        assert found is None
    else:
        assert found == datetime.fromisoformat(due).replace(tzinfo=UTC).timestamp()


def test_a_schedule_makes_events_for_its_own_rule(lakebed):
    """Times that passed are made up for once; a rule that was disabled makes none."""
    events = lakebed.client("events")
    lakebed.client("logs").create_log_group(logGroupName="/aws/events/seen")
    for name, member in (
        ("timed", {"ScheduleExpression": "rate(1 hour)"}),
        ("off", {"ScheduleExpression": "rate(1 hour)", "State": "DISABLED"}),
    ):
        events.put_rule(Name=name, **member)
        events.put_targets(Rule=name, Targets=[{"Id": "log", "Arn": GROUP}])
    assert events.describe_rule(Name="timed")["ScheduleExpression"] == "rate(1 hour)"
    assert owner(lakebed, "event-deliveries", now=time.time() + HOUR / 2)["done"] == 0
    owner(lakebed, "event-deliveries", now=time.time() + 1.5 * HOUR)
    owner(lakebed, "event-deliveries", now=time.time() + 1.5 * HOUR)
    owner(lakebed, "event-deliveries", now=time.time() + 5.5 * HOUR)
    found = shown(lakebed, 2)
    ids, times = {one.pop("id") for one in found}, {one.pop("time") for one in found}
    assert (len(ids), len(times)) == (2, 2)
    assert found == 2 * [
        {
            "version": "0", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "000000000000", "region": "us-east-1", "detail": {},
            "resources": [f"{BASE}:rule/timed"],
        }
    ]  # fmt: skip
