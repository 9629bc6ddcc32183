"""What hostile, broken and slow clients do to a server: AWS's error or a closed connection.

Nothing of it may leave a file behind, hold memory, or keep the server from answering others.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lakebed import testing
from lakebed.testing import LakebedServer
from tests.gateway.raw import (
    SIGNED_CHUNKS,
    SIGNED_TRAILER,
    UNSIGNED,
    UNSIGNED_TRAILER,
    ask,
    chunked,
    connect,
    head,
    leftovers,
    put,
    put_chunked,
    read_answer,
)

MIB = 1024 * 1024
CHUNKS = [b"a" * 65536, b"b" * 65536, b"c" * 100]
GET = b"GET /_lakebed/health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /_lakebed/health HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def s3(lakebed):
    client = lakebed.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def resident(server):
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096


def open_files(server):
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def eventually(holds):
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_clean(server, s3):
    """Say whether no object was made and nothing of one is left."""
    return not leftovers(server) and "Contents" not in s3.list_objects_v2(Bucket="lake")


# -- bodies that are not what was signed or announced ---------------------------------------------


@pytest.mark.parametrize("kind", [SIGNED_CHUNKS, SIGNED_TRAILER])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_chunk_that_was_changed_is_refused(lakebed, s3, kind, at):
    has_trailer = kind == SIGNED_TRAILER
    trailers = {"x-amz-checksum-crc32": "AAAAAA=="} if has_trailer else {}
    announced = {"X-Amz-Trailer": "x-amz-checksum-crc32"} if has_trailer else {}
    size = str(sum(map(len, CHUNKS)))
    made = head(lakebed, "/lake/k", kind, X_Amz_Decoded_Content_Length=size, **announced)
    body = chunked(made, kind, CHUNKS, **trailers)
    changed = body.replace(CHUNKS[at], b"x" + CHUNKS[at][1:], 1)
    refused = ask(lakebed, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + changed)
    assert (refused.status, refused.error["Code"]) == (403, "SignatureDoesNotMatch")
    assert is_clean(lakebed, s3)


def test_chunks_in_another_order_are_refused(lakebed, s3):
    size = str(2 * 65536)
    made = head(lakebed, "/lake/k", SIGNED_CHUNKS, X_Amz_Decoded_Content_Length=size)
    body = chunked(made, SIGNED_CHUNKS, CHUNKS[:2])
    half = body.index(b"\r\n", 65536 + 85) + 2
    swapped = body[half : 2 * half] + body[:half] + body[2 * half :]
    refused = ask(lakebed, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + swapped)
    assert (refused.status, refused.error["Code"]) == (403, "SignatureDoesNotMatch")
    assert is_clean(lakebed, s3)


@pytest.mark.parametrize("body", [b"short", b"a" * 300_000], ids=["small", "large"])
def test_a_body_of_another_hash_is_refused(lakebed, s3, body):
    refused = put(lakebed, "/lake/k", body, payload="0" * 64)
    assert (refused.status, refused.error) == (
        400,
        {
            "Code": "XAmzContentSHA256Mismatch",
            "Message": "The provided 'x-amz-content-sha256' header does not match what was "
            "computed.",
        },
    )
    assert is_clean(lakebed, s3)


@pytest.mark.parametrize(
    "body",
    [
        b"A\ndummy data\r\n0\r\n\r\n",
        b"A\r\ndummy data0\r\n\r\n",
        b"A\r\nXYZ\r\ndummy data\r\n0\r\n\r\n",
        b"A\r\ndummy data\r\n0\r\n",
        b"A\r\n",
        b"",
        b"size\r\ndummy data\r\n0\r\n\r\n",
        b"A\r\ndummy data\r\n0\r\n\r\nmore",
        b"A;" + b"e" * 5000 + b"\r\ndummy data\r\n0\r\n\r\n",
    ],
)
def test_chunks_that_make_no_sense_are_a_body_that_broke_off(lakebed, s3, body):
    made = head(lakebed, "/lake/k", UNSIGNED_TRAILER, X_Amz_Decoded_Content_Length="10")
    refused = ask(lakebed, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert (refused.status, refused.error) == (
        400,
        {"Code": "IncompleteBody", "Message": "The request body terminated unexpectedly"},
    )
    assert is_clean(lakebed, s3)


@pytest.mark.parametrize("size", ["5", "200"])
def test_a_decoded_length_that_is_wrong_is_refused(lakebed, s3, size):
    made = head(lakebed, "/lake/k", UNSIGNED_TRAILER, X_Amz_Decoded_Content_Length=size)
    body = b"b\r\nabcdefghijk\r\n0\r\n\r\n"
    refused = ask(lakebed, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert (refused.status, refused.error) == (
        400,
        {
            "Code": "IncompleteBody",
            "Message": "You did not provide the number of bytes specified by the Content-Length "
            "HTTP header",
        },
    )
    assert is_clean(lakebed, s3)


@pytest.mark.parametrize("sent", [0, 10, 100_000, 5 * MIB - 1])
def test_a_client_that_goes_away_leaves_nothing(lakebed, s3, sent):
    files = open_files(lakebed)
    made = head(lakebed, "/lake/k", UNSIGNED)
    with connect(lakebed) as one:
        one.sendall(made.text + b"\r\nContent-Length: %d\r\n\r\n" % (5 * MIB) + b"a" * sent)
    with connect(lakebed) as one:
        made = head(lakebed, "/lake/k", SIGNED_CHUNKS, X_Amz_Decoded_Content_Length=str(5 * MIB))
        body = chunked(made, SIGNED_CHUNKS, [b"a" * MIB] * 5)
        one.sendall(made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:sent])
    assert ask(lakebed, GET + b"Connection: close\r\n\r\n").status == 200  # both are known by now
    eventually(lambda: open_files(lakebed) <= files and is_clean(lakebed, s3))


def test_a_document_in_signed_chunks_is_refused(lakebed, s3):
    refused = put_chunked(lakebed, "/lake?tagging", UNSIGNED_TRAILER, [b"<Tagging/>"], {})
    assert (refused.status, refused.error) == (
        400,
        {
            "Code": "InvalidRequest",
            "Message": "The value of x-amz-content-sha256 header is invalid.",
        },
    )


# -- requests that two readers would read differently ---------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST + b"Content-Length: 5, 5\r\n\r\nhello",
        POST + b"Content-Length: +5\r\n\r\nhello",
        POST + b"Content-Length: 0x5\r\n\r\nhello",
        POST + b"Content-Length: \r\n\r\nhello",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
        POST + b"Content-Length : 5\r\n\r\nhello",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"5\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhelloX\r\n0\r\n\r\n",
        CHUNKED + b"FFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        GET + b"X: a\r\n b\r\n\r\n",
        GET + b"X: a\r\n\tContent-Length: 5\r\n\r\n",
        GET + b" X: a\r\n\r\n",
        GET + b"X: a\rb\r\n\r\n",
        GET + b"X: a\nY: b\r\n\r\n",
        GET + b"X: a\0b\r\n\r\n",
        GET + b"X-\x80: a\r\n\r\n",
        GET + b"Host: y\r\n\r\n",
        b"GET /_lakebed/health HTTP/1.1\r\n\r\n",
        b"GET /_lakebed/health HTTP/0.9\r\nHost: x\r\n\r\n",
        b"GET /_lakebed/health HTTP/1.1\nHost: x\n\n",
        b"GET /_lakebed/he\x01alth HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(lakebed, data):
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(data + GET + b"\r\n")
        refused = read_answer(stream)
        assert (refused.status, refused.headers["connection"]) == (400, "close")
        # Nothing behind it is taken for a request.
        with contextlib.suppress(ConnectionResetError):
            assert stream.read() == b""


def test_a_refusal_waits_for_the_answers_before_it(lakebed, s3):
    s3.put_object(Bucket="lake", Key="k", Body=b"body")
    made = head(lakebed, "/lake/k", UNSIGNED, method="GET")
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(made.text + b"\r\n\r\nnonsense\r\n\r\n")
        first, second = read_answer(stream), read_answer(stream)
        assert (first.status, first.body, second.status) == (200, b"body", 400)
        assert stream.read() == b""


def test_what_http_calls_a_trailer_is_no_header(lakebed, s3):
    made = head(lakebed, "/lake/k", UNSIGNED_TRAILER, X_Amz_Decoded_Content_Length="4")
    body = b"4\r\nbody\r\n0\r\n\r\n"
    piece = b"%x\r\n%b\r\n0\r\nx-amz-meta-evil: 1\r\nContent-Type: evil/evil\r\n\r\n"
    whole = made.text + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + piece % (len(body), body)
    assert ask(lakebed, whole).status == 200
    found = s3.get_object(Bucket="lake", Key="k")
    assert (found["Body"].read(), found["Metadata"]) == (b"body", {})
    assert found["ContentType"] == "binary/octet-stream"


# -- clients that never end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        b"GET / HTTP/1.1\r\nHost: x\r\nX",
        CHUNKED + b"5;",
        CHUNKED + b"0\r\nX: ",
    ],
    ids=["target", "value", "name", "extension", "trailer"],
)
def test_what_never_ends_is_cut_off(lakebed, begin):
    before = resident(lakebed)
    with connect(lakebed) as one:
        one.sendall(begin)
        with pytest.raises(OSError, match=r"reset|Broken"):
            one.sendall(b"a" * 256 * MIB)
    assert resident(lakebed) - before < 16 * MIB


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server that waits half a second for a client."""
    folder = tmp_path_factory.mktemp("impatient")
    code = (
        "import sys, lakebed.gateway.server as s; s.CONNECTION_IDLE_SECONDS_MAX = 0.5; "
        "from lakebed.cli.main import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[1]
        yield LakebedServer(url, folder, process, {"AWS_DEFAULT_REGION": "us-east-1"})
        process.terminate()


def test_who_says_nothing_more_is_let_go(impatient):
    s3 = impatient.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="big", Body=bytes(32 * MIB))
    files = open_files(impatient)
    upload = head(impatient, "/lake/k", UNSIGNED).text + b"\r\nContent-Length: 99999999\r\n\r\n"
    download = head(impatient, "/lake/big", UNSIGNED, method="GET").text + b"\r\n\r\n"
    begins = [b"", b"GET / HTT", GET, CHUNKED + b"5\r\nhel", upload + b"a" * 500_000, download]
    clients = [connect(impatient) for _ in begins]
    for one, begin in zip(clients, begins, strict=True):
        one.sendall(begin)
    eventually(lambda: open_files(impatient) > files)
    eventually(lambda: open_files(impatient) <= files)
    eventually(lambda: not leftovers(impatient))
    for one, begin in zip(clients, begins, strict=True):
        if begin is not download:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(100) == b""
        one.close()
    assert s3.head_object(Bucket="lake", Key="big")["ContentLength"] == 32 * MIB


