"""The transaction log of a Delta table: its newest state, from a checkpoint and the commits after.

Files are asked of the server one by one, so what the query's principal may not see is not read;
Delta's own library would look into folders by itself. Sources:
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#delta-log-entries
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# pyarrow has no types.

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import msgspec

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.catalog import File, Server, folder
from lakebed.engines.sql.duckdb.readers.arrow import arrow

Action = Mapping[str, Any]
"""One entry of the log: `{"add": {…}}`, `{"remove": {…}}`, `{"metaData": {…}}` …"""

READER_VERSION_MAX = 3
READER_FEATURES = frozenset(
    {"columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "typeWidening-preview",
     "v2Checkpoint", "vacuumProtocolCheck"}
)  # fmt: skip
"""The reader features that are built; a table that needs another is refused by its name."""

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(
    r"(\d{20})\.checkpoint(?:\.(?:(\d{10})\.(\d{10})|[0-9a-fA-F-]{36}))?\.(?:parquet|json)"
)
_COLUMNS = ("add", "metaData", "protocol", "remove", "sidecar")
_KEPT_MAX = 32
_ABSOLUTE = re.compile(r"[a-z][a-z0-9]*://")


@dataclass(frozen=True, slots=True)
class Added:
    """A data file of the table: where it is, its partition's values, what is said of its rows."""

    location: str
    partition: Mapping[str, str | None]
    size: int
    statistics: Mapping[str, Any]
    vector: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as its log says it is: the newest version, its metadata, its data files."""

    version: int
    location: str
    metadata: Mapping[str, Any]
    files: tuple[Added, ...]

    @property
    def configuration(self) -> Mapping[str, str]:
        """The table's properties."""
        return self.metadata.get("configuration") or {}

    @property
    def schema_text(self) -> str:
        """The schema, as Delta's JSON."""
        return str(self.metadata.get("schemaString") or "")

    @property
    def partition_columns(self) -> tuple[str, ...]:
        """The names of the columns whose values are not in the files."""
        return tuple(self.metadata.get("partitionColumns") or ())


_kept: OrderedDict[tuple[object, ...], Snapshot] = OrderedDict()
"""The last snapshots this worker has read, by the files of the log that make them."""


def read(server: Server, location: str, table: str) -> Snapshot:
    """Read the newest state of the table at a location; `table` is its name for errors."""
    base = folder(location)
    segment = _segment(server.files(f"{base}_delta_log/"), table, location)
    key = (base, *(_state(one) for one in segment.files))
    if key not in _kept:
        _kept[key] = _Replay(server, base, table).snapshot(segment)
        while len(_kept) > _KEPT_MAX:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def _state(file: File) -> tuple[str, int, int]:
    found = os.stat(file.path)
    return file.path, found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Segment:
    """The files that make the newest version: those of a checkpoint, then the commits after it."""

    version: int
    checkpoint: tuple[File, ...]
    commits: tuple[File, ...]

    @property
    def files(self) -> tuple[File, ...]:
        return self.checkpoint + self.commits


def _segment(files: Sequence[File], table: str, location: str) -> _Segment:
    commits: dict[int, File] = {}
    checkpoints: dict[int, list[tuple[int, File]]] = {}
    for one in files:
        name = one.key.rpartition("/")[2]
        if match := _COMMIT.fullmatch(name):
            commits[int(match.group(1))] = one
        elif match := _CHECKPOINT.fullmatch(name):
            checkpoints.setdefault(int(match.group(1)), []).append((int(match.group(3) or 1), one))
    start, chosen = -1, tuple[File, ...]()
    for version in sorted(checkpoints, reverse=True):
        chosen = _complete(checkpoints[version])
        if chosen:
            start = version
            break
    last = max([start, *commits])
    needed = range(start + 1, last + 1)
    missing = [one for one in needed if one not in commits]
    if last < 0 or missing:
        what = f": version {missing[0]} is missing" if missing else ""
        message = f"Metadata not found in transaction log for {table}{what} ({location})"
        raise TrinoError("DELTA_LAKE_INVALID_SCHEMA", message)
    return _Segment(last, chosen, tuple(commits[one] for one in needed))


def _complete(parts: Sequence[tuple[int, File]]) -> tuple[File, ...]:
    """Return the files of one checkpoint of a version, none if parts of each are missing."""
    whole = [file for count, file in parts if count == 1]
    if whole:
        return (whole[0],)
    for count in {count for count, _ in parts}:
        mine = sorted(file for number, file in parts if number == count)
        if len(mine) == count:
            return tuple(mine)
    return ()


