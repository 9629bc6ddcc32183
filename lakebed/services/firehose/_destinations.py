"""Destinations: of which kind a request's is, the form they are kept in, and are described.

A destination is kept as it is described, without what is secret.
https://docs.aws.amazon.com/firehose/latest/APIReference/API_DestinationDescription.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.core.settings import Settings
from lakebed.sealing import seal, unseal
from lakebed.services.firehose import _buckets, _endpoints, _iceberg_tables, _redshift
from lakebed.services.firehose.model import (
    EXTENDED_S3,
    HTTP_ENDPOINT,
    ICEBERG,
    REDSHIFT,
    SECRETS,
    SPLUNK,
    DeliveryStream,
    invalid,
    replace,
)

_CHECKS: dict[str, Callable[[Context, Mapping[str, Any]], dict[str, Any]]] = {
    EXTENDED_S3: _buckets.extended_s3,
    HTTP_ENDPOINT: _endpoints.http_endpoint,
    ICEBERG: _iceberg_tables.iceberg,
    REDSHIFT: _redshift.redshift,
    SPLUNK: _endpoints.splunk,
}
_KINDS = (
    "S3", "ExtendedS3", "Redshift", "Elasticsearch", "Amazonopensearchservice", "Splunk",
    "HttpEndpoint", "AmazonOpenSearchServerless", "Snowflake", "Iceberg",
)  # fmt: skip
_UPDATES = {
    "S3Update": "S3DestinationDescription",
    "S3BackupUpdate": "S3BackupDescription",
    "S3Configuration": "S3DestinationDescription",
}
_TOKEN = "HECToken"
_PASSWORD = "Password"
_S3_ONLY = (
    "RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints", "CompressionFormat",
    "EncryptionConfiguration", "CloudWatchLoggingOptions",
)  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """The destination of a request: its kind, its members, what of them is secret."""

    kind: str
    members: Mapping[str, Any]
    secret: str = ""


def asked_of(request: Mapping[str, Any], operation: str, end: str) -> Asked:
    """Return the one destination of a request; `end` is how its member's name ends."""
    found = [kind for kind in _KINDS if f"{kind}{end}" in request]
    if len(found) != 1:
        raise invalid("Exactly one destination configuration is supported for a Firehose")
    kind = EXTENDED_S3 if found[0] == "S3" else found[0]
    if kind not in _CHECKS:
        raise NotBuiltError("firehose", operation, f"{found[0]}{end}")
    members: Mapping[str, Any] = request[f"{found[0]}{end}"]
    if _PASSWORD in members:
        shown = {name: value for name, value in members.items() if name != _PASSWORD}
        return Asked(kind, shown, members[_PASSWORD])
    endpoint: Mapping[str, Any] = members.get("EndpointConfiguration") or {}
    if "AccessKey" not in endpoint:
        return Asked(kind, members)
    shown = {name: value for name, value in endpoint.items() if name != "AccessKey"}
    return Asked(kind, {**members, "EndpointConfiguration": shown}, endpoint["AccessKey"])


def with_destination(
    ctx: Context, stream: DeliveryStream, asked: Asked, *, is_merged: bool = False
) -> DeliveryStream:
    """Return a stream with a destination, checked: with what it had before if that is merged."""
    members = _merged(stream.destination, asked.members) if is_merged else asked.members
    known = secret_of(ctx.settings, stream) if is_merged else ""
    if asked.kind == SPLUNK and known:
        members = {_TOKEN: known, **members}
    destination = _CHECKS[asked.kind](ctx, members)
    plain = destination.pop(_TOKEN, "") or asked.secret or known
    secrets: Mapping[str, Any] = destination.get("SecretsManagerConfiguration") or {}
    if asked.kind == REDSHIFT and not plain and not secrets.get("Enabled"):
        raise invalid("Username and Password, or SecretsManagerConfiguration, are required")
    secret = seal(ctx.settings, SECRETS, stream.id, plain.encode()) if plain else ""
    return replace(stream, destination_kind=asked.kind, destination=destination, secret=secret)


def _merged(known: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination with the members of an update; what it leaves out stays.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html
    """
    found = {**known, **update}
    for name, held in _UPDATES.items():
        if name in update:
            found[held] = {**(known.get(held) or {}), **found.pop(name)}
    return found


def secret_of(settings: Settings, stream: DeliveryStream) -> str:
    """Return what an endpoint is shown; nothing if the stream has no such."""
    if not stream.secret:
        return ""
    return unseal(settings, SECRETS, stream.id, stream.secret).decode()


def described(settings: Settings, stream: DeliveryStream) -> dict[str, Any]:
    """Return the members of a DestinationDescription: Splunk's token is among them, as on AWS."""
    kind, destination = stream.destination_kind, stream.destination
    if kind == SPLUNK and stream.secret:
        destination = {_TOKEN: secret_of(settings, stream), **destination}
    shown: dict[str, Any] = {f"{kind}DestinationDescription": dict(destination)}
    if kind == EXTENDED_S3:
        plain = {name: destination[name] for name in _S3_ONLY if name in destination}
        shown["S3DestinationDescription"] = plain
    return shown


def role_of(stream: DeliveryStream) -> str:
    """Return the role that a stream's objects are put with."""
    return str(bucket_of(stream)["RoleARN"])


def bucket_of(stream: DeliveryStream) -> Mapping[str, Any]:
    """Return the bucket of a stream: where objects go, or what an endpoint does not take."""
    if stream.destination_kind == EXTENDED_S3:
        return stream.destination
    return stream.destination["S3DestinationDescription"]
