"""The limit of a large GET: bare epoll and sendfile, any request answered with one file.

Run as `python -m bench.sendfile BYTES`; prints `ready URL`.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import tempfile


def _serve(size: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)
    print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    unsent: dict[socket.socket, int] = {}
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * size)
        file.flush()
        while True:
            for key, events in selector.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is listener:
                    client, _ = listener.accept()
                    client.setblocking(False)
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(client, selectors.EVENT_READ)
                    continue
                if events & selectors.EVENT_READ:
                    if not one.recv(65536):
                        selector.unregister(one)
                        one.close()
                        continue
                    one.send(head)
                    unsent[one] = 0
                _send(selector, unsent, one, (file.fileno(), size))


def _send(
    selector: selectors.BaseSelector,
    unsent: dict[socket.socket, int],
    client: socket.socket,
    file: tuple[int, int],
) -> None:
    descriptor, size = file
    try:
        while unsent[client] < size:
            at = unsent[client]
            unsent[client] += os.sendfile(client.fileno(), descriptor, at, size - at)
        selector.modify(client, selectors.EVENT_READ)
    except BlockingIOError:
        selector.modify(client, selectors.EVENT_WRITE)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
