"""The parts an object was put together from: what GetObjectAttributes and `partNumber` read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lakebed.context import Context
from lakebed.engines.objects import StoredObject
from lakebed.store import Range, Table


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """One part of an object: how many bytes, and their checksums by member name."""

    size: int
    checksums: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ObjectParts:
    """The parts of one version of an object, in order; `etag` tells the object they belong to."""

    bucket: str
    key: str
    version_id: str
    etag: str
    parts: list[CompletedPart]


OBJECT_PARTS = Table(
    "s3_object_parts", ObjectParts, ("bucket", "key", "version_id"), everywhere=True
)


def keep_parts(ctx: Context, found: StoredObject, parts: Sequence[CompletedPart]) -> None:
    """Remember the parts of an object that was just put."""
    row = ObjectParts(found.bucket, found.key, found.version_id, found.etag, list(parts))
    OBJECT_PARTS.put(ctx, row)


def completed_parts(ctx: Context, found: StoredObject) -> list[CompletedPart]:
    """Return the parts of an object, the first one first; none if it was put as a whole."""
    if not found.part_count:
        return []
    row = OBJECT_PARTS.get(ctx, found.bucket, found.key, found.version_id)
    # A PUT over the key leaves the row: it costs less to tell here than to look for it there.
    return row.parts if row is not None and row.etag == found.etag else []


def forget_parts(ctx: Context, found: StoredObject) -> None:
    """Forget the parts of a version that is deleted."""
    if found.part_count:
        OBJECT_PARTS.delete(ctx, found.bucket, found.key, found.version_id)


def forget_bucket_parts(ctx: Context, bucket: str) -> None:
    """Forget all parts of a bucket that is deleted."""
    OBJECT_PARTS.delete_range(ctx, Range(prefix=(bucket,)))
