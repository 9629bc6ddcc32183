"""Tags of streams."""

from __future__ import annotations

from tests.services.firehose.delivering import bucket, make
from tests.services.firehose.test_delivery_streams import refusal

NAME = {"DeliveryStreamName": "flights"}


def test_tags_are_added_changed_and_removed(lakebed):
    firehose = lakebed.client("firehose")
    firehose.create_delivery_stream(
        **NAME,
        ExtendedS3DestinationConfiguration=bucket(lakebed),
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}],
    )
    firehose.tag_delivery_stream(**NAME, Tags=[{"Key": "a", "Value": "2"}, {"Key": "c"}])
    firehose.untag_delivery_stream(**NAME, TagKeys=["b", "none"])
    first = firehose.list_tags_for_delivery_stream(**NAME, Limit=1)
    rest = firehose.list_tags_for_delivery_stream(**NAME, ExclusiveStartTagKey="a")
    assert (first["Tags"], first["HasMoreTags"]) == ([{"Key": "a", "Value": "2"}], True)
    assert (rest["Tags"], rest["HasMoreTags"]) == ([{"Key": "c", "Value": ""}], False)


def test_a_stream_has_fifty_tags_at_most(lakebed):
    firehose = make(lakebed)
    tags = [{"Key": f"k{at}", "Value": "v"} for at in range(50)]
    firehose.tag_delivery_stream(**NAME, Tags=tags)
    assert refusal(firehose.tag_delivery_stream, **NAME, Tags=[{"Key": "one more"}]) == (
        "LimitExceededException", "A Firehose stream has at most 50 tags",
    )  # fmt: skip
    twice = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert refusal(firehose.tag_delivery_stream, **NAME, Tags=twice) == (
        "InvalidArgumentException", "Duplicate tag keys are not allowed",
    )  # fmt: skip
