"""What a Delta Lake table's log says: https://github.com/delta-io/delta/blob/master/PROTOCOL.md."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# pyarrow has no types.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from lakebed.engines.crawl import Column
from lakebed.engines.crawl.formats import (
    DataFile,
    MetadataError,
    MetadataFile,
    MetadataFiles,
    TableMetadata,
)

Action = Mapping[str, Any]
_COMMIT = re.compile(r"_delta_log/(\d{20})\.json")
_CHECKPOINT = re.compile(
    r"_delta_log/(\d{20})\.checkpoint(?:\.(?:(\d{10})\.(\d{10})|[0-9a-fA-F-]{36}))?\.(?:parquet|json)"
)
_SIDECARS = "_delta_log/_sidecars/"
_COLUMNS = ("add", "metaData", "protocol", "remove", "sidecar")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9]*://")
_PLAIN = {
    "boolean": "boolean", "byte": "tinyint", "short": "smallint", "integer": "int",
    "long": "bigint", "float": "float", "double": "double", "string": "string",
    "binary": "binary", "date": "date", "timestamp": "timestamp", "timestamp_ntz": "timestamp",
}  # fmt: skip


def needed(names: Sequence[str]) -> list[str]:
    """Return which files of a log, by their paths below the table, make its newest version.

    Those of the last checkpoint that is whole, the sidecars, and the commits after it.
    """
    commits = {int(match.group(1)): name for name in names if (match := _COMMIT.fullmatch(name))}
    start, chosen = _checkpoint(names)
    last = max([start, *commits])
    missing = [one for one in range(start + 1, last + 1) if one not in commits]
    if last < 0 or missing:
        raise MetadataError(
            f"The Delta log has no version {missing[0]}" if missing else "The Delta log is empty"
        )
    sidecars = [one for one in names if one.startswith(_SIDECARS)] if chosen else []
    return [*chosen, *sidecars, *(commits[one] for one in range(start + 1, last + 1))]


def _checkpoint(names: Sequence[str]) -> tuple[int, list[str]]:
    """Return the version and the files of the newest checkpoint that is whole; -1 for none."""
    found: dict[int, dict[int, list[str]]] = {}
    for name in names:
        match = _CHECKPOINT.fullmatch(name)
        if match:
            parts = found.setdefault(int(match.group(1)), {})
            parts.setdefault(int(match.group(3) or 1), []).append(name)
    for version in sorted(found, reverse=True):
        for count, parts in sorted(found[version].items()):
            if count == 1:
                return version, parts[:1]
            if len(parts) == count:
                return version, sorted(parts)
    return -1, []


def read_delta(table: MetadataFiles) -> TableMetadata:
    """Read the newest version of a table."""
    files = {one.name: one for one in table.files}
    replay = _Replay(table.location, table.wants_files, files)
    for name in needed(list(files)):
        if not name.startswith(_SIDECARS):
            replay.take(name)
    return replay.metadata()


class _Replay:
    """Applies the actions of a log in the order of versions."""

    def __init__(self, location: str, wants_files: bool, files: Mapping[str, MetadataFile]) -> None:
        self._location, self._wants_files, self._known = location, wants_files, files
        self._said: Action | None = None
        self._version = -1
        self._committed_ms = 0
        self._files: dict[tuple[str, str], Mapping[str, str | None]] = {}

    def take(self, name: str) -> None:
        """Apply the actions of one file of the log."""
        match = _COMMIT.fullmatch(name) or _CHECKPOINT.fullmatch(name)
        assert match is not None
        self._version = int(match.group(1))
        for action in self._actions(name):
            self._apply(action)

    def _actions(self, name: str) -> Iterator[Action]:
        file = self._known[name]
        actions = _lines(file) if name.endswith(".json") else _rows(file, self._wants_files)
        for action in actions:
            if not action.get("sidecar"):
                yield action
            elif self._wants_files:
                path = _SIDECARS + unquote(str(action["sidecar"]["path"]))
                if path not in self._known:
                    raise MetadataError(f"A part of a checkpoint is missing: {path}")
                yield from _rows(self._known[path], True)

    def _apply(self, action: Action) -> None:
        if action.get("metaData"):
            self._said = action["metaData"]
        if action.get("commitInfo"):
            self._committed_ms = int(action["commitInfo"].get("timestamp") or 0)
        if not self._wants_files:
            return
        if action.get("remove"):
            self._files.pop(_identity(action["remove"]), None)
        if action.get("add"):
            given = dict(action["add"].get("partitionValues") or ())
            self._files[_identity(action["add"])] = given

    def metadata(self) -> TableMetadata:
        """Return what was said in all."""
        if self._said is None:
            raise MetadataError("The Delta log has no metadata")
        if any(vector for _, vector in self._files):
            raise MetadataError("A manifest cannot say which rows its deletion vectors delete")
        schema = str(self._said["schemaString"])
        fields: list[Mapping[str, Any]] = msgspec.json.decode(schema)["fields"]
        keys = [str(one) for one in self._said.get("partitionColumns") or ()]
        by_name = {str(one["name"]): _column(one) for one in fields}
        parameters = {"delta.lastUpdateVersion": str(self._version)}
        if self._committed_ms:
            parameters["delta.lastCommitTimestamp"] = str(self._committed_ms)
        return TableMetadata(
            tuple(one for name, one in by_name.items() if name not in keys),
            tuple(by_name[name] for name in keys),
            parameters,
            schema,
            files=tuple(self._data_files(_physical(fields, keys))),
            partition_names=tuple(keys),
        )

    def _data_files(self, keys: Sequence[str]) -> Iterator[DataFile]:
        for (path, _), partition in sorted(self._files.items()):
            plain = unquote(path)
            where = plain if _ABSOLUTE.match(plain) else f"{self._location}/{plain}"
            # An empty value means NULL: the protocol's Partition Value Serialization.
            yield DataFile(where, tuple(partition.get(key) or None for key in keys))


def _identity(action: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a data file is known by: its path and its deletion vector."""
    vector: Mapping[str, Any] = action.get("deletionVector") or {}
    parts = (vector.get(part) for part in ("storageType", "pathOrInlineDv", "offset"))
    return str(action["path"]), "|".join(map(str, parts)) if vector else ""


