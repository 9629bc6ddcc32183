"""The servers that are measured: ours, the floor, and the peers in an environment of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from botocore.credentials import Credentials

from bench import load
from lakebed import testing

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "bench" / "scratch"
PEERS = SCRATCH / "peers"
REQUIREMENTS = ROOT / "requirements" / "bench.txt"
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, and what its start cost."""

    url: str
    process: subprocess.Popen[str] | subprocess.Popen[bytes]
    cpu: Callable[[int], float]
    start_cpu_seconds: float
    ready_seconds: float
    folder: Path
    keys: Credentials = load.KEYS

    def cpu_seconds(self) -> float:
        """Return its CPU time so far."""
        return self.cpu(self.process.pid)

    def stop(self) -> None:
        """End it and wait for it; a peer that does not end in order is killed."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def new_folder(runs: Path, name: str) -> Path:
    """Return a new folder for one run; nothing is deleted before the end of all.

    ext4 makes creating a file many times dearer after deletions in the same block group, so each
    run has a group of its own where the file system allows it (`chattr +T` on the parent).
    """
    if not runs.exists():
        runs.mkdir(parents=True)
        if chattr := shutil.which("chattr"):
            subprocess.run([chattr, "+T", str(runs)], check=False, capture_output=True)
    folder = runs / f"{len(list(runs.iterdir())):03}-{name}"
    folder.mkdir()
    return folder


def lakebed(runs: Path, durability: str) -> Running:
    """Start our server on a new folder."""
    folder = new_folder(runs, f"lakebed-{durability}")
    began = time.perf_counter()
    server = testing.start(folder / "data", "--durability", durability, log=folder / "server.log")
    ready = time.perf_counter() - began
    cpu = load.cpu_seconds(server.process.pid)
    return Running(server.url, server.process, load.cpu_seconds, cpu, ready, folder)


def floor(runs: Path, size: int, module: str = "bench.floor") -> Running:
    """Start a floor with answers of `size` bytes."""
    folder = new_folder(runs, "floor")
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(size)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().split()[1]
    ready = time.perf_counter() - began
    cpu = load.cpu_seconds(process.pid)
    return Running(url, process, load.cpu_seconds, cpu, ready, folder)


def moto(runs: Path) -> Running:
    """Start moto_server. Its threads end with each request, so its CPU is read in ticks."""
    port = free_port()
    command = [str(PEERS / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    return _peer(runs, "moto", command, {}, port)


def ministack(runs: Path) -> Running:
    """Start MiniStack, on the loopback address only."""
    port = free_port()
    environment = {
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "false",
        "SFTP_ENABLED": "false",
    }  # fmt: skip
    return _peer(runs, "ministack", [str(PEERS / "bin" / "ministack")], environment, port)


def executable(column: str) -> str | None:
    """Return the object store that a column measures, if this machine has been told of one.

    They are built outside this repository; `LAKEBED_BENCH_VERSITYGW` and `LAKEBED_BENCH_MINIO` name
    the programs.
    """
    return os.environ.get(f"LAKEBED_BENCH_{column.upper()}")


def versitygw(runs: Path) -> Running:
    """Start versitygw on a folder. It syncs nothing, as our durability `none`."""
    port, objects = free_port(), runs.parent / f"{runs.name}-versitygw-{time.time_ns()}"
    objects.mkdir(parents=True)
    command = [
        str(executable("versitygw")), "--access", "test", "--secret", "test",
        "--port", f"127.0.0.1:{port}", "--quiet", "posix", str(objects),
    ]  # fmt: skip
    return _peer(runs, "versitygw", command, {}, port)


def minio(runs: Path) -> Running:
    """Start MinIO on a folder. It syncs every object, as our durability `file`."""
    port, objects = free_port(), runs.parent / f"{runs.name}-minio-{time.time_ns()}"
    objects.mkdir(parents=True)
    environment = {"MINIO_ROOT_USER": "testtest", "MINIO_ROOT_PASSWORD": "testtest"}
    command = [
        str(executable("minio")), "server", "--quiet", "--address", f"127.0.0.1:{port}",
        str(objects),
    ]  # fmt: skip
    started = _peer(runs, "minio", command, environment, port)
    return replace(started, keys=Credentials("testtest", "testtest"))


def _peer(
    runs: Path, name: str, command: list[str], environment: dict[str, str], port: int
) -> Running:
    folder = new_folder(runs, name)
    began = time.perf_counter()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder,
            env={**os.environ, "TMPDIR": str(folder), "HOME": str(folder), **environment},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    cpu = load.stat_seconds if name == "moto" else load.cpu_seconds
    while not _answers(url):
        late = time.perf_counter() - began > READY_SECONDS_MAX
        if late or process.poll() is not None:
            process.kill()
            said = (folder / "server.log").read_text(errors="replace")[-1000:]
            raise RuntimeError(f"{name} did not start: {said}")
        time.sleep(0.02)
    ready = time.perf_counter() - began
    return Running(url, process, cpu, load.stat_seconds(process.pid), ready, folder)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def install_peers() -> None:
    """Make the peers' environment, unless the one that is there has these requirements."""
    mark = PEERS / "made"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return
    print("bench: installing the peers (moto, MiniStack) into bench/scratch/peers", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    subprocess.run(
        [
            str(PEERS / "bin" / "python"), "-m", "pip", "install", "--quiet",
            "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS),
        ],
        check=True,
    )  # fmt: skip
    mark.write_text(wanted)
