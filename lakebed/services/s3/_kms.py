"""What S3 asks of KMS, as whoever calls S3: data keys for its objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from __future__ import annotations

import base64
from typing import NamedTuple

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.objects import Encryption
from lakebed.services.s3.model import Bucket

_MANAGED = "alias/aws/s3"


class DataKey(NamedTuple):
    """A data key: plain, as KMS encrypted it, and the ARN of the key it did that with."""

    plain: bytes
    blob: bytes
    key_id: str


def new_key(ctx: Context, bucket: Bucket, key: str, found: Encryption) -> DataKey:
    """Have KMS make a data key for an object; the aws/s3 key's if none is named."""
    name = found.key_id or _MANAGED
    here = msgspec.structs.replace(ctx, region=bucket.region)
    try:
        made = here.aws.kms.generate_data_key(
            {
                "KeyId": name,
                "KeySpec": "AES_256",
                "EncryptionContext": _context(bucket, key, found),
            }
        )
    except AwsError as error:
        raise _translated(error) from error
    return DataKey(
        made.get("Plaintext", b""), made.get("CiphertextBlob", b""), made.get("KeyId", "")
    )


def decrypted_key(ctx: Context, bucket: Bucket, key: str, found: Encryption) -> bytes:
    """Have KMS decrypt the data key of an object."""
    here = msgspec.structs.replace(ctx, region=bucket.region)
    try:
        opened = here.aws.kms.decrypt(
            {
                "CiphertextBlob": base64.b64decode(found.blob),
                "EncryptionContext": _context(bucket, key, found),
            }
        )
    except AwsError as error:
        raise _translated(error) from error
    return opened.get("Plaintext", b"")


def _context(bucket: Bucket, key: str, found: Encryption) -> dict[str, str]:
    """Return the context that binds a data key: to the object, or to the bucket by a bucket key."""
    arn = f"arn:aws:s3:::{bucket.name}"
    own = {"aws:s3:arn": arn if found.has_bucket_key else f"{arn}/{key}"}
    if not found.context:
        return own
    return msgspec.json.decode(base64.b64decode(found.context), type=dict[str, str]) | own


def _translated(error: AwsError) -> AwsError:
    """Return KMS's error as S3 gives it on."""
    if error.code == "AccessDeniedException":
        return AwsError("AccessDenied", error.message, 403)
    return AwsError(f"KMS.{error.code}", error.message, 400)
