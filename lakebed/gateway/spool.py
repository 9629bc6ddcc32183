"""Streamed bodies on their way to disk: digests, temporary file, sync, in flat memory.

A small body is kept and digested on the loop. A large one passes through two lanes of threads, MD5
with the file write in one, the verified digests in the other, because hashlib lets go of the
interpreter lock: the second digest is free in wall time (measured: facts of the gateway).
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from lakebed.core.bodies import Begun, Sealing, Spooled
from lakebed.core.ids import Ids
from lakebed.core.limits import KIB, SMALL_BODY_BYTES_MAX, SPOOL_QUEUE_BYTES_MAX
from lakebed.digests import Digest, is_ready, new_digest

BLOCK_BYTES = 256 * KIB
SLOW_SECONDS = 30e-6
"""Creating a file takes 10 to 20 µs; where many were deleted lately, ext4 needs up to 1,000."""
PIECES_MAX = 512
"""Pieces that one call writes: half of what every system takes."""
PACE_FILES = 8
"""So many files make the pace that is looked at."""


Block = Sequence[bytes]
"""Pieces of a body as they arrived: joining them would copy each byte once more."""


class _Lane:
    """Consumes blocks one after the other in whichever thread is free."""

    def __init__(self, threads: ThreadPoolExecutor, consume: Callable[[Block], None]) -> None:
        self._threads = threads
        self._consume = consume
        self._blocks: deque[Block] = deque()
        self._lock = threading.Lock()
        self._is_running = False

    def put(self, block: Block) -> None:
        with self._lock:
            self._blocks.append(block)
            if self._is_running:
                return
            self._is_running = True
        self._threads.submit(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._blocks:
                    self._is_running = False
                    return
                block = self._blocks.popleft()
            self._consume(block)


class Spools:
    """Makes spools over the lake's temporary directories and syncs their files in batches."""

    def __init__(
        self, directories: list[Path], ids: Ids, threads: ThreadPoolExecutor, *, is_synced: bool
    ) -> None:
        self._directories = directories
        self._ids = ids
        self._next = 0
        self._pace = 0.0
        self.threads = threads
        self.is_synced = is_synced
        self.loop = asyncio.get_running_loop()
        self._unsynced: list[tuple[int, Callable[[OSError | None], None]]] = []
        self._is_scheduled = False

    def new_path(self) -> Path:
        """Return a path for a temporary file."""
        return self._directories[self._next] / self._ids.token(96)

    def created(self, seconds: float) -> None:
        """Hear how long it took to create a file; where it gets slow, another directory is next."""
        self._pace += (seconds - self._pace) / PACE_FILES
        if self._pace > SLOW_SECONDS:
            self._next = (self._next + 1) % len(self._directories)
            self._pace = 0.0

    def sync(self, descriptor: int, then: Callable[[OSError | None], None]) -> None:
        """Sync and close a file, if the mode asks for it, with all others of this turn."""
        if not self.is_synced:
            os.close(descriptor)
            then(None)
            return
        self._unsynced.append((descriptor, then))
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon(self._hand_off)

    def _hand_off(self) -> None:
        self._is_scheduled = False
        files, self._unsynced = self._unsynced, []
        self.threads.submit(self._sync_all, files)

    def _sync_all(self, files: list[tuple[int, Callable[[OSError | None], None]]]) -> None:
        failures: list[OSError | None] = []
        for descriptor, _ in files:
            failure = None
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                failure = error
            finally:
                os.close(descriptor)
            failures.append(failure)

        def answer() -> None:
            for (_, then), failure in zip(files, failures, strict=True):
                then(failure)

        self.loop.call_soon_threadsafe(answer)


