"""What a crawl is given and what it finds: the nouns between a crawler's run and its targets.

A module `_crawl_<kind>.py` finds tables in the targets of one kind and hands each to
`Crawling.catalog`; it never writes the Data Catalog itself.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from lakebed.context import Caller
from lakebed.core.clock import Clock
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.engines.crawl import Classifier, Column, Storage
from lakebed.plain_files import PlainFiles


class FoundPartition(msgspec.Struct, frozen=True):
    """A partition that a crawl found, with what it knows of its own files.

    `columns` are those of its files where they differ from the table's, else empty.
    """

    values: tuple[str, ...]
    location: str
    columns: tuple[Column, ...] = ()
    storage: Storage | None = None
    parameters: dict[str, str] = {}


class FoundTable(msgspec.Struct, frozen=True):
    """A table that a crawl found.

    `name` is what the folder, file or table is called: the prefix of the crawler, the folding into
    a legal name and what is done about a collision come later. `parameters` go to the table and its
    StorageDescriptor. `target` says which of the crawler's targets it belongs to (its path).
    """

    name: str
    location: str
    columns: tuple[Column, ...]
    storage: Storage
    parameters: dict[str, str]
    target: str
    partition_keys: tuple[Column, ...] = ()
    extra: Mapping[str, Any] = {}


class CrawlCatalog(Protocol):
    """Writes what was found into the Data Catalog, by the crawler's policies."""

    async def put_table(
        self, found: FoundTable, partitions: AsyncIterator[Sequence[FoundPartition]] | None = None
    ) -> str:
        """Create or update a table and its partitions; return its name in the catalog."""
        ...

    async def update_table(
        self,
        held: Mapping[str, Any],
        found: FoundTable,
        partitions: AsyncIterator[Sequence[FoundPartition]],
    ) -> None:
        """Update a table that is in the catalog, as GetTable shows it, and its partitions."""
        ...

    async def finish(self, targets: Sequence[str]) -> None:
        """Delete or deprecate what the targets that were crawled whole no longer hold."""
        ...


class CrawlLog(Protocol):
    """Lines into the crawl's log stream."""

    def info(self, text: str) -> None:
        """Say what the crawl does."""
        ...

    def warn(self, text: str) -> None:
        """Say what the crawl had to leave out, and why."""
        ...

    def error(self, text: str) -> None:
        """Say what made the crawl, or a target of it, fail."""
        ...


class Crawling(msgspec.Struct, frozen=True):
    """One crawl, as its targets see it.

    `definition` is the crawler as GetCrawler shows it (Targets, Role, Configuration, TablePrefix,
    SchemaChangePolicy, RecrawlPolicy, …); `configuration` the JSON of Configuration, read.
    `caller` calls operations under the crawler's role. `classifiers` are the user's, in order.
    """

    caller: Caller
    engines: Engines
    settings: Settings
    clock: Clock
    log: CrawlLog
    catalog: CrawlCatalog
    crawl_id: str
    definition: Mapping[str, Any]
    configuration: Mapping[str, Any]
    classifiers: tuple[Classifier, ...] = ()


def plain_files(crawling: Crawling) -> PlainFiles:
    """Return what opens files for a crawl, decrypted where need be, and removes what it made."""
    name = f"{crawling.crawl_id}-{uuid.uuid4().hex}"
    scratch = crawling.settings.state_dir / "queries" / name
    return PlainFiles(crawling.caller, crawling.engines.objects, scratch)


class CrawlError(Exception):
    """A crawl that cannot go on: what LastCrawl shows as ErrorMessage."""


async def check_plain(crawling: Crawling, bucket: str, keys: Sequence[str]) -> None:
    """Refuse encrypted objects where a crawl reads the files of the lake as they are."""
    objects = crawling.engines.objects
    sealed = await crawling.caller.write(lambda ctx: objects.sealed_among(ctx, bucket, keys))
    if sealed:
        name = f"s3://{bucket}/{min(sealed)}"
        raise CrawlError(f"{name} is encrypted: crawls of this kind read plain files only.")
