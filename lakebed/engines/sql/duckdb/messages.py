"""What server and worker say to each other: length-prefixed msgpack maps over a socket pair.

To the worker: `run` (a query), `answer` (to what it asked). From the worker: `ready`, `ask` (an
operation of a service), `files`, `put`, `delete`, `together` (several of these), `done` (the
outcome).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import msgspec

LENGTH = struct.Struct(">I")
MESSAGE_BYTES_MAX = 256 << 20
Message = dict[str, Any]

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.Decoder().decode


def packed(message: Message) -> bytes:
    """Return a message as it goes over the wire."""
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Return the worker's next message, None when it is gone."""
    try:
        head = await reader.readexactly(LENGTH.size)
        return _decode(await reader.readexactly(LENGTH.unpack(head)[0]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class GoneError(Exception):
    """The server closed the socket: there is nobody left to work for."""


class Channel:
    """The worker's blocking end."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._file = link.makefile("rb")

    def send(self, message: Message) -> None:
        """Send a message."""
        self._link.sendall(packed(message))

    def receive(self) -> Message:
        """Wait for a message."""
        head = self._file.read(LENGTH.size)
        if len(head) < LENGTH.size:
            raise GoneError
        return _decode(self._file.read(LENGTH.unpack(head)[0]))

    def request(self, message: Message) -> Message:
        """Send a question and wait for its answer."""
        self.send(message)
        return self.receive()
