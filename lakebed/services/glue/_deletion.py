"""Deletes a table with all that belongs to it, in slices: it may have millions of partitions."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from lakebed.context import Context
from lakebed.core.limits import GLUE_PARTITION_SLICE_ROWS
from lakebed.services.glue.model import (
    COLUMN_STATISTICS,
    PARTITION_INDEXES,
    PARTITION_TEMPLATES,
    PARTITIONS,
    TABLE_VERSIONS,
    TABLES,
    TAGS,
    CatalogTable,
    arn_of,
)
from lakebed.store import Range


class _Placed(msgspec.Struct, frozen=True):
    sort_key: str


class _Versioned(msgspec.Struct, frozen=True):
    version: int


class _Known(msgspec.Struct, frozen=True):
    part: str


_partitions = PARTITIONS.view(_Placed)
_versions = TABLE_VERSIONS.view(_Versioned)
_statistics = COLUMN_STATISTICS.view(_Known)


def delete_table_rows(ctx: Context, table: CatalogTable) -> Generator[None]:
    """Delete a table with its versions, partitions, indexes, statistics and tags.

    The table itself goes with the last slice: a server that dies on the way leaves a table with
    fewer partitions, never partitions without a table.
    """
    prefix = (table.database, table.name)
    first = Range(prefix, limit=GLUE_PARTITION_SLICE_ROWS)
    while len(found := _partitions(ctx, first)) == GLUE_PARTITION_SLICE_ROWS:
        PARTITIONS.delete_range(ctx, Range(prefix, end=(found[-1].sort_key,)))
        yield
    while len(known := _statistics(ctx, first)) == GLUE_PARTITION_SLICE_ROWS:
        if known[0].part == known[-1].part:
            break
        COLUMN_STATISTICS.delete_range(ctx, Range(prefix, end=(known[-1].part,)))
        yield
    while len(old := _versions(ctx, first)) == GLUE_PARTITION_SLICE_ROWS:
        TABLE_VERSIONS.delete_range(ctx, Range(prefix, end=(old[-1].version,)))
        yield
    for rows in (
        TABLE_VERSIONS,
        PARTITIONS,
        PARTITION_TEMPLATES,
        PARTITION_INDEXES,
        COLUMN_STATISTICS,
    ):
        rows.delete_range(ctx, Range(prefix))
    TAGS.delete(ctx, arn_of(ctx, "table", *prefix))
    TABLES.delete(ctx, *prefix)
