"""A little of the disk kept back, so that deleting is possible when the disk is full.

A delete writes before it frees: its row goes by a commit, the file after it. On a full disk that
commit gets the room of this file; it is made again once there is room.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from lakebed.core.limits import MIB, RESERVE_BYTES

_ROOM_BYTES = 4 * MIB
"""The reserve is made where at least so much is free."""


class Reserve:
    """One file of zeros; made by its owner, given up by whoever needs the room."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Make the file, unless it is there or the disk is nearly full. May take a moment."""
        if not self._path.exists() and self._room_bytes() >= _ROOM_BYTES:
            with contextlib.suppress(OSError), self._path.open("wb") as file:
                file.write(bytes(RESERVE_BYTES))

    def give_up_if_full(self) -> None:
        """Free the room if there is next to no other; whoever asks is about to make more.

        Asked before the commit: SQLite rolls back by itself when one finds the disk full.
        """
        if self._room_bytes() < RESERVE_BYTES:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _room_bytes(self) -> int:
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize
