"""Server-side encryption: what a request asks for, and the keys that objects are encrypted with.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
A file is encrypted where a header or a default that somebody put asks for it; all others are plain
files, and no answer says otherwise (`docs/decisions`). Every file has a key of its own, and that is
wrapped: by a key below `state/keys` (SSE-S3), by a data key of KMS (SSE-KMS), by the customer's key
(SSE-C).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.digests import combined, new_digest
from lakebed.engines.objects import Encryption, StoredObject
from lakebed.services.s3._kms import decrypted_key, new_key
from lakebed.services.s3.model import Bucket, Upload, UploadedPart, invalid_argument

SSE_S3, SSE_KMS, SSE_C = "AES256", "aws:kms", "SSE-C"
CUSTOMER_KEYS = frozenset({"SSECustomerKey", "CopySourceSSECustomerKey"})
"""The members of requests that are keys: no log may have them."""
_PURPOSE = "s3"
_KEY_BYTES = 32
_HEADER = "x-amz-server-side-encryption"
_CUSTOMER = "Requests specifying Server Side Encryption with Customer provided keys must provide "


class Wanted(NamedTuple):
    """The encryption that a write asks for, or its bucket by default."""

    kind: str
    key_id: str = ""
    context: str = ""
    has_bucket_key: bool = False
    customer_key: bytes = b""


class FileSealing:
    """Encrypts one file, or one part of one, with the file's key; `digest` is of what it wrote."""

    def __init__(self, key: bytes = b"") -> None:
        self.key = key or os.urandom(_KEY_BYTES)
        self._writer = sealing.SegmentWriter(self.key)
        self._crc = new_digest("crc64nvme")

    def update(self, data: bytes) -> list[bytes]:
        """Take in plain bytes and return what can be written by now."""
        return self._written(self._writer.update(data))

    def finish(self) -> list[bytes]:
        """Return what is left."""
        return self._written(self._writer.finish())

    def _written(self, pieces: list[bytes]) -> list[bytes]:
        for piece in pieces:
            self._crc.update(piece)
        return pieces

    @property
    def digest(self) -> str:
        """The CRC64NVME of all encrypted bytes so far."""
        return self._crc.hexdigest()


# -- what is asked for -----------------------------------------------------------------------------


def wanted_encryption(bucket: Bucket, request: Mapping[str, Any], operation: str) -> Wanted | None:
    """Return how a new version is to be encrypted, None if it is a plain file."""
    customer_key = customer_key_of(request)
    method: str | None = request.get("ServerSideEncryption")
    if customer_key:
        if method is not None:
            message = (
                "Server Side Encryption with Customer provided key is incompatible with the "
                "encryption method specified"
            )
            raise invalid_argument(message, _HEADER, method)
        _check_unblocked(bucket)
        return Wanted(SSE_C, customer_key=customer_key)
    if method is None:
        if "SSEKMSKeyId" in request or "SSEKMSEncryptionContext" in request:
            raise _needs_kms("")
        return _default(bucket)
    if method == "aws:kms:dsse":
        raise NotBuiltError("s3", operation, "ServerSideEncryption aws:kms:dsse")
    if method not in (SSE_S3, SSE_KMS):
        raise invalid_argument("The encryption method specified is not supported", _HEADER, method)
    if method == SSE_S3:
        if "SSEKMSKeyId" in request or "SSEKMSEncryptionContext" in request:
            raise _needs_kms(method)
        return Wanted(SSE_S3)
    default = _default(bucket)
    has_bucket_key = request.get("BucketKeyEnabled")
    if has_bucket_key is None:
        has_bucket_key = default is not None and default.has_bucket_key
    context = _checked_context(request.get("SSEKMSEncryptionContext", ""))
    return Wanted(SSE_KMS, request.get("SSEKMSKeyId", ""), context, has_bucket_key)


def _default(bucket: Bucket) -> Wanted | None:
    """Return what somebody made the bucket's default; AWS's own is a plain file here."""
    default = bucket.encryption.get("ApplyServerSideEncryptionByDefault")
    if default is None:
        return None
    kind: str = default["SSEAlgorithm"]
    has_bucket_key = kind == SSE_KMS and bool(bucket.encryption.get("BucketKeyEnabled"))
    return Wanted(kind, default.get("KMSMasterKeyID", ""), has_bucket_key=has_bucket_key)


def _needs_kms(method: str) -> AwsError:
    message = (
        "Server Side Encryption with AWS KMS managed key requires HTTP header "
        "x-amz-server-side-encryption : aws:kms"
    )
    return invalid_argument(message, _HEADER, method)


