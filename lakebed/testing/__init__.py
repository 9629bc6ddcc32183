"""A real server for tests: `with lakebed.testing.server() as lake: lake.client("s3")`.

The server is a process of its own on a free port with a folder of its own, so that tests may run in
parallel. Only `client` and `session` need boto3.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 15.0


@dataclass(frozen=True, slots=True)
class LakebedServer:
    """A running server: its URL, its folder, its process, and how a client reaches it."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    environment: Mapping[str, str]

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of the server; clients asked for without options are one client."""
        if "AWS_CA_BUNDLE" in self.environment:
            options.setdefault("verify", self.environment["AWS_CA_BUNDLE"])
        region = self.environment["AWS_DEFAULT_REGION"]
        if not options:
            return _shared_client(region, service, self.url)
        return _shared_session(region).client(service, endpoint_url=self.url, **options)

    def session(self) -> Any:
        """Return a boto3 session with the server's keys and region."""
        return _session(self.environment["AWS_DEFAULT_REGION"])

    def reset(self) -> None:
        """Empty the lake: no bucket, no catalog, no query is left; a few milliseconds."""
        request = urllib.request.Request(f"{self.url}/_lakebed/reset", method="POST")
        bundle = self.environment.get("AWS_CA_BUNDLE")
        context = ssl.create_default_context(cafile=bundle) if bundle else None
        with urllib.request.urlopen(request, timeout=30, context=context):
            pass

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the process in order and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def _session(region: str) -> Any:
    import boto3

    return boto3.Session("test", "test", region_name=region)


@functools.lru_cache(maxsize=8)
def _shared_session(region: str) -> Any:
    """Return the session all clients come from: to read the models anew costs each 0.1 s."""
    return _session(region)


@functools.lru_cache(maxsize=64)
def _shared_client(region: str, service: str, url: str) -> Any:
    """Return a client that many may use: to make one costs about 10 ms."""
    return _shared_session(region).client(service, endpoint_url=url)


def start(
    data_dir: Path | str, *arguments: str, log: Path | str | None = None, port: int = 0
) -> LakebedServer:
    """Start a server on a folder and return it once it answers. The caller stops it.

    `arguments` are further flags of `lakebed serve`; `log` is where its stderr goes, if not ours.
    Raises RuntimeError with the server's words if it does not come up.
    """
    command = [
        sys.executable, "-m", "lakebed.cli.main", "serve", "--port", str(port),
        "--data-dir", str(data_dir), "--testing", *arguments,
    ]  # fmt: skip
    with open(log or os.devnull, "ab") as sink:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=sink if log else None,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready "):
        status = process.wait(READY_SECONDS_MAX)
        said = Path(log).read_text(errors="replace")[-2000:] if log else "see above"
        raise RuntimeError(f"the server did not start (exit status {status}): {said}")
    url = line.split()[1]
    return LakebedServer(url, Path(data_dir), process, _environment(url, Path(data_dir)))


@contextlib.contextmanager
def server(*arguments: str) -> Generator[LakebedServer]:
    """A server with a new folder; stopped, and its folder removed, at the end of the block.

    The environment of this process points at it meanwhile, so that clients made inside need no
    configuration.
    """
    folder = tempfile.mkdtemp(prefix="lakebed-")
    log = Path(folder) / "server.log"
    running = start(Path(folder) / "data", *arguments, log=log)
    try:
        with environment(running.environment):
            yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


_layers: list[dict[str, str | None]] = []
"""What each `environment` that is not over yet found, the last one last."""


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Generator[None]:
    """Set environment variables for the block, and restore them after it.

    Blocks may end in any order, as fixtures of a session and of a module do: what is set is what
    the last one set that is not over.
    """
    layer = {name: os.environ.get(name) for name in (*values, "AWS_PROFILE", "AWS_SESSION_TOKEN")}
    _layers.append(layer)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        at = next(at for at, one in enumerate(_layers) if one is layer)
        later = _layers[at + 1 :]
        del _layers[at]
        for name, value in layer.items():
            _give_back(name, value, later)


def _give_back(name: str, value: str | None, later: Sequence[dict[str, str | None]]) -> None:
    """Let a variable have its former value once those that were set later are over."""
    for layer in later:
        if name in layer:
            layer[name] = value
            return
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _environment(url: str, data_dir: Path) -> dict[str, str]:
    bundle = data_dir / "state" / "tls" / "ca.pem"
    trusted = {"AWS_CA_BUNDLE": str(bundle)} if bundle.exists() else {}
    return {
        **trusted,
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ALLOW_HTTP": "true",
        "WR_ATHENA_QUERY_WAIT_POLLING_DELAY": "0.05",
    }
