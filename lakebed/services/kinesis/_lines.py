"""Records as the lines of a shard's log, which are what GetRecords answers.

A line of an encrypted stream has its record in `Sealed`, behind the name of the key it was sealed
with; it is opened for whoever may decrypt with that key.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pybase64

from lakebed import sealing
from lakebed.core.bodies import ReadyList
from lakebed.engines.stream import LINE_END
from lakebed.services.kinesis import _sequence_numbers
from lakebed.services.kinesis.model import Shard

Lines = Callable[[int, float], bytes]
_SEALED = b'"Sealed":'
_STEP = 1 << _sequence_numbers.INDEX_BITS
_quote = msgspec.json.encode
_base64 = pybase64.b64encode


class _Line(msgspec.Struct, gc=False):
    ApproximateArrivalTimestamp: float
    SequenceNumber: str = ""
    Data: str = ""
    PartitionKey: str = ""
    EncryptionType: str = ""
    Sealed: str = ""


_decode_lines = msgspec.json.Decoder(list[_Line]).decode
_unbase64 = pybase64.b64decode


def lines_of(shard: Shard, records: Sequence[tuple[str, bytes]]) -> Lines:
    """Return what makes the lines of records (partition key, data) once their place is known."""

    def lines(first: int, time: float) -> bytes:
        stamp = f'{{"ApproximateArrivalTimestamp":{time:.3f},"SequenceNumber":"'
        number = _sequence_numbers.number(shard.created_s, shard.number, first, int(time))
        parts: list[bytes] = []
        for key, data in records:
            number += _STEP
            begin = f'{stamp}{number}","Data":"'.encode()
            parts += (begin, _base64(data), b'","PartitionKey":', _quote(key), LINE_END)
        return b"".join(parts)

    return lines


def sealed_lines(
    shard: Shard, records: Sequence[tuple[str, bytes]], name: str, key: bytes
) -> Lines:
    """Return what makes lines sealed with a data key, which `name` finds again."""
    plain = lines_of(shard, records)

    def lines(first: int, time: float) -> bytes:
        parts: list[str] = []
        for line in plain(first, time).splitlines():
            text = base64.b64encode(sealing.locked(key, name, line[:-1])).decode()
            parts.append(
                f'{{"ApproximateArrivalTimestamp":{time:.3f},"Sealed":"{name}.{text}"}},\n'
            )
        return "".join(parts).encode()

    return lines


def opened(data: bytes, key_of: Callable[[str], bytes]) -> bytes:
    """Return lines with those opened that are sealed; `key_of` finds a data key by its name."""
    if _SEALED not in data:
        return data
    parts: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if _SEALED in line:
            name, _, text = msgspec.json.decode(line[:-2], type=_Line).Sealed.partition(".")
            plain = sealing.unlocked(key_of(name), name, base64.b64decode(text))
            line = plain[:-1] + b',"EncryptionType":"KMS"' + plain[-1:] + LINE_END[1:]
        parts.append(line)
    return b"".join(parts)


def records_in(data: bytes) -> ReadyList:
    """Return the records of lines: their JSON is at hand, others decode them."""

    def read() -> list[dict[str, Any]]:
        return [_record(line) for line in _decode_lines(text)]

    text = b"[" + data[:-2] + b"]"
    return ReadyList(text, read)


def _record(line: _Line) -> dict[str, Any]:
    record: dict[str, Any] = {
        "SequenceNumber": line.SequenceNumber,
        "ApproximateArrivalTimestamp": line.ApproximateArrivalTimestamp,
        "Data": _unbase64(line.Data),
        "PartitionKey": line.PartitionKey,
    }
    if line.EncryptionType:
        record["EncryptionType"] = line.EncryptionType
    return record
