"""What a power loss leaves: files and names as they had reached the disk, and nothing newer.

The model is that of ext4, XFS and Btrfs: names change in order, and a sync of any file or directory
makes all earlier names durable; bytes are durable once their file was synced, and before that they
may be there, zeros, or cut off. `Trace` runs within the server and writes down every call that
changes names or bytes; `lose_power` makes of it the folder that a start would find.

SQLite's own writes are not Python's: at each sync of its log the store is copied, and what it wrote
to the log since then may be there up to any byte.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import threading
from pathlib import Path

NAMES = frozenset({"rename", "replace", "link", "unlink", "mkdir", "rmdir"})
BYTES = frozenset({"write", "writev", "pwrite", "copy_file_range", "ftruncate", "truncate"})
SYNCS = frozenset({"fdatasync", "fsync"})
STORE = "state/store.sqlite"


class Trace:
    """Writes down, in order, what the server asks of the file system; keeps what would be gone."""

    def __init__(self, folder: Path, within: str, real: dict) -> None:
        folder.mkdir(parents=True)
        (folder / "kept").mkdir()
        (folder / "stores").mkdir()
        self.folder, self.within, self.real = folder, within, real
        self.lock = threading.RLock()
        self.log = (folder / "log").open("w")
        self.syncs = 0

    def call(self, name, real, paths, arguments, options):
        """Make a call and write it down; one at a time, so that the order is the true one."""
        with self.lock:
            is_new = name == "open" and arguments[1] & os.O_CREAT and not os.path.lexists(paths[0])
            if name in ("unlink", "rename", "replace"):
                self.keep(paths[-1])
            result = real(*arguments, **options)
            if name in NAMES:
                self.write(name, paths)
            elif is_new and self.is_ours(paths[0]):
                self.write("create", paths, os.fstat(result).st_ino)
            elif name in BYTES and self.is_ours(paths[-1]):
                self.write("dirty", paths[-1:], os.stat(paths[-1]).st_ino)
            elif name in SYNCS:
                self.sync(paths[0])
            return result

    def is_ours(self, path) -> bool:
        return path.startswith(self.within) and STORE not in path

    def keep(self, path) -> None:
        """Give a file that is about to lose its name another one, for whoever resurrects it."""
        with contextlib.suppress(OSError):
            inode = os.lstat(path).st_ino
            self.real["link"](path, self.folder / "kept" / str(inode), follow_symlinks=False)

    def sync(self, path) -> None:
        if STORE not in path:
            self.write("synced", [path], os.stat(path).st_ino)
            return
        self.syncs += 1
        for suffix in ("", "-wal"):
            source = f"{self.within}/{STORE}{suffix}"
            if os.path.exists(source):
                shutil.copyfile(source, self.folder / "stores" / f"{self.syncs}{suffix}")
        self.write("store", [path], self.syncs)

    def write(self, kind, paths, number=0) -> None:
        relative = [os.path.relpath(path, self.within) for path in paths]
        self.log.write(json.dumps([kind, relative, number]) + "\n")
        self.log.flush()


class Disk:
    """The names that the disk has; of a folder that was empty at first."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.directories: set[str] = {"state"}

    def apply(self, kind, paths, number) -> None:
        first = paths[0]
        if kind == "create":
            self.names[first] = number
        elif kind == "mkdir":
            self.directories.add(first)
        elif kind == "rmdir":
            self.directories.discard(first)
        elif kind == "unlink":
            self.names.pop(first, None)
        elif kind == "link" and first in self.names:
            self.names[paths[1]] = self.names[first]
        elif kind in ("rename", "replace") and first in self.names:
            self.names[paths[1]] = self.names.pop(first)


def lose_power(data: Path, trace: Path, seed: int) -> Path:
    """Return the folder that is found after the power was lost at the end of a trace.

    The files are the same ones, by their inodes, because rows name them so: what is torn is torn in
    the old folder as well.
    """
    chance = random.Random(seed)
    # The last line may be half of one: the server was killed.
    lines = (trace / "log").read_text().split("\n")[:-1]
    events = [json.loads(line) for line in lines]
    syncs = [at for at, (kind, _, _) in enumerate(events) if kind in ("synced", "store")]
    cut = chance.randint(max(syncs, default=-1) + 1, len(events))
    disk, dirty, stores = Disk(), set(), 0
    for at, (kind, paths, number) in enumerate(events):
        if kind in ("create", "dirty"):
            dirty.add(number)
        elif kind == "synced":
            dirty.discard(number)
        elif kind == "store":
            stores = number
        if at < cut:
            disk.apply(kind, paths, number)
    found = data.with_name(f"{data.name}-after")
    _write_files(disk, dirty, (data, trace), found, chance)
    _write_store(stores, (data, trace), found, chance)
    return found


def _write_files(disk, dirty, folders, found, chance) -> None:
    data, trace = folders
    by_inode = {}
    for folder in (trace / "kept", data):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                by_inode[path.lstat().st_ino] = path
    for directory in sorted(disk.directories):
        (found / directory).mkdir(parents=True, exist_ok=True)
    for name, inode in sorted(disk.names.items()):
        target = found / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(by_inode[inode], target)
    for inode in sorted(dirty & {*disk.names.values()}):
        _tear(by_inode[inode], chance)


def _tear(path: Path, chance: random.Random) -> None:
    """Leave of unsynced bytes what a disk may have: all, some, none, or zeros."""
    file = path.stat()
    kind = chance.choice(("all", "some", "none", "zeros"))
    with path.open("r+b") as opened:
        if kind == "some":
            opened.truncate(chance.randrange(file.st_size + 1))
        elif kind == "none":
            opened.truncate(0)
        elif kind == "zeros":
            opened.write(bytes(file.st_size))
    os.utime(path, ns=(file.st_atime_ns, file.st_mtime_ns))


def _write_store(stores: int, folders, found: Path, chance: random.Random) -> None:
    """Write the store as it was at its last sync, and of its log what may have come since."""
    data, trace = folders
    if not stores:
        return
    target = found / STORE
    shutil.copyfile(trace / "stores" / str(stores), target)
    known, now = trace / "stores" / f"{stores}-wal", data / f"{STORE}-wal"
    size, whole = known.stat().st_size, now.read_bytes()
    assert whole[:size] == known.read_bytes(), "the log began anew: the trace is too long"
    Path(f"{target}-wal").write_bytes(whole[: chance.randint(size, len(whole))])
