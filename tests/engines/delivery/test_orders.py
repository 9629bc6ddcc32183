"""Orders: what becomes of records, and that none is lost on the way."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.engines.child import Bounds, ChildError
from lakebed.engines.delivery import Failure, Order, Part, Processing, Record, needs_child
from lakebed.engines.delivery.child import carried_out
from lakebed.engines.delivery.orders import carry_out

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MIB = 1024 * 1024
NUMBERS = st.integers(-(2**50), 2**50)
"""JQ's numbers have 53 bits."""


def records(*data: bytes) -> list[Record]:
    return [Record(1000 + at, one) for at, one in enumerate(data)]


def test_a_buffer_is_one_object_of_its_records():
    order = Order(records(b"a", b"b"), Processing(delimiter=b"\n"))
    assert carry_out(order).parts == [Part({}, b"a\nb\n", 1000, 2)]


def test_records_that_stay_apart_are_processed_too():
    order = Order(records(b"a"), Processing(delimiter=b"\n"), is_apart=True)
    assert carry_out(order).parts == [Part({}, b"", 1000, 1, [Record(1000, b"a\n")], [{}])]


@given(documents=st.lists(JSON.filter(lambda one: isinstance(one, dict | list)), max_size=5))
@pytest.mark.parametrize("between", ["", "\n", " \r\n"])
def test_documents_in_one_record_become_records(documents, between):
    data = between.join(json.dumps(one) for one in documents).encode()
    order = Order(records(data), Processing(sub_records="JSON"), is_apart=True)
    parts = carry_out(order).parts
    assert [json.loads(one.data) for part in parts for one in part.records] == documents


@given(pieces=st.lists(st.text(alphabet="abc", min_size=1), min_size=1, max_size=5))
def test_a_delimiter_takes_records_apart(pieces):
    data = "####".join(pieces).encode()
    order = Order(
        records(data), Processing(sub_records="DELIMITED", sub_delimiter=b"####", delimiter=b"\n")
    )
    assert carry_out(order).parts[0].data == "".join(f"{one}\n" for one in pieces).encode()


def test_a_record_that_is_no_json_cannot_be_taken_apart():
    order = Order(records(b'{"a":1}{'), Processing(sub_records="JSON"))
    outcome = carry_out(order)
    assert outcome.parts == []
    assert outcome.failures == [
        Failure(
            "processing-failed",
            "RecordDeAggregation.InvalidJson",
            "The record is not a sequence of JSON documents: Expecting property name enclosed in "
            "double quotes: line 1 column 9 (char 8)",
            records(b'{"a":1}{')[0],
        )
    ]


def _logs(kind: str, *lines: str) -> bytes:
    events = [{"id": "1", "timestamp": 2, "message": line} for line in lines]
    return gzip.compress(json.dumps({"messageType": kind, "logEvents": events}).encode())


def test_messages_are_taken_out_of_what_cloudwatch_logs_sends():
    processing = Processing(decompression="GZIP", is_message_extracted=True)
    sent = (_logs("DATA_MESSAGE", "one", "two"), _logs("CONTROL_MESSAGE", "a test"), b"plain")
    outcome = carry_out(Order(records(*sent), processing))
    assert [part.data for part in outcome.parts] == [b"one\ntwo\n"]
    assert outcome.failures == [
        Failure(
            "decompression-failed",
            "DecompressionFailed",
            "The record could not be decompressed: Error -3 while decompressing data: "
            "incorrect header check",
            Record(1002, b"plain"),
        )
    ]


def test_what_is_no_message_of_cloudwatch_logs_fails_as_it_came():
    data = gzip.compress(b'{"a":1}')
    processing = Processing(decompression="GZIP", is_message_extracted=True)
    assert carry_out(Order(records(data), processing)).failures == [
        Failure(
            "processing-failed",
            "CloudWatchLogProcessing.MessageExtractionFailed",
            "The record is not a message of CloudWatch Logs.",
            Record(1000, data),
        )
    ]


@given(
    rows=st.lists(
        st.fixed_dictionaries({"c": st.sampled_from(["UA", "AA", "", None]), "n": NUMBERS}),
        max_size=20,
    ),
    most=st.integers(1, 3),
)
def test_no_record_is_lost_between_partitions(rows, most):
    data = [json.dumps(row).encode() for row in rows]
    order = Order(
        records(*data),
        Processing(query="{c: .c, odd: (.n % 2 != 0)}", delimiter=b"\n"),
        is_partitioned=True,
        partitions_max=most,
    )
    outcome = carry_out(order)
    lines = [line for part in outcome.parts for line in part.data.splitlines()]
    assert sorted(lines + [one.record.data for one in outcome.failures]) == sorted(data)
    assert len(outcome.parts) <= most
    for part in outcome.parts:
        for line in part.data.splitlines():
            row = json.loads(line)
            assert part.keys == {"c": row["c"], "odd": str(row["n"] % 2 != 0).lower()}
    kinds = {(one.kind, one.code) for one in outcome.failures}
    assert kinds <= {
        ("processing-failed", "DynamicPartitioning.MetadataExtractionFailed"),
        ("activePartitionExceeded", "DynamicPartitioning.ActivePartitionLimitExceeded"),
    }


def test_the_records_of_a_query_are_what_a_child_process_is_for():
    assert not needs_child(Order([], Processing(sub_records="JSON", delimiter=b"\n")))
    assert needs_child(Order([], Processing(query="{a: .a}")))
    assert needs_child(Order([], Processing(decompression="GZIP")))


async def _carried(order: Order, seconds: float) -> list[Part]:
    return (await carried_out(order, Bounds(seconds, 1024 * MIB))).parts


def test_a_child_does_what_the_server_would():
    import asyncio

    order = Order(records(b'{"a":1}'), Processing(query="{a: .a}"), is_partitioned=True)
    assert asyncio.run(_carried(order, 30)) == carry_out(order).parts


def test_a_query_without_an_end_ends_with_its_child():
    import asyncio

    order = Order(records(b"{}"), Processing(query="def f: f; f"))
    with pytest.raises(ChildError, match="It took longer than 1 seconds."):
        asyncio.run(_carried(order, 1))
