"""PostgreSQL and MariaDB from Debian, each started in a temporary folder for one test."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Database:
    """A server that answers: its JDBC scheme, port and database."""

    scheme: str
    port: int
    name: str = "shop"
    user: str = "clerk"

    @property
    def url(self) -> str:
        return f"jdbc:{self.scheme}://127.0.0.1:{self.port}/{self.name}"


def _program(name: str, package: str) -> str:
    places = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), shutil.which(name)]
    for place in places:
        if place:
            return str(place)
    pytest.skip(f"{name} is not installed: apt-get install {package}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _as(user: str, *command: str) -> list[str]:
    """These servers refuse to run as root: then they run as their own user."""
    return ["runuser", "-u", user, "--", *command] if os.getuid() == 0 else list(command)


def _wait(port: int, process: subprocess.Popen, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"the database did not answer on port {port} within {seconds} s")


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """A PostgreSQL server with a database, and a user with a password."""
    server, initdb = _program("postgres", "postgresql"), _program("initdb", "postgresql")
    data, password = folder / "data", folder / "password"
    password.write_text(PASSWORD)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        shutil.chown(password, "postgres")
    subprocess.run(
        _as("postgres", initdb, "-D", str(data), "-U", "clerk", f"--pwfile={password}",
            "--auth=scram-sha-256", "--no-sync"),
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    database = Database("postgresql", _free_port())
    command = _as("postgres", server, "-D", str(data), "-p", str(database.port), "-h", "127.0.0.1",
                  "-k", str(folder), "-F")  # fmt: skip
    with _running(command, database.port, folder / "log"):
        import pg8000.dbapi

        until = time.monotonic() + 20
        while True:
            try:
                admin = pg8000.dbapi.connect("clerk", host="127.0.0.1", port=database.port,
                                             database="postgres", password=PASSWORD)  # fmt: skip
                break
            except pg8000.dbapi.Error:
                assert time.monotonic() < until
                time.sleep(0.1)
        admin.autocommit = True
        admin.cursor().execute("CREATE DATABASE shop")
        admin.close()
        yield database


@contextlib.contextmanager
def mariadb(folder: Path) -> Iterator[Database]:
    """A MariaDB server with a database, and a user with a password."""
    server = _program("mariadbd", "mariadb-server")
    install = _program("mariadb-install-db", "mariadb-server")
    data, start = folder / "data", folder / "start.sql"
    start.write_text(
        "CREATE DATABASE shop;\n"
        f"CREATE USER clerk@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        "GRANT ALL ON shop.* TO clerk@'127.0.0.1';\n"
    )
    if os.getuid() == 0:
        shutil.chown(folder, "mysql")
    subprocess.run(
        _as("mysql", install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
            "--auth-root-authentication-method=normal"),
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    database = Database("mysql", _free_port())
    command = _as(
        "mysql", server, "--no-defaults", f"--datadir={data}", f"--port={database.port}",
        "--bind-address=127.0.0.1", "--skip-name-resolve", f"--socket={folder}/socket",
        f"--init-file={start}", f"--pid-file={folder}/pid",
    )  # fmt: skip
    with _running(command, database.port, folder / "log"):
        yield database
