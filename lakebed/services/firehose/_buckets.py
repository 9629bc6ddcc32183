"""Buckets as destinations: what AWS refuses of them, and the form they are kept and described in.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.services.firehose._prefixes import check_prefixes
from lakebed.services.firehose._processing import (
    PARTITIONED_MB_MIN,
    check_conversion,
    is_converted,
    is_partitioned,
    processing_of,
)
from lakebed.services.firehose._roles import check_role
from lakebed.services.firehose.model import invalid

HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 300}
_CONVERTED_HINTS = {"SizeInMBs": 128, "IntervalInSeconds": 300}


def extended_s3(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a bucket that objects are delivered into, checked, with defaults."""
    found = bucket(ctx, given, _CONVERTED_HINTS if is_converted(given) else HINTS)
    found.setdefault("S3BackupMode", "Disabled")
    backup = found.pop("S3BackupConfiguration", None) or found.get("S3BackupDescription")
    if backup is not None:
        found["S3BackupDescription"] = backup = bucket(ctx, backup, HINTS)
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


def bucket(ctx: Context, given: Mapping[str, Any], hints: Mapping[str, int]) -> dict[str, Any]:
    """Return a bucket's members with their defaults."""
    check_role(ctx, given["RoleARN"])
    encryption: Mapping[str, Any] = given.get("EncryptionConfiguration") or {
        "NoEncryptionConfig": "NoEncryption"
    }
    if len(encryption) > 1:
        raise invalid("Exactly one encryption configuration must be specified")
    return {
        **given,
        "BufferingHints": hints_with_defaults(given, hints),
        "CompressionFormat": given.get("CompressionFormat", "UNCOMPRESSED"),
        "EncryptionConfiguration": encryption,
        "CloudWatchLoggingOptions": logging_with_defaults(given),
    }


def hints_with_defaults(given: Mapping[str, Any], hints: Mapping[str, int]) -> dict[str, int]:
    """Return buffering hints: both are given, or none."""
    asked: Mapping[str, int] = given.get("BufferingHints") or {}
    if len(asked) == 1:
        raise invalid("BufferingHints must have both SizeInMBs and IntervalInSeconds")
    return dict(asked or hints)


def logging_with_defaults(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where errors are logged: nowhere, or in a stream that has a name."""
    options: Mapping[str, Any] = given.get("CloudWatchLoggingOptions") or {"Enabled": False}
    has_names = options.get("LogGroupName") and options.get("LogStreamName")
    if options.get("Enabled") and not has_names:
        message = "LogGroupName and LogStreamName are required when CloudWatch logging is enabled"
        raise invalid(message)
    return options


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
