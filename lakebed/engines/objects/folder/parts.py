"""Parts of multipart uploads: files under `state/parts/UPLOAD/` until they are joined.

The first part's file becomes the object's: the others are appended to it, by reference where the
file system shares blocks (XFS, Btrfs), else by the kernel's copy. See docs/decisions/0003.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
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
        self._joining: set[str] = set()
        self._lock = threading.Lock()

    def keep(self, upload: str, number: int, body: Path) -> str:
        """Take over a received body as a part and return the name it has from now on."""
        # A part that is sent again gets a name of its own: the old one stays until the commit.
        name = f"{number:05d}-{body.name}"
        directory = self._directory / upload
        directory.mkdir(exist_ok=True)
        body.rename(directory / name)
        return name

    def join(self, upload: str, parts: Sequence[tuple[str, int]]) -> Path:
        """Return a new temporary file of the parts' bytes, one after the other. May take long.

        The new file is a second link to the first part's: if nothing comes of it, the part is still
        there, only longer, and its size is known. Who joins the same upload meanwhile, copies.
        """
        with self._lock:
            is_first = upload not in self._joining
            self._joining.add(upload)
        target = self._new_path()
        try:
            if is_first and self._take_over(upload, parts[0], target):
                self._append_all(upload, parts[1:], target)
            else:
                self._append_all(upload, parts, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            if is_first:
                with self._lock:
                    self._joining.discard(upload)
        return target

    def _take_over(self, upload: str, part: tuple[str, int], target: Path) -> bool:
        """Make the first part's file the target's; False where files have but one name."""
        name, size = part
        try:
            os.link(self._directory / upload / name, target)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
                return False
            raise
        # A join that was cut off may have left more behind the part.
        os.truncate(target, size)
        return True

    def _append_all(self, upload: str, parts: Sequence[tuple[str, int]], target: Path) -> None:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            for name, size in parts:
                _append(self._directory / upload / name, size, descriptor, end)
                end += size
            if self._is_synced:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

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


def _append(part: Path, size: int, target: int, end: int) -> None:
    source = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # copy_file_range shares blocks where it can, and copies within the kernel where not.
        copied = _copied_by_kernel(source, size, target, end)
        while copied < size:
            block = os.pread(source, min(size - copied, 1024 * 1024), copied)
            if not block:
                raise OSError(errno.EIO, f"{part.name} is shorter than it was")
            copied += os.pwrite(target, block, end + copied)
    finally:
        os.close(source)


def _copied_by_kernel(source: int, size: int, target: int, end: int) -> int:
    if not hasattr(os, "copy_file_range"):
        return 0
    copied = 0
    try:
        while copied < size:
            count = os.copy_file_range(
                source, target, min(size - copied, _COPY_BYTES), copied, end + copied
            )
            if not count:
                break
            copied += count
    except OSError:
        # Not every file system can.
        pass
    return copied
