"""Java's asynchronous Kinesis client with its defaults: CBOR over HTTP/2, events pushed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.clients import environment, jars

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "kinesis_java"
EXPECTED = """put 300 failed 0
got 300 last key 299 43 now true
pushed true
ResourceNotFoundException
"""


def test_a_java_client_puts_gets_and_subscribes(lakebed, tmp_path):
    done = subprocess.run(
        ["java", "-cp", jars(HERE), str(HERE / "Story.java"), lakebed.url],
        cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False,
        env=environment(lakebed, tmp_path),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, EXPECTED), done.stderr[-4000:]
