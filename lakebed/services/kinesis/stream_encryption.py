"""Server-side encryption of streams: which KMS key their records are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KINESIS_ENCRYPTION_CHANGES_MAX
from lakebed.services.kinesis._streams import active, within_a_day
from lakebed.services.kinesis.model import (
    KMS,
    STREAMS,
    UNENCRYPTED,
    Stream,
    invalid,
    limit_exceeded,
    replace,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

_CODES = {
    "AccessDeniedException": "KMSAccessDeniedException",
    "DisabledException": "KMSDisabledException",
    "KMSInvalidStateException": "KMSInvalidStateException",
    "NotFoundException": "KMSNotFoundException",
}


def start_stream_encryption(
    ctx: Context, request: shapes.StartStreamEncryptionInput
) -> dict[str, Any]:
    """Have what is put into a stream from now on encrypted with a KMS key, which must be enabled.

    KMS is asked as the caller; its errors come with KMS before their names.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
    """
    stream = active(ctx, request)
    _is_kms(request["EncryptionType"])
    changes = _one_more(ctx, stream)
    arn = _key_arn(ctx, request["KeyId"])
    STREAMS.put(
        ctx,
        replace(
            stream,
            encryption=KMS,
            key_id=request["KeyId"],
            key_arn=arn,
            encryption_changes=changes,
        ),
    )
    return {}


def stop_stream_encryption(
    ctx: Context, request: shapes.StopStreamEncryptionInput
) -> dict[str, Any]:
    """Have what is put into a stream from now on kept as it is; what is encrypted stays so.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html
    """
    stream = active(ctx, request)
    _is_kms(request["EncryptionType"])
    changes = _one_more(ctx, stream)
    stream = replace(stream, encryption=UNENCRYPTED, key_id="", key_arn="")
    STREAMS.put(ctx, replace(stream, encryption_changes=changes))
    return {}


def _is_kms(kind: str) -> None:
    if kind != KMS:
        raise invalid(f"EncryptionType {kind} is invalid: the only valid value is KMS.")


def _one_more(ctx: Context, stream: Stream) -> tuple[float, ...]:
    now = ctx.clock.now()
    changes = within_a_day(stream.encryption_changes, now)
    if len(changes) >= KINESIS_ENCRYPTION_CHANGES_MAX:
        message = f"Stream {stream.name} under account {stream.account} has changed its encryption"
        raise limit_exceeded(f"{message} {KINESIS_ENCRYPTION_CHANGES_MAX} times in 24 hours.")
    return (*changes, now)


def _key_arn(ctx: Context, name: str) -> str:
    try:
        key = ctx.aws.kms.describe_key({"KeyId": name}).get("KeyMetadata", {})
    except AwsError as error:
        raise AwsError(_CODES.get(error.code, error.code), error.message) from None
    arn, state = key.get("Arn", ""), key.get("KeyState", "")
    if state == "Disabled":
        raise AwsError("KMSDisabledException", f"{arn} is disabled.")
    if state != "Enabled":
        raise AwsError("KMSInvalidStateException", f"{arn} is pending deletion.")
    if key.get("KeySpec") != "SYMMETRIC_DEFAULT":
        raise invalid(f"{arn} is no symmetric key for encryption.")
    return arn
