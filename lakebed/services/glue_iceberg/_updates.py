"""A commit's changes, applied to a table's metadata, and what it requires of the metadata.

The names and meanings are those of Iceberg's REST specification (TableUpdate, TableRequirement):
https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.glue_iceberg._schemas import FIRST_PARTITION_ID, highest_id
from lakebed.services.glue_iceberg.model import Json, bad_request

MAIN = "main"
_LOGGED_MAX = "write.metadata.previous-versions-max"
_LOGGED_MAX_DEFAULT = 100
VERSIONS = (1, 2)
"""The format versions the endpoint supports, by AWS's page."""

_REQUIRED: dict[str, tuple[str, str]] = {
    "assert-table-uuid": ("uuid", "table-uuid"),
    "assert-last-assigned-field-id": ("last-assigned-field-id", "last-column-id"),
    "assert-current-schema-id": ("current-schema-id", "current-schema-id"),
    "assert-last-assigned-partition-id": ("last-assigned-partition-id", "last-partition-id"),
    "assert-default-spec-id": ("default-spec-id", "default-spec-id"),
    "assert-default-sort-order-id": ("default-sort-order-id", "default-sort-order-id"),
}


def check_requirements(metadata: Json | None, requirements: Sequence[Json]) -> None:
    """Refuse a commit that was made for another state of the table."""
    for one in requirements:
        kind = one.get("type")
        if kind == "assert-create":
            if metadata is not None:
                raise _failed("table already exists")
            continue
        if metadata is None:
            raise _failed("table does not exist")
        if kind == "assert-ref-snapshot-id":
            _check_ref(metadata, one)
            continue
        if kind not in _REQUIRED:
            raise bad_request(f"Unknown requirement: {kind}")
        asked, held = _REQUIRED[kind]
        if one.get(asked) != metadata.get(held):
            raise _failed(f"{held} is {metadata.get(held)}, not {one.get(asked)}")


def _check_ref(metadata: Json, one: Json) -> None:
    name, wanted = one.get("ref"), one.get("snapshot-id")
    found = _refs(metadata).get(str(name))
    held: Any = found["snapshot-id"] if found else None
    if held != wanted:
        raise _failed(f"branch or tag {name} is at {held}, not {wanted}")


def _refs(metadata: Json) -> dict[str, Json]:
    return {**(metadata.get("refs") or {})}


def _rows(metadata: Json, key: str) -> list[Json]:
    return list(metadata.get(key) or [])


def _failed(reason: str) -> AwsError:
    return AwsError("CommitFailedException", f"Requirement failed: {reason}", 409)


def updated(metadata: Json, updates: Sequence[Json], now_ms: int, location: str = "") -> Json:
    """Return the metadata after a commit; `location` is the file that the former state is in."""
    change = _Change(metadata, now_ms)
    for one in updates:
        apply = _APPLIED.get(str(one.get("action")))
        if apply is None:
            raise NotBuiltError("glue_iceberg", "UpdateTable", str(one.get("action")))
        try:
            apply(change, one)
        except (KeyError, TypeError) as error:
            raise bad_request(f"Invalid update {one.get('action')}: {error}") from error
    made = change.metadata
    if location:
        logged = [
            *_rows(metadata, "metadata-log"),
            {"metadata-file": location, "timestamp-ms": metadata["last-updated-ms"]},
        ]
        given = str(made["properties"].get(_LOGGED_MAX, ""))
        kept = int(given) if given.isdigit() and int(given) else _LOGGED_MAX_DEFAULT
        made["metadata-log"] = logged[-kept:]
    if made["format-version"] == 1:
        made["schema"] = _by_id(made, "schemas", "schema-id", made["current-schema-id"])
        spec = _by_id(made, "partition-specs", "spec-id", made["default-spec-id"])
        made["partition-spec"] = spec["fields"]
    return made


