"""Buffers of partitions: each delivered when its own time has come, in the order of its records."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.settings import Settings
from lakebed.engines.delivery import Part, Record
from lakebed.services.firehose import _backlog, _partitions
from lakebed.services.firehose.model import BLOCKS, BUFFERS, PARTITIONS, STREAMS
from lakebed.store.sqlite import SqliteStore
from tests.services.firehose.delivering import bucket, deliver, make, objects, put
from tests.services.firehose.test_backlog import STREAM, Place
from tests.services.firehose.test_delivery import PARTITIONED, folders

MIB = 1024 * 1024
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 60}
SPACED = {**PARTITIONED, "BufferingHints": HINTS}


def test_a_partition_is_delivered_when_its_own_first_record_is_due(lakebed):
    firehose = make(lakebed, **SPACED)
    start = time.time()
    put(firehose, b'{"c":"UA","n":1}')
    time.sleep(3)
    put(firehose, b'{"c":"AA","n":2}', b'{"c":"UA","n":3}')
    # UA's first record is 60 s old, AA's is not.
    assert deliver(lakebed, after=start + 60.5 - time.time()) == {"flights": 2}
    assert folders(objects(lakebed)) == {"carrier=UA": b'{"c":"UA","n":1}\n{"c":"UA","n":3}\n'}
    put(firehose, b'{"c":"UA","n":4}', b'{"c":"AA","n":5}')
    assert deliver(lakebed, after=70) == {"flights": 3}
    found = sorted(objects(lakebed).values())
    assert found == [
        b'{"c":"AA","n":2}\n{"c":"AA","n":5}\n',
        b'{"c":"UA","n":1}\n{"c":"UA","n":3}\n',
        b'{"c":"UA","n":4}\n',
    ]


@pytest.mark.slow
def test_active_partitions_count_until_they_are_delivered(lakebed):
    firehose = make(lakebed, **SPACED)
    start = time.time()
    put(firehose, b'{"c":"first"}')
    time.sleep(2)
    put(firehose, *(b'{"c":%d}' % at for at in range(499)))
    # Sorted, and the first one delivered: 499 are active.
    assert deliver(lakebed, after=start + 60.5 - time.time()) == {"flights": 1}
    put(firehose, b'{"c":"new"}', b'{"c":"more"}', b'{"c":7}')
    assert deliver(lakebed, after=200) == {"flights": 502}
    keys = objects_keys(lakebed)
    assert len([key for key in keys if key.startswith("bad/activePartitionExceeded/")]) == 1
    assert len({key.split("/")[0] for key in keys}) == 1 + 500 + 1


def objects_keys(lakebed):
    pages = lakebed.client("s3").get_paginator("list_objects_v2").paginate(Bucket="lake")
    return [one["Key"] for page in pages for one in page["Contents"]]


def test_partitions_that_cannot_be_put_wait_sealed(lakebed):
    firehose = make(lakebed, **SPACED)
    firehose.start_delivery_stream_encryption(DeliveryStreamName="flights")
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b'{"c":"secret-carrier"}')
    assert deliver(lakebed, after=70) == {"flights": 0}
    stored = b"".join(path.read_bytes() for path in (lakebed.data_dir / "state").glob("store.*"))
    assert b'{"c":"secret-carrier"}' not in stored
    bucket(lakebed)
    assert deliver(lakebed, after=400) == {"flights": 1}
    assert list(objects(lakebed).values()) == [b'{"c":"secret-carrier"}\n']


def test_a_prefix_that_names_another_key_leaves_sorted_records_with_the_errors(lakebed):
    firehose = make(lakebed, **SPACED)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b'{"c":"UA"}')
    assert deliver(lakebed, after=70) == {"flights": 0}
    bucket(lakebed)
    firehose.update_destination(
        DeliveryStreamName="flights", CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "x=!{partitionKeyFromQuery:other}/"},
    )  # fmt: skip
    assert deliver(lakebed, after=1000) == {"flights": 1}
    ((key, data),) = objects(lakebed).items()
    assert key.startswith("bad/processing-failed/")
    assert json.loads(data)["errorCode"] == "DynamicPartitioning.MissingKey"


def test_what_waits_in_partitions_goes_with_its_stream(lakebed):
    firehose = make(lakebed, **SPACED)
    lakebed.client("s3").delete_bucket(Bucket="lake")
    put(firehose, b'{"c":"UA"}')
    assert deliver(lakebed, after=70) == {"flights": 0}
    firehose.delete_delivery_stream(DeliveryStreamName="flights")
    make(lakebed, **SPACED)
    assert deliver(lakebed) == {}
    assert objects(lakebed) == {}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(1, 700_000)),
        st.tuples(st.sampled_from(["sort", "deliver"]), st.just(""), st.just(0)),
    ),
    max_size=25,
)


@given(steps=STEPS)
def test_each_partition_has_its_records_once_and_in_order(steps):
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.sqlite")
        now, sent, arrived = 1000.0, {key: [] for key in "abc"}, {key: [] for key in "abc"}
        try:
            with store.transaction() as transaction:
                ctx: Any = Place(transaction, Settings(data_dir=Path(folder)))
                STREAMS.put(ctx, STREAM)
                for number, (step, key, size) in enumerate(steps):
                    now += 7.0
                    if step == "put":
                        record = Record(
                            int(now * 1000), key.encode() + b"%d:" % number + b"x" * size
                        )
                        _backlog.append(ctx, STREAM, [record])
                        sent[key].append(record)
                    elif step == "sort":
                        _sort(ctx)
                    else:
                        _deliver(ctx, now, arrived)
                    _check(ctx)
                _sort(ctx)
                _deliver(ctx, now + 1000, arrived)
                assert arrived == sent
                assert list(BLOCKS.scan(ctx)) == list(PARTITIONS.scan(ctx)) == []
                assert BUFFERS.get(ctx, "id") is None
        finally:
            store.close()


def _sort(ctx):
    """Do what a run does with the stream's own buffer."""
    buffer = BUFFERS.get(ctx, "id")
    taken = buffer and not buffer.is_sorted and _backlog.take(ctx, STREAM, buffer, 1000 * MIB)
    if not taken:
        return
    by_key: dict[str, list[Record]] = {}
    for record in taken.records:
        by_key.setdefault(chr(record.data[0]), []).append(record)
    parts = [
        Part({"k": key}, b"", found[0].arrival, len(found), found) for key, found in by_key.items()
    ]
    for some in _partitions.slices(parts):
        _partitions.keep(ctx, STREAM, some)
    for part in taken.slices():
        _backlog.delivered(ctx, "id", part, is_failing=True)