def _physical(fields: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    """Return what the log calls columns, which column mapping names otherwise."""
    names = {
        one["name"]: (one.get("metadata") or {}).get("delta.columnMapping.physicalName")
        for one in fields
    }
    return [names.get(key) or key for key in keys]


def _column(field: Mapping[str, Any]) -> Column:
    comment = (field.get("metadata") or {}).get("comment") or ""
    return Column(str(field["name"]).lower(), glue_type(field["type"]), str(comment))


def glue_type(given: Any) -> str:
    """Spell a type of Delta's JSON as Glue does."""
    if isinstance(given, str):
        if given.startswith("decimal("):
            return given.replace(" ", "")
        if given not in _PLAIN:
            raise MetadataError(f"The Delta type {given} has no type in the Data Catalog")
        return _PLAIN[given]
    kind = given["type"]
    if kind == "array":
        return f"array<{glue_type(given['elementType'])}>"
    if kind == "map":
        return f"map<{glue_type(given['keyType'])},{glue_type(given['valueType'])}>"
    inner = ",".join(f"{one['name'].lower()}:{glue_type(one['type'])}" for one in given["fields"])
    return f"struct<{inner}>"


def _lines(file: MetadataFile) -> Iterator[Action]:
    with file.path.open("rb") as stream:
        for line in stream:
            if line.strip():
                yield msgspec.json.decode(line)


def _rows(file: MetadataFile, wants_files: bool) -> Iterator[Action]:
    import pyarrow.parquet as library

    parquet: Any = library.ParquetFile(file.path)
    asked = _COLUMNS if wants_files else ("metaData",)
    have = [name for name in asked if name in parquet.schema_arrow.names]
    for batch in parquet.iter_batches(columns=have):
        yield from batch.to_pylist()