class Spool:
    """One body: `feed` takes what arrives, `finish` gives the Spooled, `discard` no trace."""

    def __init__(
        self,
        spools: Spools,
        algorithms: Iterable[str],
        size_hint: int | None,
        flow: Flow,
        begun: Begun | None = None,
    ) -> None:
        begun = begun or Begun()
        place = begun.place(size_hint) if begun.place and size_hint is not None else None
        self._spools = spools
        self._sealing: Sealing | None = begun.sealing
        self._place = place
        self._path = place.path if place else spools.new_path()
        self._algorithms = frozenset(algorithms).union(begun.digests) - {"md5"}
        self._digests: dict[str, Digest] = {"md5": new_digest("md5")}
        self._flow = flow
        self.size = 0
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._descriptor = place.descriptor if place else -1
        self._identity = (0, 0)
        self._lanes: list[_Lane] | None = None
        self._queued_bytes = 0
        self._lanes_ended = 0
        self._failure: OSError | None = None
        self._then: Callable[[Spooled | None, OSError | None], None] | None = None
        self._is_discarded = False
        is_large = size_hint is None or size_hint > SMALL_BODY_BYTES_MAX
        # A digest that is yet to be imported is not worth making all others wait for it.
        if is_large or not is_ready(self._algorithms):
            self._open_lanes()

    def _open_lanes(self) -> None:
        md5 = self._digests["md5"]
        others: list[Digest] = []

        def write(block: Block) -> None:
            for piece in block:
                md5.update(piece)
            self._write(block if self._sealing is None else _sealed(self._sealing, block))
            size = sum(map(len, block))
            self._spools.loop.call_soon_threadsafe(self._written, size)

        def verify(block: Block) -> None:
            if not others:
                others.extend(self._make_digests())
            for digest in others:
                for piece in block:
                    digest.update(piece)
            if not block:
                self._spools.loop.call_soon_threadsafe(self._written, 0)

        self._lanes = [_Lane(self._spools.threads, write)]
        if self._algorithms:
            self._lanes.append(_Lane(self._spools.threads, verify))

    def _make_digests(self) -> list[Digest]:
        made = {name: new_digest(name) for name in self._algorithms}
        self._digests.update(made)
        return list(made.values())

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body; may pause the socket."""
        self.size += len(data)
        self._held_bytes += len(data)
        # aws-chunked comes apart to views; the digests take bytes.
        self._parts.append(data if isinstance(data, bytes) else bytes(data))
        if self._lanes is None:
            if self._held_bytes > SMALL_BODY_BYTES_MAX:
                self._open_lanes()
        elif self._held_bytes >= BLOCK_BYTES:
            self._release()

    def _release(self) -> None:
        assert self._lanes is not None
        block, self._parts = self._parts, []
        self._queued_bytes += self._held_bytes
        self._held_bytes = 0
        if self._queued_bytes > SPOOL_QUEUE_BYTES_MAX:
            self._flow.pause()
        for lane in self._lanes:
            lane.put(block)

    def _write(self, block: Block) -> None:
        if self._failure is not None or self._is_discarded:
            return
        try:
            if self._descriptor < 0:
                began = time.perf_counter()
                self._descriptor = _create(self._path)
                self._spools.created(time.perf_counter() - began)
            for first in range(0, len(block), PIECES_MAX):
                _write_all(self._descriptor, block[first : first + PIECES_MAX])
        except OSError as error:
            self._failure = error

    def _written(self, size: int) -> None:
        self._queued_bytes -= size
        if self._queued_bytes < SPOOL_QUEUE_BYTES_MAX // 2:
            self._flow.resume()
        if size == 0:
            self._lanes_ended += 1
            assert self._lanes is not None
            if self._lanes_ended == len(self._lanes):
                self._whole()

    def finish(self, then: Callable[[Spooled | None, OSError | None], None]) -> None:
        """Call `then(spooled, error)` once the body is on disk, synced if the mode asks for it."""
        self._then = then
        if self._lanes is not None:
            if self._parts:
                self._release()
            for lane in self._lanes:
                lane.put(())
            return
        body = b"".join(self._parts)
        self._make_digests()
        for digest in self._digests.values():
            digest.update(body)
        if self._sealing is not None:
            self._write(self._sealing.update(body))
            self._write(self._sealing.finish())
        else:
            self._write((body,))
        self._whole()

    def _whole(self) -> None:
        if self._failure is not None or self._is_discarded:
            self._remove()
            self._answer(self._failure)
        else:
            file = os.fstat(self._descriptor)
            self._identity = (file.st_ino, file.st_mtime_ns)
            self._spools.sync(self._descriptor, self._answer)
            self._descriptor = -1

    def _answer(self, failure: OSError | None) -> None:
        if self._then is None:
            if self._is_discarded:
                self._body().discard()
            return
        if failure is not None:
            self._body().discard()
            self._then(None, failure)
            return
        self._then(self._body(), None)

    def _body(self) -> Spooled:
        digests = {name: digest.hexdigest() for name, digest in self._digests.items()}
        spooled = Spooled(self._path, self.size, digests, *self._identity, self._place)
        return spooled if self._sealing is None else replace(spooled, sealing=self._sealing)

    def discard(self) -> None:
        """Forget the body: nothing of it stays on disk."""
        self._is_discarded = True
        self._then = None
        self._parts.clear()
        if self._lanes is None:
            self._remove()
        else:
            for lane in self._lanes:
                lane.put(())

    def _remove(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            if self._place is not None:
                self._place.release()
            else:
                self._path.unlink(missing_ok=True)


class Flow(Protocol):
    """The socket a body comes from."""

    def pause(self) -> None:
        """Stop reading for now."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...


def _sealed(sealing: Sealing, block: Block) -> Block:
    """Return a block as it is to be written; the empty one is the last."""
    return sealing.update(b"".join(block)) if block else sealing.finish()


def _write_all(descriptor: int, block: Block) -> None:
    written = os.writev(descriptor, block)
    if written < sum(map(len, block)):
        rest = memoryview(b"".join(block))[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o644)