def _deliver(ctx, now, arrived):
    """Do what a run does with the partitions that are due."""
    while found := _partitions.due(ctx, "id", now):
        taken = _partitions.take(ctx, STREAM, found, MIB)
        arrived[found.keys["k"]] += taken.records
        _partitions.delivered(ctx, STREAM, found.place, taken)


def _check(ctx):
    """The rows say what the blocks are, and when the first of them is due."""
    buffer, waiting = BUFFERS.get(ctx, "id"), list(PARTITIONS.scan(ctx))
    blocks: dict[str, list[Any]] = {}
    for block in BLOCKS.scan(ctx):
        blocks.setdefault(block.stream_id, []).append(block)
    own = blocks.pop("id", [])
    assert {f"id/{one.place}" for one in waiting} == set(blocks)
    times = []
    for one in waiting:
        held = blocks[f"id/{one.place}"]
        assert one.size_bytes == sum(block.size_bytes for block in held)
        assert one.oldest == held[0].records[0].arrival
        times.append(0.0 if one.size_bytes >= MIB else one.oldest / 1000 + 60)
        assert one.due == times[-1]
    if own:
        is_full = sum(block.size_bytes for block in own) >= MIB
        times.append(0.0 if is_full else own[0].arrival / 1000 + 60)
    assert (buffer.due if buffer else None) == (min(times) if times else None)
    assert msgspec.to_builtins(buffer) is None or buffer.is_sorted == (not own)
