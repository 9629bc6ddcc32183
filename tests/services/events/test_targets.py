"""Targets of rules, by boto3: put, listed, removed; and what reaches them."""

from __future__ import annotations

import json
import time

import pytest

from tests.services.events.rules import GROUP, ROLE, body, put, refused, rule, seen, shown

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
FLOW = "arn:aws:glue:us-east-1:000000000000:workflow/w"


@pytest.fixture
def events(lakebed):
    return lakebed.client("events")


def test_targets_are_put_replaced_and_removed(lakebed, events):
    rule(lakebed, {"source": ["shop"]}, {"Id": "a", "Arn": GROUP}, {"Id": "b", "Arn": GROUP})
    kept = {"Id": "a", "Arn": FLOW, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 3}}
    assert body(events.put_targets(Rule="r", Targets=[kept])) == {
        "FailedEntryCount": 0, "FailedEntries": [],
    }  # fmt: skip
    first = events.list_targets_by_rule(Rule="r", Limit=1)
    rest = events.list_targets_by_rule(Rule="r", NextToken=first["NextToken"])
    assert first["Targets"] + rest["Targets"] == [kept, {"Id": "b", "Arn": GROUP}]
    assert body(events.remove_targets(Rule="r", Ids=["a", "x"])) == {
        "FailedEntryCount": 1,
        "FailedEntries": [
            {
                "TargetId": "x",
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": "Rule 'r' does not have a target with the Id 'x'.",
            }
        ],
    }
    assert events.list_targets_by_rule(Rule="r")["Targets"] == [{"Id": "b", "Arn": GROUP}]


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ({"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}, "LakebedNotBuilt",
         "targets of lambda"),
        ({"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}, "LakebedNotBuilt", "targets of sqs"),
        ({"Arn": "arn:aws:sns:us-east-1:000000000000:t"}, "LakebedNotBuilt", "targets of sns"),
        ({"Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"}, "LakebedNotBuilt",
         "targets of states"),
        ({"Arn": "arn:aws:glue:us-east-1:000000000000:job/j"}, "LakebedNotBuilt",
         "targets of glue job"),
        ({"Arn": GROUP.replace("000000000000", "111111111111")}, "LakebedNotBuilt",
         "other accounts"),
        ({"Arn": GROUP, "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:0:q"}},
         "LakebedNotBuilt", "DeadLetterConfig"),
        ({"Arn": GROUP, "Input": "{}"}, "LakebedNotBuilt", "Input of log groups"),
        ({"Arn": "nothing"}, "ValidationException", "Provided Arn is not in correct format"),
        ({"Arn": STREAM}, "ValidationException", f"RoleArn is required for target {STREAM}."),
        ({"Arn": STREAM, "RoleArn": ROLE, "Input": "{"}, "ValidationException", "JSON syntax"),
        ({"Arn": STREAM, "RoleArn": ROLE, "Input": "{}", "InputPath": "$"}, "ValidationException",
         "Only one of Input, InputPath, or InputTransformer must be provided for target a."),
        ({"Arn": STREAM, "RoleArn": ROLE, "InputTransformer": {"InputTemplate": '"<x>"'}},
         "ValidationException", "InputTemplate for target a contains invalid placeholder x."),
        ({"Arn": STREAM, "RoleArn": ROLE, "InputPath": "$.a[*]"}, "LakebedNotBuilt", "the path"),
        ({"Arn": STREAM, "RoleArn": ROLE, "InputPath": "a"}, "ValidationException", "JSONPath"),
    ],
)  # fmt: skip
def test_a_target_that_is_none_is_refused(lakebed, events, target, code, said):
    rule(lakebed, {"source": ["shop"]})
    found = refused(lambda: events.put_targets(Rule="r", Targets=[{"Id": "a", **target}]))
    assert found[0] == code
    assert said in found[1]
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


def test_a_rule_has_at_most_five_targets(lakebed, events):
    rule(lakebed, {"source": ["shop"]})
    six = [{"Id": str(number), "Arn": GROUP} for number in range(6)]
    assert refused(lambda: events.put_targets(Rule="r", Targets=six)) == (
        "LimitExceededException", "The requested resource exceeds the maximum number allowed.",
    )  # fmt: skip
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


