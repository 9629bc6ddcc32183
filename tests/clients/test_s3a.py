"""Hadoop's S3A file system, as Spark and Hive use it, by Hadoop's own file shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.clients import environment, jars

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "s3a"


def test_the_file_shell_puts_renames_reads_and_removes(lakebed, tmp_path):
    path = jars(HERE)
    settings = {
        "fs.s3a.endpoint": lakebed.url,
        "fs.s3a.endpoint.region": "us-east-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3a.access.key": "test",
        "fs.s3a.secret.key": "test",
        "fs.s3a.multipart.size": "5M",
        "fs.s3a.multipart.threshold": "5M",
    }

    rows = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>"
        for name, value in settings.items()
    )
    (tmp_path / "core-site.xml").write_text(f"<configuration>{rows}</configuration>")

    def do(*command):
        done = subprocess.run(
            ["java", "-cp", f"{tmp_path}:{path}", "org.apache.hadoop.fs.FsShell", *command],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
            env=environment(lakebed, tmp_path),
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    lakebed.client("s3").create_bucket(Bucket="lake")
    (tmp_path / "big.bin").write_bytes(os.urandom(12 << 20))
    (tmp_path / "one.txt").write_text("one\n")
    do("-mkdir", "-p", "s3a://lake/t/part=1")
    do("-put", "big.bin", "one.txt", "s3a://lake/t/part=1")
    do("-mv", "s3a://lake/t/part=1", "s3a://lake/t/part=2")
    assert do("-cat", "s3a://lake/t/part=2/one.txt") == "one\n"
    listed = do("-ls", "-R", "-C", "s3a://lake/t").splitlines()
    assert listed == [
        "s3a://lake/t/part=2", "s3a://lake/t/part=2/big.bin", "s3a://lake/t/part=2/one.txt",
    ]  # fmt: skip
    do("-get", "s3a://lake/t/part=2/big.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "big.bin").read_bytes()
    do("-rm", "-r", "-skipTrash", "s3a://lake/t")
    assert "Contents" not in lakebed.client("s3").list_objects_v2(Bucket="lake", Prefix="t/")
