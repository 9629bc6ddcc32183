"""A small client of HTTP/2 by prior knowledge, as Java's asynchronous clients are."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h2.connection
import h2.events
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = Credentials("test", "test")


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False
    is_reset: bool = False


class Client:
    """One connection; requests are streams, answered in any order."""

    def __init__(self, url, tls=None):
        self.url = url
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=30)
        if tls is not None:
            tls.set_alpn_protocols(["h2"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=place.hostname)
            assert self.socket.selected_alpn_protocol() == "h2"
        self.frames = h2.connection.H2Connection()
        self.frames.initiate_connection()
        self.answers = {}
        self.unsent = {}
        self.unread = []
        self.reads = True
        self.flush()

    def flush(self):
        self.socket.sendall(self.frames.data_to_send())

    def send(self, service, method, path, headers=None, body=b""):
        """Send a signed request; return its stream."""
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        sent = {"X-Amz-Content-Sha256": hashlib.sha256(body).hexdigest(), **(headers or {})}
        request = AWSRequest(method, self.url + path, sent, body)
        request.context["payload_signing_enabled"] = True
        signer(KEYS, service, "us-east-1").add_auth(request)
        return self.send_raw(method, path, request.headers.items(), body)

    def send_raw(self, method, path, headers, body=b""):
        stream = self.frames.get_next_available_stream_id()
        place = urlsplit(self.url).netloc
        fields = [
            (":method", method),
            (":path", path),
            (":scheme", urlsplit(self.url).scheme),
            (":authority", place),
        ]
        fields += [(name.lower(), str(value)) for name, value in headers]
        if body:
            fields.append(("content-length", str(len(body))))
        self.frames.send_headers(stream, fields, end_stream=not body)
        self.answers[stream] = Answer()
        self.unsent[stream] = body
        self._send_on(stream)
        self.flush()
        return stream

    def _send_on(self, stream):
        body = self.unsent.get(stream, b"")
        while body:
            room = min(
                self.frames.local_flow_control_window(stream), self.frames.max_outbound_frame_size
            )
            if room <= 0:
                break
            piece, body = body[:room], body[room:]
            self.frames.send_data(stream, piece, end_stream=not body)
        self.unsent[stream] = body

    def take(self, *, reads=True):
        """Take in what comes next; with `reads` off the server is not asked for more."""
        self.reads = reads
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        for event in self.frames.receive_data(data):
            self._note(event)
        for stream in [one for one, body in self.unsent.items() if body]:
            self._send_on(stream)
        self.flush()

    def _note(self, event):
        answer = self.answers.get(getattr(event, "stream_id", 0))
        if isinstance(event, h2.events.ResponseReceived):
            fields = {bytes(name).decode(): bytes(value).decode() for name, value in event.headers}
            answer.status, answer.headers = int(fields.pop(":status")), fields
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            self.unread.append((event.flow_controlled_length, event.stream_id))
            if self.reads:
                self.read_on()
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_whole = True
        elif isinstance(event, h2.events.StreamReset):
            answer.is_reset = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            raise ConnectionError(f"the server ended the connection: {event.error_code}")

    def answer(self, stream):
        """Return the whole answer of a stream."""
        while not (self.answers[stream].is_whole or self.answers[stream].is_reset):
            self.take()
        return self.answers[stream]

    def read_on(self):
        """Ask the server for as much as came and was not asked for again."""
        unread, self.unread = self.unread, []
        for size, stream in unread:
            self.frames.acknowledge_received_data(size, stream)
        self.flush()

    def answer_of_nothing(self):
        """Take in what comes until the server ends the connection: ConnectionError."""
        while True:
            self.take()

    def ask(self, *arguments, **more):
        """Send a request and return its answer."""
        return self.answer(self.send(*arguments, **more))

    def reset(self, stream):
        """Give a request up."""
        self.frames.reset_stream(stream)
        self.unsent.pop(stream, None)
        self.flush()

    def close(self):
        self.socket.close()
