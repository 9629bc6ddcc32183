"""How commands reach a lake: through the server that owns its folder, or by owning it alone."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lakebed.cli.admin import SERVER_FILE
from lakebed.cli.care import Place
from lakebed.cli.tls import client_context
from lakebed.core.settings import Settings
from lakebed.engines.objects import ObjectStore
from lakebed.store.ownership import FolderInUseError, open_format, take
from lakebed.store.reader import StoreReader
from lakebed.store.sqlite import SqliteStore


class OwnerError(Exception):
    """The lake cannot be reached; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A lake whose server is stopped, opened by this process."""

    settings: Settings
    store: SqliteStore
    objects: ObjectStore

    @contextmanager
    def transaction(self) -> Generator[Place]:
        """A transaction, committed at the end of its block."""
        with self.store.transaction() as transaction:
            yield Place(transaction, self.settings.account, self.settings.region)


def is_served(settings: Settings) -> bool:
    """Say whether a process owns the folder by now."""
    if not settings.state_dir.is_dir():
        return False
    try:
        os.close(take(settings.state_dir))
    except FolderInUseError:
        return True
    return False


def ask(settings: Settings, page: str, body: Any = None, seconds: float | None = None) -> Any:
    """Ask the server of a lake for one of its owner's pages; OwnerError if it will not answer."""
    path = settings.state_dir / SERVER_FILE
    try:
        server = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise OwnerError(
            f"a process owns {settings.data_dir}, but {path} does not say where it listens: "
            "is it starting, or of an older release?"
        ) from None
    request = urllib.request.Request(
        f"{server['url']}/_lakebed/{page}",
        json.dumps(body or {}).encode(),
        {"Authorization": f"Bearer {server['token']}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        context = client_context(settings)
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise OwnerError(_said(error.read()) or str(error)) from None
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise OwnerError(f"the server at {server['url']} does not answer: {error}") from None


def _said(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace").strip()


@contextmanager
def owned(settings: Settings) -> Generator[Owned]:
    """Open the folder of a stopped server, finish what a crash left, and close it at the end."""
    from lakebed.cli.engines import open_objects

    state = settings.state_dir
    if not (state / "store.sqlite").exists():
        raise OwnerError(
            f"there is no lake in {settings.data_dir}: name its folder with --data-dir"
        )
    lock = take(state)
    try:
        open_format(state)
        store = SqliteStore(state / "store.sqlite")
        try:
            yield Owned(settings, store, open_objects(settings))
        finally:
            store.close()
    finally:
        os.close(lock)


@contextmanager
def reading(settings: Settings) -> Generator[Place]:
    """A view of the lake's store for this process to read, whoever owns it."""
    path = settings.state_dir / "store.sqlite"
    if not path.exists():
        raise OwnerError(
            f"there is no lake in {settings.data_dir}: name its folder with --data-dir"
        )
    store = StoreReader(path)
    try:
        with store.transaction() as transaction:
            yield Place(transaction, settings.account, settings.region)
    finally:
        store.close()
