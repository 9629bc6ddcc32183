"""Brings one file to another place: by sharing its blocks, by a second name, or by a copy."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lakebed.engines.objects.folder.files import copy_range

_FICLONE = 0x40049409
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
Facts = tuple[int, int]
"""Of a file: its size and its mtime in nanoseconds."""


def facts_of(file: os.stat_result) -> Facts:
    """Return what tells whether a file is still what it was."""
    return file.st_size, file.st_mtime_ns


@dataclass(slots=True)
class Transport:
    """Brings files from one folder to another; counts how.

    With `may_link` a file may get a second name: cheap, but an edit in place then changes both.
    """

    may_link: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"shared": 0, "linked": 0, "copied": 0})
    _can_share: bool = sys.platform == "linux"
    _can_link: bool = True
    _directories: set[str] = field(default_factory=set[str])

    def bring(self, source: str, target: str, expected: Facts) -> os.stat_result | None:
        """Make `target` a file like `source`, which must be as expected before and after it.

        None, and nothing made, if it is not.
        """
        self._make_directory(os.path.dirname(target))
        try:
            descriptor = os.open(source, _FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            if facts_of(os.fstat(descriptor)) != expected:
                return None
            how = self._bring(descriptor, source, target)
            file = os.lstat(target)
            is_right = facts_of(os.fstat(descriptor)) == expected and (
                how != "linked" or file.st_ino == os.fstat(descriptor).st_ino
            )
        finally:
            os.close(descriptor)
        if not is_right or file.st_size != expected[0]:
            os.unlink(target)
            return None
        if how != "linked":
            os.utime(target, ns=(expected[1], expected[1]))
            file = os.lstat(target)
        self.counts[how] += 1
        return file

    def link(self, source: str, target: str, size: int) -> os.stat_result | None:
        """Give a file of an earlier backup a second name; None if that cannot be."""
        self._make_directory(os.path.dirname(target))
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            return None
        file = os.lstat(target)
        if file.st_size != size:
            os.unlink(target)
            return None
        return file

    def _make_directory(self, directory: str) -> None:
        if directory not in self._directories:
            os.makedirs(directory, exist_ok=True)
            self._directories.add(directory)

    def _bring(self, descriptor: int, source: str, target: str) -> str:
        if self._can_share and self._share(descriptor, target):
            return "shared"
        if self.may_link and self._can_link:
            try:
                os.link(source, target, follow_symlinks=False)
            except OSError as error:
                if error.errno == errno.EEXIST:
                    raise
                self._can_link = error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP)
            else:
                return "linked"
        copy_range(descriptor, 0, os.fstat(descriptor).st_size, Path(target), is_synced=False)
        return "copied"

    def _share(self, descriptor: int, target: str) -> bool:
        """Make a file of the same blocks, where the file system can (Btrfs, XFS)."""
        import fcntl

        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        made = os.open(target, flags, 0o644)
        try:
            fcntl.ioctl(made, _FICLONE, descriptor)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)
            self._can_share = False
            return False
        finally:
            os.close(made)
        return True