def test_a_log_group_gets_the_whole_event(lakebed):
    seen(lakebed, {"detail": {"price": [{"numeric": [">", 10]}]}})
    put(lakebed, {"price": 5})
    unique = put(lakebed, {"price": 12.50}, Resources=["arn:x"], Time=time.time() // 1 - 60)
    [event] = shown(lakebed, 1)
    at = event.pop("time")
    assert time.strptime(at, "%Y-%m-%dT%H:%M:%SZ") is not None
    assert event == {
        "version": "0", "id": unique, "detail-type": "Sold", "source": "shop",
        "account": "000000000000", "region": "us-east-1", "resources": ["arn:x"],
        "detail": {"price": 12.5},
    }  # fmt: skip


def test_streams_get_what_a_target_makes_of_an_event(lakebed):
    kinesis, firehose = lakebed.client("kinesis"), lakebed.client("firehose")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    lakebed.client("s3").create_bucket(Bucket="lake")
    s3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake",
          "BufferingHints": {"IntervalInSeconds": 1, "SizeInMBs": 1}}  # fmt: skip
    arn = firehose.create_delivery_stream(
        DeliveryStreamName="out", ExtendedS3DestinationConfiguration=s3
    )["DeliveryStreamARN"]
    template = '{"what": <what>, "said": "<what> by <aws.events.rule-name>", "n": <n>}'
    transformer = {
        "InputPathsMap": {"what": "$.detail.what", "n": "$.detail.list[1]"},
        "InputTemplate": template,
    }
    common = {"Arn": STREAM, "RoleArn": ROLE}
    key = {"KinesisParameters": {"PartitionKeyPath": "$.detail.what"}}
    rule(
        lakebed,
        {"source": ["shop"]},
        {"Id": "constant", **common, "Input": '{"a": 1}'},
        {"Id": "part", **common, "InputPath": "$.detail"},
        {"Id": "template", **common, **key, "InputTransformer": transformer},
        {"Id": "firehose", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail.what"},
    )
    unique = put(lakebed, {"what": "tea", "list": [1, 2.50]})
    found = _records(kinesis, 3)
    assert sorted((one["Data"].decode(), one["PartitionKey"]) for one in found) == [
        ('{"a": 1}', unique),
        ('{"what": "tea", "said": "tea by r", "n": 2.5}', "tea"),
        ('{"what":"tea","list":[1,2.5]}', unique),
    ]
    assert _objects(lakebed.client("s3")) == b'"tea"'


def _records(kinesis, count):
    shard = kinesis.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
    token = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found = []
    until = time.monotonic() + 60
    while len(found) < count and time.monotonic() < until:
        answer = kinesis.get_records(ShardIterator=token)
        token = answer["NextShardIterator"]
        found += answer["Records"]
        time.sleep(0.05)
    return found


def _objects(s3):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for one in s3.list_objects_v2(Bucket="lake").get("Contents", ()):
            return s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read()
        time.sleep(0.1)
    return None


def test_what_a_target_refuses_is_dropped_and_does_not_keep_others(lakebed):
    """The first target's stream is not there; the second one gets the event all the same."""
    gone = {"Id": "gone", "Arn": STREAM, "RoleArn": ROLE}
    seen(lakebed, {"source": ["shop"]})
    rule(lakebed, {"source": ["shop"]}, gone, name="a")
    put(lakebed, {"n": 1})
    assert [one["detail"] for one in shown(lakebed, 1)] == [{"n": 1}]


def test_two_rules_get_an_event_each(lakebed):
    seen(lakebed, {"source": ["shop"]})
    rule(lakebed, {"detail-type": ["Sold"]}, {"Id": "x", "Arn": GROUP}, name="other")
    unique = put(lakebed, json.loads("{}"))
    assert [one["id"] for one in shown(lakebed, 2)] == [unique, unique]
