"""Changes of a commit, applied as JSON: PyIceberg's own rules are the oracle."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.table.update import TableUpdate, update_table_metadata

from lakebed.core.errors import AwsError
from lakebed.services.glue_iceberg._updates import check_requirements, updated

Json = dict[str, Any]
_ADAPTER: TypeAdapter[Any] = TypeAdapter(TableUpdate)


def start(version: int = 2) -> Json:
    field = {"id": 1, "name": "id", "required": True, "type": "long"}
    made: Json = {
        "format-version": version, "table-uuid": "0b1d8b9e-2b3c-4b7e-8e0e-1f3f6a1c2d3e",
        "location": "s3://lake/t", "last-column-id": 1, "last-updated-ms": 1,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": [field]}],
        "current-schema-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}],
        "default-spec-id": 0, "last-partition-id": 999,
        "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0,
        "properties": {}, "refs": {}, "snapshots": [], "snapshot-log": [], "metadata-log": [],
    }  # fmt: skip
    if version > 1:
        made["last-sequence-number"] = 0
    return updated(made, [], 1)


class Writer:
    """Makes commits that are valid for the state of a table."""

    def __init__(self, metadata: Json) -> None:
        self.metadata = metadata
        self.times = itertools.count(10)

    def column(self, number: int) -> list[Json]:
        """Add a column."""
        fields = self.metadata["schemas"][-1]["fields"]
        last = self.metadata["last-column-id"]
        kind: Any = "int"
        if number % 2:
            kind = {"type": "list", "element-id": last + 2, "element": "string",
                    "element-required": False}  # fmt: skip
        field = {"id": last + 1, "name": f"c{last}", "required": False, "type": kind}
        number = max(one["schema-id"] for one in self.metadata["schemas"]) + 1
        schema = {"type": "struct", "schema-id": number, "fields": [*fields, field]}
        return [{"action": "add-schema", "schema": schema},
                {"action": "set-current-schema", "schema-id": -1}]  # fmt: skip

    def partition(self, number: int) -> list[Json]:
        """Add a partition spec."""
        at = self.metadata["last-partition-id"] + 1
        field = {"source-id": 1, "field-id": at, "transform": f"bucket[{at}]", "name": f"p{at}"}
        number = max(one["spec-id"] for one in self.metadata["partition-specs"]) + 1
        return [{"action": "add-spec", "spec": {"spec-id": number, "fields": [field]}},
                {"action": "set-default-spec", "spec-id": -1}]  # fmt: skip

    def order(self, number: int) -> list[Json]:
        """Add a sort order."""
        at = max(one["order-id"] for one in self.metadata["sort-orders"]) + 1
        field = {"source-id": 1, "transform": f"truncate[{at}]", "direction": "asc",
                 "null-order": "nulls-first"}  # fmt: skip
        return [{"action": "add-sort-order", "sort-order": {"order-id": at, "fields": [field]}},
                {"action": "set-default-sort-order", "sort-order-id": -1}]  # fmt: skip

    def append(self, number: int) -> list[Json]:
        """Add a snapshot to the main branch, or to another."""
        now, known = next(self.times), self.metadata["snapshots"]
        at = max([one["snapshot-id"] for one in known], default=100) + 1
        snapshot: Json = {
            "snapshot-id": at, "timestamp-ms": now, "manifest-list": f"s3://lake/t/{at}",
            "summary": {"operation": "append"}, "schema-id": self.metadata["current-schema-id"],
        }  # fmt: skip
        if self.metadata["format-version"] > 1:
            snapshot["sequence-number"] = self.metadata["last-sequence-number"] + 1
        if self.metadata.get("current-snapshot-id") and number % 3:
            snapshot["parent-snapshot-id"] = self.metadata["current-snapshot-id"]
        ref = "main" if number % 4 else "other"
        return [{"action": "add-snapshot", "snapshot": snapshot},
                {"action": "set-snapshot-ref", "ref-name": ref, "type": "branch",
                 "snapshot-id": at}]  # fmt: skip

    def tag(self, number: int) -> list[Json]:
        """Name a snapshot, or take a name away."""
        known = self.metadata["snapshots"]
        if not known or number % 5 == 0:
            return [{"action": "remove-snapshot-ref", "ref-name": f"tag{number % 3}"}]
        at = known[number % len(known)]["snapshot-id"]
        return [{"action": "set-snapshot-ref", "ref-name": f"tag{number % 3}", "type": "tag",
                 "snapshot-id": at, "max-ref-age-ms": 5}]  # fmt: skip

    def statistics(self, number: int) -> list[Json]:
        """Say where the statistics of a snapshot are."""
        known = self.metadata["snapshots"]
        if not known:
            return []
        at = known[number % len(known)]["snapshot-id"]
        described = {one["snapshot-id"] for one in self.metadata.get("statistics") or []}
        if number % 3 == 0 and at in described:  # PyIceberg refuses others
            return [{"action": "remove-statistics", "snapshot-id": at}]
        sizes = {"file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}
        found = {"snapshot-id": at, "statistics-path": f"s3://lake/{number}", **sizes}
        return [{"action": "set-statistics", "statistics": found}]

    def properties(self, number: int) -> list[Json]:
        """Set a property and remove another."""
        key = f"k{number % 3}"
        if number % 2 and key in self.metadata["properties"]:
            return [{"action": "remove-properties", "removals": [key]}]
        return [{"action": "set-properties", "updates": {key: str(number)}},
                {"action": "set-location", "location": f"s3://lake/t{number % 2}"}]  # fmt: skip


KINDS = ("column", "partition", "order", "append", "append", "tag", "statistics", "properties")


def oracle(metadata: Json, updates: list[Json], location: str) -> Any:
    parsed = TableMetadataUtil.parse_obj(metadata)
    given_ = tuple(_ADAPTER.validate_python(one) for one in updates)
    return update_table_metadata(parsed, given_, metadata_location=location)


def comparable(metadata: Any) -> Json:
    """Return metadata without the moment of the commit, and what PyIceberg leaves as it was."""
    left = ("last-updated-ms", "metadata-log", "schema", "partition-spec")
    return {key: value for key, value in metadata.model_dump().items() if key not in left}


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([1, 2]),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 60)), max_size=12),
)
def test_commits_do_what_pyiceberg_does(version: int, steps: list[tuple[str, int]]) -> None:
    writer = Writer(start(version))
    for at, (kind, number) in enumerate(steps):
        updates = getattr(writer, kind)(number)
        if not updates:
            continue
        location = f"s3://lake/t/metadata/{at:05d}-x.metadata.json"
        wanted = oracle(writer.metadata, updates, location)
        writer.metadata = updated(writer.metadata, updates, 5, location)
        made = TableMetadataUtil.parse_obj(writer.metadata)
        assert comparable(made) == comparable(wanted)
        if version == 1:
            assert made.schema_ == made.schema()
        assert [one.metadata_file for one in made.metadata_log][-1] == location


def test_the_log_of_metadata_files_has_a_limit() -> None:
    metadata = start()
    properties = {"write.metadata.previous-versions-max": "2"}
    metadata = updated(metadata, [{"action": "set-properties", "updates": properties}], 2, "a")
    for name in ("b", "c"):
        metadata = updated(metadata, [{"action": "set-location", "location": name}], 3, name)
    assert [one["metadata-file"] for one in metadata["metadata-log"]] == ["b", "c"]


def test_removed_snapshots_leave_the_history_whole() -> None:
    metadata = start()
    for at in (1, 2, 3):
        snapshot = {"snapshot-id": at, "timestamp-ms": at, "sequence-number": at,
                    "manifest-list": "x", "summary": {"operation": "append"}}  # fmt: skip
        ref = {"ref-name": "main", "type": "branch", "snapshot-id": at}
        metadata = updated(metadata, [{"action": "add-snapshot", "snapshot": snapshot},
                                      {"action": "set-snapshot-ref", **ref}], at)  # fmt: skip
    tag = {"ref-name": "old", "type": "tag", "snapshot-id": 2}
    metadata = updated(metadata, [{"action": "set-snapshot-ref", **tag}], 9)
    metadata = updated(metadata, [{"action": "remove-snapshots", "snapshot-ids": [2]}], 9)
    assert [one["snapshot-id"] for one in metadata["snapshots"]] == [1, 3]
    assert metadata["snapshot-log"] == [{"timestamp-ms": 3, "snapshot-id": 3}]
    assert list(metadata["refs"]) == ["main"]
    metadata = updated(metadata, [{"action": "remove-snapshot-ref", "ref-name": "main"}], 9)
    assert "current-snapshot-id" not in metadata


def test_unused_schemas_and_specs_are_removed() -> None:
    writer = Writer(start())
    for updates in (writer.column(0), writer.partition(0)):
        writer.metadata = updated(writer.metadata, updates, 2)
    gone = [{"action": "remove-schemas", "schema-ids": [0]},
            {"action": "remove-partition-specs", "spec-ids": [0]}]  # fmt: skip
    found = updated(writer.metadata, gone, 3)
    assert [one["schema-id"] for one in found["schemas"]] == [1]
    assert [one["spec-id"] for one in found["partition-specs"]] == [1]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"action": "set-current-schema", "schema-id": 7}, "Unknown schema-id: 7"),
        ({"action": "set-default-spec", "spec-id": -1}, "Cannot set the last added spec"),
        ({"action": "remove-schemas", "schema-ids": [0]}, "Cannot remove the current schema-id"),
        ({"action": "upgrade-format-version", "format-version": 1}, "Cannot downgrade v2"),
        ({"action": "upgrade-format-version", "format-version": 3}, "format version 3"),
        ({"action": "set-location"}, "Invalid update set-location: 'location'"),
        ({"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 5},
         "Unknown snapshot-id: 5"),
        ({"action": "nonsense"}, "glue_iceberg.UpdateTable (nonsense)"),
    ],
)  # fmt: skip
def test_updates_that_mean_nothing_are_refused(update: Json, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        updated(start(), [update], 2)
    assert message in caught.value.message
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ({"type": "assert-create"}, "table already exists"),
        ({"type": "assert-table-uuid", "uuid": "x"}, "table-uuid is 0b1d8b9e"),
        ({"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1},
         "branch or tag main is at None, not 1"),
        ({"type": "assert-default-spec-id", "default-spec-id": 1}, "default-spec-id is 0, not 1"),
    ],
)  # fmt: skip
def test_requirements_that_do_not_hold_are_conflicts(requirement: Json, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        check_requirements(start(), [requirement])
    assert message in caught.value.message
    assert (caught.value.code, caught.value.status) == ("CommitFailedException", 409)


def test_requirements_that_hold_pass() -> None:
    metadata = start()
    held = [
        {"type": "assert-table-uuid", "uuid": metadata["table-uuid"]},
        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None},
        {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 1},
        {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
        {"type": "assert-default-sort-order-id", "default-sort-order-id": 0},
    ]
    check_requirements(metadata, held)
    check_requirements(None, [{"type": "assert-create"}])
    with pytest.raises(AwsError, match="Unknown requirement: assert-nothing"):
        check_requirements(metadata, [{"type": "assert-nothing"}])
    with pytest.raises(AwsError, match="table does not exist"):
        check_requirements(None, [held[0]])
