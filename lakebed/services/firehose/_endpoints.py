"""HTTP endpoints and Splunk as destinations: what AWS refuses of them, how they are kept.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_HttpEndpointDestinationConfiguration.html
https://docs.aws.amazon.com/firehose/latest/APIReference/API_SplunkDestinationConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.services.firehose._buckets import (
    HINTS,
    bucket,
    hints_with_defaults,
    logging_with_defaults,
)
from lakebed.services.firehose._prefixes import check_prefixes
from lakebed.services.firehose._processing import processing_of
from lakebed.services.firehose._roles import check_role
from lakebed.services.firehose.model import invalid

FAILED_DATA = "FailedDataOnly"
FAILED_EVENTS = "FailedEventsOnly"
_SPLUNK_HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
_RETRY_SECONDS = 300
_ACKNOWLEDGEMENT_SECONDS = 180


def http_endpoint(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an HTTP endpoint, checked, with defaults."""
    found = _endpoint(ctx, given, HINTS)
    if "EndpointConfiguration" not in found:
        raise invalid("EndpointConfiguration is required")
    found.setdefault("S3BackupMode", FAILED_DATA)
    found.setdefault("RequestConfiguration", {"ContentEncoding": "NONE", "CommonAttributes": []})
    attributes: list[Mapping[str, str]] = found["RequestConfiguration"].get("CommonAttributes", [])
    names = [one["AttributeName"] for one in attributes]
    if len(set(names)) < len(names):
        raise invalid("The names of CommonAttributes must be unique")
    return found


def splunk(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a Splunk endpoint, checked, with defaults."""
    found = _endpoint(ctx, given, _SPLUNK_HINTS)
    if not str(found.get("HECEndpoint", "")).startswith("https://"):
        raise invalid("HECEndpoint must be a URL that begins with https://")
    if not found.get("HECToken") and not _secrets(found).get("Enabled"):
        raise invalid("HECToken or SecretsManagerConfiguration is required")
    found.setdefault("S3BackupMode", FAILED_EVENTS)
    found.setdefault("HECAcknowledgmentTimeoutInSeconds", _ACKNOWLEDGEMENT_SECONDS)
    return found


def _endpoint(ctx: Context, given: Mapping[str, Any], hints: Mapping[str, int]) -> dict[str, Any]:
    found = dict(given)
    s3 = found.pop("S3Configuration", None) or found.get("S3DestinationDescription")
    if s3 is None:
        raise invalid("S3Configuration is required")
    found["S3DestinationDescription"] = s3 = bucket(ctx, s3, HINTS)
    check_prefixes(s3.get("Prefix", ""), s3.get("ErrorOutputPrefix"), is_partitioned=False)
    if found.get("RoleARN"):
        check_role(ctx, found["RoleARN"])
    secrets = _secrets(found)
    if secrets.get("Enabled") and not (secrets.get("SecretARN") and secrets.get("RoleARN")):
        raise invalid("SecretARN and RoleARN are required when Secrets Manager is enabled")
    if secrets.get("Enabled"):
        check_role(ctx, secrets["RoleARN"])
    found["BufferingHints"] = hints_with_defaults(found, hints)
    found["CloudWatchLoggingOptions"] = logging_with_defaults(found)
    found.setdefault("RetryOptions", {"DurationInSeconds": _RETRY_SECONDS})
    if processing_of(found).query:
        raise invalid("MetadataExtraction processor is only supported for Amazon S3 destinations")
    return found


def _secrets(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found.get("SecretsManagerConfiguration") or {}
