"""Tags of streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import DELIVERY_TAGS_MAX
from lakebed.services.firehose._tags import tags_of
from lakebed.services.firehose.model import STREAMS, find_stream, replace

if TYPE_CHECKING:
    from lakebed.shapes import firehose as shapes


def tag_delivery_stream(ctx: Context, request: shapes.TagDeliveryStreamInput) -> dict[str, Any]:
    """Add tags to a stream, or give them other values.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_TagDeliveryStream.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    STREAMS.put(ctx, replace(stream, tags=tags_of(request["Tags"], stream.tags)))
    return {}


def untag_delivery_stream(ctx: Context, request: shapes.UntagDeliveryStreamInput) -> dict[str, Any]:
    """Remove tags of a stream; what it does not have is no error.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_UntagDeliveryStream.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    gone = set(request["TagKeys"])
    left = {key: value for key, value in stream.tags.items() if key not in gone}
    STREAMS.put(ctx, replace(stream, tags=left))
    return {}


def list_tags_for_delivery_stream(
    ctx: Context, request: shapes.ListTagsForDeliveryStreamInput
) -> shapes.ListTagsForDeliveryStreamOutput:
    """Return the tags of a stream.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListTagsForDeliveryStream.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    start, limit = request.get("ExclusiveStartTagKey"), request.get("Limit", DELIVERY_TAGS_MAX)
    keys = [key for key in sorted(stream.tags) if start is None or key > start]
    shown = keys[:limit]
    return {
        "Tags": [{"Key": key, "Value": stream.tags[key]} for key in shown],
        "HasMoreTags": len(keys) > limit,
    }
