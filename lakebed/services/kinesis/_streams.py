"""Finds the stream, and the shards, that a request names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.kinesis.model import (
    ACTIVE,
    CONSUMERS,
    DAY_SECONDS,
    PROVISIONED,
    SHARDS,
    STREAMS,
    Consumer,
    Shard,
    Stream,
    in_use,
    invalid,
    not_found,
    validation,
)
from lakebed.store import Range

_ARN = re.compile(r"arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream/([a-zA-Z0-9_.-]{1,128})")


def lookup(ctx: Context, request: Mapping[str, Any]) -> Stream | None:
    """Return the stream a request names by StreamARN, StreamId or StreamName, None without one.

    InvalidArgumentException where two of them name different streams, or none is given.
    """
    account, region, name = ctx.account, ctx.region, request.get("StreamName", "")
    if arn := request.get("StreamARN", ""):
        account, region, named = place_of(arn)
        if name and name != named:
            raise invalid("StreamName and StreamARN name different streams.")
        name = named
    if stream_id := request.get("StreamId", ""):
        found = next(STREAMS.scan(ctx, Range((stream_id,), index="by_id")), None)
        if found is not None and name and found.name != name:
            raise invalid("StreamId belongs to another stream than the one that is named.")
        return found
    if not name:
        raise invalid("Either StreamName or StreamARN must be provided.")
    return STREAMS.get(ctx, account, region, name) if region == ctx.region else None


def place_of(arn: str) -> tuple[str, str, str]:
    """Return account, region and name of a stream by its ARN."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise invalid(f"Invalid StreamARN: {arn}")
    return match[2], match[1], match[3]


def stream_of(ctx: Context, request: Mapping[str, Any]) -> Stream:
    """Return the stream a request names; ResourceNotFoundException without it."""
    found = lookup(ctx, request)
    if found is None:
        account, name = ctx.account, request.get("StreamName") or request.get("StreamId", "")
        if "StreamARN" in request:
            account, _, name = place_of(request["StreamARN"])
        raise not_found(f"Stream {name} under account {account} not found.")
    return found


def check_dry_run(request: Mapping[str, Any]) -> None:
    """Raise DryRunOperationException if only the permission, which was given, was asked for."""
    if request.get("DryRun"):
        raise AwsError(
            "DryRunOperationException", "The request would have succeeded, but DryRun is set."
        )


def active(ctx: Context, request: Mapping[str, Any]) -> Stream:
    """Return the stream that a request is to change; ResourceInUseException unless it is ACTIVE."""
    stream = stream_of(ctx, request)
    if stream.status != ACTIVE:
        message = f"Stream {stream.name} under account {stream.account} not ACTIVE, "
        raise in_use(f"{message}instead in state {stream.status}")
    return stream


def provisioned(ctx: Context, request: Mapping[str, Any]) -> Stream:
    """Return the stream whose shards a request is to change; they are not Kinesis' own to scale."""
    stream = active(ctx, request)
    if stream.mode != PROVISIONED:
        message = f"Request is invalid. Stream {stream.name} under account {stream.account}"
        raise validation(f"{message} is in On-Demand mode.")
    return stream


def shards_of(ctx: Context, stream: Stream) -> list[Shard]:
    """Return the shards of a stream by their ids: open ones, and closed ones not yet expired."""
    trimmed = stream.trimmed_at(ctx.clock.now())
    found = SHARDS.scan(ctx, Range((stream.account, stream.region, stream.name)))
    return [shard for shard in found if shard.is_kept(trimmed)]


def open_shards(ctx: Context, stream: Stream) -> list[Shard]:
    """Return the shards that take records, by their ids."""
    return [shard for shard in shards_of(ctx, stream) if shard.is_open]


def shard_of(ctx: Context, stream: Stream, shard_id: str) -> Shard:
    """Return a shard of a stream; ResourceNotFoundException without it."""
    found = SHARDS.get(ctx, stream.account, stream.region, stream.name, shard_id)
    if found is None or not found.is_kept(stream.trimmed_at(ctx.clock.now())):
        message = f"Could not find shard {shard_id} in stream {stream.name}"
        raise not_found(f"{message} under account {stream.account}.")
    return found


def consumers_of(ctx: Context, stream: Stream) -> list[Consumer]:
    """Return the consumers of a stream by their names."""
    return list(CONSUMERS.scan(ctx, Range((stream.account, stream.region, stream.name))))


def created_then(stream: Stream, request: Mapping[str, Any]) -> None:
    """Raise ResourceNotFoundException if a request means an older stream of the same name.

    Clients send StreamCreationTimestamp in whole seconds.
    """
    created = request.get("StreamCreationTimestamp")
    if created is not None and int(created) != int(stream.created):
        message = f"Stream {stream.name} under account {stream.account} created at {int(created)}"
        raise not_found(f"{message} not found.")


def within_a_day(times: Iterable[float], now: float) -> tuple[float, ...]:
    """Return those of some times that count for what may be done so often in 24 hours."""
    return tuple(time for time in times if time > now - DAY_SECONDS)
