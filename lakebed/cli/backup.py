"""`lakebed backup`: copy a lake as it is at one moment, while it is served.

A backup is a folder of the same form as a data folder: `lake/BUCKET/KEY` and `state/`. Below the
target each has a folder of its own, named by its time; what did not change since the last one is
there by a second name. It appears under its name once it is whole.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import asdict

import lakebed
from lakebed.cli.admin import SERVER_FILE
from lakebed.cli.care import Place
from lakebed.cli.claims import claims, forget_uploads
from lakebed.cli.fsck import showing
from lakebed.cli.owner import OwnerError, ask, is_served, owned, reading
from lakebed.cli.settings import Resolved
from lakebed.core.limits import BACKUP_LEASE_SECONDS, MIB
from lakebed.core.settings import Settings
from lakebed.engines.objects import ObjectStore
from lakebed.engines.objects.upkeep import Carried, Progress, Route, Transactions, Verified
from lakebed.store import StoreError
from lakebed.store.leases import LEASES
from lakebed.store.ownership import FolderInUseError, FormatError
from lakebed.store.reader import StoreReader, copy, settle
from lakebed.store.sqlite import SqliteStore

MANIFEST = "backup.json"
PARTIAL = ".partial"
STORE = Path("state") / "store.sqlite"
NOT_OURS = frozenset({
    "store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "odd", "versions", "parts", "tmp",
    "pinned", "queries", "trash", "owner", "streams.journal", SERVER_FILE,
})  # fmt: skip
"""Below `state/`, what is carried by the index, or belongs to a running server."""


def backup(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status."""
    settings, target = resolved.settings, Path(options.target).absolute()
    begun = time.monotonic()
    try:
        _check_target(settings, target)
        folder, carried = _back_up(settings, target, may_link=not options.copy)
        verified = _verify(settings, folder) if options.verify else None
        _drop_old(target, options.keep)
    except (OwnerError, FolderInUseError, FormatError, StoreError, OSError) as error:
        print(f"lakebed backup: {error}", file=sys.stderr)
        return 2
    _say(folder, carried, verified, time.monotonic() - begun)
    return 1 if verified is not None and verified.wrong else 0


def _check_target(settings: Settings, target: Path) -> None:
    """Refuse a target that is a part of what is backed up."""
    data = settings.data_dir.resolve()
    inside = target.resolve()
    if inside == data or data in inside.parents:
        raise OwnerError(f"{target} is within {data}: name a folder beside it, or on another disk")


