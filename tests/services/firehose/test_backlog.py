"""The backlog: whatever is put, taken, delivered and put off, nothing is lost or out of order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.settings import Settings
from lakebed.engines.delivery import Record
from lakebed.engines.delivery.alarm import Alarm
from lakebed.services.firehose import _backlog
from lakebed.services.firehose.model import (
    BLOCKS,
    BUFFERS,
    STREAMS,
    DeliveryStream,
)
from lakebed.store.sqlite import SqliteStore

MIB = 1024 * 1024


class Place(msgspec.Struct, frozen=True):
    """What of a context the backlog looks at."""

    store: Any
    settings: Settings
    account: str = "000000000000"
    region: str = "us-east-1"
    engines: Any = SimpleNamespace(alarm=Alarm())


HINTS = {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60}}
STREAM = DeliveryStream(
    "000000000000", "us-east-1", "flights", "id", "DirectPut", 0.0, "ExtendedS3", HINTS
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 400_000)),
        st.tuples(st.sampled_from(["deliver", "put off", "wait"]), st.just(0)),
    ),
    max_size=25,
)


def _check(ctx, waiting, now):
    """The buffer's row says what its blocks are."""
    buffer = BUFFERS.get(ctx, "id")
    sizes = [block.size_bytes for block in BLOCKS.scan(ctx)]
    if buffer is None:
        assert (waiting, sizes) == ([], [])
        return
    assert buffer.size_bytes == sum(sizes) == sum(len(record.data) for record in waiting)
    assert buffer.oldest == waiting[0].arrival
    assert buffer.last - buffer.first + 1 == len(sizes)
    is_full = buffer.size_bytes >= MIB
    if not buffer.attempts:
        assert buffer.due == (0.0 if is_full else buffer.oldest / 1000 + 60)
    is_due = bool(_backlog.due(ctx, now, 10))
    assert is_due == (buffer.due <= now)


@given(steps=STEPS, is_sealed=st.booleans())
def test_nothing_is_lost_or_out_of_order(steps, is_sealed):
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.sqlite")
        settings = Settings(data_dir=Path(folder))
        settings.state_dir.mkdir(exist_ok=True)
        stream = msgspec.structs.replace(STREAM, key_type="AWS_OWNED_CMK" if is_sealed else "")
        sent: list[Record] = []
        arrived: list[Record] = []
        now = 1000.0
        try:
            with store.transaction() as transaction:
                ctx: Any = Place(transaction, settings)
                STREAMS.put(ctx, stream)
                for number, (step, size) in enumerate(steps):
                    now += 40.0 if step == "wait" else 1.0
                    buffer = BUFFERS.get(ctx, "id")
                    taken = buffer and _backlog.take(ctx, stream, buffer, MIB)
                    if step == "put":
                        data = b"%d:" % number + b"x" * size
                        record = Record(int(now * 1000), data)
                        _backlog.append(ctx, stream, [record])
                        sent.append(record)
                    elif step == "deliver" and taken:
                        arrived += taken.records
                        for part in taken.slices():
                            _backlog.delivered(ctx, "id", part)
                    elif step == "put off" and taken:
                        _backlog.put_off(ctx, "id", taken, now)
                        held = _backlog.take(ctx, stream, BUFFERS.get(ctx, "id"), MIB)
                        assert held == taken
                    assert arrived == sent[: len(arrived)]
                    _check(ctx, sent[len(arrived) :], now)
        finally:
            store.close()
