"""Puts a server together from its settings, runs it, and stops it in order."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lakebed.cli.admin import Admin
from lakebed.cli.care import Care, Place
from lakebed.cli.engines import StartError, open_engines
from lakebed.cli.tls import keep_fresh, server_context, url_of
from lakebed.core.clock import SystemClock
from lakebed.core.ids import Ids
from lakebed.core.settings import Settings
from lakebed.digests import warm
from lakebed.dispatch.audit import AuditLog
from lakebed.dispatch.commits import GroupCommit
from lakebed.dispatch.dispatcher import Dispatcher, House
from lakebed.dispatch.metrics import Metrics
from lakebed.dispatch.registry import Registry
from lakebed.engines import Engines
from lakebed.gateway.credentials import Credentials
from lakebed.gateway.exchange import Gateway
from lakebed.gateway.hosts import domains_of
from lakebed.gateway.server import Server
from lakebed.gateway.spool import Spools
from lakebed.gateway.wire.models import Operation, load
from lakebed.store.ownership import open_format, take
from lakebed.store.sqlite import SqliteStore

log = logging.getLogger("lakebed")

STOP_SECONDS_MAX = 8.0
WORK_THREADS = 4
SWITCH_SECONDS = 0.0005


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
    context = server_context(settings)
    settings.lake_dir.mkdir(parents=True, exist_ok=True)
    threads = ThreadPoolExecutor(WORK_THREADS, thread_name_prefix="lakebed")
    store = SqliteStore(state / "store.sqlite")
    engines = open_engines(settings)
    with store.transaction() as transaction:
        place = Place(transaction, settings.account, settings.region)
        engines.objects.recover(place)
    # Only now: a query's result may have been on its way into the lake.
    for leftover in ("queries", "trash", "pinned", "jobs"):
        shutil.rmtree(state / leftover, ignore_errors=True)
    house = _house(settings, engines)
    commits = GroupCommit(store, threads, syncs_first=settings.durability == "full")
    dispatcher = Dispatcher(house, commits)
    spools = Spools(
        engines.objects.spool_directories,
        house.ids,
        threads,
        is_synced=settings.durability != "none",
    )
    care = Care(house, dispatcher, store, commits)
    admin = Admin(settings, house, dispatcher, store, care)
    gateway = Gateway(
        dispatcher,
        Credentials(settings, Place(store.main, settings.account, settings.region)),
        spools,
        house.clock,
        house.ids,
        settings.region,
        admin,
        domains_of(settings.s3_domain),
        care.accesses,
    )
    server = Server(gateway)
    try:
        port = await server.listen(settings.host, settings.port, context)
        admin.announce(url_of(settings, port))
        announce(url_of(settings, port))
        # Whoever puts an object without a checksum needs it, and should not wait for it.
        threads.submit(warm)
        renewing = asyncio.ensure_future(keep_fresh(settings, context)) if context else None
        care.start()
        await stopping.wait()
        if renewing is not None:
            renewing.cancel()
        admin.withdraw()
        await care.stop()
        await server.stop(STOP_SECONDS_MAX)
        await dispatcher.close()
    finally:
        await engines.sql.close()
        await engines.crawl.close()
        await engines.jobs.close()
        threads.shutdown(wait=True)
        engines.stream.close()
        house.audit.close()
        store.close()


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
