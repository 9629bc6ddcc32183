"""Finds the folders that are tables of an open format below a path, and names their metadata files.

A folder is a table by a folder in it: `_delta_log/`, `metadata/`, `.hoodie/`. What lies below a
table is not looked at, so a table's data files are never listed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.core.limits import CRAWL_TRAVERSAL_DEPTH, CRAWL_TRAVERSAL_DEPTH_MAX
from lakebed.engines.child import ChildError
from lakebed.engines.crawl.formats import MetadataFile, MetadataFiles, TableMetadata, read
from lakebed.services.glue._crawl import (
    CrawlError,
    Crawling,
    FoundPartition,
    FoundTable,
    check_plain,
)
from lakebed.services.glue._crawl_globs import excludes
from lakebed.services.glue._crawl_threshold import check_threshold

Json = Mapping[str, Any]
Partitions = AsyncIterator[Sequence[FoundPartition]]
_READ_TOGETHER = 50


class Place(msgspec.Struct, frozen=True):
    """A folder of the lake: `prefix` ends with a slash, or is empty for a whole bucket."""

    bucket: str
    prefix: str

    @property
    def location(self) -> str:
        """The folder as an S3 path without a slash at its end."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def name(self) -> str:
        """What a table in the folder is called."""
        return self.location.rpartition("/")[2]

    def below(self, key: str) -> str:
        """Return the path of a key below the folder."""
        return key[len(self.prefix) :]


def place_of(path: str) -> Place:
    """Read a target's path."""
    for scheme in ("s3://", "s3a://", "s3n://"):
        if path.startswith(scheme):
            bucket, _, prefix = path[len(scheme) :].partition("/")
            return Place(bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else "")
    raise CrawlError(f"The path {path} is not an Amazon S3 path.")


class Level(msgspec.Struct, frozen=True):
    """What lies directly in a folder: keys, and the prefixes of its folders."""

    keys: tuple[str, ...]
    folders: tuple[str, ...]


async def level(crawling: Crawling, place: Place) -> Level:
    """List a folder, as the crawler's role."""
    keys: list[str] = []
    folders: list[str] = []
    request: dict[str, Any] = {"Bucket": place.bucket, "Prefix": place.prefix, "Delimiter": "/"}
    async for page in _pages(crawling, request):
        keys += [one["Key"] for one in page.get("Contents", ())]
        folders += [one["Prefix"] for one in page.get("CommonPrefixes", ())]
    return Level(tuple(keys), tuple(folders))


async def keys_below(crawling: Crawling, place: Place) -> list[str]:
    """List all keys below a folder, as the crawler's role."""
    request: dict[str, Any] = {"Bucket": place.bucket, "Prefix": place.prefix}
    pages = [page async for page in _pages(crawling, request)]
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


async def _pages(crawling: Crawling, request: dict[str, Any]) -> AsyncIterator[Json]:
    while True:
        page = await crawling.caller.call("s3", "list_objects_v2", request)
        yield page
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


async def search(
    crawling: Crawling, target: Json, path: str, is_table: Callable[[Place, Level], str | None]
) -> AsyncIterator[Place]:
    """Find the tables below a path of a target, down to its MaximumTraversalDepth.

    `is_table` names the folder that makes one of a folder, None if there is none.
    https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
    """
    depth_max = target.get("MaximumTraversalDepth") or CRAWL_TRAVERSAL_DEPTH
    depth_max = min(depth_max, CRAWL_TRAVERSAL_DEPTH_MAX)
    patterns: Sequence[str] = target.get("Exclusions") or ()
    start = place_of(path)
    waiting = [(start, 0)]
    while waiting:
        place, depth = waiting.pop()
        listed = await level(crawling, place)
        if is_table(place, listed) is not None:
            yield place
        elif depth < depth_max:
            waiting += [
                (Place(place.bucket, one), depth + 1)
                for one in reversed(listed.folders)
                if not excludes(patterns, start.below(one))
            ]


async def check_connection(crawling: Crawling, target: Json) -> None:
    """Refuse a target whose network connection is not there.

    A network connection says through which VPC the lake is reached, which is no question here.
    """
    name = target.get("ConnectionName")
    if name:
        request = {"Name": name, "HidePassword": True}
        found = await crawling.caller.call("glue", "get_connection", request)
        kind = found["Connection"].get("ConnectionType")
        if kind != "NETWORK":
            raise CrawlError(f"The connection {name} is of the type {kind}, not NETWORK.")


async def named(crawling: Crawling, place: Place, names: Sequence[str]) -> list[MetadataFile]:
    """Return the plain files of metadata by their paths below a table.

    Each is asked for as the crawler's role, which must be allowed to read it.
    """
    found: list[MetadataFile] = []
    for name in names:
        key = place.prefix + name
        await crawling.caller.call("s3", "head_object", {"Bucket": place.bucket, "Key": key})
        await check_plain(crawling, place.bucket, [key])
        found.append(MetadataFile(name, crawling.engines.objects.local_path(place.bucket, key)))
    return found


async def read_all(
    crawling: Crawling, tables: Sequence[MetadataFiles]
) -> list[tuple[MetadataFiles, TableMetadata]]:
    """Read the metadata of tables; what cannot be read is logged and left out.

    Such a table is there all the same: with one left out, its target was not crawled whole.
    """
    out: list[tuple[MetadataFiles, TableMetadata]] = []
    for begin in range(0, len(tables), _READ_TOGETHER):
        some = tables[begin : begin + _READ_TOGETHER]
        try:
            answers = await read(some)
        except ChildError as error:
            raise CrawlError(f"Unable to read table metadata: {error}") from error
        for table, answer in zip(some, answers, strict=True):
            if answer.message:
                crawling.log.error(f"Unable to read table at {table.location}: {answer.message}")
            else:
                out.append((table, answer))
    return out


class Finds(msgspec.Struct):
    """What the targets of a kind were found to hold, before any of it is written.

    `whole` are the targets of which nothing was left out.
    """

    tables: list[tuple[FoundTable, Partitions | None]] = []
    whole: list[str] = []

    async def put(self, crawling: Crawling) -> None:
        """Write all of it into the catalog; CrawlError if it is more than TableThreshold."""
        check_threshold(crawling, len(self.tables))
        for table, partitions in self.tables:
            await crawling.catalog.put_table(table, partitions)
            kind = table.parameters["classification"].capitalize()
            crawling.log.info(f"Found {kind} table {table.name} at {table.location}")
        await crawling.catalog.finish(self.whole)
