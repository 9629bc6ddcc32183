"""The crawl kind: say what stored files are: their format, their columns, how sure that is.

An engine gets files of the lake and the user's classifiers, and answers a `Finding` for each file.
It never sees a request, a principal, the store or the catalog. Nothing heavy is imported here.

An engine folder `lakebed/engines/crawl/<name>/` offers `open_engine(settings) -> CrawlEngine`.
Types of columns are Glue's (Hive's) texts: `bigint`, `array<struct<a:int,b:string>>`; see `types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

UNKNOWN = "UNKNOWN"
"""The classification of a file that no classifier takes for its own."""


class Column(msgspec.Struct, frozen=True):
    """A column of a file or table: its name as it will be in the catalog, its type, a comment.

    `parameters` are the column's own in the catalog, as pairs.
    """

    name: str
    type: str
    comment: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


class Storage(msgspec.Struct, frozen=True):
    """How a table's files are read: the members of Glue's StorageDescriptor that say so."""

    input_format: str = ""
    output_format: str = ""
    serde: str = ""
    serde_parameters: dict[str, str] = {}


class Sample(msgspec.Struct, frozen=True):
    """A file to be looked at: its key (for its name and suffix), its plain file, its size."""

    key: str
    path: Path
    size: int


class Classifier(msgspec.Struct, frozen=True):
    """A classifier of the user's: kind, name, version, members as Glue's API has them."""

    kind: Literal["grok", "xml", "json", "csv"]
    name: str
    options: Mapping[str, object] = {}
    version: int = 1


class Finding(msgspec.Struct, frozen=True):
    """What a file is.

    `classification` is Glue's (`csv`, `json`, `parquet`, …, or what a custom classifier names);
    `UNKNOWN` where no classifier took it. `certainty` is 0.0 to 1.0. `compression` is what Glue
    writes as `compressionType` (`none`, `gzip`, `bzip2`, …). `parameters` are those of the table
    that the format decides (`delimiter`, `skip.header.line.count`, `columnsOrdered`, …). `records`
    is the number of records of the whole file, estimated from what was read. `message` says why a
    file could not be read or understood; it is empty for a file that was.
    """

    key: str
    classification: str
    certainty: float = 0.0
    columns: tuple[Column, ...] = ()
    compression: str = "none"
    storage: Storage = Storage()
    parameters: dict[str, str] = {}
    records: int = 0
    message: str = ""
    classifier: str = ""


class CrawlEngine(Protocol):
    """A machine that looks into files."""

    async def classify(
        self, files: Sequence[Sample], classifiers: Sequence[Classifier]
    ) -> list[Finding]:
        """Look into files, in a child process; answer one finding for each, in their order.

        Never raises for what a file is or does: a file that cannot be read, that vanished, that
        takes too long or too much memory has a finding with a message. Files of one folder belong
        into one call: what the first is, is tried first for the next. Cancelling the task ends it.
        """
        ...

    async def close(self) -> None:
        """End every child process; the engine is then done."""
        ...
