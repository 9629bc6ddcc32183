"""Records: put into a stream, kept before the answer, delivered later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.limits import DELIVERY_BATCH_BYTES_MAX
from lakebed.engines.delivery import Record
from lakebed.services.firehose import _backlog
from lakebed.services.firehose.model import (
    DIRECT_PUT,
    DeliveryStream,
    find_stream,
    invalid,
    now_ms,
)

if TYPE_CHECKING:
    from lakebed.shapes import firehose as shapes

DATA_EVENTS = True
HIDDEN_MEMBERS = frozenset({"Record", "Records"})
_ID_BITS = 1024


def put_record(ctx: Context, request: shapes.PutRecordInput) -> shapes.PutRecordOutput:
    """Put a record into a stream.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html
    """
    stream = _direct(ctx, request["DeliveryStreamName"])
    arrival = now_ms(ctx)
    _backlog.append(ctx, stream, [Record(arrival, request["Record"]["Data"])])
    return {"RecordId": ctx.ids.token(_ID_BITS), "Encrypted": bool(stream.key_type)}


def put_record_batch(
    ctx: Context, request: shapes.PutRecordBatchInput
) -> shapes.PutRecordBatchOutput:
    """Put up to 500 records, of 4 MiB together, into a stream: all of them or none.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    """
    stream = _direct(ctx, request["DeliveryStreamName"])
    arrival = now_ms(ctx)
    records = [Record(arrival, one["Data"]) for one in request["Records"]]
    if sum(len(record.data) for record in records) > DELIVERY_BATCH_BYTES_MAX:
        raise invalid("Records size exceeds 4 MB limit")
    _backlog.append(ctx, stream, records)
    return {
        "FailedPutCount": 0,
        "Encrypted": bool(stream.key_type),
        "RequestResponses": [{"RecordId": ctx.ids.token(_ID_BITS)} for _ in records],
    }


def _direct(ctx: Context, name: str) -> DeliveryStream:
    stream = find_stream(ctx, name)
    if stream.kind != DIRECT_PUT:
        raise invalid(f"This operation is not permitted on {stream.kind} delivery stream type.")
    return stream
