"""Who may do what with rules and buses, and targets' roles, by boto3 on a strict server."""

from __future__ import annotations

import json

import pytest

from lakebed.testing import server
from tests.services.events.rules import BASE, ROLE, put, refused, rule, seen, shown
from tests.services.sts.conftest import allow

FLOW = "arn:aws:glue:us-east-1:000000000000:workflow/w"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


@pytest.fixture(scope="module")
def strict():
    with server("--mode", "strict") as running:
        yield running


@pytest.fixture
def ann(strict):
    """A client of a service as a user who has these statements."""
    strict.reset()

    def make(*statements):
        iam = strict.client("iam")
        iam.create_user(UserName="ann")
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        return strict.client(
            "events", aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )  # fmt: skip

    return make


def denied(action, resource):
    return (
        "AccessDeniedException",
        f"User: arn:aws:iam::000000000000:user/ann is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action",
    )


def test_rules_and_buses_are_allowed_by_their_names(strict, ann):
    strict.client("events").create_event_bus(Name="own")
    events = ann(
        allow("events:PutRule", f"{BASE}:rule/mine"),
        allow("events:PutEvents", f"{BASE}:event-bus/default"),
        allow("events:ListRules", "*"),
    )
    pattern = '{"source": ["shop"]}'
    events.put_rule(Name="mine", EventPattern=pattern)
    assert [one["Name"] for one in events.list_rules()["Rules"]] == ["mine"]
    assert refused(lambda: events.put_rule(Name="other", EventPattern=pattern)) == denied(
        "events:PutRule", f"{BASE}:rule/other"
    )
    assert refused(
        lambda: events.put_rule(Name="mine", EventPattern=pattern, EventBusName="own")
    ) == denied("events:PutRule", f"{BASE}:rule/own/mine")
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": "{}"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert refused(
        lambda: events.put_events(Entries=[entry, {**entry, "EventBusName": "own"}])
    ) == denied("events:PutEvents", f"{BASE}:event-bus/own")


def test_a_role_of_a_target_has_to_be_passed(strict, ann):
    rule(strict, {"source": ["shop"]})
    to = {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}
    target = {"Id": "a", "Arn": FLOW, "RoleArn": ROLE}
    events = ann(
        allow("events:*", "*"), allow("iam:PassRole", ROLE, Condition=to)
    )  # fmt: skip
    assert events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"] == 0
    other = {**target, "RoleArn": ROLE + "-other"}
    assert refused(lambda: events.put_targets(Rule="r", Targets=[other])) == denied(
        "iam:PassRole", ROLE + "-other"
    )


def bridge(strict, *statements, service="events.amazonaws.com"):
    """Make the role of a target."""
    iam = strict.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="bridge",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName="bridge", PolicyName="own", PolicyDocument=document)


@pytest.mark.parametrize(
    ("statement", "service", "count"),
    [
        (allow("kinesis:PutRecord", STREAM), "events.amazonaws.com", 1),
        (allow("kinesis:PutRecord", STREAM + "-other"), "events.amazonaws.com", 0),
        (allow("kinesis:*", "*"), "glue.amazonaws.com", 0),
    ],
)
def test_a_target_gets_what_its_role_may_send(strict, ann, statement, service, count):
    del ann  # Only so that the server is reset.
    bridge(strict, statement, service=service)
    kinesis = strict.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    # The log group is told after the stream, so then it is known whether the stream was.
    rule(strict, {"source": ["shop"]}, {"Id": "a", "Arn": STREAM, "RoleArn": ROLE}, name="a")
    seen(strict, {"source": ["shop"]}, name="b")
    put(strict, {"n": 1})
    shown(strict, 1)
    shard = kinesis.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
    token = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=token)["Records"]) == count


def test_a_workflow_starts_only_if_the_role_may_notify_it(strict, ann):
    """Seen where CloudTrail says how the call ended."""
    del ann
    bridge(strict, allow("glue:NotifyEvent", FLOW + "-other"))
    rule(strict, {"source": ["shop"]}, {"Id": "a", "Arn": FLOW, "RoleArn": ROLE}, name="a")
    strict.client("glue").create_workflow(Name="w")
    seen(strict, {"source": ["shop"]}, name="b")
    put(strict, {"n": 1})
    shown(strict, 1)
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "NotifyEvent"}]
    found = strict.client("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]
    [event] = [json.loads(one["CloudTrailEvent"]) for one in found]
    assert event["errorCode"] == "AccessDeniedException"
    assert "glue:NotifyEvent" in event["errorMessage"]
    assert event["userIdentity"]["arn"] == (
        "arn:aws:sts::000000000000:assumed-role/bridge/EventBridge"
    )
