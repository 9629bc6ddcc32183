"""Sockets: bytes to requests and answers to bytes, in order, within limits. Knows no service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
import time
from collections import deque
from typing import cast

import httptools

from lakebed.core.bodies import FileSlice, Pieces
from lakebed.core.limits import (
    CONNECTION_IDLE_SECONDS_MAX,
    CONNECTIONS_MAX,
    KIB,
    REQUEST_HEAD_BYTES_MAX,
)
from lakebed.gateway.exchanges import Exchange, Exchanges, Held
from lakebed.gateway.heads import head_of, header_name, known_names, problem_of
from lakebed.gateway.sending import CopyFile, FileSender, SendEvents, SendFile, SendPieces
from lakebed.gateway.wire.http import Body, Events, HttpRequest, HttpResponse

log = logging.getLogger("lakebed.gateway")

PIPELINED_MAX = 16
INLINE_BYTES_MAX = 64 * KIB
HANDSHAKE_SECONDS_MAX = 10.0
SHUTDOWN_SECONDS_MAX = 0.5
"""So long a closed TLS connection waits for the client's farewell; many never send one."""
_HTTP2 = b"PRI * HTTP/2.0\r\n"
"""How a client begins that speaks HTTP/2."""
TURN_BYTES_MAX = 1024 * KIB
"""What one connection may send before the other connections are looked at."""


class Slot:
    """The place of one answer in the order of a connection."""

    __slots__ = ("connection", "is_head", "keep_alive", "response")

    def __init__(self, connection: Connection, *, is_head: bool, keep_alive: bool) -> None:
        self.connection = connection
        self.is_head = is_head
        self.keep_alive = keep_alive
        self.response: HttpResponse | None = None

    def answer(self, response: HttpResponse, *, keep_alive: bool = True) -> None:
        """Send the answer once all earlier ones of the connection are sent."""
        if self.response is None:
            self.response = response
            self.keep_alive = self.keep_alive and keep_alive
            self.connection.send_due()


