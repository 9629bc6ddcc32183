"""HTTP as hostile, slow and clever clients speak it: raw sockets against a live server."""

from __future__ import annotations

import json
import socket
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lakebed import testing


def connect(lakebed):
    host, port = lakebed.url.removeprefix("http://").split(":")
    one = socket.create_connection((host, int(port)), timeout=10)
    one.settimeout(10)
    return one


def signed(lakebed, method="POST", path="/", body=b"", service="glue", **headers):
    """Return the head and body of a signed request as it goes over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, lakebed.url + path, named, body)
    SigV4Auth(Credentials("test", "test"), service, "us-east-1").add_auth(request)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {lakebed.url.removeprefix('http://')}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(lines).encode(), body


def glue(lakebed, operation, **members):
    return signed(
        lakebed,
        body=json.dumps(members).encode(),
        X_Amz_Target=f"AWSGlue.{operation}",
        Content_Type="application/x-amz-json-1.1",
    )


def read_answer(stream):
    """Return status, headers and body of the next answer."""
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        headers[name.decode().lower()] = value.strip().decode()
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def ask(lakebed, data):
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(data)
        return read_answer(stream)


def whole(head, body):
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_pipelined_requests_are_answered_in_their_order(lakebed):
    names = [f"d{number}" for number in range(30)]
    for name in names:
        lakebed.client("glue").create_database(DatabaseInput={"Name": name})
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(b"".join(whole(*glue(lakebed, "GetDatabase", Name=name)) for name in names))
        found = [json.loads(read_answer(stream)[2])["Database"]["Name"] for _ in names]
    assert found == names


def test_a_request_in_single_bytes_is_understood(lakebed):
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in whole(*glue(lakebed, "GetDatabases")):
            one.sendall(bytes((byte,)))
        status, _, body = read_answer(stream)
    assert (status, json.loads(body)) == (200, {"DatabaseList": []})


def test_a_chunked_body_is_read(lakebed):
    head, body = glue(lakebed, "GetDatabases")
    pieces = b"".join(b"%x\r\n%b\r\n" % (1, body[i : i + 1]) for i in range(len(body)))
    status, _, answer = ask(
        lakebed, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    )
    assert (status, json.loads(answer)) == (200, {"DatabaseList": []})


def test_expect_continue_is_answered_before_the_body(lakebed):
    head, body = glue(lakebed, "GetDatabases")
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(head + b"\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert stream.readline() == b"\r\n"
        one.sendall(body)
        assert read_answer(stream)[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(lakebed, data):
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(data)
        assert stream.read().startswith(b"HTTP/1.1 400 ")
    assert lakebed.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_a_head_that_never_ends_is_refused(lakebed):
    with connect(lakebed) as one, one.makefile("rb") as stream:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        try:
            for number in range(200):
                one.sendall(b"X-%d: %s\r\n" % (number, b"a" * 1000))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert stream.readline().startswith(b"HTTP/1.1 431 ")


def test_a_body_over_the_limit_is_refused_before_it_is_sent(lakebed):
    head, _ = glue(lakebed, "GetDatabases")
    size = 17 * 1024 * 1024
    status, headers, _ = ask(
        lakebed, head + b"\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size
    )
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"{'Name': 1}", b"\xff\xfe", b'{"Name": ' + b"[" * 5000]
)
def test_malformed_json_is_awss_error(lakebed, body):
    head, body = signed(
        lakebed,
        body=body,
        X_Amz_Target="AWSGlue.GetDatabase",
        Content_Type="application/x-amz-json-1.1",
    )
    status, _, answer = ask(lakebed, whole(head, body))
    kind = json.loads(answer)["__type"]
    assert (status, kind) in (
        (400, "SerializationException"),
        (400, "ValidationException"),
    )


def test_a_changed_body_does_not_pass_its_signature(lakebed):
    head, body = glue(lakebed, "CreateDatabase", DatabaseInput={"Name": "aaaa"})
    status, _, answer = ask(lakebed, whole(head, body.replace(b"aaaa", b"bbbb")))
    assert (status, json.loads(answer)["__type"]) == (400, "InvalidSignatureException")
    assert lakebed.client("glue").get_databases()["DatabaseList"] == []


def test_an_unsigned_request_is_refused(lakebed):
    data = b'{"Name": "d"}'
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSGlue.GetDatabase"
    status, _, answer = ask(lakebed, whole(head, data))
    assert (status, json.loads(answer)["__type"]) == (400, "MissingAuthenticationTokenException")


def is_listening(server) -> bool:
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_stop_lets_what_is_under_way_end(tmp_path):
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    head, body = glue(server, "CreateDatabase", DatabaseInput={"Name": "late"})
    with connect(server) as one, one.makefile("rb") as stream:
        one.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
        time.sleep(0.2)
        server.process.terminate()
        until = time.monotonic() + 5
        while is_listening(server) and time.monotonic() < until:
            time.sleep(0.02)
        one.sendall(body[5:])
        status, headers, _ = read_answer(stream)
    assert (status, headers["connection"]) == (200, "close")
    assert server.process.wait(10) == 0
    again = testing.start(tmp_path / "data", log=tmp_path / "log")
    names = [d["Name"] for d in again.client("glue").get_databases()["DatabaseList"]]
    again.kill()
    assert names == ["late"]


def test_every_answer_carries_a_request_id(lakebed):
    _, first, _ = ask(lakebed, whole(*glue(lakebed, "GetDatabases")))
    _, second, _ = ask(lakebed, whole(*glue(lakebed, "GetDatabases")))
    assert first["x-amzn-requestid"] != second["x-amzn-requestid"]
