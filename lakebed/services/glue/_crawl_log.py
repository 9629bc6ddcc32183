"""A crawl's lines in its log, worded as AWS's crawlers word them.

`[CRAWL ID] BENCHMARK : Running Start Crawl for Crawler flights`: a BENCHMARK line says how far the
crawl is, INFO, WARN and ERROR what it does and meets. The wording is taken from logs of AWS's
crawlers that people have published; no page of AWS lists it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.core.errors import AwsError
from lakebed.run_log import RunLog
from lakebed.services.glue._crawl import FoundPartition, FoundTable
from lakebed.services.glue._crawl_changes import CatalogChanges

_PERMISSIONS = (
    ". For more information, see Setting up IAM Permissions in the Developer Guide "
    "(http://docs.aws.amazon.com/glue/latest/dg/getting-started-access.html)."
)
_S3_CODES = ("AccessDenied", "NoSuchBucket", "NoSuchKey", "InvalidObjectState")
CHANGES = ("ADD", "UPDATE", "DELETE")


def sentence(error: AwsError) -> str:
    """Return what a crawl says of an operation that refused something, as AWS's SDK words it."""
    service = "Amazon S3" if error.code in _S3_CODES else "AWSGlue"
    said = (
        f"{error.message} (Service: {service}; Status Code: {error.status}; "
        f"Error Code: {error.code})"
    )
    return said + _PERMISSIONS if "Denied" in error.code else said


class CrawlLines:
    """Writes the lines of one crawl."""

    def __init__(self, log: RunLog, crawl_id: str) -> None:
        self._log = log
        self._crawl_id = crawl_id

    def benchmark(self, text: str) -> None:
        """Say how far the crawl is."""
        self._write("BENCHMARK", text)

    def info(self, text: str) -> None:
        """Say what the crawl does."""
        self._write("INFO", text)

    def warn(self, text: str) -> None:
        """Say what the crawl had to leave out, and why."""
        self._write("WARN", text)

    def error(self, text: str) -> None:
        """Say what made the crawl, or a target of it, fail."""
        self._write("ERROR", text)

    def summary(self, summary: Mapping[str, Any]) -> None:
        """Say what was changed, and how often, of partitions and of tables."""
        for kind in sorted(summary):
            self.info(f"Run Summary For {kind}:")
            for change in CHANGES:
                if change in summary[kind]:
                    self.info(f"{change}: {summary[kind][change]['Count']}")

    def _write(self, level: str, text: str) -> None:
        self._log.write(f"[{self._crawl_id}] {level} : {text}")


class AnnouncedCatalog:
    """A catalog that says, before the first table is written, by which rules it will be."""

    def __init__(
        self, catalog: CatalogChanges, lines: CrawlLines, definition: Mapping[str, Any]
    ) -> None:
        self._catalog = catalog
        self.lines = lines
        self._definition = definition
        self._is_announced = False

    async def put_table(
        self, found: FoundTable, partitions: AsyncIterator[Sequence[FoundPartition]] | None = None
    ) -> str:
        """Create or update a table and its partitions; return its name in the catalog."""
        self.announce()
        return await self._catalog.put_table(found, partitions)

    async def update_table(
        self,
        held: Mapping[str, Any],
        found: FoundTable,
        partitions: AsyncIterator[Sequence[FoundPartition]],
    ) -> None:
        """Update a table that is in the catalog, as GetTable shows it, and its partitions."""
        self.announce()
        await self._catalog.update_table(held, found, partitions)

    async def finish(self, targets: Sequence[str]) -> None:
        """Delete or deprecate what the targets that were crawled whole no longer hold."""
        self.announce()
        await self._catalog.finish(targets)

    def summary(self) -> dict[str, Any]:
        """Return what changed, as ListCrawls shows it."""
        return self._catalog.summary()

    def announce(self) -> None:
        """Say it, the first time."""
        if self._is_announced:
            return
        self._is_announced = True
        definition = self._definition
        self.lines.benchmark(
            "Classification complete, writing results to database "
            f"{definition.get('DatabaseName', 'default')}"
        )
        policy = msgspec.json.encode(definition["SchemaChangePolicy"]).decode()
        said = f"SchemaChangePolicy {policy}."
        if definition.get("Configuration"):
            said = (
                f"Configuration {definition['Configuration']} and {said} Note that values in the "
                "Configuration override values in the SchemaChangePolicy for S3 Targets."
            )
        self.lines.info(f"Crawler configured with {said}")
