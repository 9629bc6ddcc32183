"""Keeps the files of a moment for as long as a backup needs them, whatever is written meanwhile.

A backup copies the index first and the files after it. While it does, a file that is about to be
replaced or removed gets a second name (a hard link) by its inode, where the backup finds it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Pins:
    """The pinned files of one lake: one backup at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.failed = 0
        """How many files could not be pinned: a file system without links, a full disk."""

    def begin(self) -> None:
        """Begin to pin."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(mode=0o700)
        self.failed = 0

    def keep(self, path: str) -> None:
        """Pin a file that is about to go; nothing if it is gone already."""
        try:
            file = os.lstat(path)
            os.link(path, self._directory / str(file.st_ino), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError, FileExistsError):
            return
        except OSError:
            # The write must not fail for a backup's sake; the backup takes what is there then.
            self.failed += 1

    def end(self) -> None:
        """Let go of everything."""
        shutil.rmtree(self._directory, ignore_errors=True)