class Connection(asyncio.Protocol):
    """One client's socket."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._slots: deque[Slot] = deque()
        self._exchange: Exchange | None = None
        self._open_slot: Slot | None = None
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._unseen_bytes = 0
        self._is_in_body = False
        self._is_sending = False
        self._is_full = False
        self._file: FileSender | None = None
        self._is_closing = False
        self._pauses = 0
        self._turn_bytes = 0
        self._is_fresh = True
        self.last_active = time.monotonic()
        self.address = ""
        self.tls_version = ""
        """The version of TLS that is spoken, as `1.3`; empty without."""

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return bool(self.tls_version)

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; refuse it above the limit of connections."""
        # uvloop's transports are none of asyncio's classes; a stream's is always of this kind.
        self._transport = stream = cast("asyncio.Transport", transport)
        peer: object = stream.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.address = str(cast("tuple[object, ...]", peer)[0])
        tls = stream.get_extra_info("ssl_object")
        if tls is not None:
            self.tls_version = str(tls.version() or "").removeprefix("TLSv")
        if not self._server.add(self):
            stream.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Abort what was under way."""
        self._transport = None
        if self._file is not None:
            self._file.end()
        self._server.remove(self)
        if self._exchange is not None:
            self._exchange.abort()
            self._exchange = None

    def data_received(self, data: bytes) -> None:
        """Parse what arrived."""
        if self._is_closing:
            return
        if self._is_fresh:
            self._is_fresh = False
            if data.startswith(_HTTP2) and self._transport is not None:
                self._server.speak_http2(self, self._transport, data)
                return
        self.last_active = time.monotonic()
        self._turn_bytes += len(data)
        self._unseen_bytes += len(data)
        if self._turn_bytes > TURN_BYTES_MAX:
            self._end_turn()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "this server does not switch protocols")
        except httptools.HttpParserCallbackError as error:
            # Not the client's fault: a bug on our side must look like one.
            log.error("a request could not be taken", exc_info=error.__context__ or error)
            self._refuse(500, "the server failed at this request; its log says why")
        except httptools.HttpParserError as error:
            self._refuse(400, f"the request is no valid HTTP: {error}")
        if max(self._head_bytes, self._unseen_bytes) > REQUEST_HEAD_BYTES_MAX:
            # Also one header, or the extension of a chunk, that never ends.
            self._refuse(431, "the request line and headers are too large")

    def _end_turn(self) -> None:
        """Let the others have their turn: the loop would read a fast client dry first."""
        self._turn_bytes = 0
        self.pause()
        asyncio.get_running_loop().call_soon(self.resume)

    # -- httptools --------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Start a new request."""
        self._url = b""
        self._headers = {}
        self._head_bytes = 0
        self._is_in_body = False

    def on_url(self, url: bytes) -> None:
        """Take the request target, which can arrive in pieces."""
        self._url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, its bytes as Latin-1 text; repeated ones are joined."""
        self._head_bytes += len(name) + len(value) + 4
        if self._is_in_body:
            # A trailer of HTTP's own: nobody signed it, and the headers are acted on already.
            return
        key = known_names.get(name) or header_name(name)
        text = value.decode("latin-1")
        if key in self._headers:
            text = f"{self._headers[key]},{text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        """Begin the exchange."""
        self._unseen_bytes = 0
        self._is_in_body = True
        if self._is_closing:
            return
        problem = problem_of(self._headers, self._parser.get_http_version())
        if problem:
            self._refuse(400, problem)
            return
        target = self._url
        if not target.startswith(b"/"):
            # An absolute form, as proxies send it: what follows the authority counts.
            _, _, rest = target.partition(b"://")
            target = b"/" + rest.partition(b"/")[2]
        path, _, query = target.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("ascii")
        head = HttpRequest(method, path, query, self._headers, b"")
        keep_alive = self._parser.should_keep_alive() and not self._server.is_stopping
        slot = self._open_slot = Slot(self, is_head=method == "HEAD", keep_alive=keep_alive)
        self._slots.append(slot)
        if len(self._slots) == PIPELINED_MAX:
            self.pause()
        self._exchange = self._server.exchanges.open(self, slot, head)

    def on_chunk_header(self) -> None:
        """The head of a chunk, with its extension, is over."""
        self._unseen_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        self._unseen_bytes = 0
        if self._exchange is not None:
            self._exchange.body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange, self._exchange = self._exchange, None
        self._open_slot = None
        if exchange is not None:
            exchange.complete()

    # -- flow -------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop reading for now."""
        self._pauses += 1
        if self._pauses == 1 and self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on, once everyone who paused has said so."""
        if self._pauses:
            self._pauses -= 1
            if self._pauses == 0 and self._transport is not None:
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The transport's buffer is full; a file waits for it."""
        self._is_full = True
        if self._file is not None:
            self._file.set_paused(True)

    def resume_writing(self) -> None:
        """The transport's buffer has room again."""
        self._is_full = False
        if self._file is not None:
            self._file.set_paused(False)

    def send_continue(self) -> None:
        """Tell a client that waits for it to send the body."""
        if self._transport is not None:
            self._server.flush()
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer what is no request, in its turn, and close."""
        if self._is_closing:
            return
        self._is_closing = True
        slot = self._open_slot
        if slot is None:
            slot = Slot(self, is_head=False, keep_alive=False)
            self._slots.append(slot)
        if self._exchange is not None:
            self._exchange.abort()
            self._exchange = None
        response = HttpResponse(status, [("Content-Type", "text/plain")], sentence.encode())
        slot.answer(response, keep_alive=False)
        if slot.response is not response:
            # It was answered before its body was whole.
            self.close()

    # -- sending ----------------------------------------------------------------------------------

    def send_due(self) -> None:
        """Send every answer whose turn it is."""
        while self._slots and not self._is_sending:
            slot = self._slots[0]
            if slot.response is None:
                return
            self._slots.popleft()
            if len(self._slots) == PIPELINED_MAX - 1:
                self.resume()
            self._send(slot, slot.response)

    def _send(self, slot: Slot, response: HttpResponse) -> None:
        body = response.body
        transport = self._transport
        if transport is None:
            _close_body(body)
            return
        self.last_active = time.monotonic()
        keep_alive = slot.keep_alive and not self._server.is_stopping
        if isinstance(body, bytes):
            head = head_of(response, len(body), keep_alive=keep_alive)
            self._server.write_soon(transport, head if slot.is_head else head + body)
        elif isinstance(body, FileSlice):
            head = head_of(response, body.length, keep_alive=keep_alive)
            if slot.is_head or body.length <= INLINE_BYTES_MAX:
                data = b"" if slot.is_head else os.pread(body.descriptor, body.length, body.start)
                os.close(body.descriptor)
                self._server.write_soon(transport, head + data)
            else:
                self._server.flush()
                transport.write(head)
                self._is_sending = True
                is_plain = (
                    transport.get_extra_info("ssl_object") is None
                    and transport.get_extra_info("socket") is not None
                )
                sender = SendFile if is_plain else CopyFile
                self._file = sender(self, transport, body, keep_alive=keep_alive)
                self._file.set_paused(self._is_full)
                return
        elif isinstance(body, Pieces):
            self._server.flush()
            transport.write(head_of(response, body.length, keep_alive=keep_alive))
            self._is_sending = True
            self._file = SendPieces(self, transport, body, keep_alive=keep_alive)
            self._file.set_paused(self._is_full)
            return
        elif isinstance(body, Events):
            self._server.flush()
            transport.write(head_of(response, None, keep_alive=keep_alive))
            self._is_sending = True
            self._file = SendEvents(self, transport, body, keep_alive=keep_alive)
            self._file.set_paused(self._is_full)
            return
        else:
            self._server.flush()
            transport.write(head_of(response, None, keep_alive=keep_alive))
            for piece in body:
                transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            transport.write(b"0\r\n\r\n")
        if not keep_alive:
            self.close()

    def sent(self, *, keep_alive: bool, is_whole: bool) -> None:
        """Go on after a file was sent, or end the connection if it could not be."""
        self._is_sending = False
        self._file = None
        self.last_active = time.monotonic()
        if self._transport is None:
            return
        if not is_whole:
            self._transport.abort()
        elif keep_alive:
            self.send_due()
        else:
            self.close()

    def close(self) -> None:
        """Close the socket once what was written has left."""
        self._is_closing = True
        self._server.flush()
        if self._transport is not None:
            self._transport.close()

    def close_if_idle(self) -> None:
        """Close a connection that waits for nothing, for a graceful stop."""
        if isinstance(self._file, SendEvents):
            self._file.finish()
        if not self._slots and not self._is_sending:
            self.close()

    def give_up(self) -> None:
        """End a connection on which nothing moves any more, unless it is we who are slow."""
        is_ours = self._pauses > 0 or (
            bool(self._slots) and self._exchange is None and not self._is_sending
        )
        if self._transport is None or is_ours:
            return
        if self._slots or self._is_sending or self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self.close()


class Server:
    """The listening socket and its connections."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.is_stopping = False
        self._connections: set[Held] = set()
        self._due: list[tuple[asyncio.Transport, bytes]] = []
        self._listener: asyncio.Server | None = None
        self._connections_max = min(CONNECTIONS_MAX, _descriptors() // 2)

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen and return the port; OSError if the address is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self),
            host,
            port,
            backlog=1024,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX if tls else None,
            ssl_shutdown_timeout=SHUTDOWN_SECONDS_MAX if tls else None,
        )
        loop.call_later(CONNECTION_IDLE_SECONDS_MAX, self._close_idle)
        return int(self._listener.sockets[0].getsockname()[1])

    def connect(self) -> Connection:
        """Make a connection for what is no socket of its own: a stream of HTTP/2."""
        return Connection(self)

    def speak_http2(self, first: Connection, transport: asyncio.Transport, data: bytes) -> None:
        """Go on in HTTP/2 on a socket whose client began so."""
        # Loaded when somebody speaks it: the library takes longer than all the rest.
        from lakebed.gateway.http2 import Http2Connection

        self.remove(first)
        connection = Http2Connection(self, transport)
        self._connections.add(connection)
        transport.set_protocol(connection)
        connection.data_received(data)

    def add(self, connection: Held) -> bool:
        """Take in a connection; False above the limit."""
        if len(self._connections) >= self._connections_max:
            return False
        self._connections.add(connection)
        return True

    def remove(self, connection: Held) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def write_soon(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write once the requests that are here have been read.

        A write wakes the client; while it sleeps again between two answers, every answer pays for
        a wake-up (measured: a third of a small call). Written together, they pay for one.
        """
        if not self._due:
            asyncio.get_running_loop().call_soon(self.flush)
        self._due.append((transport, data))

    def flush(self) -> None:
        """Write what is due, in order."""
        due, self._due = self._due, []
        for transport, data in due:
            if not transport.is_closing():
                transport.write(data)

    def _close_idle(self) -> None:
        oldest = time.monotonic() - CONNECTION_IDLE_SECONDS_MAX
        for connection in [one for one in self._connections if one.last_active < oldest]:
            connection.give_up()
        if not self.is_stopping:
            loop = asyncio.get_running_loop()
            loop.call_later(CONNECTION_IDLE_SECONDS_MAX / 4, self._close_idle)

    async def stop(self, seconds_max: float) -> None:
        """Take no more connections, let what is under way end, close the rest."""
        self.is_stopping = True
        if self._listener is not None:
            self._listener.close()
        deadline = time.monotonic() + seconds_max
        while self._connections and time.monotonic() < deadline:
            for connection in list(self._connections):
                connection.close_if_idle()
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.close()


def _descriptors() -> int:
    """Return how many files may be open at once, after asking the system for enough.

    Every connection is one, and may have a file of the lake open besides.
    """
    import resource

    wanted = 2 * CONNECTIONS_MAX + 1024
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < wanted:
        soft = wanted if hard < 0 else min(hard, wanted)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft < 0 else soft


def _close_body(body: Body) -> None:
    if isinstance(body, FileSlice):
        os.close(body.descriptor)
    elif isinstance(body, Pieces):
        body.close()
    elif isinstance(body, Events):
        body.stream.abandon()
