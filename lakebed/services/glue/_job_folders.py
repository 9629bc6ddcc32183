"""Which buckets a Spark job reads and writes as folders, without a hop over the network.

A bucket of which only files matter: no versions, locks, encryption or notifications. Everything
else is reached by S3's protocol; so is all in `strict` mode, since files know no permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError

_ASKED_AT_ONCE = 20
"""Buckets that are looked at before others have their turn."""


async def plain_buckets(caller: Caller) -> list[str]:
    """Return the buckets of the caller's account that are nothing but folders."""
    try:
        listed = await caller.call("s3", "list_buckets", {})
    except AwsError:
        return []
    names = [bucket["Name"] for bucket in listed["Buckets"]]
    found: list[str] = []
    for at in range(0, len(names), _ASKED_AT_ONCE):
        part = names[at : at + _ASKED_AT_ONCE]
        found += await caller.write(lambda ctx, part=part: list(_plain(ctx, part)))
    return found


def _plain(ctx: Context, buckets: Sequence[str]) -> Iterable[str]:
    for bucket in buckets:
        if not any(
            (
                _says(ctx, "get_bucket_versioning", bucket),
                _says(ctx, "get_bucket_encryption", bucket),
                _says(ctx, "get_bucket_notification_configuration", bucket),
            )
        ):
            yield bucket


def _says(ctx: Context, operation: str, bucket: str) -> Any:
    """Return what a bucket is set to; nothing where it is not set."""
    try:
        said = getattr(ctx.aws.s3, operation)({"Bucket": bucket})
    except AwsError as error:
        return {} if "NotFound" in error.code else {"refused": error.code}
    return {name: value for name, value in said.items() if value or value == {}}
