"""HTTP/2, as Java's asynchronous clients speak it: by prior knowledge, or agreed on over TLS.

Frames are the h2 library's. Each stream is a connection of its own kind to the rest of the gateway:
its request is written to a `Connection` as HTTP/1.1, whose answer is read and framed. So there is
one way from a request to its answer, whatever was spoken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import httptools

from lakebed.core.limits import (
    HTTP2_BACKLOG_BYTES_MAX,
    HTTP2_RESETS_MAX,
    HTTP2_STREAMS_MAX,
    KIB,
)

if TYPE_CHECKING:
    from lakebed.gateway.server import Connection, Server

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HIGH_WATER_BYTES = 256 * KIB
_WINDOW_BYTES = 1024 * KIB
_BODILESS = frozenset({b"GET", b"HEAD", b"DELETE", b"OPTIONS"})
_OF_CONNECTIONS = frozenset({b"connection", b"transfer-encoding", b"keep-alive", b"upgrade"})
"""Headers that say something of an HTTP/1.1 connection, which HTTP/2 has none of."""


class Http2Connection(asyncio.Protocol):
    """One client's socket that speaks HTTP/2; its streams are connections of the server."""

    def __init__(self, server: Server, transport: asyncio.Transport) -> None:
        self._server = server
        self._transport = transport
        self._streams: dict[int, _Stream] = {}
        self._resets = 0
        self._is_flushing = False
        self.last_active = time.monotonic()
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self.frames = h2.connection.H2Connection(config)
        self.frames.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: HTTP2_STREAMS_MAX,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW_BYTES,
            },
        )
        self.frames.initiate_connection()
        self.frames.increment_flow_control_window(8 * _WINDOW_BYTES)

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """End every stream."""
        self._server.remove(self)
        for stream in list(self._streams.values()):
            stream.lost()
        self._streams.clear()

    def data_received(self, data: bytes) -> None:
        """Take frames in."""
        self.last_active = time.monotonic()
        try:
            for event in self.frames.receive_data(data):
                self._take(event)
        except h2.exceptions.ProtocolError:
            self._flush()
            self._transport.close()
            return
        self.flush_soon()

    def pause_writing(self) -> None:
        """The transport's buffer is full: streams wait; so does a client that only asks."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The transport's buffer has room again."""
        self._transport.resume_reading()
        for stream in list(self._streams.values()):
            stream.send()
        self.flush_soon()

    # -- frames -----------------------------------------------------------------------------------

    def _take(self, event: h2.events.Event) -> None:
        stream_id: int = getattr(event, "stream_id", None) or 0
        stream = self._streams.get(stream_id)
        if isinstance(event, h2.events.RequestReceived):
            self._open(stream_id, event)
        elif isinstance(event, h2.events.DataReceived):
            size = event.flow_controlled_length or 0
            if stream is not None:
                stream.body(event.data or b"", size)
            else:
                self.frames.acknowledge_received_data(size, stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._reset(stream_id)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._transport.close()
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            # Of the connection, where it names no stream.
            for one in list(self._streams.values()) if not stream_id else [stream]:
                if one is not None:
                    one.send()
        elif isinstance(event, h2.events.StreamEnded) and stream is not None:
            stream.end_of_request()

    def _open(self, stream_id: int, event: h2.events.RequestReceived) -> None:
        headers = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
        stream = self._streams[stream_id] = _Stream(self, stream_id, headers)
        stream.connect(self._server.connect())
        stream.begin(has_body=event.stream_ended is None)

    def _reset(self, stream_id: int) -> None:
        """End a stream that the client gave up; a client that does nothing else is one too many."""
        stream = self._streams.pop(stream_id, None)
        if stream is not None:
            stream.lost()
        self._resets += 1
        if self._resets > HTTP2_RESETS_MAX:
            self._transport.abort()

    def forget(self, stream_id: int) -> None:
        """Take note that a stream has ended in order."""
        self._streams.pop(stream_id, None)
        self._resets = max(0, self._resets - 1)

    def flush_soon(self) -> None:
        """Write frames once what is here was read."""
        if not self._is_flushing:
            self._is_flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        data = self.frames.data_to_send()
        if not data or self._transport.is_closing():
            return
        self.last_active = time.monotonic()
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > HTTP2_BACKLOG_BYTES_MAX:
            self._transport.abort()

    @property
    def is_full(self) -> bool:
        """Whether the client takes no more for now."""
        return self._transport.get_write_buffer_size() > _HIGH_WATER_BYTES

    def information(self, name: str) -> Any:
        """Return what the socket's transport knows; the socket itself is not a stream's to use."""
        return None if name == "socket" else self._transport.get_extra_info(name)

    # -- the server's end -------------------------------------------------------------------------

    def close_if_idle(self) -> None:
        """Close a connection that waits for nothing, for a graceful stop."""
        if not self._streams:
            self.close()

    def close(self) -> None:
        """Say that no more streams are taken, and close the socket."""
        if not self._transport.is_closing():
            self.frames.close_connection()
            self._flush()
            self._transport.close()

    def give_up(self) -> None:
        """End a connection on which nothing moved for long, unless answers are under way."""
        if not self._streams:
            self.close()


class _Stream(asyncio.Transport):
    """One stream: to its `Connection` it is a transport, which takes HTTP/1.1 in."""

    def __init__(
        self, owner: Http2Connection, stream_id: int, headers: Sequence[tuple[bytes, bytes]]
    ) -> None:
        super().__init__()
        self._owner = owner
        self._id = stream_id
        self._headers = headers
        self._connection: Connection | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = bytearray()
        self._unread = 0
        self._is_paused = False
        self._is_chunked = False
        self._is_head = False
        self._is_asked_whole = False
        self._is_answered = False
        self._is_over = False
        self._is_full = False
        self._answer_headers: list[tuple[bytes, bytes]] = []

    # -- the request ------------------------------------------------------------------------------

    def connect(self, connection: Connection) -> None:
        """Hand the stream to what answers requests."""
        self._connection = connection
        connection.connection_made(self)

    def begin(self, *, has_body: bool) -> None:
        """Write the request's head as HTTP/1.1."""
        special = {name: value for name, value in self._headers if name.startswith(b":")}
        plain = [(name, value) for name, value in self._headers if not name.startswith(b":")]
        names = {name for name, _ in plain}
        method, path = special.get(b":method", b""), special.get(b":path", b"")
        self._is_head = method == b"HEAD"
        lines = [b"%b %b HTTP/1.1" % (method, path)]
        if b"host" not in names:
            lines.append(b"host: " + special.get(b":authority", b""))
        lines += [b"%b: %b" % (name, value) for name, value in plain if name not in _OF_CONNECTIONS]
        if b"content-length" not in names:
            self._is_chunked = has_body
            if has_body:
                lines.append(b"transfer-encoding: chunked")
            elif method not in _BODILESS:
                lines.append(b"content-length: 0")
        self._feed(b"\r\n".join(lines) + b"\r\n\r\n")

    def body(self, data: bytes, size: int) -> None:
        """Take a piece of the body; the client may send as much again once it is read."""
        self._unread += size
        if data:
            self._feed(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
        self._acknowledge()

    def end_of_request(self) -> None:
        """The request is whole."""
        self._is_asked_whole = True
        if self._is_chunked:
            self._feed(b"0\r\n\r\n")

    def _feed(self, data: bytes) -> None:
        if self._connection is not None and not self._is_over:
            self._connection.data_received(data)

    def _acknowledge(self) -> None:
        if self._unread and (self._is_over or not self._is_paused):
            self._owner.frames.acknowledge_received_data(self._unread, self._id)
            self._unread = 0
            self._owner.flush_soon()

    # -- the transport of a connection ------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the socket's transport knows."""
        found = self._owner.information(name)
        return default if found is None else found

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a piece of the answer, as HTTP/1.1."""
        if self._is_over:
            return
        self._parser.feed_data(bytes(data))
        self.send()

    def pause_reading(self) -> None:
        """Have the client wait with more of the body."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Let the client send more."""
        self._is_paused = False
        self._acknowledge()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes of the answer the client has not taken yet."""
        return len(self._waiting)

    def is_closing(self) -> bool:
        """Whether nothing more can be answered."""
        return self._is_over

    def close(self) -> None:
        """End the stream once the answer has left; without one, at once."""
        if not self._is_answered:
            self.abort()

    def abort(self) -> None:
        """Reset the stream."""
        if not self._is_over:
            self._framed(lambda: self._owner.frames.reset_stream(self._id))
            self._ended()

    def lost(self) -> None:
        """The client is gone, or gave the stream up."""
        if not self._is_over:
            self._is_over = True
            self._later(None)

    def _ended(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._owner.forget(self._id)
        # Not from within the connection's own call.
        asyncio.get_running_loop().call_soon(self._later, None)

    def _later(self, _: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.connection_lost(None)

    # -- httptools: the answer --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin an answer; one of status 100 may come before the real one."""
        self._answer_headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header of the answer."""
        if name.lower() not in _OF_CONNECTIONS:
            self._answer_headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Send the head of the answer."""
        status = self._parser.get_status_code()
        headers = [(b":status", b"%d" % status), *self._answer_headers]
        frames, is_last = self._owner.frames, self._is_head and status >= 200
        self._framed(lambda: frames.send_headers(self._id, headers, end_stream=is_last))
        if is_last:
            self._is_answered = True
            self._ended()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the answer's body."""
        self._waiting += body

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._parser.get_status_code() >= 200:
            self._is_answered = True

    def send(self) -> None:
        """Frame as much of the answer as the client has windows for."""
        frames = self._owner.frames
        while self._waiting and not self._is_over and not self._owner.is_full:
            room = self._room()
            if room <= 0:
                break
            piece = bytes(self._waiting[:room])
            del self._waiting[:room]
            self._framed(lambda piece=piece: frames.send_data(self._id, piece))
        self._tell()
        if self._is_answered and not self._waiting and not self._is_over:
            self._framed(lambda: frames.end_stream(self._id))
            if not self._is_asked_whole:
                # Answered before the body was whole: the rest of it is not wanted.
                self._framed(lambda: frames.reset_stream(self._id, 0))
            self._ended()

    def _room(self) -> int:
        """Return how many bytes the client takes in one frame now."""
        frames = self._owner.frames
        try:
            window = frames.local_flow_control_window(self._id)
        except h2.exceptions.ProtocolError:
            return 0
        return min(window, frames.max_outbound_frame_size)

    def _framed(self, send: Callable[[], None]) -> None:
        """Send a frame, unless the client has reset the stream, which is told a moment later."""
        try:
            send()
        except h2.exceptions.ProtocolError:
            self._ended()
        self._owner.flush_soon()

    def _tell(self) -> None:
        """Tell the connection when to wait with more, and when to go on."""
        connection, is_full = self._connection, len(self._waiting) > _HIGH_WATER_BYTES
        if connection is None or is_full == self._is_full:
            return
        self._is_full = is_full
        if is_full:
            # At once: who writes a file asks before every piece whether to wait.
            connection.pause_writing()
        else:
            asyncio.get_running_loop().call_soon(connection.resume_writing)
