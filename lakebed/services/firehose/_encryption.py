"""Encryption of what waits for delivery: with a key below `state/keys`, or a customer's of KMS.

A stream with a customer's key has a data key that KMS wrapped, and each block is sealed with it;
KMS is asked to unwrap it for every block, so a key that is disabled stops puts and deliveries. On
AWS a grant lets Firehose use the key; here it is used as the account that owns the stream.
https://docs.aws.amazon.com/firehose/latest/dev/encryption.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.principal import Principal
from lakebed.engines.delivery import Record
from lakebed.sealing import locked, seal, unlocked, unseal
from lakebed.services.firehose.model import (
    DIRECT_PUT,
    SECRETS,
    Block,
    DeliveryStream,
    invalid,
    replace,
)

OWNED = "AWS_OWNED_CMK"


def encrypted(ctx: Context, stream: DeliveryStream, asked: Mapping[str, Any]) -> DeliveryStream:
    """Return a stream whose records are encrypted from now on."""
    if stream.kind != DIRECT_PUT:
        message = "Server side encryption is only supported for DirectPut delivery streams"
        raise invalid(message)
    kind, arn = asked["KeyType"], asked.get("KeyARN", "")
    if (kind == OWNED) == bool(arn):
        is_owned = "must not" if kind == OWNED else "must"
        raise invalid(f"KeyARN {is_owned} be specified when KeyType is {kind}")
    wrapped = ""
    if arn:
        context = {"aws:firehose:arn": stream.arn}
        request: Any = {"KeyId": arn, "KeySpec": "AES_256", "EncryptionContext": context}
        made = _asked(ctx, "generate_data_key_without_plaintext", request)
        wrapped = base64.b64encode(made["CiphertextBlob"]).decode()
    return replace(
        stream, key_type=kind, key_arn=arn, data_key=wrapped, encryption_status="ENABLED"
    )


def plain(stream: DeliveryStream) -> DeliveryStream:
    """Return a stream whose records are not encrypted any more."""
    return replace(stream, key_type="", key_arn="", data_key="", encryption_status="DISABLED")


def described(stream: DeliveryStream) -> dict[str, Any]:
    """Return a stream's encryption as it is described."""
    found = {"KeyARN": stream.key_arn, "KeyType": stream.key_type}
    shown = {name: value for name, value in found.items() if value}
    return {**shown, "Status": stream.encryption_status}


def sealed(ctx: Context, stream: DeliveryStream, block: Block) -> Block:
    """Return a block with its records sealed."""
    data, name = msgspec.msgpack.encode(block.records), _name(block)
    if not stream.data_key:
        return replace(block, records=[], sealed=seal(ctx.settings, SECRETS, name, data))
    key = _unwrapped(ctx, stream.arn, stream.data_key)
    text = base64.b64encode(locked(key, name, data)).decode()
    return replace(block, records=[], sealed=text, data_key=stream.data_key)


def records_of(ctx: Context, stream: DeliveryStream, block: Block) -> list[Record]:
    """Return the records of a block, whatever it was sealed with."""
    if not block.sealed:
        return block.records
    name = _name(block)
    if block.data_key:
        key = _unwrapped(ctx, stream.arn, block.data_key)
        data = unlocked(key, name, base64.b64decode(block.sealed))
    else:
        data = unseal(ctx.settings, SECRETS, name, block.sealed)
    return msgspec.msgpack.decode(data, type=list[Record])


def _name(block: Block) -> str:
    return f"{block.stream_id}/{block.number}"


def _unwrapped(ctx: Context, arn: str, wrapped: str) -> bytes:
    root = f"arn:aws:iam::{ctx.account}:root"
    owner = Principal(ctx.account, root, ctx.account, is_root=True)
    request: Any = {
        "CiphertextBlob": base64.b64decode(wrapped),
        "EncryptionContext": {"aws:firehose:arn": arn},
    }
    found = _asked(msgspec.structs.replace(ctx, principal=owner), "decrypt", request)
    return bytes(found["Plaintext"])


def _asked(ctx: Context, operation: str, request: Any) -> Any:
    try:
        return getattr(ctx.aws.kms, operation)(request)
    except AwsError as error:
        raise AwsError(
            "InvalidKMSResourceException", error.message, members={"code": error.code}
        ) from error
