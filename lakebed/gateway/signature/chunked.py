"""The `aws-chunked` encoding: a body in chunks, each signed, with checksums behind it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Protocol

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.digests import SIZES
from lakebed.gateway.signature import canonical
from lakebed.gateway.signature.refusals import S3_HEADER, Mismatch
from lakebed.gateway.wire.http import HttpRequest

CHECKSUM = "x-amz-checksum-"
_CHECKSUMS = frozenset(CHECKSUM + name for name in SIZES)
LINE_BYTES_MAX = 4096
CHUNK_BYTES_MIN = 8192
"""AWS's least size of every signed chunk but the last."""
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER = re.compile(
    r"([A-Za-z0-9\-]{1,128})[ \t]*:[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)"
)
_SIGNATURE_TRAILER = "x-amz-trailer-signature"
_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class Seed(Protocol):
    """What the chunks' signatures begin with: the identity of the request's head."""

    @property
    def access_key(self) -> str:
        """The access key that signed."""
        ...

    @property
    def signature(self) -> str:
        """The signature of the request's head."""
        ...

    @property
    def signing_key(self) -> bytes:
        """The key of the scope."""
        ...

    @property
    def signed_at(self) -> str:
        """The time of the signature."""
        ...

    @property
    def scope(self) -> str:
        """The scope of the signature."""
        ...


def _other_length() -> AwsError:
    return AwsError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )


def _terminated() -> AwsError:
    """Return S3's answer to chunks that it cannot make out: to it, the body broke off there."""
    return AwsError("IncompleteBody", "The request body terminated unexpectedly")


def _malformed_trailer() -> AwsError:
    return AwsError(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform "
        "to our published schema.",
    )


