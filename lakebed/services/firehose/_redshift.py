"""Redshift as a destination, which is a PostgreSQL here: what is refused of it, where it is.

AWS asks for hosts like `name.redshift.…`; `lakebed.redshift.HOST` is HOST.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_RedshiftDestinationConfiguration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.engines.delivery.copy_options import OptionError, parse
from lakebed.engines.jdbc import Endpoint
from lakebed.services.firehose._buckets import HINTS, bucket, logging_with_defaults
from lakebed.services.firehose._prefixes import check_prefixes
from lakebed.services.firehose._processing import processing_of
from lakebed.services.firehose._roles import check_role
from lakebed.services.firehose.model import invalid

_RETRY_SECONDS = 3600
_URL = re.compile(r"jdbc:(?:redshift|postgresql)://([^:/]+):(\d+)/(.+)")
_PREFIX = "lakebed.redshift."
_READABLE = ("UNCOMPRESSED", "GZIP")


def redshift(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a cluster, checked, with defaults."""
    found = dict(given)
    check_role(ctx, found["RoleARN"])
    s3 = found.pop("S3Configuration", None) or found.get("S3DestinationDescription")
    if s3 is None:
        raise invalid("S3Configuration is required")
    found["S3DestinationDescription"] = _bucket(ctx, s3)
    if found["S3DestinationDescription"]["CompressionFormat"] not in _READABLE:
        message = "CompressionFormat must be UNCOMPRESSED or GZIP for Amazon Redshift destinations"
        raise invalid(message)
    found.setdefault("S3BackupMode", "Disabled")
    backup = found.pop("S3BackupConfiguration", None) or found.get("S3BackupDescription")
    if backup is not None:
        found["S3BackupDescription"] = _bucket(ctx, backup)
    elif found["S3BackupMode"] == "Enabled":
        raise invalid("S3BackupConfiguration is required when S3BackupMode is Enabled")
    found["CloudWatchLoggingOptions"] = logging_with_defaults(found)
    found.setdefault("RetryOptions", {"DurationInSeconds": _RETRY_SECONDS})
    _check_secret(ctx, found)
    _check_command(found)
    if processing_of(found).query:
        raise invalid("MetadataExtraction processor is not supported for Amazon Redshift")
    return found


def _bucket(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    found = bucket(ctx, given, HINTS)
    check_prefixes(found.get("Prefix", ""), found.get("ErrorOutputPrefix"), is_partitioned=False)
    return found


def _check_secret(ctx: Context, found: Mapping[str, Any]) -> None:
    secrets: Mapping[str, Any] = found.get("SecretsManagerConfiguration") or {}
    if secrets.get("Enabled"):
        if not secrets.get("SecretARN"):
            raise invalid("SecretARN is required when Secrets Manager is enabled")
        check_role(ctx, secrets.get("RoleARN") or found["RoleARN"])
    elif not found.get("Username"):
        raise invalid("Username and Password, or SecretsManagerConfiguration, are required")


def _check_command(found: Mapping[str, Any]) -> None:
    try:
        parse(found["CopyCommand"].get("CopyOptions", ""))
    except OptionError as error:
        raise NotBuiltError("firehose", "CreateDeliveryStream", str(error)) from error
    if endpoint_of(found["ClusterJDBCURL"]).host.endswith(".amazonaws.com"):
        what = "clusters of AWS's: rows are loaded into a PostgreSQL, lakebed.redshift.HOST"
        raise NotBuiltError("firehose", "CreateDeliveryStream", what)


def endpoint_of(url: str) -> Endpoint:
    """Return the database that a ClusterJDBCURL names."""
    match = _URL.fullmatch(url)
    if match is None:
        raise invalid(f"ClusterJDBCURL {url} is not supported")
    return Endpoint("postgresql", match[1].removeprefix(_PREFIX), int(match[2]), match[3])


def columns_of(command: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns a COPY command names, as PostgreSQL spells them."""
    names = [one.strip() for one in command.get("DataTableColumns", "").split(",") if one.strip()]
    return tuple(one.strip('"') if one.startswith('"') else one.lower() for one in names)
