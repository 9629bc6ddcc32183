"""The statements Athena has, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import expressions as exp


PartitionValues = Mapping[str, str]
"""A partition by its columns' values."""

Properties = Mapping[str, str | tuple[str, ...]]
"""The WITH properties of a statement: texts, or lists of texts."""


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
    """EXPLAIN (ANALYZE) of a query, or of a statement that writes the rows of one.

    `type` is DISTRIBUTED, LOGICAL, VALIDATE or IO, `format` TEXT, JSON or GRAPHVIZ.
    """

    statement: Statement
    type: str = "DISTRIBUTED"
    format: str = "TEXT"
    is_analyze: bool = False


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    if_not_exists: bool = False
    comment: str | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class AlterDatabase:
    """ALTER DATABASE … SET DBPROPERTIES."""

    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE."""

    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Buckets:
    """CLUSTERED BY … INTO … BUCKETS."""

    columns: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool = False
    partitions: tuple[ColumnDefinition, ...] = ()
    buckets: Buckets | None = None
    comment: str | None = None
    serde: str | None = None
    serde_properties: Mapping[str, str] = field(default_factory=dict[str, str])
    stored_as: str = "TEXTFILE"
    input_format: str | None = None
    output_format: str | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Transform:
    """A partition transform of an Iceberg table: `identity`, `day`, `bucket` with a number, …"""

    name: str
    column: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class CreateIcebergTable:
    """CREATE TABLE of an Iceberg table."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool
    partitions: tuple[Transform, ...]
    comment: str | None
    location: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE FROM a table, of the rows that satisfy `where`; all of them without."""

    name: Name
    target: exp.Expr
    where: exp.Expr | None


@dataclass(frozen=True, slots=True)
class Update:
    """UPDATE: the new values by column."""

    name: Name
    target: exp.Expr
    values: tuple[tuple[str, exp.Expr], ...]
    where: exp.Expr | None


@dataclass(frozen=True, slots=True)
class MergeClause:
    """A WHEN of a MERGE; `action` is UPDATE, DELETE or INSERT, `values` by column."""

    matched: bool
    condition: exp.Expr | None
    action: str
    values: tuple[tuple[str, exp.Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """MERGE INTO a table USING a relation; an INSERT without names has `""` for each of them."""

    name: Name
    target: exp.Expr
    alias: str
    source: exp.Expr
    on: exp.Expr
    clauses: tuple[MergeClause, ...]


@dataclass(frozen=True, slots=True)
class Optimize:
    """OPTIMIZE … REWRITE DATA USING BIN_PACK."""

    name: Name
    where: exp.Expr | None


@dataclass(frozen=True, slots=True)
class Vacuum:
    """VACUUM."""

    name: Name


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """CREATE TABLE … AS query."""

    name: Name
    if_not_exists: bool
    properties: Properties
    query: exp.Expr
    with_data: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO a table: of a query, into all its columns or those named."""

    name: Name
    columns: tuple[str, ...]
    query: exp.Expr


@dataclass(frozen=True, slots=True)
class Unload:
    """UNLOAD (query) TO a location."""

    query: exp.Expr
    location: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW; `text` is the query as written."""

    name: Name
    or_replace: bool
    query: exp.Expr
    text: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class DropView:
    """DROP VIEW."""

    name: Name
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Prepare:
    """PREPARE a statement under a name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Execute:
    """EXECUTE a prepared statement; `parameters` are the literals after USING, as written."""

    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deallocate:
    """DEALLOCATE PREPARE."""

    name: str


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
class ShowViews:
    """SHOW VIEWS."""

    database: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ShowCreateView:
    """SHOW CREATE VIEW."""

    name: Name


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
    """DESCRIBE, plain or in a `style` (EXTENDED, FORMATTED), of a table, a partition, a column.

    `path` is the column and what is inside it: `$elem$`, `$key$`, `$value$`, names of a struct.
    """

    name: Name
    style: str = ""
    partition: PartitionValues | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairTable:
    """MSCK REPAIR TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """ALTER TABLE … ADD PARTITION: the values by column, and a location or none."""

    name: Name
    if_not_exists: bool
    partitions: tuple[tuple[PartitionValues, str | None], ...]


@dataclass(frozen=True, slots=True)
class DropPartitions:
    """ALTER TABLE … DROP PARTITION."""

    name: Name
    if_exists: bool
    partitions: tuple[PartitionValues, ...]


@dataclass(frozen=True, slots=True)
class RenamePartition:
    """ALTER TABLE … PARTITION … RENAME TO PARTITION."""

    name: Name
    partition: PartitionValues
    to: PartitionValues


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ALTER TABLE … ADD COLUMNS, or REPLACE COLUMNS if `replaces`; of a partition or the table."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    replaces: bool = False
    partition: PartitionValues | None = None


@dataclass(frozen=True, slots=True)
class ChangeColumn:
    """ALTER TABLE … CHANGE COLUMN; `after` is the column it moves behind, "" to be the first."""

    name: Name
    old: str
    column: ColumnDefinition
    after: str | None = None
    partition: PartitionValues | None = None


@dataclass(frozen=True, slots=True)
class DropColumn:
    """ALTER TABLE … DROP COLUMN."""

    name: Name
    column: str


@dataclass(frozen=True, slots=True)
class UnsetProperties:
    """ALTER TABLE … UNSET TBLPROPERTIES."""

    name: Name
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenameTable:
    """ALTER TABLE … RENAME TO."""

    name: Name
    to: Name


@dataclass(frozen=True, slots=True)
class SetLocation:
    """ALTER TABLE … SET LOCATION, of a partition or the table."""

    name: Name
    location: str
    partition: PartitionValues | None = None


@dataclass(frozen=True, slots=True)
class SetProperties:
    """ALTER TABLE … SET TBLPROPERTIES."""

    name: Name
    properties: Mapping[str, str]


Definition = (
    CreateDatabase
    | AlterDatabase
    | DropDatabase
    | CreateTable
    | CreateIcebergTable
    | DropTable
    | DropView
    | AddPartitions
    | DropPartitions
    | RenamePartition
    | AddColumns
    | ChangeColumn
    | DropColumn
    | RenameTable
    | SetLocation
    | SetProperties
    | UnsetProperties
    | RepairTable
    | Vacuum
)
"""A statement that changes the catalog and reads no rows."""

Utility = (
    ShowDatabases
    | ShowTables
    | ShowViews
    | ShowColumns
    | ShowPartitions
    | ShowCreateTable
    | ShowCreateView
    | ShowTableProperties
    | Describe
)
"""A statement that shows what the catalog holds."""

Statement = (
    Select
    | Explain
    | CreateTableAs
    | Insert
    | Delete
    | Update
    | Merge
    | Optimize
    | Unload
    | CreateView
    | Prepare
    | Execute
    | Deallocate
    | Definition
    | Utility
)
