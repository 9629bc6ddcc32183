"""Partitions as rows: how they are found, kept and shown.

What a table's partitions have in common (columns, formats, SerDe) is kept once, as a template, so
that a partition is a row of a few hundred bytes, and a hundred thousand of them are read quickly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    GLUE_PARTITION_PAGE_COLUMNS_MAX,
    GLUE_PARTITION_SLICE_ROWS,
    GLUE_PARTITION_TEMPLATES_MAX,
)
from lakebed.services.glue._sort_keys import Interval, after_prefix, longer_prefix, sort_key
from lakebed.services.glue.model import (
    COLUMN_STATISTICS,
    PARTITION_TEMPLATES,
    PARTITIONS,
    CatalogPartition,
    CatalogTable,
    PartitionTemplate,
)
from lakebed.store import Range

Keep = Callable[[CatalogPartition], bool]
"""What tells whether a partition belongs to an answer."""

_OWN = frozenset(("Location", "Parameters", "AdditionalLocations"))
"""The members of a StorageDescriptor that differ from partition to partition."""
_EMPTY: Mapping[str, Any] = {}
_encode = msgspec.json.Encoder(order="sorted").encode


class Writer:
    """Keeps the partitions of one table in one request; remembers the templates it has met."""

    def __init__(self, ctx: Context, table: CatalogTable) -> None:
        self._ctx = ctx
        self._table = table
        self._known: dict[bytes, str] = {}

    def row(self, values: Sequence[str], given: Mapping[str, Any]) -> CatalogPartition:
        """Return the row of a PartitionInput; its template is kept already."""
        table = self._table
        values = checked_values(table, values)
        definition = {key: value for key, value in given.items() if key != "Values"}
        template = ""
        descriptor = definition.get("StorageDescriptor")
        if descriptor:
            template = self._template(
                {key: value for key, value in descriptor.items() if key not in _OWN}
            )
            if template:
                definition["StorageDescriptor"] = {
                    key: value for key, value in descriptor.items() if key in _OWN
                }
        key = sort_key(values, table.partition_order)
        created = self._ctx.clock.now()
        return CatalogPartition(
            table.database, table.name, key, values, definition, created, template
        )

    def _template(self, shared: Mapping[str, Any]) -> str:
        """Return the name of a template, empty if the table has too many different ones."""
        encoded = _encode(shared)
        name = self._known.get(encoded)
        if name is not None:
            return name
        ctx, table = self._ctx, self._table
        name = hashlib.sha256(encoded).hexdigest()[:32]
        if PARTITION_TEMPLATES.get(ctx, table.database, table.name, name) is None:
            count = PARTITION_TEMPLATES.count(ctx, table.database, table.name)
            if count >= GLUE_PARTITION_TEMPLATES_MAX:
                name = ""
            else:
                row = PartitionTemplate(table.database, table.name, name, shared)
                PARTITION_TEMPLATES.put(ctx, row)
        self._known[encoded] = name
        return name

    def create(self, given: Mapping[str, Any]) -> None:
        """Keep a new partition; AlreadyExistsException if one has its values."""
        if not PARTITIONS.insert(self._ctx, self.row(given.get("Values", []), given)):
            raise AwsError("AlreadyExistsException", "Partition already exists.")

    def update(self, old_values: Sequence[str], given: Mapping[str, Any]) -> None:
        """Replace a partition, and its values if the new ones differ."""
        ctx, table = self._ctx, self._table
        old = find_partition(ctx, table, old_values)
        changed = self.row(given.get("Values") or old_values, given)
        changed = msgspec.structs.replace(changed, created=old.created)
        if changed.sort_key == old.sort_key:
            PARTITIONS.put(ctx, changed)
            return
        if not PARTITIONS.insert(ctx, changed):
            raise AwsError("AlreadyExistsException", "Partition already exists.")
        delete_row(ctx, old)


class Reader:
    """Shows partitions as AWS does; remembers the templates it has met."""

    def __init__(self, ctx: Context, *, leaves_out_columns: bool = False) -> None:
        self._ctx = ctx
        self._leaves_out_columns = leaves_out_columns
        self._known: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def shape(self, partition: CatalogPartition) -> Any:
        """Return a partition as GetPartition shows it."""
        definition = partition.definition
        shape: dict[str, Any] = {
            "Values": list(partition.values),
            "DatabaseName": partition.database,
            "TableName": partition.table,
            **definition,
            "CreationTime": partition.created,
            "CatalogId": self._ctx.account,
        }
        if partition.template:
            template = self._template(partition)
            shape["StorageDescriptor"] = {**template, **definition.get("StorageDescriptor", {})}
        elif self._leaves_out_columns and "StorageDescriptor" in shape:
            shape["StorageDescriptor"] = _without_columns(shape["StorageDescriptor"])
        return shape

    def page(self, partitions: Sequence[CatalogPartition], size: int) -> list[Any]:
        """Return the first partitions as AWS shows them: `size`, or fewer if they are very wide."""
        found: list[Any] = []
        columns = 0
        for partition in partitions[:size]:
            shape = self.shape(partition)
            columns += len(shape.get("StorageDescriptor", _EMPTY).get("Columns", ()))
            if columns > GLUE_PARTITION_PAGE_COLUMNS_MAX and found:
                break
            found.append(shape)
        return found

    def _template(self, partition: CatalogPartition) -> Mapping[str, Any]:
        key = (partition.database, partition.table, partition.template)
        found = self._known.get(key)
        if found is None:
            row = PARTITION_TEMPLATES.get(self._ctx, *key)
            found = row.descriptor if row is not None else dict[str, Any]()
            if self._leaves_out_columns:
                found = _without_columns(found)
            self._known[key] = found
        return found


def _without_columns(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in descriptor.items() if key != "Columns"}


def partition_keys(table: CatalogTable) -> list[Mapping[str, str]]:
    """Return a table's PartitionKeys."""
    return table.definition.get("PartitionKeys") or []


