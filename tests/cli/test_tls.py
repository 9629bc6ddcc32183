from __future__ import annotations

import io
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from boto3.s3.transfer import TransferConfig
from cryptography import x509

from lakebed import testing
from lakebed.cli import tls
from lakebed.core.settings import Settings
from tests.gateway.http2_client import Client
from tests.hooks import hooked

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server():
    with testing.server("--tls") as running:
        yield running


@pytest.fixture
def s3(server):
    server.reset()
    client = server.client("s3")
    client.create_bucket(Bucket="lake")
    return client


def trusting(server):
    return ssl.create_default_context(cafile=server.environment["AWS_CA_BUNDLE"])


def test_clients_trust_the_servers_own_authority(server, s3):
    assert server.url.startswith("https://127.0.0.1:")
    sent = []

    def note(request, **_):
        sent.append(request.headers)

    with hooked(s3, "before-send.s3", note):
        s3.put_object(Bucket="lake", Key="k", Body=io.BytesIO(b"body"))
    # Over TLS botocore sends the checksum behind the body.
    assert sent[0]["x-amz-content-sha256"] == b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    got = s3.get_object(Bucket="lake", Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), "ChecksumCRC32" in got) == (b"body", True)
    assert server.client("glue").get_databases()["DatabaseList"] == []


def test_large_objects_come_back_over_tls(s3):
    body = bytes(range(256)) * 4096 * 12
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), "lake", "big", Config=config)
    assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == body
    back = io.BytesIO()
    s3.download_fileobj("lake", "big", back, Config=config)
    assert back.getvalue() == body
    part = s3.get_object(Bucket="lake", Key="big", Range="bytes=1000000-3000000")["Body"].read()
    assert part == body[1000000:3000001]


def test_http2_is_agreed_on_with_who_speaks_it(server, s3):
    client = Client(server.url, trusting(server))
    body = bytes(range(256)) * 8000
    assert client.ask("s3", "PUT", "/lake/k", body=body).status == 200
    assert client.ask("s3", "GET", "/lake/k").body == body
    client.close()
    assert s3.head_object(Bucket="lake", Key="k")["ContentLength"] == len(body)


def test_a_slow_reader_does_not_make_the_server_hold_the_file(server, s3):
    body = bytes(40 * MIB)
    s3.put_object(Bucket="lake", Key="big", Body=body)
    link = s3.generate_presigned_url("get_object", {"Bucket": "lake", "Key": "big"})
    target = link.removeprefix(server.url)
    statistics = Path(f"/proc/{server.process.pid}/statm")
    before = int(statistics.read_text().split()[1])
    host, port = server.url.removeprefix("https://").split(":")
    with trusting(server).wrap_socket(
        socket.create_connection((host, int(port)), timeout=10), server_hostname=host
    ) as one:
        one.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        received = len(one.recv(65536))
        time.sleep(0.3)
        grown = (int(statistics.read_text().split()[1]) - before) * 4096
        while received < len(body):
            received += len(one.recv(MIB))
    assert grown < 8 * MIB


def test_what_is_no_tls_is_closed_and_the_server_goes_on(server, s3):
    host, port = server.url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP" not in plain.recv(100)
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(
            socket.create_connection((host, int(port)), timeout=10), server_hostname=host
        )
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["lake"]


def test_the_certificate_is_kept_renewed_and_private(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path, tls=True)
    settings.state_dir.mkdir(mode=0o700)
    files = tls.files_of(settings)

    def serial(path):
        return x509.load_pem_x509_certificate(path.read_bytes()).serial_number

    tls.server_context(settings)
    first, authority = serial(files.certificate), serial(files.authority)
    modes = {one.name: one.stat().st_mode & 0o777 for one in files.key.parent.iterdir()}
    assert modes == dict.fromkeys(("ca.pem", "ca-key.pem", "certificate.pem", "key.pem"), 0o600)
    tls.server_context(settings)
    assert serial(files.certificate) == first
    # Another host is another certificate, of the same authority.
    tls.server_context(Settings(data_dir=tmp_path, tls=True, host="lake.example"))
    assert (serial(files.certificate) != first, serial(files.authority)) == (True, authority)
    second = serial(files.certificate)
    monkeypatch.setattr(tls, "RENEWAL_DAYS", tls.CERTIFICATE_DAYS + 1)
    tls.server_context(settings)
    assert (serial(files.certificate) != second, serial(files.authority)) == (True, authority)
    monkeypatch.setattr(tls, "RENEWAL_DAYS", tls.AUTHORITY_DAYS + 1)
    tls.server_context(settings)
    assert serial(files.authority) != authority


def test_the_certificate_is_for_every_name_of_the_server(tmp_path):
    settings = Settings(data_dir=tmp_path, tls=True, host="::1", s3_domain="s3.lake.example")
    settings.state_dir.mkdir(mode=0o700)
    tls.server_context(settings)
    certificate = x509.load_pem_x509_certificate(tls.files_of(settings).certificate.read_bytes())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(name.value) for name in extension.value] == [
        "localhost",
        "*.localhost",
        "*.s3.localhost",
        "127.0.0.1",
        "::1",
        "s3.lake.example",
        "*.s3.lake.example",
    ]
    assert tls.url_of(settings, 80) == "https://[::1]:80"


def test_a_given_certificate_is_used(tmp_path):
    made = Settings(data_dir=tmp_path / "made", tls=True)
    made.state_dir.mkdir(parents=True, mode=0o700)
    tls.server_context(made)
    files = tls.files_of(made)
    flags = ("--tls-certificate", str(files.certificate), "--tls-key", str(files.key))
    with testing.server(*flags) as running:
        s3 = running.client("s3", verify=str(files.authority))
        assert s3.list_buckets()["Buckets"] == []
        assert not (running.data_dir / "state" / "tls").exists()
        # What the server's own commands do is no matter of who issued the certificate.
        command = [sys.executable, "-m", "lakebed.cli.main", "sync", "--data-dir", running.data_dir]
        synced = subprocess.run(
            [*command], capture_output=True, text=True, check=False,
            env={"LAKEBED_TLS_CERTIFICATE": str(files.certificate)},
        )  # fmt: skip
        assert synced.returncode == 0, synced.stderr


def test_a_certificate_that_cannot_be_used_is_named(tmp_path):
    command = [sys.executable, "-m", "lakebed.cli.main", "serve", "--data-dir", str(tmp_path)]
    ended = subprocess.run(
        [*command, "--tls-certificate", "nowhere.pem"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("lakebed: the certificate nowhere.pem with the key nowhere.pem")


def test_env_tells_clients_whom_to_trust(tmp_path):
    command = [sys.executable, "-m", "lakebed.cli.main", "env", "--tls", "--data-dir", tmp_path]
    printed = subprocess.run([*command], capture_output=True, text=True, check=True).stdout
    assert "export AWS_ENDPOINT_URL='https://127.0.0.1:4566'\n" in printed
    assert f"export AWS_CA_BUNDLE='{tmp_path}/state/tls/ca.pem'\n" in printed
