"""Shards and consumers as answers show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.services.kinesis.model import Consumer, Shard

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def shard_shape(shard: Shard) -> shapes.Shard:
    """Return a shard; an open one has no EndingSequenceNumber."""
    shown: shapes.Shard = {
        "ShardId": shard.id,
        "HashKeyRange": {
            "StartingHashKey": shard.starting_hash_key,
            "EndingHashKey": shard.ending_hash_key,
        },
        "SequenceNumberRange": {"StartingSequenceNumber": shard.starting_sequence_number},
    }
    if not shard.is_open:
        shown["SequenceNumberRange"]["EndingSequenceNumber"] = shard.ending_sequence_number
    if shard.parent:
        shown["ParentShardId"] = shard.parent
    if shard.adjacent_parent:
        shown["AdjacentParentShardId"] = shard.adjacent_parent
    return shown


def consumer_shape(consumer: Consumer) -> shapes.Consumer:
    """Return a consumer as it is registered and listed."""
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": consumer.status,
        "ConsumerCreationTimestamp": consumer.created,
    }
