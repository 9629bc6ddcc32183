"""`lakebed init --server`: settings, TLS, a unit; and the server they make."""

from __future__ import annotations

import tomllib

import pytest

from lakebed import testing
from lakebed.cli import tls
from lakebed.core.settings import Settings
from tests.cli.commands import lakebed as command


def test_a_server_for_strangers(tmp_path):
    folder = tmp_path / "data"
    made = command("init", folder, "--server")
    assert (made.returncode, made.stderr) == (0, "")
    assert tomllib.loads((folder / "lakebed.toml").read_text()) == {
        "host": "0.0.0.0", "port": 4566, "mode": "strict", "tls": True,
    }  # fmt: skip
    unit = (folder / "lakebed.service").read_text()
    assert f"serve --data-dir {folder}\n" in unit
    assert f"ReadWritePaths={folder}\n" in unit
    access_key, secret = (folder / "state" / "root-keys").read_text().split()
    assert secret not in made.stdout
    server = testing.start(folder, "--host", "127.0.0.1", log=tmp_path / "log")
    try:
        assert server.url.startswith("https://")
        keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret}
        assert server.client("sts", **keys).get_caller_identity()["Arn"].endswith(":root")
        with pytest.raises(Exception, match="InvalidClientTokenId"):
            server.client("sts").get_caller_identity()
    finally:
        server.stop()


def test_given_certificates_are_named_and_what_is_there_is_kept(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "lakebed.service").write_text("mine")
    made = command(
        "init", folder, "--server", "--host", "10.0.0.5", "--tls-certificate", "/etc/c.pem",
        "--tls-key", "/etc/k.pem",
    )  # fmt: skip
    assert made.returncode == 0
    assert tomllib.loads((folder / "lakebed.toml").read_text()) == {
        "host": "10.0.0.5", "port": 4566, "mode": "strict",
        "tls_certificate": "/etc/c.pem", "tls_key": "/etc/k.pem",
    }  # fmt: skip
    assert (folder / "lakebed.service").read_text() == "mine"
    assert "is there already and stays as it is" in made.stdout


def test_half_a_certificate_is_refused(tmp_path):
    refused = command("init", tmp_path / "data", "--server", "--tls-key", "/etc/k.pem")
    assert refused.returncode == 2
    assert "--tls-certificate and --tls-key, or neither" in refused.stderr


def test_a_server_with_given_certificates_serves_them(tmp_path):
    made = Settings(data_dir=tmp_path / "made", tls=True)
    made.state_dir.mkdir(parents=True, mode=0o700)
    tls.server_context(made)
    files, folder = tls.files_of(made), tmp_path / "data"
    done = command(
        "init", folder, "--server", "--host", "127.0.0.1", "--tls-certificate",
        str(files.certificate), "--tls-key", str(files.key),
    )  # fmt: skip
    assert done.returncode == 0
    access_key, secret = (folder / "state" / "root-keys").read_text().split()
    server = testing.start(folder, log=tmp_path / "log")
    try:
        keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret}
        s3 = server.client("s3", verify=str(files.authority), **keys)
        assert s3.list_buckets()["Buckets"] == []
        assert not (folder / "state" / "tls").exists()
    finally:
        server.stop()
