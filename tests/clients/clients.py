"""Clients that live outside our environment: where they are, and how to run one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "clients" / "bin"


def client(name: str, install: str = "make clients") -> str:
    """Return the path of a client's program, or skip the test with what would install it."""
    path = BIN / name if (BIN / name).exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: {install}")
    return str(path)


def jars(folder: Path) -> str:
    """Return the class path that a folder's pom.xml names, fetched once by Maven.

    Tests run in several processes: the first one fetches, the others wait for it.
    """
    client("java", "apt-get install default-jre-headless")
    kept = ROOT / ".venv" / folder.name
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _fetch_jars(folder, kept)
    return f"{kept}/*"


def _fetch_jars(folder: Path, kept: Path) -> None:
    maven = client("mvn", "apt-get install maven")
    made = kept.with_suffix(".new")
    shutil.rmtree(made, ignore_errors=True)
    command = [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={made}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    made.rename(kept)


def environment(lakebed, folder: Path, **more: str) -> dict[str, str]:
    """Return what tells a client where the server is, and nothing of this machine's settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": lakebed.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def run(lakebed, *command: str, folder: Path, seconds: float = 120) -> str:
    """Run a client against the server and return what it printed; its failure is the test's."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False,
        env=environment(lakebed, folder),
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def run_script(lakebed, script: str, *, folder: Path) -> str:
    """Run a Python script in the clients' environment and return what it printed."""
    if not (BIN / "python").exists():
        pytest.skip("the clients' environment is not there: make clients")
    return run(lakebed, str(BIN / "python"), "-c", script, folder=folder)