def _checked_context(text: str) -> str:
    if not text:
        return ""
    try:
        msgspec.json.decode(base64.b64decode(text, validate=True), type=dict[str, str])
    except (binascii.Error, ValueError):
        message = (
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 "
            "string holding JSON which represents a string-string map"
        )
        raise invalid_argument(message, f"{_HEADER}-context", text) from None
    return text


def _check_unblocked(bucket: Bucket) -> None:
    """Refuse a customer's key where they are blocked, as in every new bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html
    """
    blocked = bucket.encryption.get("BlockedEncryptionTypes", {"EncryptionType": [SSE_C]})
    if SSE_C in blocked["EncryptionType"]:
        message = (
            "This bucket has blocked upload requests that specify Server Side Encryption with "
            "Customer provided keys (SSE-C). Please specify a different server-side encryption type"
        )
        raise AwsError("AccessDenied", message, 403)


def customer_key_of(request: Mapping[str, Any], prefix: str = "") -> bytes:
    """Return the key that a request brings, none if it brings none; refuse what is no key."""
    names = [f"{prefix}SSECustomer{name}" for name in ("Algorithm", "Key", "KeyMD5")]
    algorithm, text, md5 = (request.get(name) for name in names)
    if algorithm is None and text is None and md5 is None:
        return b""
    if algorithm is None:
        raise _wrong(_CUSTOMER + "a valid encryption algorithm.")
    if algorithm != SSE_S3:
        message = "The Encryption request you specified is not valid. Supported value: AES256."
        members = {"ArgumentName": _HEADER, "ArgumentValue": algorithm}
        raise AwsError("InvalidEncryptionAlgorithmError", message, 400, members)
    if text is None:
        raise _wrong(_CUSTOMER + "an appropriate secret key.")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES or md5 is None:
        raise _wrong("The secret key was invalid for the specified algorithm.")
    if md5 != base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode():
        raise _wrong("The calculated MD5 hash of the key did not match the hash that was provided.")
    return key


def _wrong(message: str) -> AwsError:
    return AwsError("InvalidArgument", message, 400, {"ArgumentName": _HEADER})


# -- keys of files ---------------------------------------------------------------------------------


def wrapped(ctx: Context, bucket: Bucket, key: str, wanted: Wanted, file_key: bytes) -> Encryption:
    """Return how a file is encrypted with a key, which is wrapped as is wanted; asks KMS."""
    name = f"{bucket.name}/{key}"
    if wanted.kind == SSE_S3:
        return Encryption(SSE_S3, sealing.seal(ctx.settings, _PURPOSE, name, file_key))
    if wanted.kind == SSE_C:
        return Encryption(SSE_C, _text(sealing.locked(wanted.customer_key, name, file_key)))
    found = Encryption(
        SSE_KMS, key_id=wanted.key_id, has_bucket_key=wanted.has_bucket_key, context=wanted.context
    )
    made = new_key(ctx, bucket, key, found)
    return msgspec.structs.replace(
        found,
        key=_text(sealing.locked(made.plain, name, file_key)),
        blob=_text(made.blob),
        key_id=made.key_id,
    )


def unwrapped(
    ctx: Context, bucket: Bucket, key: str, found: Encryption, customer_key: bytes
) -> bytes:
    """Return the key of a file; asks KMS; SealError if it is another customer's key."""
    name = f"{bucket.name}/{key}"
    if found.kind == SSE_S3:
        return sealing.unseal(ctx.settings, _PURPOSE, name, found.key)
    if found.kind == SSE_C:
        return sealing.unlocked(customer_key, name, base64.b64decode(found.key))
    kms_key = decrypted_key(ctx, bucket, key, found)
    return sealing.unlocked(kms_key, name, base64.b64decode(found.key))


def key_for_reading(
    ctx: Context, bucket: Bucket, found: StoredObject, request: Mapping[str, Any], prefix: str = ""
) -> bytes:
    """Return the key of an object's file, none of a plain one; refuse who does not bring it."""
    customer_key = check_customer(found, request, prefix)
    sealed = found.encryption
    if sealed is None:
        return b""
    if sealed.is_lost:
        raise lost(found)
    try:
        return unwrapped(ctx, bucket, found.key, sealed, customer_key)
    except sealing.SealError:
        if sealed.kind == SSE_C:
            raise wrong_customer_key() from None
        raise lost(found) from None


