"""Tags of streams and consumers, by boto3."""

import pytest

from tests.services.kinesis.answers import ARN, body, refused

STREAM = f"{ARN}clicks"


@pytest.fixture
def kinesis(lakebed):
    client = lakebed.client("kinesis")
    client.create_stream(StreamName="clicks", ShardCount=1)
    return client


def shown(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_both_families_see_the_same_tags_of_a_stream(kinesis):
    kinesis.add_tags_to_stream(StreamName="clicks", Tags={"b": "1", "a": "2"})
    kinesis.tag_resource(ResourceARN=STREAM, Tags={"b": "3", "c": ""})
    wanted = shown(a="2", b="3", c="")
    assert body(kinesis.list_tags_for_resource(ResourceARN=STREAM)) == {"Tags": wanted}
    listed = body(kinesis.list_tags_for_stream(StreamName="clicks"))
    assert listed == {"Tags": wanted, "HasMoreTags": False}
    kinesis.remove_tags_from_stream(StreamName="clicks", TagKeys=["a", "none"])
    kinesis.untag_resource(ResourceARN=STREAM, TagKeys=["c"])
    assert kinesis.list_tags_for_resource(ResourceARN=STREAM)["Tags"] == shown(b="3")


def test_tags_of_a_stream_are_listed_in_pages(kinesis):
    kinesis.add_tags_to_stream(StreamName="clicks", Tags={"c": "3", "a": "1", "b": "2"})
    page = body(kinesis.list_tags_for_stream(StreamName="clicks", Limit=2))
    assert page == {"Tags": shown(a="1", b="2"), "HasMoreTags": True}
    rest = body(kinesis.list_tags_for_stream(StreamName="clicks", ExclusiveStartTagKey="b"))
    assert rest == {"Tags": shown(c="3"), "HasMoreTags": False}


def test_a_consumer_has_tags_of_its_own(kinesis):
    arn = kinesis.register_stream_consumer(StreamARN=STREAM, ConsumerName="app")["Consumer"][
        "ConsumerARN"
    ]
    kinesis.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == shown(b="2")
    assert kinesis.list_tags_for_resource(ResourceARN=STREAM)["Tags"] == []


def test_what_tags_cannot_be(kinesis):
    illegal = (
        "InvalidArgumentException",
        "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white "
        "space, _ . / = + - % @.",
    )
    add = kinesis.add_tags_to_stream
    for tags in ({"a;": "b"}, {"a": "b;"}):
        assert refused(add, StreamName="clicks", Tags=tags) == illegal
        assert refused(kinesis.tag_resource, ResourceARN=STREAM, Tags=tags) == illegal
    remove = kinesis.remove_tags_from_stream
    assert refused(remove, StreamName="clicks", TagKeys=["a;"]) == illegal
    assert refused(add, StreamName="clicks", Tags={"aws:x": "1"}) == (
        "InvalidArgumentException",
        "Tag keys that begin with aws: are reserved for use by AWS.",
    )
    add(StreamName="clicks", Tags={f"key {number}": "ü_./=+-%@:" for number in range(50)})
    assert refused(add, StreamName="clicks", Tags={"one more": ""}) == (
        "InvalidArgumentException",
        "Failed to add tags to stream clicks under account 000000000000 because it cannot have "
        "more than 50 tags associated with it.",
    )
    add(StreamName="clicks", Tags={"key 0": "another value"})
    gone = f"{ARN}gone"
    assert refused(kinesis.list_tags_for_resource, ResourceARN=gone) == (
        "ResourceNotFoundException",
        "Stream gone under account 000000000000 not found.",
    )
