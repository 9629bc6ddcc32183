"""The aws-chunked body: AWS's published example, our own encoder, and everything in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.gateway.signature.canonical import signing_key
from lakebed.gateway.signature.chunked import ChunkedDecoder
from lakebed.gateway.wire.http import HttpRequest
from tests.outcomes import is_answered

EMPTY = hashlib.sha256(b"").hexdigest()
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CRC32 = "x-amz-checksum-crc32"
SINGLE = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."


@dataclass(frozen=True)
class Seed:
    access_key: str = "AKIAIOSFODNN7EXAMPLE"
    signature: str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    signing_key: bytes = signing_key(SECRET, "20130524", "us-east-1", "s3")
    signed_at: str = "20130524T000000Z"
    scope: str = "20130524/us-east-1/s3/aws4_request"


SEED = Seed()


class Encoder:
    """A client's side, written from AWS's pages."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.previous = SEED.signature

    def sign(self, algorithm: str, digests: str) -> str:
        text = "\n".join([algorithm, SEED.signed_at, SEED.scope, self.previous, digests])
        self.previous = hmac.new(SEED.signing_key, text.encode(), "sha256").hexdigest()
        return self.previous

    def chunk(self, data: bytes) -> bytes:
        head = f"{len(data):x}"
        if self.kind != UNSIGNED_TRAILER:
            digests = f"{EMPTY}\n{hashlib.sha256(data).hexdigest()}"
            head += ";chunk-signature=" + self.sign("AWS4-HMAC-SHA256-PAYLOAD", digests)
        return f"{head}\r\n".encode() + data + (b"\r\n" if data else b"")

    def trailers(self, rows: dict[str, str]) -> bytes:
        lines = "".join(f"{name}:{value}\r\n" for name, value in rows.items())
        if self.kind == SIGNED_TRAILER:
            signed = "".join(f"{name}:{value}\n" for name, value in rows.items())
            digest = hashlib.sha256(signed.encode()).hexdigest()
            signature = self.sign("AWS4-HMAC-SHA256-TRAILER", digest)
            lines += f"x-amz-trailer-signature:{signature}\r\n"
        return lines.encode() + b"\r\n"

    def body(self, chunks: list[bytes], rows: dict[str, str] | None = None) -> bytes:
        encoded = b"".join(self.chunk(data) for data in [*chunks, b""])
        return encoded + self.trailers(rows or {})


def decoder(kind: str, size: int, trailer: str = "") -> ChunkedDecoder:
    headers = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": str(size)}
    if trailer:
        headers["x-amz-trailer"] = trailer
    made = ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", headers), SEED)
    assert made is not None
    return made


def decode(made: ChunkedDecoder, body: bytes, cuts: list[int] | None = None) -> bytes:
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts or [])})
    out = [
        bytes(piece)
        for start, end in zip(edges, edges[1:], strict=False)
        for piece in made.feed(body[start:end])
    ]
    made.finish()
    return b"".join(out)


def test_awss_published_example() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    signatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]
    chunks = [b"a" * 65536, b"a" * 1024, b""]
    body = b"".join(
        f"{len(data):x};chunk-signature={signature}\r\n".encode() + data + b"\r\n"
        for data, signature in zip(chunks, signatures, strict=True)
    )
    assert len(body) == 66824
    assert decode(decoder(SIGNED, 66560), body) == b"a" * 66560


@given(
    st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
    st.lists(st.binary(min_size=1, max_size=9).map(lambda seed: seed * 8192), max_size=2),
    st.binary(min_size=1, max_size=30),
    st.lists(st.integers(0, 150_000), max_size=8),
)
def test_any_cut_of_any_body_gives_the_payload(
    kind: str, chunks: list[bytes], last: bytes, cuts: list[int]
) -> None:
    payload = b"".join(chunks) + last
    rows: dict[str, str] = {}
    if kind != SIGNED:
        checksum = base64.b64encode(zlib.crc32(payload).to_bytes(4, "big")).decode()
        rows = {"x-amz-checksum-crc32": checksum}
    body = Encoder(kind).body([*chunks, last], rows)
    made = decoder(kind, len(payload), "x-amz-checksum-crc32")
    assert decode(made, body, cuts) == payload
    assert made.trailers == rows


def refuse(made: ChunkedDecoder, body: bytes) -> AwsError:
    with pytest.raises(AwsError) as caught:
        decode(made, body)
    return caught.value


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_of_a_signed_body_goes_unnoticed(at: int, change: int) -> None:
    rows = {"x-amz-checksum-crc32": "AAAAAA=="}
    body = bytearray(Encoder(SIGNED_TRAILER).body([b"x" * 8192, b"y" * 10], rows))
    at %= len(body)
    same = body[at]
    body[at] ^= change
    if bytes([same]).lower() == bytes([body[at]]).lower():
        return  # the names of trailers and the digits of sizes may be in either case
    refuse(decoder(SIGNED_TRAILER, 8202, "x-amz-checksum-crc32"), bytes(body))


