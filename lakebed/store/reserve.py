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
        if self._path.exists():
            return
        room = os.statvfs(self._path.parent)
        if room.f_bavail * room.f_frsize < _ROOM_BYTES:
            return
        with contextlib.suppress(OSError), self._path.open("wb") as file:
            file.write(bytes(RESERVE_BYTES))

    def give_up(self) -> bool:
        """Free the room; False if it was given up before."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
