"""Records that Kinesis' Producer Library put together: taken apart again.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

_MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
_RECORDS, _DATA = 3, 3
"""The fields of AggregatedRecord and of its Record that are looked at."""


def records(data: bytes) -> list[bytes]:
    """Return the records in an aggregated one; any other is itself.

    What begins as an aggregated record and does not have its checksum is plain data, as for AWS's
    own consumers.
    """
    body, digest = data[len(_MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if not data.startswith(_MAGIC) or len(data) < len(_MAGIC) + _DIGEST_BYTES:
        return [data]
    if hashlib.md5(body, usedforsecurity=False).digest() != digest:
        return [data]
    try:
        parts = [value for field, value in _fields(body) if field == _RECORDS]
        return [_last(part) for part in parts]
    except ValueError:
        return [data]


def _last(record: bytes) -> bytes:
    """Return the data of a record; of a field that stands twice the last one holds."""
    data = b""
    for field, value in _fields(record):
        if field == _DATA:
            data = value
    return data


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a Protocol Buffers message's fields that have a length; numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            _, at = _number(message, at)
        elif kind == 2:
            length, at = _number(message, at)
            if at + length > len(message):
                raise ValueError("a field ends behind its message")
            yield field, message[at : at + length]
            at += length
        else:
            raise ValueError(f"a field of the kind {kind}")


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("a number without an end")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
