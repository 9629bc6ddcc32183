"""Files of a path or a table, deleted or moved to another storage class.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-glue-context.html
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._listing import Listed, s3, split

_RETAINED_HOURS = 168
_KEYS_A_CALL = 1000
_MOVED_TO = frozenset(
    {
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """An object with its storage class."""

    file: Listed
    storage_class: str


@dataclass
class Done:
    """What was done and what failed."""

    succeeded: list[Held]
    failed: list[Held]


def due(path: str, options: Mapping[str, Any]) -> list[Held]:
    """Return the objects below a path that are older than the retention, and of other classes."""
    hours = float(options.get("retentionPeriod", _RETAINED_HOURS))
    newest = time.time() - hours * 3600
    excluded: frozenset[str] = frozenset(options.get("excludeStorageClasses") or ())
    return [
        one
        for one in _objects(path)
        if one.file.modified <= newest and one.storage_class not in excluded
    ]


def purge(held: Sequence[Held]) -> Done:
    """Delete objects."""
    client, done = s3(), Done([], [])
    for bucket, some in _by_bucket(held):
        for at in range(0, len(some), _KEYS_A_CALL):
            part = some[at : at + _KEYS_A_CALL]
            keys = [{"Key": split(one.file.path)[2]} for one in part]
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            failed = {one["Key"] for one in answer.get("Errors", ())}
            for one in part:
                into = done.failed if split(one.file.path)[2] in failed else done.succeeded
                into.append(one)
    return done


def transition(held: Sequence[Held], storage_class: str) -> Done:
    """Give objects another storage class."""
    client, done = s3(), Done([], [])
    for one in held:
        _, bucket, key = split(one.file.path)
        try:
            client.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource={"Bucket": bucket, "Key": key},
                StorageClass=storage_class,
                MetadataDirective="COPY",
            )
        except client.exceptions.ClientError:
            done.failed.append(one)
        else:
            done.succeeded.append(one)
    return done


def check_storage_class(name: str) -> None:
    """Raise ValueError for a class that S3 does not have."""
    if name not in _MOVED_TO:
        raise ValueError(f"{name} is no storage class that files can be moved to")


def check_account(options: Mapping[str, Any]) -> None:
    """Raise ValueError without what a transition must be told."""
    for name in ("accountId", "roleArn"):
        if not options.get(name):
            raise ValueError(f"{name} is mandatory for a transition")


def manifest(done: Done, options: Mapping[str, Any], transformation_ctx: str) -> None:
    """Write what was done and what failed as CSV files, if a path for them was given."""
    path = options.get("manifestFilePath")
    if not path:
        return
    _, bucket, prefix = split(str(path))
    folder = "/".join(part for part in (prefix.strip("/"), transformation_ctx) if part)
    for name, held in (("Success.csv", done.succeeded), ("Failed.csv", done.failed)):
        body = _table(held).encode()
        s3().put_object(Bucket=bucket, Key=f"{folder}/{name}".lstrip("/"), Body=body)


def _table(held: Iterable[Held]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for one in held:
        _, bucket, key = split(one.file.path)
        writer.writerow([bucket, key, one.file.size, one.storage_class])
    return text.getvalue()


def _objects(path: str) -> Iterator[Held]:
    scheme, bucket, prefix = split(path)
    if scheme == "file":
        raise ValueError(f"a path in Amazon S3 is needed, not {path}")
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    pages = s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    for page in pages:
        for one in page.get("Contents", ()):
            where = f"{scheme}://{bucket}/{one['Key']}"
            file = Listed(where, one["Size"], one["LastModified"].timestamp(), one.get("ETag", ""))
            yield Held(file, one.get("StorageClass", "STANDARD"))


def _by_bucket(held: Sequence[Held]) -> Iterator[tuple[str, list[Held]]]:
    found: dict[str, list[Held]] = {}
    for one in held:
        found.setdefault(split(one.file.path)[1], []).append(one)
    yield from found.items()
