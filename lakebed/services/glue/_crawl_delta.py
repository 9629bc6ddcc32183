"""Crawls Delta Lake tables: native ones that readers read by their log, or ones over a manifest.

https://docs.aws.amazon.com/glue/latest/dg/crawler-delta-lake.html
https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.engines.crawl import Storage
from lakebed.engines.crawl.formats import MetadataError, MetadataFiles, TableMetadata
from lakebed.engines.crawl.formats.delta import needed
from lakebed.services.glue._crawl import Crawling, FoundTable
from lakebed.services.glue._crawl_table_folders import (
    Place,
    check_connection,
    keys_below,
    named,
    place_of,
    read_all,
)

_LOG = "_delta_log/"
_SCHEMA_PART_CHARACTERS = 4000
"""Spark cuts a schema into parts of this length, so that a Hive metastore can keep it."""


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Read the Delta tables of the targets and hand them to the catalog."""
    for target in targets:
        await check_connection(crawling, target)
        if not target.get("CreateNativeDeltaTable"):
            # A table over _symlink_format_manifest/, which Athena's engine here does not read.
            raise NotBuiltError(
                "glue", "StartCrawler", "DeltaTarget without CreateNativeDeltaTable"
            )
        tables: list[MetadataFiles] = []
        for path in target.get("DeltaTables") or ():
            place = place_of(path)
            try:
                tables.append(await _metadata(crawling, place))
            except MetadataError as error:
                crawling.log.error(f"Unable to read table at {place.location}: {error}")
        for table, said in await read_all(crawling, tables):
            await crawling.catalog.put_table(_native(table.location, said))
            crawling.log.info(f"Found Delta table at {table.location}")


async def _metadata(crawling: Crawling, place: Place) -> MetadataFiles:
    keys = await keys_below(crawling, Place(place.bucket, place.prefix + _LOG))
    names = needed([place.below(key) for key in keys])
    return MetadataFiles("delta", place.location, tuple(await named(crawling, place, names)))


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


def _schema_parts(schema: str) -> dict[str, str]:
    """Return the parameters in which Spark keeps a table's schema."""
    size = _SCHEMA_PART_CHARACTERS
    parts = [schema[at : at + size] for at in range(0, len(schema), size)]
    named_parts = {f"spark.sql.sources.schema.part.{at}": part for at, part in enumerate(parts)}
    return {"spark.sql.sources.schema.numParts": str(len(parts)), **named_parts}
