"""Registered consumers, by boto3."""

import datetime

import pytest

from tests.services.kinesis.answers import ARN, asking_once, body, refused


@pytest.fixture
def kinesis(lakebed):
    client = asking_once(lakebed)
    client.create_stream(StreamName="clicks", ShardCount=1)
    return client


def registered(kinesis, name="app", **more):
    answer = kinesis.register_stream_consumer(StreamARN=f"{ARN}clicks", ConsumerName=name, **more)
    return answer["Consumer"]


def test_a_consumer_is_registered_described_and_deregistered(kinesis):
    consumer = registered(kinesis)
    created = consumer["ConsumerCreationTimestamp"]
    age = datetime.datetime.now(datetime.UTC) - created
    assert datetime.timedelta() <= age < datetime.timedelta(seconds=30)
    assert consumer == {
        "ConsumerName": "app",
        "ConsumerARN": f"{ARN}clicks/consumer/app:{int(created.timestamp())}",
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": created,
    }
    arn = consumer["ConsumerARN"]
    described = {**consumer, "StreamARN": f"{ARN}clicks"}
    by_name = {"StreamARN": f"{ARN}clicks", "ConsumerName": "app"}
    for which in (by_name, {"ConsumerARN": arn}, {**by_name, "ConsumerARN": arn}):
        assert kinesis.describe_stream_consumer(**which)["ConsumerDescription"] == described
    assert body(kinesis.list_stream_consumers(StreamARN=f"{ARN}clicks")) == {
        "Consumers": [consumer]
    }
    kinesis.deregister_stream_consumer(ConsumerARN=arn)
    assert kinesis.list_stream_consumers(StreamARN=f"{ARN}clicks")["Consumers"] == []
    assert refused(kinesis.describe_stream_consumer, **by_name) == (
        "ResourceNotFoundException",
        "Consumer app of stream clicks under account 000000000000 not found.",
    )
    assert refused(kinesis.deregister_stream_consumer, ConsumerARN=arn) == (
        "ResourceNotFoundException",
        f"Consumer {arn} not found.",
    )


def test_which_consumer_has_to_be_clear(kinesis):
    arn = registered(kinesis)["ConsumerARN"]
    describe = kinesis.describe_stream_consumer
    for which in ({}, {"StreamARN": f"{ARN}clicks"}, {"ConsumerName": "app"}):
        assert refused(describe, **which) == (
            "InvalidArgumentException",
            "Either ConsumerARN or both StreamARN and ConsumerName must be provided.",
        )
    for other in ({"ConsumerName": "b"}, {"StreamARN": f"{ARN}b"}):
        assert refused(describe, ConsumerARN=arn, **other) == (
            "InvalidArgumentException",
            "ConsumerARN, StreamARN and ConsumerName name different consumers.",
        )
    other_time = f"{arn[:-1]}{(int(arn[-1]) + 1) % 10}"
    assert refused(describe, ConsumerARN=other_time)[0] == "ResourceNotFoundException"


def test_a_name_is_one_consumer_of_a_stream(kinesis):
    registered(kinesis)
    assert refused(registered, kinesis) == (
        "ResourceInUseException",
        "Consumer app of stream clicks under account 000000000000 already exists.",
    )
    kinesis.create_stream(StreamName="other", ShardCount=1)
    kinesis.register_stream_consumer(StreamARN=f"{ARN}other", ConsumerName="app")


def test_a_stream_has_twenty_consumers_and_with_advantage_fifty(kinesis):
    for number in range(20):
        registered(kinesis, f"app{number:02}")
    sentence = (
        "Stream clicks under account 000000000000 has 20 consumers, as many as a stream can have."
    )
    assert refused(registered, kinesis, "one-more") == ("LimitExceededException", sentence)
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert refused(registered, kinesis, "one-more") == ("LimitExceededException", sentence)
    mode = {"StreamMode": "ON_DEMAND"}
    kinesis.update_stream_mode(StreamARN=f"{ARN}clicks", StreamModeDetails=mode)
    for number in range(20, 50):
        registered(kinesis, f"app{number:02}")
    assert refused(registered, kinesis, "one-more")[0] == "LimitExceededException"


def test_consumers_are_listed_in_pages(kinesis):
    for name in ("c", "a", "b"):
        registered(kinesis, name)
    which = {"StreamARN": f"{ARN}clicks"}
    page = kinesis.list_stream_consumers(**which, MaxResults=2)
    assert [one["ConsumerName"] for one in page["Consumers"]] == ["a", "b"]
    token = page["NextToken"]
    rest = body(kinesis.list_stream_consumers(**which, NextToken=token))
    assert [one["ConsumerName"] for one in rest.pop("Consumers")] == ["c"]
    assert rest == {}
    kinesis.create_stream(StreamName="other", ShardCount=1)
    other = {"StreamARN": f"{ARN}other", "NextToken": token}
    assert refused(kinesis.list_stream_consumers, **other) == (
        "InvalidArgumentException",
        "NextToken is of another stream.",
    )
    shards = {"NextToken": token}
    assert refused(kinesis.list_shards, **shards)[0] == "InvalidArgumentException"


def test_a_consumer_is_registered_with_tags(kinesis):
    arn = registered(kinesis, Tags={"team": "data"})["ConsumerARN"]
    tags = kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]
