"""Any history of versions, against what a list of them in memory says."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Shown = tuple[list[tuple[str, str, bytes]], list[tuple[str, str]], list[tuple[str, str]], list[str]]


class History:
    """What the versions of each key must be: (id, bytes; None for a marker), the newest first."""

    def __init__(self) -> None:
        self.status = ""
        self.keys: dict[str, list[tuple[str, bytes | None]]] = {"a": [], "a/b": []}

    def write(self, key: str, version_id: str, body: bytes | None) -> None:
        versions = self.keys[key]
        if version_id == "null":
            versions[:] = [entry for entry in versions if entry[0] != "null"]
        if body is not None or self.status:
            versions.insert(0, (version_id, body))

    def shown(self) -> Shown:
        """Return versions, markers, the latest of each key, and the objects there are."""
        entries = [(key, *entry) for key, versions in self.keys.items() for entry in versions]
        latest = [(key, versions[0][0]) for key, versions in self.keys.items() if versions]
        return (
            [entry for entry in entries if entry[2] is not None],
            [entry[:2] for entry in entries if entry[2] is None],
            sorted(latest),
            [key for key, versions in self.keys.items() if versions and versions[0][1]],
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "delete", "remove", "copy", "Enabled", "Suspended"]),
        st.sampled_from(["a", "a/b"]),
        st.integers(0, 3),
    ),
    max_size=12,
)
BUCKETS = itertools.count()


def take(s3, history: History, bucket: str, step: tuple[str, str, int]) -> None:
    """Take one step of a history, there and here."""
    what, key, number = step
    named = {"Bucket": bucket, "Key": key}
    versions = history.keys[key]
    if what in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": what})
        history.status = what
    elif what == "put":
        body = f"{key} {number}".encode()
        history.write(key, s3.put_object(**named, Body=body).get("VersionId", "null"), body)
    elif what == "delete":
        history.write(key, s3.delete_object(**named).get("VersionId", "null"), None)
    elif number < len(versions):
        version_id, body = versions[number]
        if what == "remove":
            s3.delete_object(**named, VersionId=version_id)
            del versions[number]
        elif body is not None:
            source = {**named, "VersionId": version_id}
            copied = s3.copy_object(**named, CopySource=source)
            history.write(key, copied.get("VersionId", "null"), body)


def shown(s3, bucket: str) -> Shown:
    page = s3.list_object_versions(Bucket=bucket)
    versions, markers = page.get("Versions", []), page.get("DeleteMarkers", [])

    def read(item) -> bytes:
        named = {name: item[name] for name in ("Key", "VersionId")}
        return s3.get_object(Bucket=bucket, **named)["Body"].read()

    latest = [(i["Key"], i["VersionId"]) for i in [*versions, *markers] if i["IsLatest"]]
    objects = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return (
        [(item["Key"], item["VersionId"], read(item)) for item in versions],
        [(item["Key"], item["VersionId"]) for item in markers],
        sorted(latest),
        [item["Key"] for item in objects],
    )


@pytest.fixture
def s3(lakebed):
    return lakebed.client("s3")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_history_of_versions_is_kept(s3, steps):
    history, bucket = History(), f"history-{next(BUCKETS)}"
    s3.create_bucket(Bucket=bucket)
    for step in steps:
        take(s3, history, bucket, step)
    assert shown(s3, bucket) == history.shown()
