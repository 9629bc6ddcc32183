"""The data keys that records of encrypted streams are sealed with, wrapped by KMS.

A writer needs kms:GenerateDataKey, a reader kms:Decrypt; a key is used for five minutes, as AWS
does, and what KMS said is remembered as long, for each principal.
https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from pathlib import Path
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KINESIS_DATA_KEY_SECONDS, KINESIS_DATA_KEYS_REMEMBERED_MAX
from lakebed.services.kinesis.model import DATA_KEYS, DataKey, Stream

_CURRENT = ""
_Place = tuple[Path, str, str, str]
_known: OrderedDict[_Place, tuple[float, str, str, bytes]] = OrderedDict()
_CODES = {
    "NotFoundException": "KMSNotFoundException",
    "DisabledException": "KMSDisabledException",
    "KMSInvalidStateException": "KMSInvalidStateException",
    "AccessDeniedException": "KMSAccessDeniedException",
}


def current(ctx: Context, stream: Stream) -> tuple[str, bytes]:
    """Return the data key to seal with now: its name and the key."""
    place = _place(ctx, stream, _CURRENT)
    known = _remembered(ctx, place)
    if known is not None and known[1] == stream.key_arn:
        return known[2], known[3]
    request: Any = {
        "KeyId": stream.key_arn,
        "KeySpec": "AES_256",
        "EncryptionContext": _encryption_context(stream),
    }
    made = _asked(ctx, "generate_data_key", request)
    name, key = ctx.ids.token(), made["Plaintext"]
    wrapped = base64.b64encode(made["CiphertextBlob"]).decode()
    DATA_KEYS.put(ctx, DataKey(stream.id, name, wrapped))
    _remember(ctx, place, (stream.key_arn, name, key))
    return name, key


def named(ctx: Context, stream: Stream, name: str) -> bytes:
    """Return the data key of a name, which some records of a stream were sealed with."""
    place = _place(ctx, stream, name)
    known = _remembered(ctx, place)
    if known is not None:
        return known[3]
    row = DATA_KEYS.get(ctx, stream.id, name)
    if row is None:
        raise AwsError("InternalFailureException", f"The data key {name} is not known.", 500)
    request: Any = {
        "CiphertextBlob": base64.b64decode(row.wrapped),
        "EncryptionContext": _encryption_context(stream),
    }
    key = _asked(ctx, "decrypt", request)["Plaintext"]
    _remember(ctx, place, (stream.key_arn, name, key))
    return key


def _encryption_context(stream: Stream) -> dict[str, str]:
    return {"aws:kinesis:arn": stream.arn}


def _asked(ctx: Context, operation: str, request: Any) -> Any:
    try:
        return getattr(ctx.aws.kms, operation)(request)
    except AwsError as error:
        code = _CODES.get(error.code)
        if code is None:
            raise
        raise AwsError(code, error.message) from error


def _place(ctx: Context, stream: Stream, name: str) -> _Place:
    return ctx.settings.data_dir, stream.id, name, ctx.principal.arn


def _remembered(ctx: Context, place: _Place) -> tuple[float, str, str, bytes] | None:
    known = _known.get(place)
    return known if known is not None and ctx.clock.now() < known[0] else None


def _remember(ctx: Context, place: _Place, what: tuple[str, str, bytes]) -> None:
    _known[place] = (ctx.clock.now() + KINESIS_DATA_KEY_SECONDS, *what)
    _known.move_to_end(place)
    if len(_known) > KINESIS_DATA_KEYS_REMEMBERED_MAX:
        _known.popitem(last=False)
