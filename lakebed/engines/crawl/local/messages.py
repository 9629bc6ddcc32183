"""What server and worker say to each other: length-prefixed msgpack over a socket pair.

To the worker goes a `Batch`; it answers with `Finding`s in the order of the batch, several at once.
"""

from __future__ import annotations

import struct

import msgspec

from lakebed.engines.crawl import Classifier, Finding

LENGTH = struct.Struct(">I")


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Files as (key, path, size); with `is_wary` every finding is sent as soon as it is made."""

    files: list[tuple[str, str, int]]
    classifiers: list[Classifier]
    is_wary: bool = False


_encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(Batch).decode
_findings = msgspec.msgpack.Decoder(list[Finding]).decode


def packed(message: Batch | list[Finding]) -> bytes:
    """Return a message as it goes over the wire."""
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


def batch(body: bytes) -> Batch:
    """Read what the server sent."""
    return _batch(body)


def findings(body: bytes) -> list[Finding]:
    """Read what a worker sent."""
    return _findings(body)
