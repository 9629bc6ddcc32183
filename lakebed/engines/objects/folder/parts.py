"""Parts of multipart uploads: files under `state/parts/UPLOAD/` until they are joined."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

_COPY_BYTES = 64 * 1024 * 1024


class FolderParts:
    """The parts of one lake; `new_path` names a temporary file on the same file system."""

    def __init__(self, directory: Path, new_path: Callable[[], Path], *, is_synced: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._new_path = new_path
        self._is_synced = is_synced

    def keep(self, upload: str, number: int, body: Path) -> str:
        """Take over a received body as a part and return the name it has from now on."""
        # A part that is sent again gets a name of its own: the old one stays until the commit.
        name = f"{number:05d}-{body.name}"
        directory = self._directory / upload
        directory.mkdir(exist_ok=True)
        body.rename(directory / name)
        return name

    def join(self, upload: str, names: Sequence[str]) -> Path:
        """Return a new temporary file of the parts' bytes, one after the other. May take long."""
        target = self._new_path()
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            for name in names:
                _append(self._directory / upload / name, descriptor)
            if self._is_synced:
                os.fsync(descriptor)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return target

    def drop(self, upload: str, name: str | None = None) -> None:
        """Remove one part, or all parts of an upload; what is not there is no error."""
        if name is None:
            shutil.rmtree(self._directory / upload, ignore_errors=True)
        else:
            (self._directory / upload / name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every part of every upload."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(mode=0o700, exist_ok=True)


def _append(part: Path, target: int) -> None:
    source = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if hasattr(os, "copy_file_range"):
            try:
                while os.copy_file_range(source, target, _COPY_BYTES):
                    pass
                return
            except OSError:
                # Not every file system can; what was copied so far is right, both have moved on.
                pass
        while block := os.read(source, 1024 * 1024):
            view = memoryview(block)
            while view:
                view = view[os.write(target, view) :]
    finally:
        os.close(source)