def _back_up(settings: Settings, target: Path, *, may_link: bool) -> tuple[Path, Carried]:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = stamp()
    partial, folder = target / f"{PARTIAL}-{name}", target / name
    for leftover in target.glob(f"{PARTIAL}-*"):
        # Of a backup that was cut off: a server keeps files for one at a time.
        shutil.rmtree(leftover)
    if folder.exists():
        raise OwnerError(f"{folder} is there already: try again")
    (partial / "state").mkdir(parents=True, mode=0o700)
    (partial / "lake").mkdir()
    with _source(settings) as (objects, live):
        copy(settings.data_dir / STORE, partial / STORE)
        carried = _carry(settings, partial, (objects, live), _latest(target), may_link=may_link)
    _copy_state(settings, partial)
    manifest = {
        "lakebed": lakebed.__version__,
        "created": name,
        "source": str(settings.data_dir),
        "carried": asdict(carried),
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    os.sync()
    partial.rename(folder)
    return folder, carried


@contextmanager
def _source(settings: Settings) -> Generator[tuple[ObjectStore, Transactions]]:
    """The lake to copy: pinned by its server, or owned by this process."""
    from lakebed.cli.engines import open_objects

    with ExitStack() as stack:
        if not is_served(settings):
            lake = stack.enter_context(owned(settings))
            with lake.transaction() as place:
                lake.objects.recover(place)
            yield lake.objects, lake.transaction
            return
        ask(settings, "sync")
        stack.enter_context(_pinned(settings))
        place = stack.enter_context(reading(settings))

        @contextmanager
        def live() -> Generator[Place]:
            yield place

        yield open_objects(settings), live


@contextmanager
def _pinned(settings: Settings) -> Generator[None]:
    """Have the server keep what goes meanwhile, and renew that as long as it takes."""
    ended = threading.Event()
    failed: list[Exception] = []

    def renew() -> None:
        while not ended.wait(BACKUP_LEASE_SECONDS / 4):
            try:
                ask(settings, "backup", {"do": "renew", "id": lease}, BACKUP_LEASE_SECONDS / 4)
            except OwnerError as error:
                failed.append(error)
                return

    lease = ask(settings, "backup", {"do": "begin"})["id"]
    renewer = threading.Thread(target=renew, daemon=True)
    renewer.start()
    try:
        yield
    finally:
        ended.set()
        renewer.join()
        if not failed:
            ask(settings, "backup", {"do": "end", "id": lease})
    if failed:
        raise OwnerError(f"the server ended during the backup ({failed[0]}): back up again")


def _carry(
    settings: Settings,
    partial: Path,
    source: tuple[ObjectStore, Transactions],
    latest: Path | None,
    *,
    may_link: bool,
) -> Carried:
    objects, live = source
    with ExitStack() as stack:
        index = stack.enter_context(opened(settings, partial))
        before = None
        if latest is not None:
            before = (latest, stack.enter_context(_read(settings, latest)))
        route = Route(settings.data_dir, partial, index, live, before)
        carrying = objects.upkeep.carry(route, may_link=may_link)
        with showing(carrying.progress):
            carried = carrying.run()
            with index() as place:
                parts = list(claims().parts(place))
            ended = carrying.run_parts(parts)
        with index() as place:
            forget_uploads(place, ended)
            for lease in list(LEASES.scan(place)):
                LEASES.delete(place, lease.name)
        return carried


@contextmanager
def opened(settings: Settings, folder: Path) -> Generator[Transactions]:
    """Open the index of a backup that is being made."""
    store = SqliteStore(folder / STORE)

    @contextmanager
    def transaction() -> Generator[Place]:
        with store.transaction() as opened:
            yield Place(opened, settings.account, settings.region)

    try:
        yield transaction
    finally:
        store.close()
    settle(folder / STORE)


@contextmanager
def _read(settings: Settings, folder: Path) -> Generator[Transactions]:
    """Open the index of a finished backup."""
    store = StoreReader(folder / STORE)

    @contextmanager
    def transaction() -> Generator[Place]:
        with store.transaction() as opened:
            yield Place(opened, settings.account, settings.region)

    try:
        yield transaction
    finally:
        store.close()


def stamp() -> str:
    """Return the time as the name of a folder: names sort by time."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}"[:-3] + "Z"


def finished(target: Path) -> list[Path]:
    """Return the backups below a folder, the oldest first; or the folder, if it is one."""
    if (target / MANIFEST).exists():
        return [target]
    return sorted(path.parent for path in target.glob(f"[0-9]*/{MANIFEST}"))


def _latest(target: Path) -> Path | None:
    found = finished(target)
    return found[-1] if found else None


def _copy_state(settings: Settings, partial: Path) -> None:
    """Copy what is ours besides the index: the format, keys, audit; and the settings' file."""
    for path in sorted(settings.state_dir.iterdir()):
        if path.name in NOT_OURS:
            continue
        if path.is_dir():
            target = partial / "state" / path.name
            shutil.copytree(path, target, symlinks=True, copy_function=_copy_if_there)
        else:
            shutil.copy2(path, partial / "state" / path.name)
    file = settings.data_dir / "lakebed.toml"
    if file.exists():
        shutil.copy2(file, partial / file.name)


def _copy_if_there(source: str, target: str) -> None:
    """Copy a file, unless it went meanwhile: a stream's records past their retention."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target, follow_symlinks=False)


def _verify(settings: Settings, folder: Path) -> Verified:
    from lakebed.cli.engines import open_objects

    progress = Progress()
    with _read(settings, folder) as index, showing(progress):
        return open_objects(settings).upkeep.verify(folder, index, claims(), progress)


def _drop_old(target: Path, keep: int | None) -> None:
    for folder in finished(target)[:-keep] if keep else []:
        print(f"removing {folder}: only {keep} backups are to be kept", file=sys.stderr)
        shutil.rmtree(folder)


def _say(folder: Path, carried: Carried, verified: Verified | None, seconds: float) -> None:
    print(f"backed up to {folder} in {seconds:.1f} s: {summary(carried)}")
    if carried.linked:
        print(
            "linked files share their bytes with the lake: safe from S3's writes and deletes, not "
            "from an edit of the file in place, nor from the loss of this disk (--copy copies)"
        )
    for below in carried.changed:
        print(f"note: {below} was changed by hand meanwhile and is there as it was found")
    for below in carried.missing:
        print(f"note: {below} was removed by hand meanwhile and is left out")
    if verified is not None:
        print(verdict(verified))


def summary(carried: Carried) -> str:
    """Return what was carried, in a line."""
    hows = ("unchanged", "linked", "shared", "copied")
    by = ", ".join(f"{count} {how}" for how in hows if (count := getattr(carried, how)))
    parts = f", {carried.parts} parts of uploads" if carried.parts else ""
    return f"{carried.files} files, {carried.bytes / MIB:.1f} MiB ({by or 'none'}){parts}"


def verdict(verified: Verified) -> str:
    """Return what reading all of it came to."""
    lines = [f"WRONG {line}" for line in verified.wrong]
    lines.append(
        f"verified: {verified.right} files right, {len(verified.wrong)} wrong, "
        f"{verified.unpromised} with nothing to compare, {verified.bytes / MIB:.1f} MiB read"
    )
    return "\n".join(lines)
