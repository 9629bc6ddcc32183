"""Finds the consumer that a request, or an ARN, names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.services.kinesis._streams import stream_of
from lakebed.services.kinesis.model import CONSUMERS, Consumer, invalid, not_found

_ARN = re.compile(
    r"(arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream/([\w.-]+))/consumer/([\w.-]+):\d+"
)


def is_consumer_arn(arn: str) -> bool:
    """Tell whether an ARN is that of a consumer."""
    return _ARN.fullmatch(arn) is not None


def consumer_at(ctx: Context, arn: str) -> Consumer:
    """Return the consumer of an ARN, which says when it was registered, too."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise invalid(f"Invalid ConsumerARN: {arn}")
    found = None
    if match[2] == ctx.region:
        found = CONSUMERS.get(ctx, match[3], match[2], match[4], match[5])
    if found is None or found.arn != arn:
        raise not_found(f"Consumer {arn} not found.")
    return found


def consumer_of(ctx: Context, request: Mapping[str, Any]) -> Consumer:
    """Return the consumer that ConsumerARN names, or StreamARN and ConsumerName, or all three."""
    arn, stream_arn = request.get("ConsumerARN"), request.get("StreamARN")
    name = request.get("ConsumerName")
    if arn is not None:
        found = consumer_at(ctx, arn)
        if name not in (None, found.name) or stream_arn not in (None, found.stream_arn):
            raise invalid("ConsumerARN, StreamARN and ConsumerName name different consumers.")
        return found
    if name is None or ("StreamARN" not in request and "StreamId" not in request):
        raise invalid("Either ConsumerARN or both StreamARN and ConsumerName must be provided.")
    stream = stream_of(ctx, request)
    found = CONSUMERS.get(ctx, stream.account, stream.region, stream.name, name)
    if found is None:
        message = f"Consumer {name} of stream {stream.name} under account {stream.account}"
        raise not_found(f"{message} not found.")
    return found
