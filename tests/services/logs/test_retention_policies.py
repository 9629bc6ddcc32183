"""Retention policies, by boto3; what the clock does: `tests/cli/test_log_retention.py`."""

from __future__ import annotations

from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import DAY, events, messages, now


def test_a_policy_is_kept_and_taken_back(logs, stream):
    assert body(logs.put_retention_policy(logGroupName="/app", retentionInDays=7)) == {}
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7
    assert body(logs.delete_retention_policy(logGroupName="/app")) == {}
    (group,) = logs.describe_log_groups()["logGroups"]
    assert "retentionInDays" not in group


def test_days_are_those_that_aws_has(logs, stream):
    code, message, status = error_of(
        lambda: logs.put_retention_policy(logGroupName="/app", retentionInDays=2)
    )
    assert (code, status) == ("InvalidParameterException", 400)
    assert "at 'retentionInDays' failed to satisfy constraint" in message
    for call in (logs.put_retention_policy, logs.delete_retention_policy):
        more = {"retentionInDays": 1} if call == logs.put_retention_policy else {}
        assert error_of(lambda call=call, more=more: call(logGroupName="nope", **more)) == (
            "ResourceNotFoundException", "The specified log group does not exist.", 400,
        )  # fmt: skip


def test_events_past_the_retention_are_seen_no_more(logs, stream):
    for age in (10, 5, 0):
        logs.put_log_events(**stream, logEvents=events(f"{age} days", at=now() - age * DAY))
    logs.put_retention_policy(logGroupName="/app", retentionInDays=7)
    assert messages(logs.get_log_events(**stream, startTime=0)) == ["5 days", "0 days"]
    assert messages(logs.filter_log_events(logGroupName="/app")) == ["5 days", "0 days"]