@pytest.mark.parametrize(
    ("made", "body", "code", "status"),
    [
        (lambda: decoder(SIGNED, 4), Encoder(SIGNED).body([b"abc"]), "IncompleteBody", 400),
        (lambda: decoder(SIGNED, 2), Encoder(SIGNED).body([b"abc"]), "IncompleteBody", 400),
        (lambda: decoder(SIGNED, 3), Encoder(SIGNED).body([b"abc"])[:-1], "IncompleteBody", 400),
        (lambda: decoder(SIGNED, 3), b"", "IncompleteBody", 400),
        (lambda: decoder(SIGNED, 3), b"3\r\nabc\r\n0\r\n\r\n", "IncompleteBody", 400),
        (lambda: decoder(SIGNED, 6), Encoder(SIGNED).body([b"abc", b"def"]),
         "InvalidChunkSizeError", 403),
        (lambda: decoder(UNSIGNED_TRAILER, 3), b"3\r\nabcd\r\n0\r\n\r\n", "IncompleteBody", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3), b"x" * 5000, "IncompleteBody", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3), b"3\nabc", "IncompleteBody", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3), b"3\r\nabc\r\n0\r\n\r\nmore",
         "IncompleteBody", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3), b"3\r\nabc\r\n0\r\nx-amz-acl:public\r\n\r\n",
         "MalformedTrailerError", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3, CRC32),
         b"3\r\nabc\r\n0\r\n" + b"x-amz-checksum-crc32:AAAAAA==\r\n" * 2 + b"\r\n",
         "MalformedTrailerError", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3, CRC32), b"3\r\nabc\r\n0\r\n\r\n",
         "MalformedTrailerError", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3, CRC32), b"3\r\nabc\r\n0\r\n:AAAAAA==\r\n\r\n",
         "MalformedTrailerError", 400),
        (lambda: decoder(UNSIGNED_TRAILER, 3, CRC32),
         b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:wrong\r\n\r\n", "InvalidRequest", 400),
    ],
)  # fmt: skip
def test_bad_bodies_are_refused(made: Any, body: bytes, code: str, status: int) -> None:
    error = refuse(made(), body)
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize(
    ("trailer", "headers", "message"),
    [
        ("x-a", {}, "The value specified in the x-amz-trailer header is not supported"),
        ("sha1", {}, "The value specified in the x-amz-trailer header is not supported"),
        (f"{CRC32}, x-amz-checksum-sha1", {}, SINGLE),
        (CRC32, {"x-amz-checksum-sha1": "qvTGHdzF6KLavt4PO0gs2a6pQ00="}, SINGLE),
        (CRC32, {CRC32: "AAAAAA=="}, SINGLE),
    ],
)
def test_trailers_that_cannot_be_are_refused_by_the_head(
    trailer: str, headers: dict[str, str], message: str
) -> None:
    head = {
        "x-amz-content-sha256": UNSIGNED_TRAILER,
        "x-amz-decoded-content-length": "3",
        "x-amz-trailer": trailer,
        **headers,
    }
    with pytest.raises(AwsError) as caught:
        ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", head), SEED)
    assert (caught.value.code, caught.value.message) == ("InvalidRequest", message)


def test_a_missing_trailer_signature_is_a_mismatch() -> None:
    encoder = Encoder(SIGNED_TRAILER)
    body = encoder.chunk(b"abc") + encoder.chunk(b"") + b"\r\n"
    assert refuse(decoder(SIGNED_TRAILER, 3), body).code == "SignatureDoesNotMatch"


def test_plain_bodies_need_no_decoder_and_unknown_kinds_say_so() -> None:
    headers = {"x-amz-content-sha256": EMPTY}
    assert ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", headers), SEED) is None
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}
    with pytest.raises(NotBuiltError):
        ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", headers), SEED)
    headers = {"x-amz-content-sha256": SIGNED}
    with pytest.raises(AwsError, match="MissingContentLength"):
        ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", headers), SEED)
    headers = {"x-amz-content-sha256": SIGNED, "x-amz-decoded-content-length": "1"}
    with pytest.raises(AwsError, match="AccessDenied"):
        ChunkedDecoder.of(HttpRequest("PUT", "/b/k", "", headers), None)


_PIECES = st.sampled_from([b"3", b"\r\n", b"abc", b"0", b";chunk-signature=", b"a" * 64, b"\n"])


@given(
    st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
    st.lists(_PIECES, max_size=12).map(b"".join) | st.binary(max_size=40),
    st.lists(st.integers(0, 100), max_size=4),
)
def test_any_bytes_are_decoded_or_refused(kind: str, body: bytes, cuts: list[int]) -> None:
    assert is_answered(lambda: decode(decoder(kind, 3), body, cuts))
