"""Tables of open formats, for crawlers: what the metadata of Delta Lake, Iceberg and Hudi say.

A crawler lists the metadata files and names them; they are read in a child process, because a
checkpoint in Parquet needs a heavy library and a file may be rubbish.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from lakebed.core.limits import MIB
from lakebed.engines.child import Bounds, ask
from lakebed.engines.crawl import Column

_BOUNDS = Bounds(seconds=120, memory_bytes=1024 * MIB)

Kind = Literal["delta", "iceberg", "hudi"]


class MetadataFile(msgspec.Struct, frozen=True):
    """A file of a table's metadata: its path below the table's folder, and its plain file."""

    name: str
    path: Path


class MetadataFiles(msgspec.Struct, frozen=True):
    """A table to be read: its format, its location (without a slash at its end), its metadata.

    `wants_files` asks for the data files of the newest version, too (Delta Lake only).
    """

    kind: Kind
    location: str
    files: tuple[MetadataFile, ...]
    wants_files: bool = False


class DataFile(msgspec.Struct, frozen=True):
    """A data file of the newest version: where it is, the values of its partition."""

    location: str
    partition: tuple[str | None, ...] = ()


class TableMetadata(msgspec.Struct, frozen=True):
    """What the metadata say of a table.

    `columns` are all without those of the partition keys; `parameters` are facts under the
    format's own names. `metadata` is the name of the file that says it
    (Iceberg), or the instant of the last commit (Hudi). `partition_names` are the keys as the
    format spells them (Delta Lake). `message` says
    why a table could not be read, and is empty for one that was.
    """

    columns: tuple[Column, ...] = ()
    partition_keys: tuple[Column, ...] = ()
    parameters: dict[str, str] = {}
    schema: str = ""
    metadata: str = ""
    files: tuple[DataFile, ...] = ()
    partition_names: tuple[str, ...] = ()
    message: str = ""


class MetadataError(Exception):
    """A table whose metadata cannot be read; the message says why."""


async def read(tables: Sequence[MetadataFiles]) -> list[TableMetadata]:
    """Read the metadata of tables; one answer for each, in their order.

    Raises ChildError if the child ended without an answer.
    """
    request = msgspec.msgpack.encode(tables, enc_hook=str)
    return msgspec.msgpack.decode(
        await ask("crawl.formats.reader", request, _BOUNDS), type=list[TableMetadata]
    )
