"""The timeline of a Hudi table: which instants are complete, which file groups were replaced.

https://hudi.apache.org/tech-specs/#timeline
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.catalog import File, Server, folder

FOLDER = ".hoodie/"
_INSTANT = re.compile(r"(\d{8,})(?:_\d+)?\.([a-z]+)(?:\.(requested|inflight))?")
_WRITES = ("commit", "deltacommit", "replacecommit")
_PENDING = ("requested", "inflight")
_AVRO = b"Obj\x01"
_BOOTSTRAP = "hoodie.bootstrap.base.path"


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is known of a table before its files: its properties, its instants.

    `files` are those of the timeline itself, `replaced` pairs of a partition's path and the id of
    a file group that an INSERT OVERWRITE or a clustering has replaced.
    """

    base: str
    properties: Mapping[str, str]
    completed: frozenset[str]
    pending: frozenset[str]
    replaced: frozenset[tuple[str, str]]
    files: tuple[File, ...]

    def is_committed(self, instant: str) -> bool:
        """Tell whether files of an instant count.

        Instants older than the timeline's first are archived: what is left of them was committed.
        """
        if instant in self.completed:
            return True
        first = min(self.completed, default="")
        return instant < first and instant not in self.pending

    def has_word(self, relative: str, group: str) -> bool:
        """Tell whether a file group of a partition still holds rows."""
        return (relative, group) not in self.replaced


def read(server: Server, location: str, table: str) -> Timeline:
    """Read the timeline of the table at a location; `table` is its name for errors."""
    base = folder(location)
    listed = server.everything(base + FOLDER)
    # Below `.hoodie/metadata/` is another table, with a timeline of its own.
    inner = [one for one in listed if "/metadata/" not in one.key.rpartition("/.hoodie/")[2]]
    files = [one for one in inner if not _within(one, "metadata/")]
    properties = _properties(files, table, location)
    if properties.get(_BOOTSTRAP):
        raise not_supported(f"The Hudi table {table}, which was bootstrapped over other files,")
    completed, pending, replaced = set[str](), set[str](), set[tuple[str, str]]()
    for file, instant, action, state in _instants(files):
        if state is not None or action == "inflight":
            pending.add(instant)
        elif action in _WRITES:
            completed.add(instant)
            if action == "replacecommit":
                replaced |= _replaced(file)
    return Timeline(
        base, properties, frozenset(completed), frozenset(pending - completed),
        frozenset(replaced), tuple(files),
    )  # fmt: skip


def _within(file: File, inner: str) -> bool:
    return file.key.rpartition(FOLDER)[2].startswith(inner)


def _instants(files: Sequence[File]) -> Iterator[tuple[File, str, str, str | None]]:
    for one in files:
        path = one.key.rpartition(FOLDER)[2]
        if path.startswith(("archived/", "timeline/history/")):
            continue
        match = _INSTANT.fullmatch(path.rpartition("/")[2])
        if match:
            yield one, match.group(1), match.group(2), match.group(3)


def _properties(files: Sequence[File], table: str, location: str) -> Mapping[str, str]:
    found = next((one for one in files if one.key.endswith("/hoodie.properties")), None)
    if found is None:
        message = f"Hudi table {table} at {location} has no .hoodie/hoodie.properties"
        raise TrinoError("HUDI_INVALID_METADATA", message)
    out: dict[str, str] = {}
    with open(found.path, encoding="utf-8") as stream:
        for line in stream:
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                out[key.strip()] = value.strip().replace("\\:", ":").replace("\\=", "=")
    return out


def _replaced(file: File) -> set[tuple[str, str]]:
    """Read the file groups that an instant has replaced: from JSON, since Hudi 1.0 from Avro."""
    with open(file.path, "rb") as stream:
        content = stream.read()
    found: Any
    if content.startswith(_AVRO):
        import fastavro

        records: Any = fastavro.reader(io.BytesIO(content))
        found = next(iter(records))
    else:
        found = json.loads(content) if content.strip() else {}
    groups: Mapping[str, Sequence[str]] = found.get("partitionToReplaceFileIds") or {}
    return {(path, group) for path, ids in groups.items() for group in ids}
