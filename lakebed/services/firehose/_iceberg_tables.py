"""Iceberg tables as destinations: what is refused of them, and what a delivery must know of one.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_IcebergDestinationConfiguration.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.bodies import content_of
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.engines.delivery import Processing
from lakebed.services.firehose._buckets import (
    HINTS,
    bucket,
    hints_with_defaults,
    logging_with_defaults,
)
from lakebed.services.firehose._prefixes import check_prefixes, parts
from lakebed.services.firehose._processing import processing_of
from lakebed.services.firehose._roles import check_role, role_context
from lakebed.services.firehose.model import invalid

_RETRY_SECONDS = 300
_ENABLED = ("SchemaEvolutionConfiguration", "TableCreationConfiguration")
_LOCATION = re.compile(r"s3[an]?://([^/]+)/(.+)")


class Table(msgspec.Struct, frozen=True):
    """A table as a delivery sees it: columns are (name, Iceberg's type, is it required)."""

    columns: list[tuple[str, Any, bool]]
    identifiers: list[str]
    version: int


def iceberg(ctx: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of Iceberg tables as a destination, checked, with defaults."""
    found = dict(given)
    check_role(ctx, found["RoleARN"])
    s3 = found.pop("S3Configuration", None) or found.get("S3DestinationDescription")
    if s3 is None:
        raise invalid("S3Configuration is required")
    found["S3DestinationDescription"] = s3 = bucket(ctx, s3, HINTS)
    check_prefixes(s3.get("Prefix", ""), s3.get("ErrorOutputPrefix"), is_partitioned=False)
    _check_unbuilt(ctx, found, s3)
    if found.setdefault("S3BackupMode", "FailedDataOnly") != "FailedDataOnly":
        raise invalid("S3BackupMode must be FailedDataOnly for Apache Iceberg destinations")
    found["BufferingHints"] = hints_with_defaults(found, HINTS)
    found["CloudWatchLoggingOptions"] = logging_with_defaults(found)
    found.setdefault("RetryOptions", {"DurationInSeconds": _RETRY_SECONDS})
    found.setdefault("AppendOnly", False)
    _check_tables(ctx, found, processing_of(found))
    return found


def _check_unbuilt(ctx: Context, found: Mapping[str, Any], s3: Mapping[str, Any]) -> None:
    for member in _ENABLED:
        asked: Mapping[str, Any] = found.get(member) or {}
        if asked.get("Enabled"):
            raise _unbuilt(member)
    for one in configured(found):
        if one.get("PartitionSpec"):
            raise _unbuilt("PartitionSpec")
    catalog: Mapping[str, str] = found["CatalogConfiguration"]
    if catalog.get("WarehouseLocation"):
        raise _unbuilt("CatalogConfiguration.WarehouseLocation")
    arn = catalog.get("CatalogARN")
    if not arn:
        raise invalid("CatalogARN is required")
    if arn != f"arn:aws:glue:{ctx.region}:{ctx.account}:catalog":
        raise _unbuilt(f"CatalogARN {arn}, which is not the stream's own account's and region's")
    if s3["RoleARN"] != found["RoleARN"]:
        raise _unbuilt("S3Configuration.RoleARN that is not the RoleARN of the tables")
    if ctx.settings.sql_engine != "duckdb":
        raise _unbuilt("IcebergDestinationConfiguration with the SQL engine Trino")


def _unbuilt(member: str) -> NotBuiltError:
    return NotBuiltError("firehose", "CreateDeliveryStream", member)


def configured(destination: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the tables that a destination names."""
    return destination.get("DestinationTableConfigurationList") or []


def _check_tables(ctx: Context, found: Mapping[str, Any], processing: Processing) -> None:
    """Refuse tables that are not there, and records without a table to go to."""
    named = [names_of(one) for one in configured(found)]
    if len(set(named)) < len(named):
        raise invalid("DestinationTableConfigurationList must not name a table twice")
    if len(named) != 1 and not processing.query:
        message = (
            "Exactly one table in DestinationTableConfigurationList is required when records are "
            "not routed by a MetadataExtraction processor."
        )
        raise invalid(message)
    as_role = role_context(ctx, found["RoleARN"])
    for one in configured(found):
        parts(one.get("S3ErrorOutputPrefix", ""))
        database, name = names_of(one)
        try:
            as_role.aws.glue.get_table({"DatabaseName": database, "Name": name})
        except AwsError as error:
            message = (
                f"Role {found['RoleARN']} is not authorized to perform: glue:GetTable for the "
                "given table or the table does not exist."
            )
            raise invalid(message) from error


def names_of(table: Mapping[str, Any]) -> tuple[str, str]:
    """Return a table's database and name, as the Data Catalog has them."""
    database, name = table["DestinationDatabaseName"], table["DestinationTableName"]
    return database.lower(), name.lower()


def table_of(ctx: Context, database: str, name: str) -> Table | None:
    """Return a table's columns from its metadata; None if it is not Iceberg's."""
    found: Any = ctx.aws.glue.get_table({"DatabaseName": database, "Name": name}).get("Table")
    parameters: Mapping[str, str] = found.get("Parameters") or {}
    match = _LOCATION.fullmatch(parameters.get("metadata_location", ""))
    if parameters.get("table_type", "").upper() != "ICEBERG" or match is None:
        return None
    body = ctx.aws.s3.get_object({"Bucket": match[1], "Key": match[2]}).get("Body")
    metadata: Any = msgspec.json.decode(content_of(body))
    schemas: list[Any] = metadata.get("schemas") or [metadata["schema"]]
    current = metadata.get("current-schema-id", 0)
    schema = next((one for one in schemas if one.get("schema-id", 0) == current), schemas[-1])
    fields: list[Any] = schema["fields"]
    identifiers = set(schema.get("identifier-field-ids") or ())
    return Table(
        [(one["name"], one["type"], bool(one.get("required"))) for one in fields],
        [one["name"] for one in fields if one["id"] in identifiers],
        int(metadata["format-version"]),
    )
