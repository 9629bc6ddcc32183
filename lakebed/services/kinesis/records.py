"""Records: put into the shards of a stream, and got from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lakebed.context import Context, prompt
from lakebed.core.errors import AwsError
from lakebed.core.limits import KIB, KINESIS_GET_BYTES_MAX, KINESIS_PUT_BYTES_MAX
from lakebed.services.kinesis import _data_keys, _demand, _metering, _sequence_numbers
from lakebed.services.kinesis._lines import Lines, lines_of, opened, records_in, sealed_lines
from lakebed.services.kinesis._positions import check_age, iterator_of, position_in
from lakebed.services.kinesis._reading import Read, children_of, read_on, shard_at
from lakebed.services.kinesis._routes import Routes, hash_key_of, routes_of
from lakebed.services.kinesis._streams import check_dry_run, stream_of
from lakebed.services.kinesis.model import (
    ACTIVE,
    KMS,
    ON_DEMAND,
    Shard,
    Stream,
    invalid,
    replace,
    validation,
)

if TYPE_CHECKING:
    from lakebed.shapes import kinesis as shapes

DATA_EVENTS = True
"""Audited only by setting."""

_Record = tuple[str, bytes]


@prompt
def put_record(ctx: Context, request: shapes.PutRecordInput) -> shapes.PutRecordOutput:
    """Put one record into the shard of its partition key; it is durable before the answer.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
    """
    stream = _writable(ctx, request)
    check_dry_run(request)
    ordering = request.get("SequenceNumberForOrdering")
    if ordering is not None and not _sequence_numbers.is_one(ordering):
        raise invalid(f"SequenceNumberForOrdering {ordering} is no sequence number of a record.")
    record = _record(stream, request)
    if stream.mode == ON_DEMAND:
        stream = _demand.counted(ctx, stream, _size(record), 1)
    key = hash_key_of(record[0], request.get("ExplicitHashKey"))
    shard = routes_of(ctx, stream).shard_for(key)
    if _metering.is_enforced(ctx) and not _metering.takes(ctx, shard, _size(record)):
        raise _metering.exceeded(shard)
    (number,) = _append(ctx, stream, shard, [record])
    answer: shapes.PutRecordOutput = {"ShardId": shard.id, "SequenceNumber": number}
    if stream.encryption == KMS:
        answer["EncryptionType"] = KMS
    return answer


@prompt
def put_records(ctx: Context, request: shapes.PutRecordsInput) -> shapes.PutRecordsOutput:
    """Put up to 500 records, each into the shard of its partition key.

    One that a shard has no room for is answered with an error of its own.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """
    stream = _writable(ctx, request)
    check_dry_run(request)
    entries = request["Records"]
    records = [cast(_Record, (entry.get("PartitionKey"), entry.get("Data"))) for entry in entries]
    sizes = [len(data) for _, data in records]
    if max(sizes) > 1024 * stream.record_kib_max:
        at = next(at for at, one in enumerate(sizes) if one > 1024 * stream.record_kib_max)
        raise _too_long(stream, f"records.{at + 1}.member.data")
    size = sum(sizes) + sum([len(key.encode()) for key, _ in records])
    if size > KINESIS_PUT_BYTES_MAX:
        raise invalid(f"Records size exceeds {KINESIS_PUT_BYTES_MAX // KIB // KIB} MB limit")
    if stream.mode == ON_DEMAND:
        stream = _demand.counted(ctx, stream, size, len(records))
    answers, by_shard = _routed(ctx, routes_of(ctx, stream), entries, records)
    for shard, places in by_shard.values():
        numbers = _append(ctx, stream, shard, [records[at] for at in places])
        for at, number in zip(places, numbers, strict=True):
            answers[at] = {"SequenceNumber": number, "ShardId": shard.id}
    failed = len(records) - sum([len(places) for _, places in by_shard.values()])
    answer: shapes.PutRecordsOutput = {"FailedRecordCount": failed, "Records": answers}
    if stream.encryption == KMS:
        answer["EncryptionType"] = KMS
    return answer


def _writable(ctx: Context, request: Mapping[str, Any]) -> Stream:
    stream = stream_of(ctx, request)
    if stream.status not in (ACTIVE, "UPDATING"):
        raise AwsError(
            "ResourceNotFoundException",
            f"Stream {stream.name} under account {stream.account} not found.",
        )
    return stream


def _record(stream: Stream, entry: Mapping[str, Any]) -> _Record:
    key, data = cast(str, entry["PartitionKey"]), cast(bytes, entry["Data"])
    if len(data) > 1024 * stream.record_kib_max:
        raise _too_long(stream, "data")
    return key, data


def _too_long(stream: Stream, place: str) -> AwsError:
    return validation(
        f"1 validation error detected: Value at '{place}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {1024 * stream.record_kib_max}"
    )


def _size(record: _Record) -> int:
    return len(record[0].encode()) + len(record[1])


def _routed(
    ctx: Context,
    routes: Routes,
    entries: Sequence[shapes.PutRecordsRequestEntry],
    records: Sequence[_Record],
) -> tuple[list[Any], dict[str, tuple[Shard, list[int]]]]:
    """Return a place for each answer, filled where a shard has no room, and records by shard."""
    answers: list[Any] = [None] * len(records)
    by_shard: dict[str, tuple[Shard, list[int]]] = {}
    is_enforced = _metering.is_enforced(ctx)
    shard_for = routes.shard_for
    for at, entry in enumerate(entries):
        shard = shard_for(hash_key_of(records[at][0], entry.get("ExplicitHashKey")))
        if is_enforced and not _metering.takes(ctx, shard, _size(records[at])):
            answers[at] = {
                "ErrorCode": "ProvisionedThroughputExceededException",
                "ErrorMessage": _metering.sentence_of(shard),
            }
            continue
        held = by_shard.get(shard.id)
        if held is None:
            held = by_shard[shard.id] = (shard, [])
        held[1].append(at)
    return answers, by_shard


def _append(ctx: Context, stream: Stream, shard: Shard, records: Sequence[_Record]) -> list[str]:
    """Append records to a shard's log and return their sequence numbers."""
    lines: Lines = lines_of(shard, records)
    if stream.encryption == KMS:
        lines = sealed_lines(shard, records, *_data_keys.current(ctx, stream))
    appended = ctx.engines.stream.append(shard.log, len(records), ctx.clock.now(), lines)
    if appended.pending.is_quick:
        appended.pending.flush()
    else:
        ctx.store.flush_first(appended.pending.flush)
    return _sequence_numbers.of_run(shard, appended.first, len(records), appended.time)


