"""S3's nouns: buckets, multipart uploads and their parts, and the errors all files share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import KEY_BYTES_MAX
from lakebed.engines.objects import Encryption, ObjectLock
from lakebed.store import Range, Table


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: its name is its own in all accounts and regions.

    `versioning` is AWS's status: empty (never enabled), `Enabled` or `Suspended`. `rules` is a
    digest of who may reach it besides its owner, empty if nobody may (`_rules.py`). `lock` is its
    object lock (`_locks.py`), empty if it has none; `encryption` the one rule of its default
    encryption (`_encryption.py`), empty if nobody put any; whether EventBridge hears of objects is
    `tells_eventbridge`.
    """

    name: str
    account: str
    region: str
    created: float
    versioning: str = ""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    rules: str = ""
    lock: dict[str, Any] = field(default_factory=dict[str, Any])
    encryption: dict[str, Any] = field(default_factory=dict[str, Any])
    tells_eventbridge: bool = False

    @property
    def is_versioned(self) -> bool:
        """Whether objects may have more than one version: versioning is, or was once, enabled."""
        return self.versioning != ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that is neither completed nor aborted."""

    bucket: str
    key: str
    upload_id: str
    account: str
    initiated: float
    headers: dict[str, str] = field(default_factory=dict[str, str])
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    algorithm: str = ""
    checksum_type: str = ""
    storage_class: str = ""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    owner: str = ""
    grants: tuple[tuple[str, str], ...] = ()
    lock: ObjectLock | None = None
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part of a multipart upload; `name` is the engine's name of its bytes.

    Of an encrypted one `sealed_size` is how long its file is, `digest` the CRC64NVME of that.
    """

    upload_id: str
    number: int
    etag: str
    size: int
    name: str
    last_modified: float
    checksums: dict[str, str] = field(default_factory=dict[str, str])
    sealed_size: int = 0
    digest: str = ""


BUCKETS = Table(
    "s3_bucket", Bucket, ("name",), indexes={"owner": ("account", "name")}, everywhere=True
)
UPLOADS = Table("s3_upload", Upload, ("bucket", "key", "upload_id"), everywhere=True)
PARTS = Table(
    "s3_part", UploadedPart, ("upload_id", "number"), numbers=("number",), everywhere=True
)


_BUCKET_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def is_legal_bucket_name(name: str) -> bool:
    """Say whether S3 lets a bucket have this name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    return (
        _BUCKET_NAME.fullmatch(name) is not None
        and ".." not in name
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(_BUCKET_PREFIXES)
        and not name.endswith(_BUCKET_SUFFIXES)
    )


def bucket_of(ctx: Context, request: Mapping[str, Any]) -> Bucket:
    """Return the bucket a request is about; NoSuchBucket, or AccessDenied to a wrong owner in it.

    Whether the caller may reach it was decided before (`_access.py`).
    """
    name: str = request["Bucket"]
    bucket = BUCKETS.get(ctx, name)
    if bucket is None:
        message = "The specified bucket does not exist"
        raise AwsError("NoSuchBucket", message, 404, {"BucketName": name})
    owner = request.get("ExpectedBucketOwner")
    if owner is not None and owner != bucket.account:
        if _ACCOUNT.fullmatch(owner) is None:
            message = (
                "The value of the expected bucket owner parameter must be an AWS Account ID... "
                f"[{owner}]"
            )
            raise AwsError("InvalidBucketOwnerAWSAccountID", message, 400)
        raise AwsError("AccessDenied", "Access Denied", 403)
    return bucket


def discard(ctx: Context, upload: Upload) -> bool:
    """Forget a multipart upload and, once that is committed, remove its parts.

    False, and nothing done, if the upload is gone already.
    """
    if not UPLOADS.delete(ctx, upload.bucket, upload.key, upload.upload_id):
        return False
    PARTS.delete_range(ctx, Range(prefix=(upload.upload_id,)))
    ctx.store.after_commit(lambda: ctx.engines.objects.parts.drop(upload.upload_id))
    return True


def check_key(key: str) -> None:
    """Refuse a key of more than 1,024 bytes."""
    if len(key) * 4 > KEY_BYTES_MAX and (size := len(key.encode())) > KEY_BYTES_MAX:
        members = {"Size": size, "MaxSizeAllowed": KEY_BYTES_MAX}
        raise AwsError("KeyTooLongError", "Your key is too long", 400, members)


def no_such_key(key: str, headers: Mapping[str, str] | None = None) -> AwsError:
    """Return S3's answer for an object that is not there."""
    return AwsError("NoSuchKey", "The specified key does not exist.", 404, {"Key": key}, headers)


def invalid_argument(message: str, name: str, value: str) -> AwsError:
    """Return S3's answer for a parameter it cannot take."""
    members = {"ArgumentName": name, "ArgumentValue": value}
    return AwsError("InvalidArgument", message, 400, members)


def malformed_xml() -> AwsError:
    """Return S3's answer for a document that lacks what it must have."""
    message = (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
    return AwsError("MalformedXML", message, 400)


_UNBUILT = frozenset(
    {
        "BucketNamespace",
        "IfMatchInitiatedTime",
        "MFA",
        "ObjectLockEventHold",
        "ObjectLockEventHoldDurationDays",
        "ObjectLockEventHoldDurationYears",
        "WriteOffsetBytes",
    }
)
_UNBUILT_EXCEPT = {
    # Nothing is restored here, and of such objects S3 says nothing more.
    "OptionalObjectAttributes": (["RestoreStatus"],),
}
_IN_DOUBT = _UNBUILT | _UNBUILT_EXCEPT.keys()


def refuse_unbuilt(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a member that changes what the request means and is not built, by its name."""
    if _IN_DOUBT.isdisjoint(request):
        return
    for name in sorted(_IN_DOUBT & request.keys()):
        value = request[name]
        if value in _UNBUILT_EXCEPT.get(name, ()) or value is False:
            continue
        raise NotBuiltError("s3", operation, name)
