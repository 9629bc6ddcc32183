"""Who else calls S3: nobody, and another account."""

from __future__ import annotations

from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

OTHER = "111111111111"


def nobody(lakebed: Any) -> Any:
    """Return a client that signs nothing."""
    return lakebed.client("s3", config=Config(signature_version=UNSIGNED))


def other(lakebed: Any, account: str = OTHER) -> Any:
    """Return a client of another account's root."""
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    return lakebed.client("s3", **keys)


def open_to_policies(s3: Any, bucket: str) -> None:
    """Let a bucket have public policies and public access lists."""
    s3.delete_public_access_block(Bucket=bucket)
