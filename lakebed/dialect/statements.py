"""The statements Athena has, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import expressions as exp


@dataclass(frozen=True, slots=True)
class Name:
    """A table's name; the database may be left to the query's context."""

    table: str
    database: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column of a CREATE TABLE; `type` as Hive spells it."""

    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """A query."""

    query: exp.Expr


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN of a query."""

    query: exp.Expr


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    if_not_exists: bool = False
    comment: str | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE."""

    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool = False
    partitions: tuple[ColumnDefinition, ...] = ()
    comment: str | None = None
    serde: str | None = None
    serde_properties: Mapping[str, str] = field(default_factory=dict[str, str])
    stored_as: str = "TEXTFILE"
    input_format: str | None = None
    output_format: str | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """CREATE TABLE … AS query."""

    name: Name
    if_not_exists: bool
    properties: Mapping[str, str | tuple[str, ...]]
    with_data: bool = True
    comment: str | None = None
    query: exp.Expr | None = None


def with_query(statement: CreateTableAs, query: exp.Expr) -> CreateTableAs:
    """Return the statement with its query filled in."""
    return replace(statement, query=query)


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE."""

    name: Name
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class ShowDatabases:
    """SHOW DATABASES or SCHEMAS."""

    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ShowTables:
    """SHOW TABLES."""

    database: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ShowColumns:
    """SHOW COLUMNS."""

    name: Name


@dataclass(frozen=True, slots=True)
class ShowPartitions:
    """SHOW PARTITIONS."""

    name: Name


@dataclass(frozen=True, slots=True)
class ShowCreateTable:
    """SHOW CREATE TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class ShowTableProperties:
    """SHOW TBLPROPERTIES."""

    name: Name
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE."""

    name: Name
    extended: bool = False


@dataclass(frozen=True, slots=True)
class RepairTable:
    """MSCK REPAIR TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """ALTER TABLE … ADD PARTITION: the values by column, and a location or none."""

    name: Name
    if_not_exists: bool
    partitions: tuple[tuple[Mapping[str, str], str | None], ...]


@dataclass(frozen=True, slots=True)
class DropPartitions:
    """ALTER TABLE … DROP PARTITION."""

    name: Name
    if_exists: bool
    partitions: tuple[Mapping[str, str], ...]


Statement = (
    Select
    | Explain
    | CreateDatabase
    | DropDatabase
    | CreateTable
    | CreateTableAs
    | DropTable
    | ShowDatabases
    | ShowTables
    | ShowColumns
    | ShowPartitions
    | ShowCreateTable
    | ShowTableProperties
    | Describe
    | RepairTable
    | AddPartitions
    | DropPartitions
)
