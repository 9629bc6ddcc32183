"""What a crawler remembers between its crawls: the tables it made, the folders it has seen."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from lakebed.context import Context
from lakebed.core.limits import GLUE_PARTITION_SLICE_ROWS
from lakebed.services.glue._crawl_folders import Columns, Form
from lakebed.store import Range, Table


class CrawledTable(msgspec.Struct, frozen=True):
    """A table that a crawler made or keeps; `target` is the path of the target it was found in."""

    crawler: str
    database: str
    name: str
    target: str
    location: str


class CrawledSchema(msgspec.Struct, frozen=True):
    """A form and columns that files of a target have; `id` is their digest."""

    crawler: str
    target: str
    id: str
    form: Form
    columns: Columns


class CrawledKind(msgspec.Struct, frozen=True, array_like=True):
    """Files of a folder that have one schema; see `_crawl_folders.Kind`."""

    schema: str
    files: int
    size_bytes: int
    records: int
    names: tuple[str, ...] = ()


class CrawledFolder(msgspec.Struct, frozen=True):
    """A folder as it was when its files were looked into; `digest` is of their names and ETags."""

    crawler: str
    target: str
    path: str
    digest: str
    kinds: tuple[CrawledKind, ...]
    has_subfolders: bool = False


CRAWLED_TABLES = Table("glue_crawled_table", CrawledTable, key=("crawler", "database", "name"))
CRAWLED_SCHEMAS = Table("glue_crawled_schema", CrawledSchema, key=("crawler", "target", "id"))
CRAWLED_FOLDERS = Table("glue_crawled_folder", CrawledFolder, key=("crawler", "target", "path"))


class _Placed(msgspec.Struct, frozen=True):
    target: str
    path: str


_folders = CRAWLED_FOLDERS.view(_Placed)


def forget_crawler(ctx: Context, crawler: str) -> Generator[None]:
    """Delete all that a crawler remembers, in slices: it may know a million folders."""
    first = Range((crawler,), limit=GLUE_PARTITION_SLICE_ROWS)
    while len(found := _folders(ctx, first)) == GLUE_PARTITION_SLICE_ROWS:
        end = (found[-1].target, found[-1].path)
        CRAWLED_FOLDERS.delete_range(ctx, Range((crawler,), end=end))
        yield
    for rows in (CRAWLED_FOLDERS, CRAWLED_SCHEMAS, CRAWLED_TABLES):
        rows.delete_range(ctx, Range((crawler,)))
