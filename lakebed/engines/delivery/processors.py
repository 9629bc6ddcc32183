"""What processors do with a record: take it apart, extract, name its partition keys, delimit it.

A record that one of them fails on is delivered as it came, below the error prefix.
https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-multirecord-deaggergation.html
https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, cast

import msgspec

from lakebed.engines.delivery import (
    DECOMPRESSION_FAILED,
    PROCESSING_FAILED,
    Processing,
)
from lakebed.engines.delivery.compression import gunzipped

_SPACE = re.compile(r"[ \t\r\n]*")
_PARTITIONING = "DynamicPartitioning.MetadataExtractionFailed"


class ProcessingError(Exception):
    """A record that cannot be treated: below which error prefix it goes, and what is said of it."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message


class Piece(msgspec.Struct, frozen=True):
    """What became of a record, or of a part of it, and the partition keys it has."""

    data: bytes
    keys: Mapping[str, str] = {}


def processor(processing: Processing) -> Callable[[bytes], list[Piece]]:
    """Return what treats a record; it raises ProcessingError."""
    keys_of = _query(processing) if processing.query else None

    def process(data: bytes) -> list[Piece]:
        if processing.decompression:
            data = _decompressed(data)
        if processing.is_message_extracted:
            data = messages(data)
            if not data:
                return []
        pieces = sub_records(processing, data) if processing.sub_records else [data]
        return [
            Piece(piece + processing.delimiter, keys_of(piece) if keys_of else {})
            for piece in pieces
        ]

    return process


def _decompressed(data: bytes) -> bytes:
    try:
        return gunzipped(data)
    except ValueError as error:
        message = f"The record could not be decompressed: {error}"
        raise ProcessingError(DECOMPRESSION_FAILED, "DecompressionFailed", message) from error


def messages(data: bytes) -> bytes:
    """Return the messages of a record of CloudWatch Logs, a line each; none of a control message.

    Without them a subscription's own test (`CONTROL_MESSAGE`) would lie among the lines.
    """
    try:
        whole: Any = json.loads(data)
        if whole.get("messageType") == "CONTROL_MESSAGE":
            return b""
        events: list[Any] = whole["logEvents"]
        lines = [str(event["message"]) for event in events]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = "The record is not a message of CloudWatch Logs."
        code = "CloudWatchLogProcessing.MessageExtractionFailed"
        raise ProcessingError(PROCESSING_FAILED, code, message) from error
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def sub_records(processing: Processing, data: bytes) -> list[bytes]:
    """Return the records that were put into one."""
    if processing.sub_records == "DELIMITED":
        return [piece for piece in data.split(processing.sub_delimiter) if piece]
    try:
        return [piece for piece, _ in documents(data)]
    except ValueError as error:
        code = "RecordDeAggregation.InvalidJson"
        message = f"The record is not a sequence of JSON documents: {error}"
        raise ProcessingError(PROCESSING_FAILED, code, message) from error


def documents(data: bytes) -> Iterator[tuple[bytes, Any]]:
    """Yield the JSON values that stand one after the other, each with its text.

    ValueError where there is something else.
    """
    text = data.decode("utf-8-sig")
    decoder = json.JSONDecoder()
    at = _blank(text, 0)
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield text[at:end].encode("utf-8", "surrogatepass"), value
        at = _blank(text, end)


def _blank(text: str, at: int) -> int:
    blank = _SPACE.match(text, at)
    return at if blank is None else blank.end()


def _query(processing: Processing) -> Callable[[bytes], Mapping[str, str]]:
    """Return what finds a record's partition keys by a JQ program.

    A value that is null, empty or nested is none.
    https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html
    """
    jq: Any = import_module("jq")
    compiled = jq.compile(processing.query)

    def keys(data: bytes) -> Mapping[str, str]:
        try:
            found: Any = compiled.input_text(data.decode()).first()
        except (ValueError, StopIteration) as error:
            message = f"The metadata extraction query failed: {error}"
            raise ProcessingError(PROCESSING_FAILED, _PARTITIONING, message) from error
        if not isinstance(found, dict):
            message = "The metadata extraction query returned something else than one object."
            raise ProcessingError(PROCESSING_FAILED, _PARTITIONING, message)
        named = dict.fromkeys(processing.keys) | cast("dict[str, Any]", found)
        return {name: _key(value) for name, value in named.items()}

    return keys


def _key(value: Any) -> str:
    if value is None or value == "" or isinstance(value, dict | list):
        message = "partitionKeys values must not be null or empty"
        raise ProcessingError(PROCESSING_FAILED, _PARTITIONING, message)
    return value if isinstance(value, str) else json.dumps(value)