def checked_values(table: CatalogTable, values: Sequence[str]) -> tuple[str, ...]:
    """Return partition values; InvalidInputException unless there is one for each key."""
    if len(values) != len(table.partition_order or partition_keys(table)):
        message = "The number of partition keys do not match the number of partition values"
        raise AwsError("InvalidInputException", message)
    return tuple(values)


def find_partition(ctx: Context, table: CatalogTable, values: Sequence[str]) -> CatalogPartition:
    """Return the partition of these values; EntityNotFoundException without it."""
    key = sort_key(checked_values(table, values), table.partition_order)
    partition = PARTITIONS.get(ctx, table.database, table.name, key)
    if partition is None:
        raise AwsError("EntityNotFoundException", "Cannot find partition.")
    return partition


def delete_row(ctx: Context, partition: CatalogPartition) -> None:
    """Delete a partition and the statistics of its columns."""
    place = (partition.database, partition.table, partition.sort_key)
    PARTITIONS.delete(ctx, *place)
    COLUMN_STATISTICS.delete_range(ctx, Range(place))


def expand(
    ctx: Context, table: CatalogTable, prefixes: Sequence[str], number_max: int
) -> list[str] | None:
    """Return the prefixes with each value that the next key has under them; one look-up a value.

    None if they are more than `number_max`: then it is quicker to read every partition.
    """
    found: list[str] = []
    for prefix in prefixes:
        start, end = prefix, after_prefix(prefix)
        while True:
            span = Range((table.database, table.name), start=(start,), end=(end,), limit=1)
            row = next(PARTITIONS.scan(ctx, span), None)
            if row is None:
                break
            if len(found) == number_max:
                return None
            longer = longer_prefix(row.sort_key, prefix)
            found.append(longer)
            start = after_prefix(longer)
    return found


def scan(
    ctx: Context,
    table: CatalogTable,
    spans: Sequence[Interval],
    keep: Keep | None,
    after: str | None,
) -> Generator[list[CatalogPartition]]:
    """Yield the partitions in the spans, past `after`, that `keep` keeps: a slice at a time.

    A slice reads so few rows that the loop is not held; it may have kept none of them.
    """
    budget = GLUE_PARTITION_SLICE_ROWS
    found: list[CatalogPartition] = []
    for low, high in spans:
        last = after if after is not None and after >= low else None
        while last is None or last < high:
            span = Range(
                (table.database, table.name),
                start=(low,) if last is None and low else None,
                after=None if last is None else (last,),
                end=(high,),
                limit=budget,
            )
            rows = list(PARTITIONS.scan(ctx, span))
            found += rows if keep is None else [row for row in rows if keep(row)]
            budget -= len(rows) + 1
            if budget > 0:
                break
            budget = GLUE_PARTITION_SLICE_ROWS
            yield found
            found = []
            if rows:
                last = rows[-1].sort_key
            elif last is None:
                break
    yield found
