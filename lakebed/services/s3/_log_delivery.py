"""Delivers server access logs into the buckets that are to have them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
As AWS's they are best effort: what was not delivered when the process died is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lakebed.context import Context
from lakebed.core.accesses import Access
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.policies import Caller
from lakebed.services.s3._access_lists import bucket_grants
from lakebed.services.s3._access_log import Source, objects_of
from lakebed.services.s3._grants import LOG_DELIVERY
from lakebed.services.s3._rules import rules_of
from lakebed.services.s3._settings import LOGGING, setting_of
from lakebed.services.s3.model import BUCKETS, Bucket
from lakebed.store import Table

if TYPE_CHECKING:
    from lakebed.shapes import s3

_SERVICE = "logging.s3.amazonaws.com"
_GRANTS = {"FULL_CONTROL": "GrantFullControl", "READ": "GrantRead", "READ_ACP": "GrantReadACP"}
_UNIQUE_BITS = 64


@dataclass(frozen=True, slots=True)
class LoggedBucket:
    """A bucket that has, or had, an access log; since when, in seconds."""

    bucket: str
    since: float


LOGGED_BUCKETS = Table("s3_logged_bucket", LoggedBucket, ("bucket",), everywhere=True)


def logged_buckets(ctx: Context) -> frozenset[str]:
    """Return the buckets that are logged now."""
    return frozenset(one.bucket for one in LOGGED_BUCKETS.scan(ctx))


class Log(NamedTuple):
    """Where the access to a bucket is to be logged, and since when."""

    source: Source
    status: s3.LoggingEnabled
    since: float
    now: float


def log_of(ctx: Context, name: str) -> Log | None:
    """Return where the access to a bucket is logged; None if it is not any more."""
    bucket, setting = BUCKETS.get(ctx, name), setting_of(ctx, name, LOGGING)
    logged = LOGGED_BUCKETS.get(ctx, name)
    if bucket is None or setting is None or setting.document is None or logged is None:
        LOGGED_BUCKETS.delete(ctx, name)
        return None
    source = Source(bucket.name, bucket.account, bucket.region)
    return Log(source, setting.document["LoggingEnabled"], logged.since, ctx.clock.now())


def spooled(log: Log, records: Sequence[Access], scratch: Path) -> Iterator[tuple[str, Spooled]]:
    """Yield the objects of a log, by the begin of their keys; each file before the next."""
    wanted = [one for one in records if one.time >= log.since]
    for begin, text in objects_of(wanted, log.source, log.status, log.now).items():
        data = text.encode()
        scratch.write_bytes(data)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        yield begin, Spooled(scratch, len(data), {"md5": digest})


def deliver(ctx: Context, log: Log, begin: str, body: Spooled) -> None:
    """Put an object into the bucket of a log; AwsError if that does not let it be put."""
    target = BUCKETS.get(ctx, log.status["TargetBucket"])
    if target is None or target.account != log.source.owner:
        raise AwsError(
            "NoSuchBucket", f"there is no bucket {log.status['TargetBucket']} of its own"
        )
    key = begin + ctx.ids.token(_UNIQUE_BITS).upper()
    if not _is_allowed(ctx, log.source, target, key):
        why = f"{target.name} does not let {_SERVICE} put objects into it"
        raise AwsError("AccessDenied", why, 403)
    request: Any = {"Bucket": target.name, "Key": key, "ContentType": "text/plain", "Body": body}
    ctx.aws.s3.put_object(request | _granted(log.status))


def _is_allowed(ctx: Context, source: Source, target: Bucket, key: str) -> bool:
    """Tell whether the target lets its logs be delivered, by its policy or by its access list."""
    if not target.rules:
        return False
    rules = rules_of(ctx, target)
    grants = bucket_grants(ctx, target) if rules.has_lists else ()
    if (LOG_DELIVERY, "WRITE") in grants or (LOG_DELIVERY, "FULL_CONTROL") in grants:
        return True
    caller = Caller(_SERVICE, "", "service", service=_SERVICE)
    conditions = {
        "aws:sourcearn": f"arn:aws:s3:::{source.bucket}",
        "aws:sourceaccount": source.owner,
        "aws:securetransport": "true",
    }
    resource, action = f"arn:aws:s3:::{target.name}/{key}", "s3:PutObject"
    asked = Asked(caller, action, resource, target.account, conditions)
    policy = rules.about(action, target.account)
    return evaluate(asked, Policies(resource=policy)).is_allowed


def _granted(status: Any) -> dict[str, str]:
    """Return who may read the log's objects, as the headers of a put say it."""
    found: dict[str, list[str]] = {}
    for grant in status.get("TargetGrants", ()):
        member, grantee = _GRANTS.get(grant.get("Permission", "")), grant.get("Grantee", {})
        if member is None:
            continue
        is_group = grantee.get("Type") == "Group"
        said = f'uri="{grantee.get("URI")}"' if is_group else f'id="{grantee.get("ID")}"'
        found.setdefault(member, []).append(said)
    return {member: ", ".join(said) for member, said in found.items()}
