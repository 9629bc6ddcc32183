"""What EventBridge is told of the objects of a bucket that wants it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
Written in the transaction in which the object changes. What hands do in the lake's folder, and
access points, tags, access lists and storage classes that change, are not told.
"""

from __future__ import annotations

from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.principal import Origin
from lakebed.engines.objects import StoredObject
from lakebed.event_queue import Happening, publish
from lakebed.services.s3._versions import shown
from lakebed.services.s3.model import Bucket

_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
_S3 = "s3.amazonaws.com"


def as_lifecycle(ctx: Context) -> Context:
    """Return a context in which deletions are S3's own, by a bucket's lifecycle."""
    return msgspec.structs.replace(ctx, origin=Origin(user_agent=_S3))


def tell_created(ctx: Context, bucket: Bucket, found: StoredObject, reason: str) -> None:
    """Tell that an object, or a new version of it, is there."""
    if bucket.tells_eventbridge:
        known = {"key": found.key, "size": found.size, "etag": found.etag}
        _tell(ctx, bucket, "Object Created", found, known, {"reason": reason})


def tell_deleted(ctx: Context, bucket: Bucket, gone: StoredObject, *, is_marker: bool) -> None:
    """Tell that an object or version is gone, or that a delete marker stands for it."""
    if not bucket.tells_eventbridge:
        return
    known = {"key": gone.key, "etag": gone.etag or _EMPTY_MD5}
    is_own = _is_lifecycle(ctx)
    more = {
        "reason": "Lifecycle Expiration" if is_own else "DeleteObject",
        "deletion-type": "Delete Marker Created" if is_marker else "Permanently Deleted",
    }
    _tell(ctx, bucket, "Object Deleted", gone, known, more)


def _is_lifecycle(ctx: Context) -> bool:
    """Tell whether it is S3 that deletes; whoever names itself so has an address."""
    origin = ctx.origin
    return origin is not None and origin.user_agent == _S3 and not origin.address


def _tell(  # noqa: PLR0913 (what an event says)
    ctx: Context,
    bucket: Bucket,
    kind: str,
    about: StoredObject,
    known: dict[str, Any],
    more: dict[str, str],
) -> None:
    if bucket.is_versioned:
        known["version-id"] = shown(about.version_id)
    # Greater than that of what was done to the object before: they sort as texts.
    known["sequencer"] = f"{int(ctx.clock.now() * 1_000_000):016X}"
    address = "" if ctx.origin is None else ctx.origin.address
    is_own = _is_lifecycle(ctx)
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": known,
        "request-id": ctx.request_id,
        "requester": _S3 if is_own else ctx.principal.account or "Anonymous",
        **({"source-ip-address": address} if address else {}),
        **more,
    }
    place = msgspec.structs.replace(ctx, account=bucket.account, region=bucket.region)
    happening = Happening("aws.s3", kind, (f"arn:aws:s3:::{bucket.name}",), detail)
    publish(place, happening)
