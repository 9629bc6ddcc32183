"""One process owns a data folder: who holds it, which format it has, how an older one opens."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from lakebed.store.migrations import journal_of_pending

FORMAT = 2
"""The version of everything under `state/` that this release writes."""

Migration = Callable[[Path], None]
MIGRATIONS: Mapping[int, Migration] = {1: journal_of_pending}
"""By format version, what turns a state folder of that version into one of the next."""


class FolderInUseError(Exception):
    """Another server owns the folder; `pid` says which, as far as it wrote it down."""

    def __init__(self, folder: Path, pid: str) -> None:
        super().__init__(f"{folder} is in use by the lakebed process {pid or '(unknown)'}")
        self.pid = pid


class FormatError(Exception):
    """The folder cannot be opened by this release; nothing in it was changed."""


def take(state_dir: Path) -> int:
    """Take the folder for this process and return the lock's descriptor, to be kept open.

    The lock is the kernel's: it is gone with the process, however that ends.
    """
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    state_dir.chmod(0o700)
    descriptor = os.open(state_dir / "owner", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise FolderInUseError(state_dir.parent, pid) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def open_format(
    state_dir: Path, *, current: int = FORMAT, migrations: Mapping[int, Migration] = MIGRATIONS
) -> int:
    """Bring the folder to the current format and return the one it had (0 for a new folder).

    An older folder is copied to `state.format-N` before the first migration touches it. Each step
    is recorded when it is done, so a crash in between goes on where it stopped.
    """
    marker = state_dir / "format"
    if not marker.exists():
        _write(marker, current)
        return 0
    found = int(marker.read_text(encoding="ascii"))
    if found > current:
        raise FormatError(
            f"{state_dir.parent} has format {found}, this lakebed knows up to {current}: "
            "start it with the release that wrote it, or a newer one"
        )
    if found < current:
        copy = state_dir.with_name(f"state.format-{found}")
        if not copy.exists():
            shutil.copytree(state_dir, copy, symlinks=True)
    for version in range(found, current):
        migrations[version](state_dir)
        _write(marker, version + 1)
    return found


def _write(marker: Path, version: int) -> None:
    temporary = marker.with_name("format.new")
    with temporary.open("w", encoding="ascii") as file:
        file.write(f"{version}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(marker)
