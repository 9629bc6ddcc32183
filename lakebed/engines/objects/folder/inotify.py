"""The kernel's word on changed directories (Linux's inotify), by its three system calls.

https://man7.org/linux/man-pages/man7/inotify.7.html
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

MODIFY, ATTRIBUTES, CLOSE_WRITE = 0x2, 0x4, 0x8
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_DIRECTORY = 0x4000, 0x8000, 0x40000000
_ONLY_DIRECTORY, _NO_LINK = 0x1000000, 0x2000000
_MASK = (
    MODIFY | ATTRIBUTES | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE
    | _ONLY_DIRECTORY | _NO_LINK
)  # fmt: skip
_HEAD = struct.Struct("iIII")
_READ_BYTES = 64 * 1024
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


Event = tuple[int, int, str]
"""A watch, what happened (a mask), and to which name; watch -1 with OVERFLOW: too much for one."""


class Inotify:
    """Watches directories, one by one; `read` never waits."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._add = library.inotify_add_watch
        self._add.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
        self._remove = library.inotify_rm_watch
        self._remove.argtypes = (ctypes.c_int, ctypes.c_int)
        self._descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1 failed")

    def add(self, path: str) -> int:
        """Watch a directory; -1 if it is none (any more). OSError if no more can be watched."""
        watch: int = self._add(self._descriptor, os.fsencode(path), _MASK)
        if watch < 0 and (code := ctypes.get_errno()) in (errno.ENOSPC, errno.ENOMEM):
            raise OSError(code, "the system's limit of inotify watches is reached")
        return watch

    def remove(self, watch: int) -> None:
        """Stop watching a directory; its last event is IGNORED."""
        self._remove(self._descriptor, watch)

    def read(self) -> list[Event]:
        """Return the next events, none if nothing happened."""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return []
        events: list[Event] = []
        at, end = 0, len(data)
        while at < end:
            watch, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            with contextlib.suppress(UnicodeDecodeError):  # no key of S3 is spelled so
                events.append((watch, mask, name.decode()))
        return events

    def close(self) -> None:
        """Stop watching."""
        os.close(self._descriptor)


def watches_max() -> int:
    """Return how many directories a user's programs may watch; 0 where there is no inotify."""
    if sys.platform != "linux":
        return 0
    try:
        return int(_WATCHES.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
