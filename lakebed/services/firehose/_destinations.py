"""Destinations: what AWS refuses of them, and the form they are kept and described in.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_DestinationDescription.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.firehose._prefixes import check_prefixes
from lakebed.services.firehose._processing import (
    PARTITIONED_MB_MIN,
    check_conversion,
    is_converted,
    is_partitioned,
    processing_of,
)
from lakebed.services.firehose._roles import check_role
from lakebed.services.firehose.model import EXTENDED_S3, invalid

_BUILT = {
    "S3DestinationConfiguration": EXTENDED_S3,
    "ExtendedS3DestinationConfiguration": EXTENDED_S3,
}
_KINDS = (
    "S3", "ExtendedS3", "Redshift", "Elasticsearch", "Amazonopensearchservice", "Splunk",
    "HttpEndpoint", "AmazonOpenSearchServerless", "Snowflake", "Iceberg",
)  # fmt: skip
_HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 300}
_CONVERTED_HINTS = {"SizeInMBs": 128, "IntervalInSeconds": 300}
_S3_ONLY = (
    "RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints", "CompressionFormat",
    "EncryptionConfiguration", "CloudWatchLoggingOptions",
)  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """The destination of a request: its kind, its members as they are kept, what is secret."""

    kind: str
    destination: Mapping[str, Any]
    secret: str = ""


def asked_of(ctx: Context, request: Mapping[str, Any], operation: str, end: str) -> Asked:
    """Return the one destination of a request, checked; `end` is how its members' names end."""
    found = [f"{kind}{end}" for kind in _KINDS if f"{kind}{end}" in request]
    if len(found) != 1:
        raise invalid("Exactly one destination configuration is supported for a Firehose")
    kind = _BUILT.get(found[0].replace("DestinationUpdate", "DestinationConfiguration"))
    if kind is None:
        raise NotBuiltError("firehose", operation, found[0])
    return Asked(kind, request[found[0]])


def checked(ctx: Context, kind: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a destination as it is kept: with defaults; InvalidArgumentException for others."""
    assert kind == EXTENDED_S3
    return _extended_s3(ctx, given)


def merged(kind: str, known: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination with the members of an update; what it leaves out stays.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
    """
    assert kind == EXTENDED_S3
    found = {**known, **update}
    if "S3BackupUpdate" in found:
        backup = found.pop("S3BackupUpdate")
        found["S3BackupDescription"] = {**known.get("S3BackupDescription", {}), **backup}
    return found


def described(kind: str, destination: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a DestinationDescription."""
    assert kind == EXTENDED_S3
    plain = {name: destination[name] for name in _S3_ONLY if name in destination}
    return {
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": dict(destination),
    }


def _extended_s3(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    found = _s3(ctx, given, _CONVERTED_HINTS if is_converted(given) else _HINTS)
    found.setdefault("S3BackupMode", "Disabled")
    backup = found.pop("S3BackupConfiguration", None) or found.get("S3BackupDescription")
    if backup is not None:
        found["S3BackupDescription"] = backup = _s3(ctx, backup, _HINTS)
        check_prefixes(
            backup.get("Prefix", ""), backup.get("ErrorOutputPrefix"), is_partitioned=False
        )
    if found["S3BackupMode"] == "Enabled" and backup is None:
        raise invalid("S3BackupConfiguration is required when S3BackupMode is Enabled")
    check_conversion(found)
    _check_partitioning(found)
    check_prefixes(
        found.get("Prefix", ""),
        found.get("ErrorOutputPrefix"),
        is_partitioned=is_partitioned(found),
    )
    _check_zone(found)
    return found


def _s3(ctx: Context, given: Mapping[str, Any], hints: Mapping[str, int]) -> dict[str, Any]:
    """Return a bucket's members with their defaults."""
    check_role(ctx, given["RoleARN"])
    _check_logging(given)
    asked: Mapping[str, Any] = given.get("BufferingHints") or {}
    if len(asked) == 1:
        message = "BufferingHints must have both SizeInMBs and IntervalInSeconds"
        raise invalid(message)
    encryption: Mapping[str, Any] = given.get("EncryptionConfiguration") or {
        "NoEncryptionConfig": "NoEncryption"
    }
    if len(encryption) > 1:
        raise invalid("Exactly one encryption configuration must be specified")
    return {
        **given,
        "BufferingHints": dict(asked or hints),
        "CompressionFormat": given.get("CompressionFormat", "UNCOMPRESSED"),
        "EncryptionConfiguration": encryption,
        "CloudWatchLoggingOptions": given.get("CloudWatchLoggingOptions") or {"Enabled": False},
    }


def _check_logging(given: Mapping[str, Any]) -> None:
    options: Mapping[str, Any] = given.get("CloudWatchLoggingOptions") or {}
    has_names = options.get("LogGroupName") and options.get("LogStreamName")
    if options.get("Enabled") and not has_names:
        message = "LogGroupName and LogStreamName are required when CloudWatch logging is enabled"
        raise invalid(message)


def _check_partitioning(found: Mapping[str, Any]) -> None:
    processing = processing_of(found)
    if not is_partitioned(found):
        if processing.query:
            message = "MetadataExtraction processor requires dynamic partitioning to be enabled"
            raise invalid(message)
        return
    hints = found["BufferingHints"]
    if hints["SizeInMBs"] < PARTITIONED_MB_MIN:
        message = (
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
        )
        raise invalid(message)
    if not hints["IntervalInSeconds"]:
        message = (
            "BufferingHints.IntervalInSeconds must not be 0 when Dynamic Partitioning is enabled."
        )
        raise invalid(message)
    if processing.keys and not processing.query:
        message = "MetadataExtraction processor is required for partitionKeyFromQuery expressions."
        raise invalid(message)


def _check_zone(found: Mapping[str, Any]) -> None:
    from zoneinfo import ZoneInfo

    zone = found.get("CustomTimeZone")
    if zone:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, KeyError) as error:
            raise invalid(f"CustomTimeZone {zone} is not supported") from error
