"""The nouns of the Data Catalog and where they are kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.store import Table

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CatalogDatabase:
    """A database: what its DatabaseInput said, and when it was made."""

    name: str
    definition: Definition
    created: float


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table in its current or an archived version: what its TableInput said.

    `partition_order` says how its partitions are sorted, a letter a key (see `_sort_keys`); tables
    of the first release have none.
    """

    database: str
    name: str
    version: int
    definition: Definition
    created: float
    updated: float
    partition_order: str = ""
    created_by: str = ""


class CatalogPartition(msgspec.Struct, frozen=True):
    """A partition; `sort_key` is its values in a form that sorts and identifies.

    `template` names the members of its StorageDescriptor that it shares with its siblings.
    """

    database: str
    table: str
    sort_key: str
    values: tuple[str, ...]
    definition: Definition
    created: float
    template: str = ""


class PartitionTemplate(msgspec.Struct, frozen=True):
    """What partitions of a table have in common: columns, formats, SerDe. `id` is its digest."""

    database: str
    table: str
    id: str
    descriptor: Definition


class PartitionIndex(msgspec.Struct, frozen=True):
    """A partition index of a table: the names of its keys. `number` is the order of creation."""

    database: str
    table: str
    name: str
    keys: tuple[str, ...]
    number: int


class ColumnStatistics(msgspec.Struct, frozen=True):
    """What is known of a column of a table, or of a partition (`part` is its sort key)."""

    database: str
    table: str
    part: str
    column: str
    statistics: Definition


class UserDefinedFunction(msgspec.Struct, frozen=True):
    """A function of a database: what its UserDefinedFunctionInput said."""

    database: str
    name: str
    definition: Definition
    created: float


class Connection(msgspec.Struct, frozen=True):
    """A connection: `secret` is its properties, encrypted (see `_secrets`)."""

    name: str
    definition: Definition
    secret: str
    created: float
    updated: float
    updated_by: str


class ResourcePolicy(msgspec.Struct, frozen=True):
    """A resource policy as it was put; `hash` is new with every put."""

    resource: str
    text: str
    hash: str
    created: float
    updated: float


class SecurityConfiguration(msgspec.Struct, frozen=True):
    """A security configuration: its EncryptionConfiguration."""

    name: str
    definition: Definition
    created: float


class ResourceTags(msgspec.Struct, frozen=True):
    """The tags of a resource."""

    arn: str
    tags: dict[str, str]


DATABASES = Table("glue_database", CatalogDatabase, key=("name",))
TABLES = Table("glue_table", CatalogTable, key=("database", "name"))
TABLE_VERSIONS = Table(
    "glue_table_version", CatalogTable, key=("database", "name", "version"), numbers=("version",)
)
PARTITIONS = Table("glue_partition", CatalogPartition, key=("database", "table", "sort_key"))
PARTITION_TEMPLATES = Table(
    "glue_partition_template", PartitionTemplate, key=("database", "table", "id")
)
PARTITION_INDEXES = Table("glue_partition_index", PartitionIndex, key=("database", "table", "name"))
COLUMN_STATISTICS = Table(
    "glue_column_statistics", ColumnStatistics, key=("database", "table", "part", "column")
)
FUNCTIONS = Table("glue_function", UserDefinedFunction, key=("database", "name"))
CONNECTIONS = Table("glue_connection", Connection, key=("name",))
RESOURCE_POLICIES = Table("glue_resource_policy", ResourcePolicy, key=("resource",))
SECURITY_CONFIGURATIONS = Table("glue_security_configuration", SecurityConfiguration, key=("name",))
TAGS = Table("glue_tags", ResourceTags, key=("arn",))

EVERYONE: list[Any] = [
    {
        "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        "Permissions": ["ALL"],
    }
]
"""The default every AWS account has until Lake Formation is set up: everyone IAM allows may all."""


def check_catalog(ctx: Context, catalog_id: str | None) -> None:
    """Refuse a catalog that is not the caller's own account's."""
    if catalog_id is not None and catalog_id != ctx.account:
        raise AwsError("EntityNotFoundException", f"Catalog {catalog_id} not found.")


