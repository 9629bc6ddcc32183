"""Crawls Delta Lake tables: native ones that readers read by their log, or ones over a manifest.

https://docs.aws.amazon.com/glue/latest/dg/crawler-delta-lake.html
https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lakebed.core.limits import GLUE_PARTITION_PAGE_MAX
from lakebed.engines.crawl import Storage
from lakebed.engines.crawl.formats import MetadataError, MetadataFiles, TableMetadata
from lakebed.engines.crawl.formats.delta import needed
from lakebed.services.glue import _crawl_manifests as manifests
from lakebed.services.glue._crawl import Crawling, FoundPartition, FoundTable
from lakebed.services.glue._crawl_table_folders import (
    Finds,
    Place,
    check_connection,
    keys_below,
    named,
    place_of,
    read_all,
)
from lakebed.services.glue._crawl_threshold import check_threshold

_LOG = "_delta_log/"
_SCHEMA_PART_CHARACTERS = 4000
"""Spark cuts a schema into parts of this length, so that a Hive metastore can keep it."""


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Read the Delta tables of the targets and hand them to the catalog."""
    finds = Finds()
    manifested: list[tuple[str, TableMetadata]] = []
    for target in targets:
        await check_connection(crawling, target)
        is_native = bool(target.get("CreateNativeDeltaTable"))
        writes = bool(target.get("WriteManifest"))
        tables = await _tables(crawling, target, writes or not is_native, finds)
        for table, said in await read_all(crawling, tables):
            linked = _linked(table.location, said)
            finds.tables.append((_native(table.location, said), None) if is_native else linked)
            finds.whole.append(table.location)
            if writes:
                manifested.append((table.location, said))
    check_threshold(crawling, len(finds.tables))
    for location, said in manifested:
        await manifests.write(crawling, location, said)
    await finds.put(crawling)


async def _tables(
    crawling: Crawling, target: Mapping[str, Any], wants_files: bool, finds: Finds
) -> list[MetadataFiles]:
    """Name the metadata of the tables of a target; a path without a log is a table that is gone."""
    tables: list[MetadataFiles] = []
    for path in target.get("DeltaTables") or ():
        place = place_of(path)
        try:
            found = await _metadata(crawling, place, wants_files)
        except MetadataError as error:
            crawling.log.error(f"Unable to read table at {place.location}: {error}")
            continue
        if found is None:
            crawling.log.warn(f"No Delta table found at {place.location}")
            finds.whole.append(place.location)
        else:
            tables.append(found)
    return tables


async def native_table(crawling: Crawling, location: str) -> FoundTable | None:
    """Return the native table that a log says there is at a location; None if it is unreadable."""
    place = place_of(location)
    try:
        found = await _metadata(crawling, place, wants_files=False)
    except MetadataError as error:
        crawling.log.error(f"Unable to read table at {place.location}: {error}")
        return None
    for _, said in await read_all(crawling, [found] if found else []):
        return _native(place.location, said)
    return None


async def _metadata(crawling: Crawling, place: Place, wants_files: bool) -> MetadataFiles | None:
    keys = await keys_below(crawling, Place(place.bucket, place.prefix + _LOG))
    if not keys:
        return None
    names = needed([place.below(key) for key in keys])
    found = await named(crawling, place, names)
    return MetadataFiles("delta", place.location, tuple(found), wants_files)


def _native(location: str, said: TableMetadata) -> FoundTable:
    """Return a table as Spark would write it: no reader takes it for files in another format."""
    storage = Storage(
        "org.apache.hadoop.mapred.SequenceFileInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        {"serialization.format": "1", "path": f"{location}/"},
    )
    parameters = {
        "EXTERNAL": "true",
        "classification": "delta",
        "table_type": "delta",
        "spark.sql.sources.provider": "delta",
        "spark.sql.partitionProvider": "catalog",
        **_schema_parts(said.schema),
        **said.parameters,
    }
    name = location.rpartition("/")[2]
    return FoundTable(
        name, f"{location}/", said.columns, storage, parameters, location, said.partition_keys
    )


def _linked(
    location: str, said: TableMetadata
) -> tuple[FoundTable, AsyncIterator[Sequence[FoundPartition]] | None]:
    """Return a table of Parquet files that a manifest in each of its partitions names."""
    storage = Storage(
        "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        {"serialization.format": "1"},
    )
    name, place = location.rpartition("/")[2], f"{location}/{manifests.FOLDER}"
    parameters = {"EXTERNAL": "true", "classification": "delta", **said.parameters}
    found = FoundTable(
        name, place, said.columns, storage, parameters, location, said.partition_keys
    )
    return found, _partitions(place, said, storage) if said.partition_keys else None


async def _partitions(
    place: str, said: TableMetadata, storage: Storage
) -> AsyncIterator[Sequence[FoundPartition]]:
    listed = sorted(manifests.by_folder(said))
    for begin in range(0, len(listed), GLUE_PARTITION_PAGE_MAX):
        yield [
            FoundPartition(values, f"{place}{folder}", (), storage)
            for folder, values in listed[begin : begin + GLUE_PARTITION_PAGE_MAX]
        ]


def _schema_parts(schema: str) -> dict[str, str]:
    """Return the parameters in which Spark keeps a table's schema."""
    size = _SCHEMA_PART_CHARACTERS
    parts = [schema[at : at + size] for at in range(0, len(schema), size)]
    named_parts = {f"spark.sql.sources.schema.part.{at}": part for at, part in enumerate(parts)}
    return {"spark.sql.sources.schema.numParts": str(len(parts)), **named_parts}
