"""Crawls Hudi tables: one table for copy-on-write, two (`_ro`, `_rt`) for merge-on-read.

Partitions are registered, because readers of Hudi tables go by the catalog's.
https://docs.aws.amazon.com/athena/latest/ug/querying-hudi.html
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from lakebed.core.errors import AwsError
from lakebed.core.limits import CRAWL_TRAVERSAL_DEPTH_MAX, GLUE_PARTITION_PAGE_MAX
from lakebed.engines.crawl import Storage
from lakebed.engines.crawl.formats import MetadataFiles, TableMetadata
from lakebed.engines.crawl.formats.hudi import newest
from lakebed.services.glue._crawl import Crawling, FoundPartition, FoundTable
from lakebed.services.glue._crawl_table_folders import (
    Finds,
    Level,
    Partitions,
    Place,
    check_connection,
    level,
    named,
    place_of,
    read_all,
    search,
)

_FOLDER = ".hoodie/"
_TIMELINE = ".hoodie/timeline/"
_ENCODES = "hoodie.datasource.write.partitionpath.urlencode"
_MARKS_SO = "hoodie.partition.metafile.use.base.format"
_READS = "org.apache.hudi.hadoop.HoodieParquetInputFormat"
_MERGES = "org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat"
_WRITES = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Find the Hudi tables of the targets and hand them to the catalog."""
    finds = Finds()
    for target in targets:
        await check_connection(crawling, target)
        for path in target.get("Paths") or ():
            await _look(crawling, target, path, finds)
    await finds.put(crawling)


async def _look(crawling: Crawling, target: Mapping[str, Any], path: str, finds: Finds) -> None:
    tables: list[MetadataFiles] = []
    async for place in search(crawling, target, path, _folder_of):
        keys: list[str] = []
        for folder in (_FOLDER, _TIMELINE):
            listed = await level(crawling, Place(place.bucket, place.prefix + folder))
            keys += listed.keys
        names = newest(sorted(map(place.below, keys)))
        found = await named(crawling, place, names)
        tables.append(MetadataFiles("hudi", place.location, tuple(found)))
    if not tables:
        crawling.log.warn(f"No Hudi table found at {path}")
    readable = await read_all(crawling, tables)
    for table, said in readable:
        finds.tables += _found(crawling, table.location, said, path)
    if len(readable) == len(tables):
        finds.whole.append(path)


def _found(
    crawling: Crawling, location: str, said: TableMetadata, path: str
) -> Iterator[tuple[FoundTable, Partitions | None]]:
    name = location.rpartition("/")[2]
    merges = said.parameters.get("hoodie.table.type", "").upper() == "MERGE_ON_READ"
    views = [("_ro", _READS, "true"), ("_rt", _MERGES, "false")]
    for suffix, reads, is_optimised in views if merges else [("", _READS, "false")]:
        storage = Storage(reads, _WRITES, _SERDE, {
            "serialization.format": "1", "path": location,
            "hoodie.query.as.ro.table": is_optimised,
        })  # fmt: skip
        found = FoundTable(
            name + suffix, location, said.columns, storage, _parameters(said), path,
            said.partition_keys,
        )  # fmt: skip
        partitions = _partitions(crawling, location, said, storage) if said.partition_keys else None
        yield found, partitions


def _parameters(said: TableMetadata) -> dict[str, str]:
    """Return the table's parameters, as Hudi's own sync to the Data Catalog writes them."""
    found = {"EXTERNAL": "TRUE", "classification": "hudi", "spark.sql.sources.provider": "hudi"}
    if said.metadata:
        found["last_commit_time_sync"] = said.metadata
    return found


def _folder_of(place: Place, listed: Level) -> str | None:
    """Name the folder that makes a Hudi table of a folder."""
    wanted = place.prefix + _FOLDER
    return wanted if wanted in listed.folders else None


async def _partitions(
    crawling: Crawling, location: str, said: TableMetadata, storage: Storage
) -> AsyncIterator[Sequence[FoundPartition]]:
    """Find the folders of partitions: those that Hudi has marked."""
    root = place_of(location)
    names = [one.name for one in said.partition_keys]
    decodes = said.parameters.get(_ENCODES, "false").lower() == "true"
    page: list[FoundPartition] = []
    in_base_format = said.parameters.get(_MARKS_SO, "false").lower() == "true"
    marker = f".hoodie_partition_metadata{'.parquet' if in_base_format else ''}"
    async for place in _marked(crawling, root, len(names), marker):
        values = _values(place.prefix[len(root.prefix) :].rstrip("/"), names)
        if values is None:
            crawling.log.warn(f"{place.location} is no partition by {', '.join(names)}")
            continue
        whole = tuple(unquote(one) if decodes else one for one in values)
        page.append(FoundPartition(whole, f"{place.location}/", (), storage))
        if len(page) == GLUE_PARTITION_PAGE_MAX:
            yield page
            page = []
    if page:
        yield page


def _values(path: str, names: Sequence[str]) -> list[str] | None:
    """Return the values of a partition's path below the table; None if it has others.

    A folder is `key=value` or the value alone. A single key may have a value with slashes.
    """
    folders = path.split("/")
    if len(names) == 1:
        folders = [path]
    if len(folders) != len(names):
        return None
    return [
        one[len(name) + 1 :] if one.lower().startswith(f"{name}=") else one
        for one, name in zip(folders, names, strict=True)
    ]


async def _marked(crawling: Crawling, root: Place, depth: int, marker: str) -> AsyncIterator[Place]:
    """Find the marked folders, which are as deep as the table has keys, or deeper."""
    waiting = [(root, 0)]
    while waiting:
        place, at = waiting.pop()
        if at >= depth and await _is_marked(crawling, place, marker):
            yield place
        elif at < CRAWL_TRAVERSAL_DEPTH_MAX:
            listed = await level(crawling, place)
            waiting += [
                (Place(root.bucket, one), at + 1)
                for one in reversed(listed.folders)
                if not one[len(root.prefix) :].startswith(_FOLDER)
            ]


async def _is_marked(crawling: Crawling, place: Place, marker: str) -> bool:
    request = {"Bucket": place.bucket, "Key": place.prefix + marker}
    try:
        await crawling.caller.call("s3", "head_object", request)
    except AwsError as error:
        if error.status != 404:
            raise
        return False
    return True