class _Replay:
    """Applies actions in the order of versions: the last word on each file holds."""

    def __init__(self, server: Server, base: str, table: str) -> None:
        self.server, self.base, self.table = server, base, table
        self.metadata: Mapping[str, Any] | None = None
        self.files: dict[tuple[str, str], Added] = {}

    def snapshot(self, segment: _Segment) -> Snapshot:
        """Return what a segment of the log says."""
        for one in segment.checkpoint:
            self.apply(self.checkpointed(one))
        for one in segment.commits:
            self.apply(_lines(one))
        if self.metadata is None:
            message = f"Metadata not found in transaction log for {self.table}"
            raise TrinoError("DELTA_LAKE_INVALID_SCHEMA", message)
        return Snapshot(segment.version, self.base, self.metadata, tuple(self.files.values()))

    def checkpointed(self, file: File) -> Iterator[Action]:
        """Read a checkpoint with the sidecars it names."""
        found = _lines(file) if file.path.endswith(".json") else _rows(file)
        for action in found:
            sidecar = action.get("sidecar")
            if not sidecar:
                yield action
                continue
            path = unquote(str(sidecar["path"]))
            whole = path if _ABSOLUTE.match(path) else f"{self.base}_delta_log/_sidecars/{path}"
            part = self.server.exactly([whole])[0]
            if part is None:
                message = f"A part of a checkpoint is missing: {whole}"
                raise TrinoError("DELTA_LAKE_INVALID_SCHEMA", message)
            yield from _rows(part)

    def apply(self, actions: Iterator[Action]) -> None:
        """Take actions of one version."""
        for action in actions:
            if action.get("protocol"):
                check_protocol(action["protocol"], self.table)
            if action.get("metaData"):
                given: Mapping[str, Any] = action["metaData"]
                self.metadata = {**given, "configuration": _map(given.get("configuration"))}
            if action.get("remove"):
                self.files.pop(_key(action["remove"]), None)
            if action.get("add"):
                self.files[_key(action["add"])] = self.added(action["add"])

    def added(self, add: Mapping[str, Any]) -> Added:
        """Read an `add`."""
        path = unquote(str(add["path"]))
        said = add.get("stats")
        parsed = _statistics(said) if said else add.get("stats_parsed")
        return Added(
            path if _ABSOLUTE.match(path) else self.base + path,
            _partition(add.get("partitionValues")),
            int(add.get("size") or 0),
            parsed or {},
            add.get("deletionVector") or None,
        )


def _key(action: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a file is known by: its path and its deletion vector."""
    vector = action.get("deletionVector") or {}
    parts = (vector.get(part) for part in ("storageType", "pathOrInlineDv", "offset"))
    return str(action["path"]), "|".join(str(one) for one in parts) if vector else ""


def _map(given: Any) -> dict[str, Any]:
    """Return a map, which pyarrow reads from a checkpoint as a list of pairs."""
    return dict(given or ())


def _partition(given: Any) -> dict[str, str | None]:
    """Return the values of a partition; an empty one means NULL."""
    return {key: value if value != "" else None for key, value in _map(given).items()}


def check_protocol(protocol: Mapping[str, Any], table: str) -> None:
    """Refuse a table that needs of its readers what is not built."""
    version = int(protocol.get("minReaderVersion") or 1)
    if version > READER_VERSION_MAX:
        raise not_supported(f"Reader version {version} of the Delta Lake table {table}")
    unknown = sorted(set(protocol.get("readerFeatures") or ()) - READER_FEATURES)
    if unknown:
        raise not_supported(f"The feature {unknown[0]} of the Delta Lake table {table}")


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def _statistics(text: str) -> Mapping[str, Any] | None:
    """Read the statistics of a file; they are only advice, so broken ones count as absent."""
    try:
        found: Any = _decoder.decode(text)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _lines(file: File) -> Iterator[Action]:
    with open(file.path, "rb") as stream:
        for line in stream:
            if line.strip():
                yield msgspec.json.decode(line)


def _rows(file: File) -> Iterator[Action]:
    parquet = arrow("pyarrow.parquet").ParquetFile(file.path)
    have = [name for name in _COLUMNS if name in parquet.schema_arrow.names]
    for batch in parquet.iter_batches(columns=have):
        yield from batch.to_pylist()
