"""The lines of server access logs, and the keys of the objects that they are delivered in.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
Pure. That `aclRequired` and the cipher are never known is said by a hyphen.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from lakebed.core.accesses import Access
from lakebed.core.ids import host_id

if TYPE_CHECKING:
    from lakebed.shapes import s3

_RESOURCES = {
    "AbortMultipartUpload": "UPLOAD",
    "CompleteMultipartUpload": "UPLOAD",
    "CopyObject": "OBJECT",
    "CreateMultipartUpload": "UPLOADS",
    "DeleteObjects": "MULTI_OBJECT_DELETE",
    "DeleteObjectTagging": "OBJECT_TAGGING",
    "DeletePublicAccessBlock": "PUBLIC_ACCESS_BLOCK",
    "GetBucketAcl": "ACL",
    "GetBucketAccelerateConfiguration": "ACCELERATE",
    "GetBucketLifecycleConfiguration": "LIFECYCLE",
    "GetBucketLogging": "LOGGING_STATUS",
    "GetBucketNotificationConfiguration": "NOTIFICATION",
    "GetBucketOwnershipControls": "OWNERSHIP_CONTROLS",
    "GetBucketPolicy": "BUCKETPOLICY",
    "GetBucketPolicyStatus": "POLICY_STATUS",
    "GetBucketRequestPayment": "REQUEST_PAYMENT",
    "GetObjectAcl": "ACL",
    "GetObjectAttributes": "OBJECT_ATTRIBUTES",
    "GetObjectTagging": "OBJECT_TAGGING",
    "GetPublicAccessBlock": "PUBLIC_ACCESS_BLOCK",
    "ListMultipartUploads": "UPLOADS",
    "ListObjectVersions": "BUCKETVERSIONS",
    "ListObjects": "BUCKET",
    "ListObjectsV2": "BUCKET",
    "ListParts": "UPLOAD",
    "PutBucketAcl": "ACL",
    "PutObjectAcl": "ACL",
    "PutObjectTagging": "OBJECT_TAGGING",
    "UploadPart": "PART",
    "UploadPartCopy": "PART",
}
"""What AWS's log calls that which an operation is about, where its name does not say it; the
documentation shows some, the others are remembered."""
_METHODS = {"CopyObject": "COPY", "UploadPartCopy": "COPY"}


def operation_name(access: Access) -> str:
    """Return an operation in the words of the log: `REST.GET.OBJECT`."""
    kind = "WEBSITE" if access.is_website else "REST"
    if access.method == "OPTIONS":
        return f"{kind}.OPTIONS.PREFLIGHT"
    method = _METHODS.get(access.operation, access.method)
    return f"{kind}.{method}.{_resource(access)}"


def _resource(access: Access) -> str:
    name = access.operation
    if name.startswith(("PutBucket", "DeleteBucket")):
        name = "GetBucket" + name.partition("Bucket")[2]
    known = _RESOURCES.get(name) or _RESOURCES.get(access.operation)
    if known is not None:
        return known
    rest = name.removeprefix("GetBucket")
    if rest != name and rest:
        return rest.removesuffix("Configuration").upper()
    return "OBJECT" if access.key else "BUCKET"


class Source(NamedTuple):
    """The bucket that is logged."""

    bucket: str
    owner: str
    region: str


def line(access: Access, source: Source) -> str:
    """Return the line of a request, without its end."""
    moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(access.time))
    target = access.path + (f"?{access.query}" if access.query else "")
    fields = [
        source.owner,
        source.bucket,
        f"[{moment}]",
        _word(access.address),
        _word(access.requester),
        access.request_id,
        operation_name(access),
        # AWS encodes keys twice.
        _word(quote(access.key, safe="/")),
        f'"{access.method} {_quoted(target)} HTTP/1.1"',
        str(access.status),
        _word(access.error),
        _number(access.sent_bytes),
        _number(access.object_bytes),
        str(access.milliseconds),
        # What the answer took to begin is what is measured: the sending goes on behind it.
        str(access.milliseconds),
        f'"{_quoted(access.referer) or "-"}"',
        f'"{_quoted(access.user_agent) or "-"}"',
        _word(access.version_id),
        host_id(access.request_id),
        _word(access.signature),
        "-",
        _word(access.auth),
        _word(access.host),
        f"TLSv{access.tls_version}" if access.tls_version else "-",
        _word(access.access_point),
        "-",
        source.region,
    ]
    return " ".join(fields)


def _word(text: str) -> str:
    """Return a text that has no space in it; a hyphen for none."""
    return quote(text, safe="%/:;,=+@&~!$'()*?#[].-_") or "-"


def _quoted(text: str) -> str:
    """Return a text between quotes, which it must not end itself, nor its line."""
    return "".join(quote(one) if one == '"' or not one.isprintable() else one for one in text)


def _number(number: int) -> str:
    return str(number) if number > 0 else "-"


def objects_of(
    records: Iterable[Access], source: Source, status: s3.LoggingEnabled, now: float
) -> Mapping[str, str]:
    """Return what is delivered, by the key's begin: what comes behind it is the object's own.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format
    """
    found: dict[str, list[str]] = {}
    for access in records:
        found.setdefault(_key(access.time, source, status, now), []).append(line(access, source))
    return {key: "\n".join(lines) + "\n" for key, lines in found.items()}


def _key(event: float, source: Source, status: s3.LoggingEnabled, now: float) -> str:
    prefix = status["TargetPrefix"]
    partitioned = status.get("TargetObjectKeyFormat", {}).get("PartitionedPrefix")
    if partitioned is None:
        return prefix + time.strftime("%Y-%m-%d-%H-%M-%S-", time.gmtime(now))
    is_event = partitioned.get("PartitionDateSource", "EventTime") == "EventTime"
    moment = time.gmtime(event if is_event else now)
    name = time.strftime("%Y-%m-%d-00-00-00-" if is_event else "%Y-%m-%d-%H-%M-%S-", moment)
    day = time.strftime("%Y/%m/%d", moment)
    return f"{prefix}{source.owner}/{source.region}/{source.bucket}/{day}/{name}"
