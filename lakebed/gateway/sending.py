"""Files to sockets: sent by the kernel, or over TLS read and written piece by piece; events."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Protocol

from lakebed.core.bodies import FileSlice, Pieces
from lakebed.core.limits import KIB
from lakebed.gateway.wire.http import Events

log = logging.getLogger("lakebed.gateway")

SENDFILE_BYTES = 1024 * KIB
COPY_BYTES = 256 * KIB


class Sender(Protocol):
    """The connection a file is sent on; `last_active` is when something last moved on it."""

    last_active: float

    def sent(self, *, keep_alive: bool, is_whole: bool) -> None:
        """Go on after the file, or end the connection if it could not be sent."""
        ...


class FileSender(Protocol):
    """Sends what is not at hand at once: a slice of a file, or events as they come."""

    def set_paused(self, is_paused: bool, /) -> None:
        """Take note that the transport's buffer is full, or go on because it is not."""
        ...

    def end(self) -> None:
        """Stop, close what is open and say how it went; once."""
        ...


class SendFile:
    """Sends a slice of a file by the kernel, whenever the socket has room."""

    def __init__(
        self, sender: Sender, transport: asyncio.Transport, part: FileSlice, *, keep_alive: bool
    ) -> None:
        self._sender = sender
        self._transport = transport
        self._part = part
        self._keep_alive = keep_alive
        self._offset = part.start
        self._end = part.start + part.length
        self._loop = asyncio.get_running_loop()
        # A descriptor of our own: the loop does not let others watch its transports' sockets.
        self._socket = os.dup(transport.get_extra_info("socket").fileno())
        self._is_watching = False

    def set_paused(self, is_paused: bool, /) -> None:
        """Take note that the transport's buffer is full, or go on because it is not."""
        if not is_paused and not self._is_watching:
            self._step()

    def _step(self) -> None:
        if self._socket < 0:
            return
        if self._transport.is_closing():
            self.end()
            return
        if self._transport.get_write_buffer_size():
            # The head is still in the transport's buffer; the file must not overtake it.
            self._loop.call_later(0.001, self._step)
            return
        try:
            while self._offset < self._end:
                count = min(self._end - self._offset, SENDFILE_BYTES)
                sent = os.sendfile(self._socket, self._part.descriptor, self._offset, count)
                if sent == 0:
                    break
                self._offset += sent
                self._sender.last_active = time.monotonic()
        except BlockingIOError:
            if not self._is_watching:
                self._is_watching = True
                self._loop.add_writer(self._socket, self._step)
            return
        except OSError:
            pass
        self.end()

    def end(self) -> None:
        """Close the file and our descriptor of the socket, and say how it went; once."""
        if self._socket < 0:
            return
        if self._is_watching:
            self._loop.remove_writer(self._socket)
        os.close(self._socket)
        os.close(self._part.descriptor)
        self._socket = -1
        self._sender.sent(keep_alive=self._keep_alive, is_whole=self._offset == self._end)


class CopyFile:
    """Sends a slice of a file through the transport while its buffer has room."""

    def __init__(
        self, sender: Sender, transport: asyncio.Transport, part: FileSlice, *, keep_alive: bool
    ) -> None:
        self._is_paused = True
        self._sender = sender
        self._transport = transport
        self._descriptor = part.descriptor
        self._keep_alive = keep_alive
        self._offset = part.start
        self._end = part.start + part.length

    def set_paused(self, is_paused: bool, /) -> None:
        """Take note that the transport's buffer is full, or write on because it is not."""
        self._is_paused = is_paused
        if not is_paused:
            self._write_on()

    def _write_on(self) -> None:
        while self._offset < self._end and not self._is_paused:
            try:
                wanted = min(self._end - self._offset, COPY_BYTES)
                data = os.pread(self._descriptor, wanted, self._offset)
            except OSError:
                data = b""
            if not data or self._transport.is_closing():
                self.end()
                return
            self._offset += len(data)
            self._sender.last_active = time.monotonic()
            self._transport.write(data)
        if self._offset == self._end:
            self.end()

    def end(self) -> None:
        """Close the file and say how it went; once."""
        if self._descriptor < 0:
            return
        os.close(self._descriptor)
        self._descriptor = -1
        self._sender.sent(keep_alive=self._keep_alive, is_whole=self._offset == self._end)


class SendPieces:
    """Sends what is made piece by piece through the transport while its buffer has room."""

    def __init__(
        self, sender: Sender, transport: asyncio.Transport, body: Pieces, *, keep_alive: bool
    ) -> None:
        self._is_paused = True
        self._sender = sender
        self._transport = transport
        self._body = body
        self._keep_alive = keep_alive
        self._left = body.length
        self._is_over = False

    def set_paused(self, is_paused: bool, /) -> None:
        """Take note that the transport's buffer is full, or write on because it is not."""
        self._is_paused = is_paused
        if not is_paused:
            self._write_on()

    def _write_on(self) -> None:
        while self._left and not self._is_paused and not self._is_over:
            try:
                data = self._body.next()
            except Exception:
                # The head is sent already: all that is left is to end the connection.
                log.exception("an answer could not be made to its end")
                data = b""
            if not data or self._transport.is_closing():
                self.end()
                return
            self._left -= len(data)
            self._sender.last_active = time.monotonic()
            self._transport.write(data)
        if not self._left:
            self.end()

    def end(self) -> None:
        """Let go of what the bytes are made of and say how it went; once."""
        if not self._is_over:
            self._is_over = True
            self._body.close()
            self._sender.sent(keep_alive=self._keep_alive, is_whole=not self._left)


class SendEvents:
    """Sends events as they come, each a chunk, while the transport's buffer has room."""

    def __init__(
        self, sender: Sender, transport: asyncio.Transport, body: Events, *, keep_alive: bool
    ) -> None:
        self._is_paused = True
        self._sender = sender
        self._transport = transport
        self._body = body
        self._keep_alive = keep_alive
        self._is_over = False
        if body.begin:
            self._write(body.begin)
        body.stream.listen(self._write_on)

    def set_paused(self, is_paused: bool, /) -> None:
        """Take note that the transport's buffer is full, or write on because it is not."""
        self._is_paused = is_paused
        if not is_paused:
            self._write_on()

    def _write(self, data: bytes) -> None:
        self._sender.last_active = time.monotonic()
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _write_on(self) -> None:
        stream = self._body.stream
        while not self._is_paused and not self._is_over:
            event = stream.take()
            if event is not None:
                self._write(self._body.encode(event))
            elif stream.is_closed:
                self.finish()
            else:
                return

    def finish(self) -> None:
        """End the answer in order, whether more would have come or not."""
        if not self._is_over:
            self._transport.write(b"0\r\n\r\n")
            self._stop(is_whole=True)

    def end(self) -> None:
        """Stop: the client is gone; once."""
        if not self._is_over:
            self._stop(is_whole=False)

    def _stop(self, *, is_whole: bool) -> None:
        self._is_over = True
        self._body.stream.abandon()
        self._sender.sent(keep_alive=self._keep_alive, is_whole=is_whole)
