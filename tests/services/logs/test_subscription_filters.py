"""Subscription filters, by boto3: events go on into Firehose; what is not there is named."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.services.firehose.delivering import deliver, make, objects
from tests.services.firehose.test_delivery import processors
from tests.services.glue.test_databases import body, error_of
from tests.services.logs.events import events

FIREHOSE = "arn:aws:firehose:us-east-1:000000000000:deliverystream/flights"
ROLE = "arn:aws:iam::000000000000:role/subscription"


def put(logs, destination=FIREHOSE, pattern="ERROR", name="f", **members):
    logs.put_subscription_filter(
        logGroupName="/app", filterName=name, filterPattern=pattern, destinationArn=destination,
        **members,
    )  # fmt: skip


def sent(lakebed):
    """Return the messages that were delivered, in order."""
    (data,) = objects(lakebed).values()
    text, at, decoder = gzip.decompress(data).decode(), 0, json.JSONDecoder()
    found = []
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def test_matching_events_go_into_a_stream_of_firehose(lakebed, logs, stream):
    make(lakebed)
    put(logs, roleArn=ROLE)
    logs.put_log_events(**stream, logEvents=events("ERROR one", "fine", "ERROR two"))
    kept = logs.filter_log_events(logGroupName="/app", filterPattern="ERROR")["events"]
    assert deliver(lakebed) == {"flights": 2}
    control, data = sent(lakebed)
    (health,) = control.pop("logEvents")
    assert health["message"] == "CWL CONTROL MESSAGE: Checking health of destination Firehose."
    assert control == {
        "messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "",
        "logStream": "", "subscriptionFilters": [],
    }  # fmt: skip
    assert data == {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": "/app",
        "logStream": "one",
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"id": one["eventId"], "timestamp": one["timestamp"], "message": one["message"]}
            for one in kept
        ],
    }


def test_matching_events_go_into_a_stream_of_kinesis(lakebed, logs, stream):
    kinesis = lakebed.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    put(logs, "arn:aws:kinesis:us-east-1:000000000000:stream/s", roleArn=ROLE)
    logs.put_log_events(**stream, logEvents=events("ERROR one", "fine"))
    (shard,) = kinesis.list_shards(StreamName="s")["Shards"]
    iterator = kinesis.get_shard_iterator(
        StreamName="s", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator)["Records"]
    control, data = (json.loads(gzip.decompress(one["Data"])) for one in records)
    (health,) = control["logEvents"]
    assert health["message"] == "CWL CONTROL MESSAGE: Checking health of destination Kinesis."
    assert [one["message"] for one in data["logEvents"]] == ["ERROR one"]


def test_firehose_makes_lines_of_what_comes(lakebed, logs, stream):
    make(
        lakebed,
        ProcessingConfiguration=processors(
            Decompression={"CompressionFormat": "GZIP"},
            CloudWatchLogProcessing={"DataMessageExtraction": "true"},
        ),
    )
    put(logs, pattern="", roleArn=ROLE)
    logs.put_log_events(**stream, logEvents=events("one", "two"))
    assert deliver(lakebed) == {"flights": 2}
    assert list(objects(lakebed).values()) == [b"one\ntwo\n"]


def test_large_batches_are_cut_into_messages(lakebed, logs, stream):
    make(lakebed)
    put(logs, pattern="", roleArn=ROLE)
    logs.put_log_events(**stream, logEvents=events(*["x" * 200_000] * 5))
    assert deliver(lakebed) == {"flights": 3}
    assert [len(one["logEvents"]) for one in sent(lakebed)] == [1, 4, 1]


def test_filters_are_described_replaced_and_deleted(lakebed, logs, stream):
    make(lakebed)
    put(logs, name="b", roleArn=ROLE)
    put(logs, name="a", pattern="", roleArn=ROLE)
    put(logs, name="b", pattern="WARN", roleArn=ROLE, distribution="Random")
    assert error_of(lambda: put(logs, name="c", roleArn=ROLE)) == (
        "LimitExceededException", "Resource limit exceeded.", 400,
    )  # fmt: skip
    found = body(logs.describe_subscription_filters(logGroupName="/app"))["subscriptionFilters"]
    created = [one.pop("creationTime") for one in found]
    plain = {"logGroupName": "/app", "destinationArn": FIREHOSE, "roleArn": ROLE}
    assert found == [
        {"filterName": "a", "filterPattern": "", "distribution": "ByLogStream", **plain},
        {"filterName": "b", "filterPattern": "WARN", "distribution": "Random", **plain},
    ]
    assert created[1] <= created[0]
    page = logs.describe_subscription_filters(logGroupName="/app", limit=1)
    rest = logs.describe_subscription_filters(logGroupName="/app", nextToken=page["nextToken"])
    assert [one["filterName"] for one in rest["subscriptionFilters"]] == ["b"]
    logs.delete_subscription_filter(logGroupName="/app", filterName="b")
    left = logs.describe_subscription_filters(logGroupName="/app")["subscriptionFilters"]
    assert [one["filterName"] for one in left] == ["a"]


def test_a_destination_that_goes_away_does_not_stop_the_log(lakebed, logs, stream):
    firehose = make(lakebed)
    put(logs, pattern="", roleArn=ROLE)
    firehose.delete_delivery_stream(DeliveryStreamName="flights")
    logs.put_log_events(**stream, logEvents=events("kept"))
    assert [one["message"] for one in logs.get_log_events(**stream)["events"]] == ["kept"]


def test_a_stream_that_is_not_there_is_refused(logs, stream):
    assert error_of(lambda: put(logs, roleArn=ROLE)) == (
        "InvalidParameterException",
        "Could not deliver test message to specified Firehose stream. Check if the given Firehose "
        "stream is in ACTIVE state.",
        400,
    )
    assert body(logs.describe_subscription_filters(logGroupName="/app")) == {
        "subscriptionFilters": []
    }


@pytest.mark.parametrize(
    ("destination", "named"),
    [
        ("arn:aws:lambda:us-east-1:000000000000:function:f", "lambda"),
        ("arn:aws:logs:us-east-1:111111111111:destination:d", "logs"),
    ],
)
def test_what_is_not_there_is_named(logs, stream, destination, named):
    code, message, status = error_of(lambda: put(logs, destination, roleArn=ROLE))
    assert (code, status) == ("LakebedNotBuilt", 400)
    assert f"logs.PutSubscriptionFilter (destinations of {named})" in message


def test_what_is_wrong_is_said_first(logs, stream):
    assert error_of(lambda: put(logs, "arn:aws:s3:::bucket")) == (
        "InvalidParameterException", "Invalid destination ARN.", 400,
    )  # fmt: skip
    assert error_of(lambda: put(logs)) == (
        "InvalidParameterException",
        "destinationArn for vendor firehose cannot be used without roleArn",
        400,
    )
    assert error_of(lambda: put(logs, pattern="{ a }"))[0] == "InvalidParameterException"
    given = {"logGroupName": "/app", "filterName": "f"}
    assert error_of(lambda: logs.delete_subscription_filter(**given)) == (
        "ResourceNotFoundException", "The specified subscription filter does not exist.", 400,
    )  # fmt: skip
    assert error_of(lambda: logs.describe_subscription_filters(logGroupName="nope"))[0] == (
        "ResourceNotFoundException"
    )
