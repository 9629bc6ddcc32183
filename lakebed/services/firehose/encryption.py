"""Encryption of streams, turned on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.firehose import _encryption
from lakebed.services.firehose.model import STREAMS, find_stream

if TYPE_CHECKING:
    from lakebed.shapes import firehose as shapes


def start_delivery_stream_encryption(
    ctx: Context, request: shapes.StartDeliveryStreamEncryptionInput
) -> dict[str, Any]:
    """Encrypt the records that come from now on while they wait; at once.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_StartDeliveryStreamEncryption.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    asked = request.get("DeliveryStreamEncryptionConfigurationInput")
    STREAMS.put(ctx, _encryption.encrypted(ctx, stream, asked or {"KeyType": _encryption.OWNED}))
    return {}


def stop_delivery_stream_encryption(
    ctx: Context, request: shapes.StopDeliveryStreamEncryptionInput
) -> dict[str, Any]:
    """Encrypt no records any more; those that wait can still be read.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_StopDeliveryStreamEncryption.html
    """
    stream = find_stream(ctx, request["DeliveryStreamName"])
    STREAMS.put(ctx, _encryption.plain(stream))
    return {}
