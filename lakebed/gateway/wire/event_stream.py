"""AWS's event streams: answers that go on, a framed message an event.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the frames:
both lengths, their CRC, headers, the payload, and the CRC of it all. Services of the JSON protocol
begin with `initial-response`, which carries the output's other members.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.core.bodies import Event

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
_encode_json = msgspec.json.encode


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return a message with its headers, all of them texts."""
    written = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(written) + len(payload), len(written))
    begin = prelude + struct.pack(">I", zlib.crc32(prelude)) + written + payload
    return begin + struct.pack(">I", zlib.crc32(begin))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _STRING, len(text)) + text


def xml_event(event: Event) -> bytes:
    """Return an event of S3: bytes as they are, details in XML, an error in headers.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
    """
    if event.is_exception:
        text = event.members["message"]
        return message(
            {":error-code": event.name, ":error-message": text, ":message-type": "error"}, b""
        )
    headers = {":event-type": event.name, ":message-type": "event"}
    payload: bytes = event.members.get("Payload", b"")
    if "Payload" in event.members:
        headers[":content-type"] = "application/octet-stream"
    if "Details" in event.members:
        headers[":content-type"] = "text/xml"
        rows = event.members["Details"].items()
        members = "".join(f"<{name}>{value}</{name}>" for name, value in rows)
        payload = f'<{event.name} xmlns="">{members}</{event.name}>'.encode()
    return message(headers, payload)


def json_event(name: str, members: Mapping[str, Any]) -> bytes:
    """Return an event, its payload in JSON."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return message(headers, _encode_json(members))


def json_exception(name: str, members: Mapping[str, Any]) -> bytes:
    """Return an exception, which ends the stream for its reader."""
    headers = {
        ":exception-type": name,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return message(headers, _encode_json(members))
