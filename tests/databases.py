"""Database servers from Debian's packages, started for tests: PostgreSQL and MariaDB.

Each listens on a port of 127.0.0.1 of its own, with its data in a temporary folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pg8000.native
import pymysql
import pytest

USER, PASSWORD = "crawler", "s3cret-of-the-crawler"


def program(name: str) -> str:
    """Return where a program of a package is; without it the test is skipped."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *map(str, folders)])
    found = shutil.which(name, path=search)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's: its folders are closed to the user that PostgreSQL has to run as.
    path = Path(tempfile.mkdtemp(prefix="lakebed-db-"))
    try:
        path.chmod(0o755)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """A running server."""

    def __init__(self, port: int, process: subprocess.Popen) -> None:
        self.port, self.process = port, process

    def wait(self, connect) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + 60
        while True:
            try:
                connect()
                return
            except (OSError, pg8000.native.InterfaceError, pg8000.native.DatabaseError,
                    pymysql.MySQLError):  # fmt: skip
                assert self.process.poll() is None, "the server ended"
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


class Postgres(Server):
    """A PostgreSQL server; its superuser is `postgres`, without a password from this machine."""

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        with contextlib.closing(self._connect(database)) as connection:
            for one in statements:
                connection.run(one)

    def _connect(self, database: str = "postgres"):
        return pg8000.native.Connection(
            "postgres", host="127.0.0.1", port=self.port, database=database, password="postgres"
        )


@contextlib.contextmanager
def postgres(*settings: str) -> Iterator[Postgres]:
    """Start a PostgreSQL server."""
    initdb, server = program("initdb"), program("postgres")
    user = "postgres" if os.geteuid() == 0 else None
    with _folder() as folder:
        if user:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        data = folder / "data"
        secret = folder / "password"
        secret.write_text("postgres")
        secret.chmod(0o644)
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-N", "-E", "UTF8",
             "--locale=C", f"--pwfile={secret}"],
            check=True, capture_output=True, user=user, cwd=folder,
        )  # fmt: skip
        port = free_port()
        options = ["fsync=off", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
        given = [part for one in (*options, *settings) for part in ("-c", one)]
        process = subprocess.Popen(
            [server, "-D", data, "-p", str(port), *given],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder,
        )  # fmt: skip
        running = Postgres(port, process)
        try:
            running.wait(lambda: running._connect().close())
            yield running
        finally:
            running.stop()


class Maria(Server):
    """A MariaDB server; its superuser is `root`, without a password from this machine."""

    def run(self, *statements: str) -> None:
        """Run statements as the superuser."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            for one in statements:
                cursor.execute(one)
            connection.commit()

    def _connect(self):
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", charset="utf8mb4")


@contextlib.contextmanager
def maria(*settings: str) -> Iterator[Maria]:
    """Start a MariaDB server."""
    install, server = program("mariadb-install-db"), program("mariadbd")
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    with _folder() as folder:
        data = folder / "data"
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *as_root],
            check=True, capture_output=True,
        )  # fmt: skip
        port = free_port()
        process = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={data}", f"--port={port}", *as_root,
             "--bind-address=127.0.0.1", f"--socket={folder}/socket", f"--pid-file={folder}/pid",
             "--innodb-flush-log-at-trx-commit=0", *settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        running = Maria(port, process)
        try:
            running.wait(lambda: running._connect().close())
            yield running
        finally:
            running.stop()
