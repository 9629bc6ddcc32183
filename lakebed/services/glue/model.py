"""The nouns of the Data Catalog and where they are kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Range, Table

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


DATABASES = Table("glue_database", CatalogDatabase, key=("name",))
TABLES = Table("glue_table", CatalogTable, key=("database", "name"))
TABLE_VERSIONS = Table(
    "glue_table_version", CatalogTable, key=("database", "name", "version"), numbers=("version",)
)
PARTITIONS = Table("glue_partition", CatalogPartition, key=("database", "table", "sort_key"))
PARTITION_TEMPLATES = Table(
    "glue_partition_template", PartitionTemplate, key=("database", "table", "id")
)


def check_catalog(ctx: Context, catalog_id: str | None) -> None:
    """Refuse a catalog that is not the caller's own account's."""
    if catalog_id is not None and catalog_id != ctx.account:
        raise AwsError("EntityNotFoundException", f"Catalog {catalog_id} not found.")


def find_database(ctx: Context, name: str) -> CatalogDatabase:
    """Return the database of this name; EntityNotFoundException without it."""
    database = DATABASES.get(ctx, name.lower())
    if database is None:
        raise AwsError("EntityNotFoundException", f"Database {name.lower()} not found.")
    return database


def find_table(ctx: Context, database: str, name: str) -> CatalogTable:
    """Return the table of this name; EntityNotFoundException without it or its database."""
    table = TABLES.get(ctx, database.lower(), name.lower())
    if table is None:
        find_database(ctx, database)
        raise AwsError("EntityNotFoundException", "Entity Not Found")
    return table


def table_shape(ctx: Context, table: CatalogTable) -> Any:
    """Return a table as GetTable and GetTableVersion show it."""
    return {
        "Name": table.name,
        "DatabaseName": table.database,
        **table.definition,
        "CreateTime": table.created,
        "UpdateTime": table.updated,
        "IsRegisteredWithLakeFormation": False,
        "CatalogId": ctx.account,
        "VersionId": str(table.version),
    }


def delete_table_rows(ctx: Context, table: CatalogTable) -> None:
    """Delete a table with its versions and partitions."""
    TABLES.delete(ctx, table.database, table.name)
    TABLE_VERSIONS.delete_range(ctx, Range(prefix=(table.database, table.name)))
    PARTITIONS.delete_range(ctx, Range(prefix=(table.database, table.name)))
    PARTITION_TEMPLATES.delete_range(ctx, Range(prefix=(table.database, table.name)))


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
