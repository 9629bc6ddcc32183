"""Puts a server together from its settings, runs it, and stops it in order."""

from __future__ import annotations

import asyncio
import importlib
import logging
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import lakebed
from lakebed.core.clock import SystemClock
from lakebed.core.ids import Ids
from lakebed.core.limits import QUERIES_QUEUED_MAX, QUERIES_RUNNING_MAX
from lakebed.core.settings import Settings
from lakebed.dispatch.audit import AuditLog
from lakebed.dispatch.commits import GroupCommit
from lakebed.dispatch.dispatcher import Dispatcher, House
from lakebed.dispatch.metrics import Metrics
from lakebed.dispatch.registry import Registry
from lakebed.engines import Engines
from lakebed.engines.objects import StoredObject
from lakebed.engines.sql import EngineSettings, Limits
from lakebed.gateway.credentials import Credentials
from lakebed.gateway.exchange import Gateway
from lakebed.gateway.server import Server, Slot
from lakebed.gateway.spool import Spools
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.models import Operation, load
from lakebed.store.ownership import open_format, take
from lakebed.store.sqlite import SqliteStore

log = logging.getLogger("lakebed")

STOP_SECONDS_MAX = 8.0
WORK_THREADS = 4
SWITCH_SECONDS = 0.0005
HASH_SECONDS = 0.5
"""How often files put into the lake by hand are looked for, to be hashed."""
READY = "ready"


class StartError(Exception):
    """The server cannot start as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where rows are looked at outside of a request: at start."""

    store: Any
    account: str
    region: str


def check_exposure(settings: Settings) -> None:
    """Refuse to listen beyond this machine while everybody knows the keys."""
    if settings.insecure or not settings.well_known_keys:
        return
    import ipaddress

    try:
        is_loopback = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        is_loopback = settings.host == "localhost"
    if not is_loopback:
        raise StartError(
            f"{settings.host} is not loopback, and the well-known keys test/test are live: "
            "run `lakebed init` first (it makes random root keys), or add --insecure"
        )


async def serve(
    settings: Settings, announce: Callable[[str], None], stopping: asyncio.Event
) -> None:
    """Serve until `stopping` is set; `announce(url)` is called once requests are answered."""
    check_exposure(settings)
    state = settings.state_dir
    take(state)
    open_format(state)
    settings.lake_dir.mkdir(parents=True, exist_ok=True)
    threads = ThreadPoolExecutor(WORK_THREADS, thread_name_prefix="lakebed")
    store = SqliteStore(state / "store.sqlite")
    engines = _open_engines(settings)
    with store.transaction() as transaction:
        place = _Place(transaction, settings.account, settings.region)
        engines.objects.recover(place)
    # Only now: a query's result may have been on its way into the lake.
    for leftover in ("queries", "trash"):
        shutil.rmtree(state / leftover, ignore_errors=True)
    house = _house(settings, engines)
    commits = GroupCommit(store, threads)
    dispatcher = Dispatcher(house, commits)
    spools = Spools(
        engines.objects.spool_directories,
        house.ids,
        threads,
        is_synced=settings.durability != "none",
    )
    admin = _Admin(settings, house, dispatcher, store, engines)
    gateway = Gateway(
        dispatcher, Credentials(settings), spools, house.clock, house.ids, settings.region, admin
    )
    server = Server(gateway)
    try:
        port = await server.listen(settings.host, settings.port)
        announce(f"http://{settings.host}:{port}")
        hashing = asyncio.ensure_future(_hash_by_hand(engines, commits, settings))
        await stopping.wait()
        hashing.cancel()
        await server.stop(STOP_SECONDS_MAX)
        await dispatcher.close()
    finally:
        await engines.sql.close()
        threads.shutdown(wait=True)
        house.audit.close()
        store.close()


async def _hash_by_hand(engines: Engines, commits: GroupCommit, settings: Settings) -> None:
    """Give objects that were put into the folder by hand the ETag of their bytes."""
    objects = engines.objects

    def keep(found: StoredObject, etag: str) -> None:
        commits.submit(
            lambda store: objects.set_etag(
                _Place(store, settings.account, settings.region), found, etag
            ),
            lambda _, error: error and log.warning("an ETag was not kept: %s", error),
        )

    while True:
        await asyncio.sleep(HASH_SECONDS)
        while (found := objects.next_unhashed()) is not None:
            try:
                etag = await asyncio.to_thread(objects.digest, found)
            except OSError as error:
                log.warning("%s/%s could not be read: %s", found.bucket, found.key, error)
                continue
            if etag is not None:
                keep(found, etag)


