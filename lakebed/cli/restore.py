"""`lakebed restore`: make a data folder of a backup; ETags, metadata and versions are kept."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from lakebed.cli.backup import MANIFEST, STORE, finished, opened, stamp, summary, verdict
from lakebed.cli.claims import claims, forget_uploads
from lakebed.cli.fsck import showing
from lakebed.cli.owner import OwnerError
from lakebed.cli.settings import Resolved
from lakebed.core.settings import Settings
from lakebed.engines.objects import ObjectStore
from lakebed.engines.objects.upkeep import Carried, Progress, Route, Verified
from lakebed.store import StoreError
from lakebed.store.ownership import FORMAT, FolderInUseError, FormatError, take
from lakebed.store.reader import copy, damage

BUILDING = ".restoring"
ASIDE = "before-restore"
OWNER = "owner"
"""The file that a process owns a data folder by."""


def restore(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status."""
    settings, begun = resolved.settings, time.monotonic()
    try:
        source = _source(Path(options.source).absolute())
        with _place(settings, is_forced=options.force) as building:
            carried = _carry(settings, source, building)
            verified = _verify(settings, building) if options.verify else None
            _put_in_place(settings, source, building)
    except FolderInUseError as error:
        print(f"lakebed restore: {error}; stop it first", file=sys.stderr)
        return 3
    except (OwnerError, FormatError, StoreError, OSError) as error:
        print(f"lakebed restore: {error}", file=sys.stderr)
        return 2
    print(
        f"restored {source} to {settings.data_dir} in {time.monotonic() - begun:.1f} s: "
        f"{summary(carried)}"
    )
    for below in carried.changed:
        print(f"CHANGED {below}: the backup's file was edited; it is indexed as it is")
    for below in carried.missing:
        print(f"MISSING {below}: the backup has no such file; its row is left out")
    if verified is not None:
        print(verdict(verified))
    wrong = carried.changed or carried.missing or (verified is not None and verified.wrong)
    return 1 if wrong else 0


def _source(given: Path) -> Path:
    """Return the backup that is meant: the one given, or the newest below it."""
    found = finished(given)
    if not found:
        raise OwnerError(f"there is no finished backup in {given} (no {MANIFEST})")
    source = found[-1]
    said = damage(source / STORE)
    if said:
        raise OwnerError(f"the index of {source} is damaged ({said[0]}): take an older backup")
    version = int((source / "state" / "format").read_text(encoding="ascii"))
    if version > FORMAT:
        raise OwnerError(
            f"{source} has format {version}, this lakebed knows up to {FORMAT}: "
            "restore it with the release that made it, or a newer one"
        )
    return source


@contextmanager
def _place(settings: Settings, *, is_forced: bool) -> Generator[Path]:
    """Take the data folder and yield where to build what is to be put into it."""
    data = settings.data_dir
    if _holds_anything(settings) and not is_forced:
        raise OwnerError(
            f"{data} holds a lake already: choose another --data-dir, or --force, which moves "
            f"what is there to {data}/{ASIDE}-…"
        )
    lock = take(settings.state_dir)
    building = data / BUILDING
    try:
        shutil.rmtree(building, ignore_errors=True)
        (building / "state").mkdir(parents=True, mode=0o700)
        (building / "lake").mkdir()
        yield building
    finally:
        shutil.rmtree(building, ignore_errors=True)
        os.close(lock)


def _holds_anything(settings: Settings) -> bool:
    """Say whether there is anything to lose: objects, a store, keys that `init` made."""
    if settings.lake_dir.is_dir() and any(settings.lake_dir.iterdir()):
        return True
    state = settings.state_dir
    return state.is_dir() and any(path.name != OWNER for path in state.iterdir())


def _carry(settings: Settings, source: Path, building: Path) -> Carried:
    copy(source / STORE, building / STORE)
    objects = _objects(settings, building)
    with opened(settings, building) as index:
        carrying = objects.upkeep.carry(Route(source, building, index), may_link=False)
        with showing(carrying.progress):
            carried = carrying.run()
            with index() as place:
                parts = list(claims().parts(place))
            lost = carrying.run_parts(parts)
        with index() as place:
            forget_uploads(place, lost)
    for path in sorted((source / "state").iterdir()):
        target = building / "state" / path.name
        if path.is_file() and path.name != "store.sqlite":
            shutil.copy2(path, target)
        elif path.is_dir() and not target.exists():
            shutil.copytree(path, target, symlinks=True)
    os.sync()
    return carried


def _objects(settings: Settings, building: Path) -> ObjectStore:
    from lakebed.cli.engines import open_objects

    return open_objects(dataclasses.replace(settings, data_dir=building))


def _verify(settings: Settings, building: Path) -> Verified:
    progress = Progress()
    with opened(settings, building) as index, showing(progress):
        return _objects(settings, building).upkeep.verify(building, index, claims(), progress)


def _put_in_place(settings: Settings, source: Path, building: Path) -> None:
    data = settings.data_dir
    if _holds_anything(settings):
        aside = data / f"{ASIDE}-{stamp()}"
        aside.mkdir(mode=0o700)
        for name in ("lake", "state"):
            if (data / name).exists():
                (data / name).rename(aside / name)
        print(f"what was in {data} is in {aside} now: delete it when you are sure")
    else:
        shutil.rmtree(settings.state_dir, ignore_errors=True)
        if settings.lake_dir.exists():
            settings.lake_dir.rmdir()
    # The state last: without it, a folder is no lake yet.
    (building / "lake").rename(data / "lake")
    (building / "state").rename(data / "state")
    if (source / "lakebed.toml").exists() and not (data / "lakebed.toml").exists():
        shutil.copy2(source / "lakebed.toml", data / "lakebed.toml")