def get_records(ctx: Context, request: shapes.GetRecordsInput) -> shapes.GetRecordsOutput:
    """Return records of a shard from an iterator on, and the iterator behind them.

    Up to 10,000 records or 10 MiB. A closed shard that was read to its end has no next iterator,
    but its children. An iterator of another stream than StreamARN names is refused; AWS's sentence
    for that is not known.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
    """
    position, now = position_in(ctx, request["ShardIterator"]), ctx.clock.now()
    stream, shard = shard_at(ctx, position)
    if request.get("StreamARN", stream.arn) != stream.arn:
        raise invalid("Invalid ShardIterator: it is not of the stream that StreamARN names.")
    check_dry_run(request)
    check_age(position, now)
    if _metering.is_enforced(ctx):
        _metering.check_read(ctx, shard)
    limits = (request.get("Limit", 10_000), KINESIS_GET_BYTES_MAX)
    found: Read = read_on(ctx, stream, shard, position.index, limits)
    if _metering.is_enforced(ctx):
        _metering.note_read(ctx, shard, len(found.data))
    data = opened(found.data, lambda name: _data_keys.named(ctx, stream, name))
    answer: dict[str, Any] = {
        "Records": records_in(data),
        "MillisBehindLatest": found.millis_behind,
    }
    if found.is_end:
        answer["ChildShards"] = children_of(ctx, stream, shard)
    else:
        following = replace(position, index=found.next, issued=now)
        answer["NextShardIterator"] = iterator_of(ctx, following)
    return cast("shapes.GetRecordsOutput", answer)
