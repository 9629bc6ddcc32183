"""Aggregated records of Kinesis' Producer Library."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from lakebed.services.firehose import _kpl


def _number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _field(field: int, value: bytes) -> bytes:
    return _number(field << 3 | 2) + _number(len(value)) + value


def aggregated(records: list[bytes]) -> bytes:
    """Put records together as the library does."""
    body = _field(1, b"key")
    for data in records:
        body += _field(3, _number(1 << 3) + _number(0) + _field(3, data))
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body, usedforsecurity=False).digest()


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_what_was_put_together_is_taken_apart(records):
    assert _kpl.records(aggregated(records)) == records


@given(st.binary(max_size=100) | st.binary(max_size=50).map(lambda one: b"\xf3\x89\x9a\xc2" + one))
def test_anything_else_is_itself(data):
    assert _kpl.records(data) == [data]


@given(st.binary(max_size=60))
def test_what_has_a_checksum_and_is_no_message_is_itself_or_has_no_records(body):
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    data = b"\xf3\x89\x9a\xc2" + body + digest
    found = _kpl.records(data)
    assert found == [data] or all(one in body for one in found)