def test_who_goes_on_slowly_is_served(impatient):
    made = head(impatient, "/slow", UNSIGNED)
    with connect(impatient) as one, one.makefile("rb") as stream:
        for piece in (made.text, b"\r\nContent-Length: 0\r\n", b"\r\n"):
            time.sleep(0.3)
            one.sendall(piece)
        assert read_answer(stream).status == 200


@pytest.mark.slow
def test_ten_thousand_connections_are_held(tmp_path):
    wanted = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted + 1000:
        pytest.skip(f"only {hard} files may be open here: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 1000, hard))
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    clients: list[socket.socket] = []
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="lake")
        before = resident(server)
        for number in range(wanted - 50):
            one = connect(server)
            # Some have sent nothing, some half a head, some half a body.
            one.sendall((b"", GET, CHUNKED + b"5\r\nhel")[number % 3])
            clients.append(one)
        s3.put_object(Bucket="lake", Key="k", Body=b"body")
        assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
        assert resident(server) - before < 200 * MIB
        # One more than there may be is closed at once, and those before are not.
        more = [connect(server) for _ in range(100)]
        time.sleep(0.5)
        assert not sum(one.recv(1) != b"" for one in more[60:])
        assert s3.get_object(Bucket="lake", Key="k")["Body"].read() == b"body"
        for one in [*clients, *more]:
            one.close()
        clients.clear()
        eventually(lambda: open_files(server) < 100)
        assert server.client("s3").head_object(Bucket="lake", Key="k")["ContentLength"] == 4
    finally:
        for one in clients:
            one.close()
        server.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
