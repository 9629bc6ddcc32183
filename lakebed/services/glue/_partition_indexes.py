"""Rules of partition indexes, which CreateTable, UpdateTable and their own operations share.

https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import GLUE_PARTITION_INDEXES_MAX
from lakebed.services.glue._sort_keys import type_name
from lakebed.services.glue.model import PARTITION_INDEXES, CatalogTable, PartitionIndex
from lakebed.store import Range

_TYPES = frozenset(
    ("string", "date", "int", "integer", "bigint", "long", "smallint", "tinyint", "timestamp")
)
"""Numbers, texts and dates; that `timestamp` may be indexed is from memory."""


def indexes_of(ctx: Context, table: CatalogTable) -> list[PartitionIndex]:
    """Return the indexes of a table in the order of their creation."""
    found = PARTITION_INDEXES.scan(ctx, Range((table.database, table.name)))
    return sorted(found, key=lambda index: index.number)


def put_indexes(ctx: Context, table: CatalogTable, given: Sequence[Any]) -> None:
    """Create indexes of a table; each is complete at once, because partitions are always sorted.

    Raises InvalidInputException, AlreadyExistsException, ResourceNumberLimitExceededException.
    """
    if not given:
        return
    known = indexes_of(ctx, table)
    first = known[-1].number + 1 if known else 0
    for number, one in enumerate(given, first):
        keys = tuple(name.lower() for name in one["Keys"])
        _check_keys(table, keys)
        index = PartitionIndex(table.database, table.name, one["IndexName"], keys, number)
        if not PARTITION_INDEXES.insert(ctx, index):
            message = f"Partition index {index.name} already exists."
            raise AwsError("AlreadyExistsException", message)
    if len(known) + len(given) > GLUE_PARTITION_INDEXES_MAX:
        message = (
            f"Number of partition indexes exceeds the limit of {GLUE_PARTITION_INDEXES_MAX} "
            "per table."
        )
        raise AwsError("ResourceNumberLimitExceededException", message)


def _check_keys(table: CatalogTable, keys: tuple[str, ...]) -> None:
    types = key_types(table)
    if len(set(keys)) != len(keys):
        raise AwsError("InvalidInputException", "Partition index keys must be distinct.")
    for name in keys:
        if name not in types:
            message = f"Partition index key {name} is not a partition key of table {table.name}."
            raise AwsError("InvalidInputException", message)
        if type_name(types[name]) not in _TYPES:
            message = f"Partition index key {name} has the unsupported type {types[name]}."
            raise AwsError("InvalidInputException", message)


def key_types(table: CatalogTable) -> dict[str, str]:
    """Return the types of a table's partition keys by name."""
    keys: Sequence[Mapping[str, str]] = table.definition.get("PartitionKeys") or []
    return {key["Name"].lower(): key.get("Type", "string") for key in keys}


def check_kept_keys(ctx: Context, table: CatalogTable, keys: Sequence[Mapping[str, Any]]) -> None:
    """Refuse an update that takes away or changes a partition key that an index has."""
    now = {key["Name"].lower(): key.get("Type", "string") for key in keys}
    was = key_types(table)
    if now == was:
        return
    for index in indexes_of(ctx, table):
        for name in index.keys:
            if now.get(name) != was.get(name):
                message = (
                    f"Partition key {name} cannot be changed: partition index {index.name} has it."
                )
                raise AwsError("InvalidInputException", message)
