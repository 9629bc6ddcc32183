"""`lakebed serve` as a person meets it: the ready line, refusals with a reason, a clean stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from lakebed import __version__, testing

LAKEBED = [sys.executable, "-m", "lakebed.cli.main"]


def lakebed_command(*arguments, **options):
    return subprocess.run(
        [*LAKEBED, *arguments], capture_output=True, text=True, timeout=30, **options
    )


@pytest.fixture
def server(tmp_path):
    running = testing.start(tmp_path / "data", log=tmp_path / "log")
    yield running
    running.kill()


def test_health_and_metrics(server):
    with urllib.request.urlopen(f"{server.url}/_lakebed/health") as answer:
        health = json.load(answer)
    assert health == {
        "status": "ready",
        "version": __version__,
        "services": dict.fromkeys(
            (
                "athena",
                "cloudtrail",
                "cloudwatch",
                "events",
                "firehose",
                "glue",
                "glue_iceberg",
                "iam",
                "kinesis",
                "kms",
                "logs",
            )
            + ("s3", "s3control", "secretsmanager", "ssm", "sts"),
            "available",
        ),
    }
    server.client("sts").get_caller_identity()
    with urllib.request.urlopen(f"{server.url}/_lakebed/metrics") as answer:
        text = answer.read().decode()
    line = 'lakebed_calls_total{service="sts",operation="get_caller_identity",code="ok"} 1'
    assert line in text.splitlines()


def test_two_servers_on_one_folder(server):
    refused = lakebed_command("serve", "--port", "0", "--data-dir", str(server.data_dir))
    assert refused.returncode == 3
    assert f"in use by the lakebed process {server.process.pid};" in refused.stderr
    assert refused.stdout == ""


def test_a_taken_port_names_its_holder(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = lakebed_command("serve", "--port", str(port), "--data-dir", str(tmp_path))
    assert refused.returncode == 2
    assert f"port {port} is taken by process {os.getpid()}" in refused.stderr


def test_beyond_loopback_needs_keys_of_its_own(tmp_path):
    refused = lakebed_command("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path))
    assert refused.returncode == 2
    assert "0.0.0.0 is not loopback" in refused.stderr
    assert "lakebed init" in refused.stderr


def test_init_makes_keys_and_turns_the_well_known_ones_off(tmp_path):
    made = lakebed_command("init", "--data-dir", str(tmp_path / "data"))
    assert made.returncode == 0
    keys = tmp_path / "data" / "state" / "root-keys"
    assert keys.stat().st_mode & 0o777 == 0o600
    access_key, secret_key = keys.read_text().split()
    assert secret_key not in made.stdout
    printed = lakebed_command("env", "--data-dir", str(tmp_path / "data")).stdout
    assert f"export AWS_ACCESS_KEY_ID='{access_key}'" in printed.splitlines()
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    sts = server.session().client(
        "sts",
        endpoint_url=server.url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    assert sts.get_caller_identity()["Account"] == "000000000000"
    with pytest.raises(Exception, match="InvalidClientTokenId"):
        server.client("sts").get_caller_identity()
    server.kill()
    assert secret_key not in (tmp_path / "log").read_text()
    assert lakebed_command("init", "--data-dir", str(tmp_path / "data")).returncode == 2


def test_an_unknown_key_is_explained_in_the_log(server):
    stranger = server.session().client(
        "s3", endpoint_url=server.url, aws_access_key_id="AKIASTRANGER", aws_secret_access_key="x"
    )
    for _ in range(2):
        with pytest.raises(Exception, match="InvalidAccessKeyId"):
            stranger.list_buckets()
    log = (server.data_dir.parent / "log").read_text()
    assert log.count("'AKIASTRANGER', which is not ours: eval \"$(lakebed env)\"") == 1


def test_sigterm_is_a_clean_stop(server):
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 10


def test_settings_say_where_they_come_from(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "lakebed.toml").write_text('durability = "full"\nport = 1\nregion = "eu-west-1"\n')
    printed = lakebed_command(
        "settings", "--data-dir", str(data), "--host", "127.0.0.2",
        env={**os.environ, "LAKEBED_PORT": "2"},
    ).stdout.splitlines()  # fmt: skip
    assert f"durability = full  ({data / 'lakebed.toml'})" in printed
    assert "port = 2  (LAKEBED_PORT)" in printed
    assert "host = 127.0.0.2  (flag)" in printed
    assert "mode = open  (default)" in printed


def test_a_wrong_setting_is_named(tmp_path):
    refused = lakebed_command(
        "settings", "--data-dir", str(tmp_path), env={**os.environ, "LAKEBED_DURABILITY": "most"}
    )
    assert refused.returncode == 2
    assert "durability is 'most', expected one of" in refused.stderr


def test_clean_deletes_only_when_told_to(tmp_path):
    server = testing.start(tmp_path / "data", log=tmp_path / "log")
    server.client("s3").create_bucket(Bucket="bucket")
    busy = lakebed_command("clean", "--yes", "--data-dir", str(tmp_path / "data"))
    server.kill()
    assert busy.returncode == 3
    assert lakebed_command("clean", "--data-dir", str(tmp_path / "data")).returncode == 0
    assert (tmp_path / "data" / "lake" / "bucket").is_dir()
    assert lakebed_command("clean", "--yes", "--data-dir", str(tmp_path / "data")).returncode == 0
    assert list((tmp_path / "data").iterdir()) == []


def test_version_status_and_doctor(server):
    assert lakebed_command("version").stdout == f"lakebed {__version__}\n"
    port = server.url.rpartition(":")[2]
    status = lakebed_command("status", "--data-dir", str(server.data_dir), "--port", port)
    assert status.returncode == 0
    assert status.stdout.splitlines()[0] == f"{server.url}: ready, version {__version__}"
    doctor = lakebed_command("doctor", "--data-dir", str(server.data_dir))
    assert "ok   package duckdb" in doctor.stdout


def test_every_command_has_help():
    for command in (
        "serve",
        "tour",
        "env",
        "init",
        "user",
        "status",
        "sync",
        "fsck",
        "backup",
        "restore",
        "doctor",
        "clean",
        "settings",
        "version",
    ):
        assert lakebed_command(command, "--help").returncode == 0