def _house(settings: Settings, engines: Engines) -> House:
    return House(
        settings=settings,
        clock=SystemClock(),
        ids=Ids(),
        engines=engines,
        audit=AuditLog(settings.state_dir / "audit"),
        metrics=Metrics(),
        registry=Registry(),
        validate=_validate,
        aws_name=_aws_name,
    )


_operations: dict[tuple[str, str], Operation] = {}


def _operation(service: str, function: str) -> Operation | None:
    """Return an operation by its function's name; the tables are immutable, so this is bounded."""
    found = _operations.get((service, function))
    if found is None:
        for operation in load(service).operations.values():
            _operations[service, operation.function] = operation
        found = _operations.get((service, function))
    return found


def _validate(service: str, function: str, request: Mapping[str, Any]) -> None:
    operation = _operation(service, function)
    if operation is not None:
        operation.validate(request)


def _aws_name(service: str, function: str) -> str:
    operation = _operation(service, function)
    return operation.name if operation is not None else function


def _open_engines(settings: Settings) -> Engines:
    """Open the engines that the settings name, found by their packages' entry points."""
    opened: dict[str, Any] = {}
    queries = EngineSettings(QUERIES_RUNNING_MAX, QUERIES_QUEUED_MAX)
    if settings.sql_memory_bytes:
        limits = Limits(memory_bytes=settings.sql_memory_bytes)
        queries = EngineSettings(QUERIES_RUNNING_MAX, QUERIES_QUEUED_MAX, limits)
    kinds: tuple[tuple[str, str, Any], ...] = (
        ("objects", settings.objects_engine, settings),
        ("sql", settings.sql_engine, queries),
    )
    for kind, name, options in kinds:
        entry = f"lakebed.engines.{kind}.{name}"
        try:
            module = importlib.import_module(entry)
        except ModuleNotFoundError as error:
            if error.name != entry:
                raise
            from importlib.metadata import entry_points

            found = entry_points(group=f"lakebed.engines.{kind}", name=name)
            if not found:
                raise StartError(f"there is no {kind} engine {name!r}") from None
            module = next(iter(found)).load()
        opened[kind] = module.open_engine(options)
    return Engines(**opened)


class _Admin:
    """What is served under `/_lakebed/`: health, metrics, and for tests a reset."""

    def __init__(
        self,
        settings: Settings,
        house: House,
        dispatcher: Dispatcher,
        store: SqliteStore,
        engines: Engines,
    ) -> None:
        self._settings = settings
        self._house = house
        self._dispatcher = dispatcher
        self._store = store
        self._engines = engines
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, request: HttpRequest, slot: Slot) -> None:
        """Answer one request."""
        page = request.path.removeprefix("/_lakebed/")
        if page == "health":
            services = {name: "available" for name in self._house.registry.names}
            body = {"status": READY, "version": lakebed.__version__, "services": services}
            slot.answer(_response(200, "application/json", msgspec.json.encode(body)))
        elif page == "metrics":
            text = self._house.metrics.text().encode()
            slot.answer(_response(200, "text/plain; version=0.0.4", text))
        elif page == "reset" and request.method == "POST" and self._settings.testing:
            task = asyncio.get_running_loop().create_task(self._answer_reset(slot))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            slot.answer(_response(404, "text/plain", b"lakebed serves health and metrics here\n"))

    async def _answer_reset(self, slot: Slot) -> None:
        try:
            trash = await self._reset()
        except Exception as error:
            log.exception("the reset failed")
            slot.answer(_response(500, "text/plain", f"the reset failed: {error}\n".encode()))
            return
        slot.answer(_response(204, "text/plain", b""))
        await asyncio.to_thread(shutil.rmtree, trash, ignore_errors=True)

    async def _reset(self) -> Path:
        """Empty the lake and the store; return the folder, of this reset alone, to delete."""
        await self._dispatcher.close()
        self._store.clear()
        lake, trash = self._settings.lake_dir, self._settings.state_dir / "trash"
        trash = trash / self._house.ids.token()
        trash.mkdir(parents=True)
        lake.rename(trash / "lake")
        lake.mkdir()
        self._engines.objects.forget()
        return trash


def _response(status: int, kind: str, body: bytes) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", kind)], body)


def holder_of(port: int) -> str:
    """Return who listens on a port, as far as this system shows it."""
    wanted = f":{port:04X}"
    try:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        inodes = {row[9] for row in rows if row[1].endswith(wanted) and row[3] == "0A"}
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:[") and target[8:-1] in inodes:
                pid = link.parts[2]
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                return f"process {pid} ({command.strip()})"
    except OSError:
        pass
    return "another process"


def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve in this process until SIGTERM or SIGINT."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )

    # The loop waits at most so long for a digest's thread to let go of the interpreter.
    sys.setswitchinterval(SWITCH_SECONDS)

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(settings, announce, stopping)

    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