def arn_of(ctx: Context, *parts: str) -> str:
    """Return the ARN of a resource of the catalog: of a table for `table`, `db`, `t`."""
    return f"arn:aws:glue:{ctx.region}:{ctx.account}:{'/'.join(parts)}"


def put_tags(ctx: Context, arn: str, tags: Mapping[str, str] | None) -> None:
    """Keep the tags that a resource was created with."""
    if tags:
        TAGS.put(ctx, ResourceTags(arn, dict(tags)))


def find_database(ctx: Context, name: str) -> CatalogDatabase:
    """Return the database of this name; EntityNotFoundException without it."""
    database = DATABASES.get(ctx, name.lower())
    if database is None:
        raise AwsError("EntityNotFoundException", f"Database {name.lower()} not found.")
    return database


def check_target(ctx: Context, target: Definition) -> None:
    """Refuse a resource link that leads out of this catalog."""
    check_catalog(ctx, target.get("CatalogId"))
    if target.get("Region", ctx.region) != ctx.region:
        raise NotBuiltError("glue", "GetTable", "a resource link into another region")


def find_tables_database(ctx: Context, name: str) -> CatalogDatabase:
    """Return the database that holds the tables: what a resource link leads to, else itself."""
    database = find_database(ctx, name)
    target: Definition | None = database.definition.get("TargetDatabase")
    if not target:
        return database
    check_target(ctx, target)
    return find_database(ctx, target.get("DatabaseName", ""))


def find_table(ctx: Context, database: str, name: str) -> CatalogTable:
    """Return the table of this name, or resource link to one; a link to a database is followed.

    EntityNotFoundException without it or its database.
    """
    table = TABLES.get(ctx, database.lower(), name.lower())
    if table is None:
        holder = find_tables_database(ctx, database)
        if holder.name != database.lower():
            table = TABLES.get(ctx, holder.name, name.lower())
    if table is None:
        raise AwsError("EntityNotFoundException", "Entity Not Found")
    return table


def find_data_table(ctx: Context, database: str, name: str) -> CatalogTable:
    """Return the table that holds the data: what a resource link leads to, else the table."""
    table = find_table(ctx, database, name)
    return table if not table.definition.get("TargetTable") else link_target(ctx, table)


def link_target(ctx: Context, link: CatalogTable) -> CatalogTable:
    """Return the table that a resource link leads to; EntityNotFoundException if it is gone."""
    target: Definition = link.definition["TargetTable"]
    check_target(ctx, target)
    return find_table(ctx, target.get("DatabaseName", ""), target.get("Name", ""))


def link_shape(ctx: Context, link: CatalogTable) -> Any:
    """Return a resource link as GetTable shows it: the target's properties by the link's names."""
    target = link_target(ctx, link)
    return {
        **table_shape(ctx, target),
        "Name": link.name,
        "DatabaseName": link.database,
        "TargetTable": link.definition["TargetTable"],
    }


def table_shape(ctx: Context, table: CatalogTable) -> Any:
    """Return a table as GetTable and GetTableVersion show it."""
    created_by = {"CreatedBy": table.created_by} if table.created_by else {}
    return {
        "Name": table.name,
        "DatabaseName": table.database,
        **table.definition,
        "CreateTime": table.created,
        "UpdateTime": table.updated,
        **created_by,
        "IsRegisteredWithLakeFormation": False,
        "CatalogId": ctx.account,
        "VersionId": str(table.version),
    }


def write_token(after: str) -> str:
    """Return the NextToken of a listing that goes on after a name."""
    return base64.urlsafe_b64encode(after.encode()).decode()


def read_token(token: str | None) -> tuple[str] | None:
    """Return where a listing goes on; InvalidInputException for a token we never gave."""
    if not token:
        return None
    try:
        return (base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode(),)
    except (binascii.Error, UnicodeError):
        raise AwsError("InvalidInputException", "Invalid NextToken") from None
