"""Crawls Iceberg tables: each becomes a table that points at its newest metadata file.

https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakebed.engines.crawl import Storage
from lakebed.engines.crawl.formats import MetadataFiles
from lakebed.engines.crawl.formats.iceberg import is_metadata
from lakebed.services.glue._crawl import Crawling, FoundTable
from lakebed.services.glue._crawl_table_folders import (
    Finds,
    Level,
    Place,
    check_connection,
    level,
    named,
    read_all,
    search,
)

_METADATA = "metadata/"
_STORAGE = Storage(
    "org.apache.hadoop.mapred.FileInputFormat",
    "org.apache.hadoop.mapred.FileOutputFormat",
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
)
"""Readers go by `table_type`; the formats are those that Iceberg writes for Hive's sake."""


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Find the Iceberg tables of the targets and hand them to the catalog."""
    finds = Finds()
    for target in targets:
        await check_connection(crawling, target)
        for path in target.get("Paths") or ():
            await _look(crawling, target, path, finds)
    await finds.put(crawling)


async def _look(crawling: Crawling, target: Mapping[str, Any], path: str, finds: Finds) -> None:
    tables: list[MetadataFiles] = []
    async for place in search(crawling, target, path, _folder_of):
        listed = await level(crawling, Place(place.bucket, place.prefix + _METADATA))
        names = [name for name in map(place.below, listed.keys) if is_metadata(name)]
        if names:
            # Writers leave hundreds of old metadata files: only those of the last few can be it.
            found = await named(crawling, place, _candidates(names))
            tables.append(MetadataFiles("iceberg", place.location, tuple(found)))
    if not tables:
        crawling.log.warn(f"No Iceberg table found at {path}")
    readable = await read_all(crawling, tables)
    for table, said in readable:
        parameters = {
            "table_type": "ICEBERG",
            "metadata_location": f"{table.location}/{said.metadata}",
            "classification": "iceberg",
        }
        name = table.location.rpartition("/")[2]
        found = FoundTable(name, table.location, said.columns, _STORAGE, parameters, path)
        finds.tables.append((found, None))
    if len(readable) == len(tables):
        finds.whole.append(path)


def _folder_of(place: Place, listed: Level) -> str | None:
    """Name the folder that makes an Iceberg table of a folder."""
    wanted = place.prefix + _METADATA
    return wanted if wanted in listed.folders else None


_NEWEST = 20


def _candidates(names: Sequence[str]) -> list[str]:
    """Return the hint, what it may name, and the files of the highest versions."""
    numbered = sorted((one for one in names if not one.endswith(".text")), key=_number)
    hints = [one for one in names if one.endswith(".text")]
    return hints + (numbered if hints else numbered[-_NEWEST:])


def _number(name: str) -> int:
    text = name.removeprefix(_METADATA).removeprefix("v")
    return int(text[: len(text) - len(text.lstrip("0123456789"))])
