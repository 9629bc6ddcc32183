"""Destinations of streams, changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.firehose import _backlog, _destinations, _partitions
from lakebed.services.firehose.model import DESTINATION_ID, STREAMS, find_stream, invalid, replace

if TYPE_CHECKING:
    from lakebed.shapes import firehose as shapes

HIDDEN_MEMBERS = frozenset({"AccessKey", "HECToken", "Password"})


def update_destination(ctx: Context, request: shapes.UpdateDestinationInput) -> dict[str, Any]:
    """Change the destination of a stream: of another kind it is whole, else what is given changes.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    version = request["CurrentDeliveryStreamVersionId"]
    if version != str(stream.version):
        message = (
            f"Cannot update firehose: {stream.name} since the current version id: "
            f"{stream.version} and specified version id: {version} do not match"
        )
        raise AwsError("ConcurrentModificationException", message)
    if request["DestinationId"] != DESTINATION_ID:
        raise invalid(f"Destination Id {request['DestinationId']} not found")
    asked = _destinations.asked_of(request, "UpdateDestination", "DestinationUpdate")
    is_merged = asked.kind == stream.destination_kind
    _check_partitioning(stream.destination, asked.members)
    _check_backup(stream.destination, asked.members)
    changed = _destinations.with_destination(ctx, stream, asked, is_merged=is_merged)
    changed = replace(changed, version=stream.version + 1, updated=ctx.clock.now())
    STREAMS.put(ctx, changed)
    _backlog.reschedule(ctx, changed)
    _partitions.reschedule(ctx, changed)
    return {}


def _check_partitioning(known: Any, given: Any) -> None:
    """Dynamic partitioning is turned on when a stream is created, or never.

    https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-enable.html
    """
    asked: Mapping[str, Any] = given.get("DynamicPartitioningConfiguration") or {}
    held: Mapping[str, Any] = known.get("DynamicPartitioningConfiguration") or {}
    if asked.get("Enabled") and not held.get("Enabled"):
        message = "Dynamic Partitioning cannot be enabled on an existing delivery stream"
        raise invalid(message)


def _check_backup(known: Any, given: Any) -> None:
    """A backup of all records cannot be turned off.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationUpdate.html
    """
    held, asked = known.get("S3BackupMode"), given.get("S3BackupMode", known.get("S3BackupMode"))
    if (held, asked) in (("Enabled", "Disabled"), ("AllEvents", "FailedEventsOnly")):
        raise invalid(f"S3BackupMode cannot be changed from {held} to {asked}")
