"""Where the file of a key is: its own path in the lake, or an escaped one if that is impossible.

Nothing leaves the lake. A key whose path is no legal one (`a//b`, `..`, a trailing slash, a segment
of more than 255 bytes) never becomes a path, and a symbolic link anywhere on the way is refused.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import sys
from pathlib import Path

_ILLEGAL = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\0")
_SEGMENT_BYTES_MAX = 255
_DIRECTORIES_MAX = 10_000
_HAS_DESCRIPTOR_LINKS = sys.platform == "linux"
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DIRECTORY_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


class Places:
    """The paths of one lake."""

    def __init__(self, lake: Path, odd: Path) -> None:
        lake.mkdir(parents=True, exist_ok=True)
        odd.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lake = os.path.realpath(lake)
        self.odd = os.path.realpath(odd)
        self.folds_case = _folds_case(self.odd)
        self._directories: dict[str, tuple[int, int]] = {}

    def bucket(self, bucket: str) -> str:
        """Return the folder of a bucket."""
        return f"{self.lake}/{bucket}"

    def plain(self, bucket: str, key: str) -> str | None:
        """Return the key's own path in the lake, or None if it is no legal path."""
        if _ILLEGAL.search(key) is not None:
            return None
        if len(key) * 4 > _SEGMENT_BYTES_MAX:
            try:
                raw = key.encode()
            except UnicodeEncodeError:
                return None
            if any(len(segment) > _SEGMENT_BYTES_MAX for segment in raw.split(b"/")):
                return None
        return f"{self.lake}/{bucket}/{key}"

    def escaped(self, bucket: str, key: str) -> str:
        """Return the path under the state folder that only this key has."""
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.odd}/{bucket}/{name}"

    def open(self, path: str) -> int:
        """Open a file, no link itself; -1 if it is not there. Whether `is_at` is to be asked."""
        try:
            descriptor = os.open(path, _OPEN_FLAGS)
        except OSError as error:
            if isinstance(error, PermissionError) or error.errno in _RESOURCES:
                raise
            return -1
        return descriptor

    def is_directory(self, path: str) -> bool:
        """Say whether a path is a directory of the lake that no link leads to.

        A directory that was found to be one is known by its inode: if a link led the same path
        elsewhere since, it would have another.
        """
        try:
            file = os.lstat(path)
        except OSError:
            return False
        identity = (file.st_dev, file.st_ino)
        if self._directories.get(path) == identity:
            return True
        if not stat.S_ISDIR(file.st_mode):
            return False
        try:
            descriptor = os.open(path, _DIRECTORY_FLAGS)
        except OSError:
            return False
        try:
            is_real = self.is_at(descriptor, path)
        finally:
            os.close(descriptor)
        if is_real:
            if len(self._directories) >= _DIRECTORIES_MAX:
                self._directories.clear()
            self._directories[path] = identity
        return is_real

    def was_directory(self, path: str) -> bool:
        """Say whether a path was found to be a directory lately, without looking."""
        return path in self._directories

    def is_at(self, descriptor: int, path: str) -> bool:
        """Say whether what was opened is really at this path: true unless a link led elsewhere."""
        if _HAS_DESCRIPTOR_LINKS:
            try:
                return os.readlink(f"/proc/self/fd/{descriptor}") == path
            except OSError:
                return self._has_no_link(path)
        return self._has_no_link(path)

    def _has_no_link(self, path: str) -> bool:
        known = self.lake if path.startswith(self.lake + "/") else self.odd
        for segment in path[len(known) + 1 :].split("/"):
            known = f"{known}/{segment}"
            try:
                if stat.S_ISLNK(os.lstat(known).st_mode):
                    return False
            except OSError:
                return False
        return True

    def is_exact(self, path: str) -> bool:
        """Say whether what exists of a path is spelled so: only in doubt where case is folded."""
        if not self.folds_case:
            return True
        known = self.lake
        for segment in path[len(known) + 1 :].split("/"):
            if not os.path.lexists(f"{known}/{segment}"):
                return True
            if segment not in os.listdir(known):
                return False
            known = f"{known}/{segment}"
        return True


_RESOURCES = frozenset({errno.ENFILE, errno.EMFILE, errno.ENOMEM, errno.EIO})
"""The machine's trouble, not an absent file."""


def _folds_case(directory: str) -> bool:
    """Say whether a file system takes `A` and `a` for the same name."""
    probe = f"{directory}/.Case-{os.getpid()}"
    with open(probe, "wb"):
        pass
    try:
        return os.path.exists(probe.lower())
    finally:
        os.unlink(probe)