class _Change:
    """A table's metadata while updates are applied; `-1` in them means what was last added."""

    def __init__(self, metadata: Json, now_ms: int) -> None:
        self.metadata: Json = {**metadata, "last-updated-ms": now_ms}
        self.last: dict[str, int] = {}
        self.added_snapshots: set[int] = set()

    def listed(self, key: str) -> list[Json]:
        """Return a list of the metadata, to be changed."""
        self.metadata[key] = _rows(self.metadata, key)
        return self.metadata[key]

    def numbered(self, what: str, number: int) -> int:
        """Return the number an update means."""
        if number != -1:
            return number
        if what not in self.last:
            raise bad_request(f"Cannot set the last added {what}: none was added")
        return self.last[what]

    def add(self, key: str, number_key: str, given: Json, first: int = 0) -> int:
        """Add a schema, spec or order under the next number, unless it is there."""
        found = self.listed(key)
        plain = {name: value for name, value in given.items() if name != number_key}
        for one in found:
            if {name: value for name, value in one.items() if name != number_key} == plain:
                return int(one[number_key])
        number = max([first - 1, *(int(one[number_key]) for one in found)]) + 1
        found.append({**plain, number_key: number})
        return number


def _by_id(metadata: Json, key: str, number_key: str, number: int) -> Json:
    found = next((one for one in _rows(metadata, key) if one[number_key] == number), None)
    if found is None:
        raise bad_request(f"Unknown {number_key}: {number}")
    return found


def _assign_uuid(change: _Change, given: Json) -> None:
    change.metadata["table-uuid"] = given["uuid"]


def _upgrade(change: _Change, given: Json) -> None:
    version, now = given["format-version"], change.metadata["format-version"]
    if version not in VERSIONS:
        raise NotBuiltError("glue_iceberg", "UpdateTable", f"format version {version}")
    if version < now:
        raise bad_request(f"Cannot downgrade v{now} table to v{version}")
    change.metadata["format-version"] = version
    change.metadata.setdefault("last-sequence-number", 0)


def _add_schema(change: _Change, given: Json) -> None:
    metadata = change.metadata
    schema: Json = {"type": "struct", **given["schema"]}
    last = max(int(metadata["last-column-id"]), highest_id(schema))
    change.last["schema"] = change.add("schemas", "schema-id", schema)
    metadata["last-column-id"] = last


def _set_schema(change: _Change, given: Json) -> None:
    number = change.numbered("schema", given["schema-id"])
    _by_id(change.metadata, "schemas", "schema-id", number)
    change.metadata["current-schema-id"] = number


def _add_spec(change: _Change, given: Json) -> None:
    metadata = change.metadata
    last = int(metadata["last-partition-id"])
    fields: list[Json] = []
    for one in given["spec"]["fields"]:
        number = one.get("field-id")
        number = last + 1 if number is None else int(number)
        last = max(last, number)
        fields.append({**one, "field-id": number})
    spec = {"fields": fields}
    change.last["spec"] = change.add("partition-specs", "spec-id", spec)
    metadata["last-partition-id"] = max(last, FIRST_PARTITION_ID - 1)


def _set_spec(change: _Change, given: Json) -> None:
    number = change.numbered("spec", given["spec-id"])
    _by_id(change.metadata, "partition-specs", "spec-id", number)
    change.metadata["default-spec-id"] = number


def _add_order(change: _Change, given: Json) -> None:
    order = {"fields": given["sort-order"]["fields"]}
    first = 1 if order["fields"] else 0
    change.last["sort order"] = change.add("sort-orders", "order-id", order, first)


def _set_order(change: _Change, given: Json) -> None:
    number = change.numbered("sort order", given["sort-order-id"])
    _by_id(change.metadata, "sort-orders", "order-id", number)
    change.metadata["default-sort-order-id"] = number


def _add_snapshot(change: _Change, given: Json) -> None:
    metadata, snapshot = change.metadata, given["snapshot"]
    snapshots = change.listed("snapshots")
    number = snapshot["snapshot-id"]
    if any(one["snapshot-id"] == number for one in snapshots):
        raise bad_request(f"Snapshot already exists for id: {number}")
    if metadata["format-version"] > 1:
        sequence, last = snapshot.get("sequence-number", 0), metadata["last-sequence-number"]
        if sequence <= last and snapshot.get("parent-snapshot-id") is not None:
            message = f"sequence number {sequence} of a snapshot is not above {last}"
            raise _failed(message)
        metadata["last-sequence-number"] = max(last, sequence)
    snapshots.append(snapshot)
    metadata["last-updated-ms"] = snapshot["timestamp-ms"]
    change.added_snapshots.add(number)


def _set_ref(change: _Change, given: Json) -> None:
    metadata, name = change.metadata, given["ref-name"]
    ref = {key: value for key, value in given.items() if key not in ("action", "ref-name")}
    refs = _refs(metadata)
    if refs.get(name) == ref:
        return
    snapshot = _by_id(metadata, "snapshots", "snapshot-id", ref["snapshot-id"])
    refs[name] = ref
    metadata["refs"] = refs
    if name == MAIN:
        metadata["current-snapshot-id"] = ref["snapshot-id"]
        if ref["snapshot-id"] in change.added_snapshots:
            metadata["last-updated-ms"] = snapshot["timestamp-ms"]
        entry = {"timestamp-ms": metadata["last-updated-ms"], "snapshot-id": ref["snapshot-id"]}
        change.listed("snapshot-log").append(entry)


def _remove_snapshots(change: _Change, given: Json) -> None:
    metadata, gone = change.metadata, set(given["snapshot-ids"])
    metadata["snapshots"] = [
        one for one in _rows(metadata, "snapshots") if one["snapshot-id"] not in gone
    ]
    for name, ref in _refs(metadata).items():
        if ref["snapshot-id"] in gone:
            _remove_ref(change, {"ref-name": name})
    for key in ("statistics", "partition-statistics"):
        if metadata.get(key):
            metadata[key] = [one for one in metadata[key] if one["snapshot-id"] not in gone]
    # The history is whole only from the last entry on whose snapshot is gone.
    kept: list[Json] = []
    for one in _rows(metadata, "snapshot-log"):
        kept = [] if one["snapshot-id"] in gone else [*kept, one]
    metadata["snapshot-log"] = kept


def _remove_ref(change: _Change, given: Json) -> None:
    metadata, name = change.metadata, given["ref-name"]
    refs = _refs(metadata)
    refs.pop(name, None)
    metadata["refs"] = refs
    if name == MAIN:
        metadata.pop("current-snapshot-id", None)
        metadata["snapshot-log"] = []


def _set_location(change: _Change, given: Json) -> None:
    change.metadata["location"] = str(given["location"]).rstrip("/")


def _set_properties(change: _Change, given: Json) -> None:
    metadata = change.metadata
    metadata["properties"] = {**metadata["properties"], **given["updates"]}


def _remove_properties(change: _Change, given: Json) -> None:
    gone = set(given["removals"])
    kept = {key: value for key, value in change.metadata["properties"].items() if key not in gone}
    change.metadata["properties"] = kept


def _statistics(key: str, member: str | None) -> Callable[[_Change, Json], None]:
    def apply(change: _Change, given: Json) -> None:
        made: Json | None = given[member] if member else None
        number = made["snapshot-id"] if made else given["snapshot-id"]
        kept = [one for one in change.listed(key) if one["snapshot-id"] != number]
        change.metadata[key] = [*kept, made] if made else kept

    return apply


def _removal(key: str, number_key: str, current: str, member: str) -> Any:
    def apply(change: _Change, given: Json) -> None:
        gone = set(given[member])
        if change.metadata[current] in gone:
            raise bad_request(f"Cannot remove the current {number_key}")
        kept = [one for one in change.listed(key) if one[number_key] not in gone]
        change.metadata[key] = kept

    return apply


_APPLIED: dict[str, Callable[[_Change, Json], None]] = {
    "assign-uuid": _assign_uuid,
    "upgrade-format-version": _upgrade,
    "add-schema": _add_schema,
    "set-current-schema": _set_schema,
    "add-spec": _add_spec,
    "set-default-spec": _set_spec,
    "add-sort-order": _add_order,
    "set-default-sort-order": _set_order,
    "add-snapshot": _add_snapshot,
    "set-snapshot-ref": _set_ref,
    "remove-snapshots": _remove_snapshots,
    "remove-snapshot-ref": _remove_ref,
    "set-location": _set_location,
    "set-properties": _set_properties,
    "remove-properties": _remove_properties,
    "set-statistics": _statistics("statistics", "statistics"),
    "remove-statistics": _statistics("statistics", None),
    "set-partition-statistics": _statistics("partition-statistics", "partition-statistics"),
    "remove-partition-statistics": _statistics("partition-statistics", None),
    "remove-partition-specs": _removal("partition-specs", "spec-id", "default-spec-id", "spec-ids"),
    "remove-schemas": _removal("schemas", "schema-id", "current-schema-id", "schema-ids"),
}
