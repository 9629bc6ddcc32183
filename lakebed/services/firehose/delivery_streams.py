"""Delivery streams: created, described, listed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import DELIVERY_STREAMS_MAX
from lakebed.services.firehose import (
    _backlog,
    _destinations,
    _encryption,
    _kinesis_source,
    _partitions,
    _tags,
)
from lakebed.services.firehose.model import (
    DESTINATION_ID,
    DIRECT_PUT,
    FROM_KINESIS,
    SOURCES,
    STREAMS,
    DeliveryStream,
    find_stream,
    invalid,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import firehose as shapes

HIDDEN_MEMBERS = frozenset({"AccessKey", "HECToken", "Password"})
_LISTED = 10


def create_delivery_stream(
    ctx: Context, request: shapes.CreateDeliveryStreamInput
) -> shapes.CreateDeliveryStreamOutput:
    """Create a stream; it is ACTIVE at once.

    Sources and destinations that are not built are refused by name.
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
    """
    name = request["DeliveryStreamName"]
    if STREAMS.get(ctx, ctx.account, ctx.region, name) is not None:
        message = f"Firehose {name} under accountId {ctx.account} already exists"
        raise AwsError("ResourceInUseException", message)
    if STREAMS.count(ctx, ctx.account, ctx.region) >= DELIVERY_STREAMS_MAX:
        message = (
            f"You have already consumed your firehose quota of {DELIVERY_STREAMS_MAX} hoses for "
            f"accountId {ctx.account}"
        )
        raise AwsError("LimitExceededException", message)
    asked = _destinations.asked_of(request, "CreateDeliveryStream", "DestinationConfiguration")
    stream = DeliveryStream(
        ctx.account,
        ctx.region,
        name,
        ctx.ids.token(),
        request.get("DeliveryStreamType", DIRECT_PUT),
        ctx.clock.now(),
        asked.kind,
        {},
        source=_source(ctx, request),
        tags=_tags.tags_of(request.get("Tags") or [], {}),
    )
    stream = _destinations.with_destination(ctx, stream, asked)
    encryption = request.get("DeliveryStreamEncryptionConfigurationInput")
    if encryption is not None:
        stream = _encryption.encrypted(ctx, stream, encryption)
    STREAMS.put(ctx, stream)
    _kinesis_source.begin(ctx, stream)
    return {"DeliveryStreamARN": stream.arn}


def _source(ctx: Context, request: shapes.CreateDeliveryStreamInput) -> dict[str, Any]:
    """Return the source as it is described."""
    for member in ("MSKSourceConfiguration", "DatabaseSourceConfiguration"):
        if member in request:
            raise NotBuiltError("firehose", "CreateDeliveryStream", member)
    kind = request.get("DeliveryStreamType", DIRECT_PUT)
    kinesis = request.get("KinesisStreamSourceConfiguration")
    if (kinesis is not None) != (kind == FROM_KINESIS) or kind not in (DIRECT_PUT, FROM_KINESIS):
        raise invalid(f"The source configuration does not match the delivery stream type {kind}")
    if kinesis is not None:
        return _kinesis_source.checked_source(ctx, kinesis)
    direct = request.get("DirectPutSourceConfiguration")
    return {} if direct is None else {"DirectPutSourceDescription": dict(direct)}


def describe_delivery_stream(
    ctx: Context, request: shapes.DescribeDeliveryStreamInput
) -> shapes.DescribeDeliveryStreamOutput:
    """Return what a stream is; it has one destination.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_DescribeDeliveryStream.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    described: dict[str, Any] = {
        "DeliveryStreamName": stream.name,
        "DeliveryStreamARN": stream.arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": _encryption.described(stream),
        "DeliveryStreamType": stream.kind,
        "VersionId": str(stream.version),
        "CreateTimestamp": stream.created,
        "Destinations": _shown(ctx, stream, request.get("ExclusiveStartDestinationId", "")),
        "HasMoreDestinations": False,
    }
    if stream.updated:
        described["LastUpdateTimestamp"] = stream.updated
    if stream.source:
        described["Source"] = dict(stream.source)
    return {"DeliveryStreamDescription": described}  # pyright: ignore[reportReturnType] (as kept)


def _shown(ctx: Context, stream: DeliveryStream, after: str) -> list[dict[str, Any]]:
    """Return the destination of a stream, unless it is not behind another."""
    if after >= DESTINATION_ID:
        return []
    return [{"DestinationId": DESTINATION_ID, **_destinations.described(ctx.settings, stream)}]


def list_delivery_streams(
    ctx: Context, request: shapes.ListDeliveryStreamsInput
) -> shapes.ListDeliveryStreamsOutput:
    """List the names of streams, 10 a page unless asked otherwise.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListDeliveryStreams.html
    """
    kind, limit = request.get("DeliveryStreamType"), request.get("Limit", _LISTED)
    start = request.get("ExclusiveStartDeliveryStreamName")
    span = Range((ctx.account, ctx.region), after=None if start is None else (start,))
    names = [one.name for one in STREAMS.scan(ctx, span) if kind is None or one.kind == kind]
    return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}


def delete_delivery_stream(
    ctx: Context, request: shapes.DeleteDeliveryStreamInput
) -> dict[str, Any]:
    """Delete a stream, at once, with the records that wait for their delivery.

    `AllowForceDelete` is about grants of KMS that cannot be retired: here none stands in the way.
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeleteDeliveryStream.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    STREAMS.delete(ctx, stream.account, stream.region, stream.name)
    SOURCES.delete(ctx, stream.id)
    _backlog.discard(ctx, stream.id)
    _partitions.discard(ctx, stream.id)
    return {}
