"""Which permissions the operations of Kinesis need: streams and consumers have policies.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KINESIS_POLICIES_REMEMBERED_MAX
from lakebed.govern.decision import Need
from lakebed.govern.policies import Policy, parsed
from lakebed.services.kinesis import _pages
from lakebed.services.kinesis._consumers import consumer_at, consumer_of, is_consumer_arn
from lakebed.services.kinesis._positions import position_in
from lakebed.services.kinesis._streams import lookup
from lakebed.services.kinesis.model import POLICIES, Consumer, Stream

_ALL = frozenset(
    {"list_streams", "describe_limits", "describe_account_settings", "update_account_settings"}
)
_OF_CONSUMERS = frozenset(
    {"deregister_stream_consumer", "describe_stream_consumer", "subscribe_to_shard"}
)


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return what an operation needs of its stream or consumer; tags given with it count, too."""
    action = _action(operation)
    if operation in _ALL:
        return [Need(action, "*", ctx.account)]
    arn = _arn(ctx, operation, request)
    if arn == "":
        # The operation itself says what is missing.
        return [Need(action, "*", ctx.account)]
    found = [_need(ctx, action, arn)]
    if request.get("Tags") and operation == "create_stream":
        found.append(_need(ctx, "kinesis:AddTagsToStream", arn))
    if request.get("Tags") and operation == "register_stream_consumer":
        name = f"{request['ConsumerName']}:{int(ctx.clock.now())}"
        found.append(_need(ctx, "kinesis:TagResource", f"{arn}/consumer/{name}"))
    return found


def _need(ctx: Context, action: str, arn: str) -> Need:
    parts = arn.split(":")
    owner = parts[4] if len(parts) > 4 else ctx.account
    kept = POLICIES.get(ctx, arn)
    return Need(action, arn, owner, None if kept is None else _policy(kept.text))


@functools.cache
def _action(operation: str) -> str:
    return "kinesis:" + "".join(word.capitalize() for word in operation.split("_"))


@functools.lru_cache(KINESIS_POLICIES_REMEMBERED_MAX)
def _policy(text: str) -> Policy:
    return parsed(text, "policy of the stream", is_resource_policy=True)


def _arn(ctx: Context, operation: str, request: Mapping[str, Any]) -> str:
    """Return the ARN of what a request is about, empty where it does not say."""
    if "ResourceARN" in request:
        return request["ResourceARN"]
    if operation in _OF_CONSUMERS:
        return _consumer_arn(ctx, request)
    if operation == "get_records":
        return _iterators_arn(ctx, request)
    if "StreamARN" in request:
        return request["StreamARN"]
    if name := request.get("StreamName"):
        return f"arn:aws:kinesis:{ctx.region}:{ctx.account}:stream/{name}"
    try:
        if operation == "list_shards" and "NextToken" in request:
            return _pages.opened(ctx, "ListShards", request["NextToken"])["stream"]
        stream = lookup(ctx, request)
    except AwsError:
        return ""
    return "" if stream is None else stream.arn


def _iterators_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """Return the ARN of the stream that is read: as the iterator says, whatever else is said."""
    try:
        return position_in(ctx, request["ShardIterator"]).stream_arn
    except AwsError:
        return ""


def _consumer_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    if "ConsumerARN" in request:
        return request["ConsumerARN"]
    try:
        return consumer_of(ctx, request).arn
    except AwsError:
        return request.get("StreamARN", "")


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request: tags that it gives, and those of its resource."""
    given = cast("dict[str, str]", request.get("Tags") or {})
    keys = list(given) or cast("list[str]", request.get("TagKeys") or [])
    found: dict[str, str | tuple[str, ...]] = {
        f"aws:requesttag/{key.lower()}": value or "" for key, value in given.items()
    }
    if keys:
        found["aws:tagkeys"] = tuple(keys)
    owner = _resource(ctx, _arn(ctx, operation, request))
    for key, value in owner.tags.items() if owner is not None else ():
        found[f"aws:resourcetag/{key.lower()}"] = value
    return found


def _resource(ctx: Context, arn: str) -> Stream | Consumer | None:
    try:
        if is_consumer_arn(arn):
            return consumer_at(ctx, arn)
        return lookup(ctx, {"StreamARN": arn})
    except AwsError:
        return None
