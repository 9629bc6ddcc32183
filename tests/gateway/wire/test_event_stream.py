"""Frames of event streams, read back by botocore, and the answer that carries them."""

from __future__ import annotations

import json

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.bodies import Event, EventStream
from lakebed.gateway.wire.event_stream import json_event, json_exception, message

NAMES = st.text(st.sampled_from("abc:-"), min_size=1, max_size=20)


@given(st.dictionaries(NAMES, st.text(max_size=50)), st.binary(max_size=300))
def test_a_message_is_read_back(headers, payload):
    buffer = EventStreamBuffer()
    data = message(headers, payload)
    # In two pieces, as it may come.
    buffer.add_data(data[:9])
    buffer.add_data(data[9:])
    (found,) = buffer
    assert (found.headers, found.payload) == (headers, payload)


def test_events_and_exceptions_say_what_they_are():
    buffer = EventStreamBuffer()
    buffer.add_data(json_event("update", {"n": 1}) + json_exception("Timeout", {"message": "m"}))
    first, second = buffer
    assert (first.headers, json.loads(first.payload)) == (
        {
            ":event-type": "update",
            ":content-type": "application/json",
            ":message-type": "event",
        },
        {"n": 1},
    )
    assert (second.headers[":exception-type"], second.headers[":message-type"]) == (
        "Timeout", "exception",
    )  # fmt: skip


def test_events_wait_for_their_reader_up_to_a_bound():
    stream, woken = EventStream(2), []
    stream.listen(lambda: woken.append(1))
    for index in range(3):
        stream.send(Event(str(index), {}))
    assert [stream.take().name, stream.take().name, stream.take()] == ["1", "2", None]
    assert len(woken) == 3
    stream.send(Event("last", {}, is_exception=True))
    stream.send(Event("after the end", {}))
    assert stream.is_closed
    assert [stream.take().name, stream.take()] == ["last", None]


def test_who_puts_in_hears_once_that_nobody_reads():
    stream, heard = EventStream(2), []
    stream.when_abandoned(lambda: heard.append(1))
    stream.abandon()
    stream.abandon()
    assert heard == [1]
