"""Tags of streams and of consumers, by both families of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.limits import KINESIS_LISTED_TAGS_MAX
from lakebed.services.kinesis._consumers import consumer_at, is_consumer_arn
from lakebed.services.kinesis._streams import active, stream_of
from lakebed.services.kinesis._tags import checked, with_tags
from lakebed.services.kinesis.model import CONSUMERS, STREAMS, Consumer, Stream, replace

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes


def add_tags_to_stream(ctx: Context, request: shapes.AddTagsToStreamInput) -> dict[str, Any]:
    """Add tags to a stream, or give them other values; it has at most 50.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html
    """
    _tagged(ctx, active(ctx, request), request["Tags"])
    return {}


def remove_tags_from_stream(
    ctx: Context, request: shapes.RemoveTagsFromStreamInput
) -> dict[str, Any]:
    """Remove tags of a stream; what it does not have is no error.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RemoveTagsFromStream.html
    """
    _untagged(ctx, active(ctx, request), request["TagKeys"])
    return {}


def list_tags_for_stream(
    ctx: Context, request: shapes.ListTagsForStreamInput
) -> shapes.ListTagsForStreamOutput:
    """Return the tags of a stream by their keys, from after ExclusiveStartTagKey on.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html
    """
    stream, after = stream_of(ctx, request), request.get("ExclusiveStartTagKey", "")
    limit = request.get("Limit", KINESIS_LISTED_TAGS_MAX)
    keys = [key for key in sorted(stream.tags) if key > after]
    shown = [{"Key": key, "Value": stream.tags[key]} for key in keys[:limit]]
    return {"Tags": shown, "HasMoreTags": len(keys) > limit}  # pyright: ignore[reportReturnType] (structures of the model)


def tag_resource(ctx: Context, request: shapes.TagResourceInput) -> dict[str, Any]:
    """Add tags to a stream or a consumer, or give them other values; each has at most 50.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html
    """
    _tagged(ctx, _resource(ctx, request["ResourceARN"]), request["Tags"])
    return {}


def untag_resource(ctx: Context, request: shapes.UntagResourceInput) -> dict[str, Any]:
    """Remove tags of a stream or a consumer; what it does not have is no error.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UntagResource.html
    """
    _untagged(ctx, _resource(ctx, request["ResourceARN"]), request["TagKeys"])
    return {}


def list_tags_for_resource(
    ctx: Context, request: shapes.ListTagsForResourceInput
) -> shapes.ListTagsForResourceOutput:
    """Return the tags of a stream or a consumer.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html
    """
    tags = _resource(ctx, request["ResourceARN"]).tags
    return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def _resource(ctx: Context, arn: str) -> Stream | Consumer:
    if is_consumer_arn(arn):
        return consumer_at(ctx, arn)
    return stream_of(ctx, {"StreamARN": arn})


def _tagged(ctx: Context, owner: Stream | Consumer, given: dict[str, str]) -> None:
    kind = "stream" if isinstance(owner, Stream) else "consumer"
    name = f"{kind} {owner.name} under account {owner.account}"
    _put(ctx, owner, with_tags(name, owner.tags, given))


def _untagged(ctx: Context, owner: Stream | Consumer, keys: list[str]) -> None:
    checked(keys)
    _put(ctx, owner, {key: value for key, value in owner.tags.items() if key not in keys})


def _put(ctx: Context, owner: Stream | Consumer, tags: dict[str, str]) -> None:
    if isinstance(owner, Stream):
        STREAMS.put(ctx, replace(owner, tags=tags))
    else:
        CONSUMERS.put(ctx, replace(owner, tags=tags))
