"""What the S3 service says of the lake's files, for those who check and copy them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lakebed.engines.objects import StoredObject, part_file
from lakebed.engines.objects.upkeep import Claims, KnownPart
from lakebed.services.s3._object_parts import OBJECT_PARTS
from lakebed.services.s3.model import BUCKETS, PARTS, UPLOADS, is_legal_bucket_name
from lakebed.store import Range, Scope


def claims() -> Claims:
    """Return what S3's tables say of buckets, parts and versions."""
    return Claims(_buckets, _parts, _has_part, _part_sizes, is_legal_bucket_name)


def _buckets(scope: Scope) -> frozenset[str]:
    return frozenset(bucket.name for bucket in BUCKETS.scan(scope))


def _parts(scope: Scope) -> Iterator[KnownPart]:
    for part in PARTS.scan(scope):
        yield KnownPart(part.upload_id, part.name, part.sealed_size or part.size)


def _has_part(scope: Scope, upload: str, file: str) -> bool:
    parts = PARTS.scan(scope, Range(prefix=(upload,)))
    return any(part_file(part.name) == file for part in parts)


def _part_sizes(scope: Scope, found: StoredObject) -> Sequence[int]:
    if not found.part_count:
        return ()
    row = OBJECT_PARTS.get(scope, found.bucket, found.key, found.version_id)
    return [part.size for part in row.parts] if row is not None and row.etag == found.etag else ()


def forget_uploads(scope: Scope, ids: set[str]) -> None:
    """Forget multipart uploads whose parts are gone."""
    for upload in [upload for upload in UPLOADS.scan(scope) if upload.upload_id in ids]:
        UPLOADS.delete(scope, upload.bucket, upload.key, upload.upload_id)
        PARTS.delete_range(scope, Range(prefix=(upload.upload_id,)))