def _announced(headers: dict[str, str]) -> frozenset[str]:
    """Return the trailers a request announces: at most one checksum, and none in its headers."""
    names = frozenset(
        name.strip() for name in headers.get("x-amz-trailer", "").lower().split(",") if name.strip()
    )
    if not names <= _CHECKSUMS:
        message = "The value specified in the x-amz-trailer header is not supported"
        raise AwsError("InvalidRequest", message)
    given = _CHECKSUMS & headers.keys() if names else ()
    if len(names) + len(given) > 1:
        raise AwsError(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    return names


def _is_checksum(name: str, value: str) -> bool:
    """Say whether a trailer's value is the base64 of as many bytes as its algorithm gives."""
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False
    return size == SIZES[name.removeprefix(CHECKSUM)]


class _Signatures:
    """The chain of signatures: each chunk's signs the one before it."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._previous = seed.signature

    def verify(self, kind: str, digests: str, signature: str) -> None:
        """Refuse a chunk or a trailer whose signature is not the chain's next."""
        seed = self._seed
        text = f"{kind}\n{seed.signed_at}\n{seed.scope}\n{self._previous}\n{digests}"
        expected = canonical.sign(seed.signing_key, text)
        if not hmac.compare_digest(expected.encode(), signature.encode("ascii", "replace")):
            raise S3_HEADER.mismatch(Mismatch(seed.access_key, "", text, signature))
        self._previous = expected


class ChunkedDecoder:
    """Decodes a body piece by piece in flat memory; `trailers` is whole after `finish`.

    Pieces are given out before their chunk's signature is verified: what they were written to must
    be thrown away if a later call raises.
    """

    def __init__(self, size: int, seed: Seed | None, trailers: frozenset[str] | None) -> None:
        """Expect `size` bytes of payload and only the named trailers; None for no trailers."""
        self.trailers: dict[str, str] = {}
        self._signatures = _Signatures(seed) if seed is not None else None
        self._has_trailers = trailers is not None
        self._announced = trailers or frozenset()
        self._allowed = self._announced | {_SIGNATURE_TRAILER}
        self._left = size
        self._line = bytearray()
        self._chunk_left = 0
        self._chunk_size = 0
        self._chunk_signature = ""
        self._chunk_hash = hashlib.sha256()
        self._last_size: int | None = None
        self._signed_trailers: list[str] = []
        self._state = "head"

    @classmethod
    def of(cls, request: HttpRequest, identity: Seed | None) -> ChunkedDecoder | None:
        """Return the decoder a request's headers ask for, None for a plain body."""
        headers = request.headers
        kind = headers.get("x-amz-content-sha256", "")
        if not kind.startswith("STREAMING-"):
            return None
        if kind not in (_SIGNED, _SIGNED_TRAILER, _UNSIGNED_TRAILER):
            raise NotBuiltError("s3", kind)
        size = headers.get("x-amz-decoded-content-length", "")
        if not size.isascii() or not size.isdecimal() or len(size) > 18:
            message = "You must provide the Content-Length HTTP header."
            raise AwsError("MissingContentLength", message, 411)
        names = _announced(headers)
        if kind == _UNSIGNED_TRAILER:
            return cls(int(size), None, names)
        if identity is None or not identity.signing_key:
            raise AwsError("AccessDenied", "Access Denied", 403)
        return cls(int(size), identity, names if kind == _SIGNED_TRAILER else None)

    def feed(self, data: bytes) -> list[memoryview]:
        """Take a piece of the body, return the pieces of payload in it."""
        view = memoryview(data)
        out: list[memoryview] = []
        position = 0
        while position < len(view):
            if self._state == "data":
                taken = min(self._chunk_left, len(view) - position)
                piece = view[position : position + taken]
                if self._signatures is not None:
                    self._chunk_hash.update(piece)
                out.append(piece)
                position += taken
                self._chunk_left -= taken
                if not self._chunk_left:
                    self._state = "end"
            else:
                position = self._take_line(data, position)
        return out

    def finish(self) -> None:
        """Say that the body is over; raise if it was cut short."""
        if self._state != "done" or self._left:
            raise _terminated()

    def _take_line(self, data: bytes, position: int) -> int:
        if self._state == "done":
            raise _terminated()
        at = data.find(b"\n", position)
        end = len(data) if at < 0 else at + 1
        if len(self._line) + end - position > LINE_BYTES_MAX:
            raise _terminated()
        self._line += data[position:end]
        if at >= 0:
            line = bytes(self._line)
            self._line.clear()
            if not line.endswith(b"\r\n"):
                raise _terminated()
            self._handle_line(line[:-2])
        return end

    def _handle_line(self, line: bytes) -> None:
        if self._state == "head":
            self._begin_chunk(line)
        elif self._state == "end":
            if line:
                raise _terminated()
            self._end_chunk()
            self._state = "head"
        elif line:
            self._trailer(line)
        else:
            self._end()

    def _begin_chunk(self, line: bytes) -> None:
        match = _CHUNK_HEAD.fullmatch(line)
        if match is None or (match[2] is None) != (self._signatures is None):
            raise _terminated()
        size = int(match[1], 16)
        if size > self._left:
            raise _other_length()
        if size and self._signatures is not None:
            self._check_size_before()
        self._last_size = size
        self._left -= size
        self._chunk_size = self._chunk_left = size
        self._chunk_signature = (match[2] or b"").decode("ascii")
        self._chunk_hash = hashlib.sha256()
        if size:
            self._state = "data"
            return
        if self._left:
            raise _other_length()
        self._end_chunk()
        self._state = "trailers"

    def _check_size_before(self) -> None:
        """Refuse a chunk after one that was too small to be followed by another."""
        if self._last_size is not None and self._last_size < CHUNK_BYTES_MIN:
            raise AwsError(
                "InvalidChunkSizeError",
                "Only the last chunk is allowed to have a size less than 8192 bytes",
                403,
                {"BadChunkSize": self._last_size},
            )

    def _end_chunk(self) -> None:
        if self._signatures is not None:
            digests = f"{_EMPTY_SHA256}\n{self._chunk_hash.hexdigest()}"
            self._signatures.verify("AWS4-HMAC-SHA256-PAYLOAD", digests, self._chunk_signature)

    def _trailer(self, line: bytes) -> None:
        match = _TRAILER.fullmatch(line.decode("latin-1"))
        name = match[1].lower() if match is not None else ""
        # Only what was announced: a trailer becomes a header of the request.
        is_known = self._has_trailers and name in self._allowed and name not in self.trailers
        if match is None or not is_known:
            raise _malformed_trailer()
        value = match[2]
        if name != _SIGNATURE_TRAILER and not _is_checksum(name, value):
            message = f"Value for {name} trailing header is invalid."
            raise AwsError("InvalidRequest", message)
        self.trailers[name] = value
        if name != _SIGNATURE_TRAILER:
            self._signed_trailers.append(f"{name}:{value}\n")

    def _end(self) -> None:
        if not self.trailers.keys() >= self._announced:
            raise _malformed_trailer()
        signature = self.trailers.pop(_SIGNATURE_TRAILER, None)
        if self._signatures is not None and self._has_trailers:
            signed = "".join(self._signed_trailers).encode("latin-1")
            digest = hashlib.sha256(signed).hexdigest()
            self._signatures.verify("AWS4-HMAC-SHA256-TRAILER", digest, signature or "")
        self._state = "done"