def opens_to_look(found: StoredObject, request: Mapping[str, Any]) -> bool:
    """Say whether the key is needed for what HeadObject says: of a customer's, and of checksums."""
    sealed = found.encryption
    if sealed is None:
        return False
    return sealed.kind == SSE_C or (
        sealed.kind == SSE_KMS and request.get("ChecksumMode") == "ENABLED"
    )


def check_customer(found: StoredObject, request: Mapping[str, Any], prefix: str = "") -> bytes:
    """Return the customer's key that a reader brings, exactly where one is needed."""
    customer_key = customer_key_of(request, prefix)
    is_needed = found.encryption is not None and found.encryption.kind == SSE_C
    if is_needed and not customer_key:
        message = (
            "The object was stored using a form of Server Side Encryption. The correct parameters "
            "must be provided to retrieve the object."
        )
        raise AwsError("InvalidRequest", message, 400)
    if customer_key and not is_needed:
        message = "The encryption parameters are not applicable to this object."
        raise AwsError("InvalidRequest", message, 400)
    return customer_key


def wrong_customer_key() -> AwsError:
    """Return S3's answer to another customer's key."""
    return AwsError("AccessDenied", _CUSTOMER + "the correct secret key.", 403)


def lost(found: StoredObject) -> AwsError:
    """Return what is answered where an encrypted file cannot be decrypted any more."""
    message = (
        f"The file of {found.bucket}/{found.key} is encrypted, and it or its key was changed "
        "outside of S3: it cannot be decrypted. `lakebed fsck` says more."
    )
    return AwsError("InternalError", message, 500)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


# -- what is said of it ----------------------------------------------------------------------------


def shown_encryption(found: Encryption | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an answer that say how an object is encrypted; none for a plain one."""
    if found is None:
        return {}
    if found.kind == SSE_S3:
        return {"ServerSideEncryption": SSE_S3}
    if found.kind == SSE_C:
        md5 = request.get("SSECustomerKeyMD5")
        return {"SSECustomerAlgorithm": SSE_S3} | (
            {} if md5 is None else {"SSECustomerKeyMD5": md5}
        )
    shown: dict[str, Any] = {"ServerSideEncryption": SSE_KMS, "SSEKMSKeyId": found.key_id}
    if found.has_bucket_key:
        shown["BucketKeyEnabled"] = True
    return shown


def shown_context(found: Encryption | None) -> dict[str, Any]:
    """Return the client's encryption context as answers to writes have it."""
    return {"SSEKMSEncryptionContext": found.context} if found and found.context else {}


def etag_of(found: Encryption | None, sealing: object, md5: str) -> str:
    """Return the ETag of bytes: their MD5, but of what only others' keys open, nothing of it.

    The same bytes with the same key have the same one: a part may be sent again.
    """
    if found is None or found.kind == SSE_S3:
        return md5
    key = cast(FileSealing, sealing).key
    return hmac.digest(key, b"lakebed etag" + md5.encode(), "sha256")[:16].hex()


# -- uploads in parts ------------------------------------------------------------------------------


def sealing_digest(body: Spooled) -> str:
    """Return the digest of the file of an encrypted body."""
    return cast(FileSealing, body.sealing).digest


def part_key(
    ctx: Context, bucket: Bucket, upload: Upload, request: Mapping[str, Any]
) -> bytes | None:
    """Return the key that the parts of an upload are encrypted with, None if they are plain."""
    customer_key = customer_key_of(request)
    found = upload.encryption
    if bool(customer_key) != (found is not None and found.kind == SSE_C):
        message = (
            "The multipart upload initiate requested encryption. Subsequent part requests must "
            "include the appropriate encryption parameters."
        )
        raise AwsError("InvalidRequest", message, 400)
    if found is None:
        return None
    try:
        return unwrapped(ctx, bucket, upload.key, found, customer_key)
    except sealing.SealError:
        message = "The provided encryption parameters did not match the ones used originally."
        raise AwsError("InvalidRequest", message, 400) from None


def needs_key_to_complete(upload: Upload) -> bool:
    """Say whether the completion has to bring the customer's key: with a checksum of its own."""
    found = upload.encryption
    return found is not None and found.kind == SSE_C and bool(upload.algorithm)


def of_parts(upload: Upload, parts: Sequence[UploadedPart]) -> Encryption | None:
    """Return how the object of an upload is encrypted: its parts stay the segments they are."""
    if upload.encryption is None:
        return None
    sizes = itertools.groupby(part.size for part in parts)
    digests = [(part.digest, part.sealed_size) for part in parts]
    return msgspec.structs.replace(
        upload.encryption,
        segments=tuple((size, len(list(same))) for size, same in sizes),
        digest=combined("crc64nvme", digests),
    )
