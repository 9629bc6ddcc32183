"""The objects of an S3 target, folder by folder: how many, how large, and whether they changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from lakebed.context import Caller
from lakebed.core.columns import Columns
from lakebed.core.errors import AwsError
from lakebed.services.glue._crawl import CrawlError
from lakebed.services.glue._crawl_globs import compiled

_HIDDEN = re.compile(r"(?<![^/])[._]")
"""Names that Athena does not read, so a table must not be made of them: `_SUCCESS`, `.part.crc`."""


@dataclass
class Listed:
    """The objects of one folder: their number and bytes, and a digest of names, sizes and ETags."""

    files: int = 0
    size_bytes: int = 0
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    has_subfolders: bool = False


@dataclass(frozen=True)
class Target:
    """An include path: `prefix` is empty, ends with `/`, or is the key of a `single` object."""

    path: str
    bucket: str
    prefix: str
    exclusions: tuple[str, ...] = ()
    sample_size: int = 0
    single: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """The exclusions as the table says them: by their whole paths."""
        return tuple(f"s3://{self.bucket}/{self.prefix}{one}" for one in self.exclusions)


def target_of(given: Mapping[str, Any]) -> Target:
    """Read an S3Target; CrawlError for a path that is none."""
    path: str = given.get("Path", "")
    match = re.fullmatch(r"(?:s3[an]?://)?([^/]+)/*(.*)", path, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise CrawlError(f"The path {path!r} of the target is not of the form s3://bucket/prefix.")
    prefix = match[2]
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    exclusions = tuple(one for one in given.get("Exclusions") or () if one.strip())
    return Target(path, match[1], prefix, exclusions, given.get("SampleSize") or 0)


async def resolved(caller: Caller, target: Target) -> Target:
    """Return the target as it is meant: of one object, if there is one of its name.

    AwsError if the bucket is not there or may not be listed.
    """
    key = target.prefix.removesuffix("/")
    if not key or target.path.endswith("/"):
        return target
    try:
        await caller.call("s3", "head_object", {"Bucket": target.bucket, "Key": key})
    except AwsError as error:
        if error.code in ("NoSuchKey", "404", "NotFound"):
            return target
        raise
    return Target(target.path, target.bucket, key, sample_size=0, single=True)


async def survey(caller: Caller, target: Target) -> dict[str, Listed]:
    """Count what is in each folder at and below the target, without hidden and excluded files."""
    found: dict[str, Listed] = {}
    async for page in _pages(caller, target):
        for folder, rows in groupby(page, key=lambda row: row[0][: row[0].rfind("/") + 1]):
            listed = found.get(folder)
            if listed is None:
                listed = found[folder] = Listed()
            many = list(rows)
            listed.files += len(many)
            listed.size_bytes += sum(size for _, size, _ in many)
            text = "".join(f"{key}\0{size}\0{etag}\n" for key, size, etag in many)
            listed.digest.update(text.encode("utf-8", "surrogatepass"))
    _mark_parents(found, target)
    return found


def _mark_parents(found: Mapping[str, Listed], target: Target) -> None:
    for folder in found:
        parent = folder
        while len(parent) > len(target.prefix):
            parent = parent[: parent.rfind("/", 0, -1) + 1]
            if (above := found.get(parent)) is not None:
                if above.has_subfolders:
                    break
                above.has_subfolders = True


async def files(caller: Caller, target: Target, folder: str) -> list[tuple[str, int]]:
    """List the objects of one folder, not of its subfolders: keys and sizes, in key order."""
    found: list[tuple[str, int]] = []
    async for page in _pages(caller, target, folder):
        found += [(key, size) for key, size, _ in page]
    return found


async def _pages(
    caller: Caller, target: Target, folder: str | None = None
) -> AsyncIterator[Sequence[tuple[str, int, str]]]:
    request: dict[str, Any] = {"Bucket": target.bucket, "Prefix": target.prefix}
    if folder is not None and not target.single:
        request |= {"Prefix": folder, "Delimiter": "/"}
    excluded = [compiled(pattern) for pattern in target.exclusions]
    start = len(target.prefix)
    while True:
        page = await caller.call("s3", "list_objects_v2", request)
        rows = _rows(page.get("Contents", ()))
        if target.single:
            yield [row for row in rows if row[0] == target.prefix and row[1]]
            return
        yield [
            row
            for row in rows
            if row[1]
            and not _HIDDEN.search(row[0], start)
            and not row[0].endswith("/")
            and not any(pattern.fullmatch(row[0], start) for pattern in excluded)
        ]
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def _rows(contents: Any) -> list[tuple[str, int, str]]:
    if isinstance(contents, Columns):
        columns = contents.columns
        return list(zip(columns["Key"], columns["Size"], columns["ETag"], strict=True))
    return [(item["Key"], item["Size"], item["ETag"]) for item in contents]
