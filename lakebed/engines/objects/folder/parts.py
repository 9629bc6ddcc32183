"""Parts of multipart uploads: under `state/parts/UPLOAD/` until they are joined.

Parts of one size are received where the object will have them, in one file, so that joining them
copies nothing. All others have files of their own, and the first one's becomes the object's: the
rest is appended, by reference where the file system shares blocks, else by the kernel's copy.
docs/decisions/0003 says why it is safe.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lakebed.core.bodies import Place
from lakebed.core.limits import MIB, OBJECT_BYTES_MAX
from lakebed.engines.objects import part_file

PLACED_BYTES_MIN = MIB
"""Smaller parts are copied quicker than they are accounted for."""
LAYOUTS_MAX = 10_000
"""Uploads whose parts are received in place; those that come when there are so many are copied."""
PLACED_END_MAX = OBJECT_BYTES_MAX
"""No file system takes files of any length."""
_COPY_BYTES = 64 * MIB
_WHOLE = "whole"


@dataclass(slots=True)
class _Layout:
    """The shared file of an upload: parts of `stride` bytes, and what was begun at each place.

    `busy` is being written, `kept` is a part, `spoilt` is neither any more and never used again.
    """

    stride: int
    places: dict[int, Literal["busy", "kept", "spoilt"]] = field(
        default_factory=dict[int, Literal["busy", "kept", "spoilt"]]
    )
    is_closed: bool = False


class FolderParts:
    """The parts of one lake; `new_path` names a temporary file on the same file system."""

    def __init__(self, directory: Path, new_path: Callable[[], Path], *, is_synced: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._new_path = new_path
        self._is_synced = is_synced
        self._layouts: dict[str, _Layout] = {}
        self._lock = threading.Lock()

    # -- receiving ----------------------------------------------------------------------------

    def place(self, upload: str, number: int, size: int) -> Place | None:
        """Return where a part that is about to be received is best written, if anywhere.

        The first part that comes sets the size of all; a shorter one may be the last.
        """
        if size < PLACED_BYTES_MIN:
            return None
        path = self._directory / upload / _WHOLE
        with self._lock:
            layout = self._layouts.get(upload)
            if layout is None:
                if len(self._layouts) >= LAYOUTS_MAX or path.exists():
                    # The second: begun before a restart, and what is where was forgotten.
                    return None
                layout = self._layouts[upload] = _Layout(size)
            offset = (number - 1) * layout.stride
            is_taken = layout.is_closed or number in layout.places
            if is_taken or size > layout.stride or offset + size > PLACED_END_MAX:
                return None
            layout.places[number] = "busy"
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.lseek(descriptor, offset, os.SEEK_SET)
        except OSError:
            # Whoever makes a file for the part meets the reason, too, and can say so.
            self._set(layout, number, "spoilt")
            return None

        is_kept = is_released = False

        def keep() -> str:
            nonlocal is_kept
            is_kept = True
            self._set(layout, number, "kept")
            return f"{_WHOLE}@{offset}"

        def release() -> None:
            nonlocal is_released
            with self._lock:
                if is_kept:
                    # Others may know of it by now: never write there again.
                    layout.places[number] = "spoilt"
                elif not is_released:
                    del layout.places[number]
                is_released = True

        return Place(path, descriptor, keep, release)

    def _set(self, layout: _Layout, number: int, state: Literal["kept", "spoilt"]) -> None:
        with self._lock:
            layout.places[number] = state

    def keep(self, upload: str, number: int, body: Path) -> str:
        """Take over a received body as a part and return the name it has from now on."""
        # A part that is sent again gets a name of its own: the old one stays until the commit.
        name = f"{number:05d}-{body.name}"
        directory = self._directory / upload
        directory.mkdir(exist_ok=True)
        body.rename(directory / name)
        return name

    # -- joining ------------------------------------------------------------------------------

    def join(self, upload: str, parts: Sequence[tuple[str, int]]) -> Path:
        """Return a new temporary file of the parts' bytes, one after the other. May take long.

        The new file is a second name of one that is there: if nothing comes of it, the parts are
        still there, and their sizes are known. Who joins the same upload meanwhile, copies.
        """
        target = self._new_path()
        size = sum(size for _, size in parts)
        try:
            if self._closes(upload, parts) and self._link(upload, (_WHOLE, size), target):
                self._sync(target)
            elif _offset_of(parts[0][0]) is None and self._link(upload, parts[0], target):
                self._append_all(upload, parts[1:], target)
            else:
                self._append_all(upload, parts, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def _closes(self, upload: str, parts: Sequence[tuple[str, int]]) -> bool:
        """Say whether the shared file is the object as it stands; then nobody writes to it again.

        It must hold these parts one behind the other, no other part, and have no writer left.
        """
        with self._lock:
            layout = self._layouts.get(upload)
            if layout is None:
                return False
            kept = {number for number, state in layout.places.items() if state == "kept"}
            end = 0
            for number, (name, size) in enumerate(parts, 1):
                if name != f"{_WHOLE}@{end}" or number not in kept:
                    return False
                end += size
            if len(kept) > len(parts) or "busy" in layout.places.values():
                return False
            layout.is_closed = True
            return True

    def _link(self, upload: str, part: tuple[str, int], target: Path) -> bool:
        """Give a file the target's name too, and the part's size; False if it has a third one.

        A third name is that of another join, or of the object it has become: then nobody may
        change it any more. Also False where files have but one name.
        """
        name, size = part
        try:
            os.link(self._directory / upload / name, target)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
                return False
            raise
        file = target.stat()
        if file.st_nlink > 2:
            target.unlink()
            return False
        # A join that was cut off, or a part that was not kept, may have left more behind.
        if file.st_size != size:
            os.truncate(target, size)
        return True

    def _sync(self, target: Path) -> None:
        if self._is_synced:
            descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _append_all(self, upload: str, parts: Sequence[tuple[str, int]], target: Path) -> None:
        # Not exclusive: the first part's file may be there already, and is appended to.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            for name, size in parts:
                path = self._directory / upload / part_file(name)
                _append(path, _offset_of(name) or 0, size, descriptor, end)
                end += size
            if self._is_synced:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # -- forgetting ---------------------------------------------------------------------------

    def drop(self, upload: str, name: str | None = None) -> None:
        """Remove one part, or all parts of an upload; what is not there is no error."""
        if name is None:
            shutil.rmtree(self._directory / upload, ignore_errors=True)
            with self._lock:
                self._layouts.pop(upload, None)
            return
        offset = _offset_of(name)
        if offset is None:
            (self._directory / upload / name).unlink(missing_ok=True)
        elif (layout := self._layouts.get(upload)) is not None:
            self._set(layout, offset // layout.stride + 1, "spoilt")

    def clear(self) -> None:
        """Remove every part of every upload."""
        with self._lock:
            self._layouts.clear()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(mode=0o700, exist_ok=True)


def _offset_of(name: str) -> int | None:
    """Return where a part begins in the shared file, None if it has a file of its own."""
    _, is_placed, offset = name.partition("@")
    return int(offset) if is_placed else None


def _append(part: Path, start: int, size: int, target: int, end: int) -> None:
    source = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # copy_file_range shares blocks where it can, and copies within the kernel where not.
        copied = _copied_by_kernel((source, start), size, (target, end))
        while copied < size:
            block = os.pread(source, min(size - copied, MIB), start + copied)
            if not block:
                raise OSError(errno.EIO, f"{part.name} is shorter than it was")
            copied += os.pwrite(target, block, end + copied)
    finally:
        os.close(source)


def _copied_by_kernel(source: tuple[int, int], size: int, target: tuple[int, int]) -> int:
    if not hasattr(os, "copy_file_range"):
        return 0
    copied = 0
    try:
        while copied < size:
            wanted = min(size - copied, _COPY_BYTES)
            count = os.copy_file_range(
                source[0], target[0], wanted, source[1] + copied, target[1] + copied
            )
            if not count:
                break
            copied += count
    except OSError:
        # Not every file system can.
        pass
    return copied
