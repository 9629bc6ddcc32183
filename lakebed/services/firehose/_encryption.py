"""Encryption of what waits for delivery: sealed with a key below `state/keys`.

https://docs.aws.amazon.com/firehose/latest/dev/encryption.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import NotBuiltError
from lakebed.services.firehose.model import DIRECT_PUT, DeliveryStream, invalid, replace

OWNED = "AWS_OWNED_CMK"


def encrypted(
    ctx: Context, stream: DeliveryStream, operation: str, asked: Mapping[str, Any]
) -> DeliveryStream:
    """Return a stream whose records are encrypted from now on; with keys of customers not built."""
    del ctx
    if stream.kind != DIRECT_PUT:
        message = "Server side encryption is only supported for DirectPut delivery streams"
        raise invalid(message)
    if asked["KeyType"] != OWNED:
        raise NotBuiltError("firehose", operation, f"KeyType {asked['KeyType']}")
    if asked.get("KeyARN"):
        raise invalid("KeyARN must not be specified when KeyType is AWS_OWNED_CMK")
    return replace(stream, key_type=OWNED, encryption_status="ENABLED")


def described(stream: DeliveryStream) -> dict[str, Any]:
    """Return a stream's encryption as it is described."""
    if not stream.key_type:
        return {"Status": stream.encryption_status}
    return {"KeyType": stream.key_type, "Status": stream.encryption_status}
