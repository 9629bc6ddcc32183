"""Reads objects again, slowly and one after another, and notes those whose bytes are not theirs.

Nothing is ever rewritten. How far it came is a row, so a restart goes on where it was; what it
found is a row each, gone once the object is put anew, deleted, or right again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.verify import verify
from lakebed.engines.objects.upkeep import (
    Claims,
    Damage,
    Read,
    ScrubState,
    StopReadingError,
    Transactions,
)
from lakebed.store import Range, Scope, Table

ROWS_AT_ONCE = 100
_CURRENT, _NONCURRENT = "current", "noncurrent"

STATE = Table("s3_scrub", ScrubState, ("name",), everywhere=True, durable=False)
DAMAGES = Table("s3_damage", Damage, ("path",), everywhere=True, durable=False)


class Scrubber:
    """Reads the objects of one lake in the order of its index."""

    def __init__(self, holdings: Holdings, claims: Claims) -> None:
        self._holdings = holdings
        self._claims = claims

    # -- in transactions ------------------------------------------------------------------------

    def state(self, scope: Scope) -> ScrubState:
        """Return how far the scrub is."""
        return STATE.get(scope, "scrub") or ScrubState("scrub")

    def begin(self, scope: Scope, now: float) -> ScrubState:
        """Begin a new pass."""
        begun = ScrubState("scrub", begun=now, is_running=True, ended=self.state(scope).ended)
        STATE.put(scope, begun)
        return begun

    def keep(self, scope: Scope, state: ScrubState, reads: Sequence[Read], now: float) -> None:
        """Write down how far it is and what was found, as far as that is still so.

        No reads are the end of the pass.
        """
        for read in reads:
            path = self._holdings.below(read.row)
            if read.damage is None:
                DAMAGES.delete(scope, path)
            elif self._table(read.row).get(scope, *self._key(read.row)) == read.row:
                DAMAGES.put(scope, replace(read.damage, seen=now))
        if not reads:
            state = replace(state, phase="", bucket="", key="", is_running=False, ended=now)
        STATE.put(scope, state)

    def damages(self, scope: Scope) -> list[Damage]:
        """Return what is known to be damaged now."""
        return [damage for damage in DAMAGES.scan(scope) if self._is_still(scope, damage)]

    def forget_mended(self, scope: Scope) -> None:
        """Forget what was damaged and is put anew, or is no more."""
        for damage in list(DAMAGES.scan(scope)):
            if not self._is_still(scope, damage):
                DAMAGES.delete(scope, damage.path)

    def _is_still(self, scope: Scope, damage: Damage) -> bool:
        return any(self._is_meant(row, damage) for row in self._rows_of(scope, damage))

    def _rows_of(self, scope: Scope, damage: Damage) -> Iterator[StoredObject]:
        current = self._holdings.objects.get(scope, damage.bucket, damage.key)
        if current is not None:
            yield current
        span = Range(prefix=(damage.bucket, damage.key))
        yield from self._holdings.versions.scan(scope, span)

    def _is_meant(self, row: StoredObject, damage: Damage) -> bool:
        return (row.inode, row.mtime_ns, row.etag) == (damage.inode, damage.mtime_ns, damage.etag)

    def _table(self, row: StoredObject) -> Table[StoredObject]:
        return self._holdings.versions if row.archive else self._holdings.objects

    def _key(self, row: StoredObject) -> tuple[str | int, ...]:
        return (row.bucket, row.key, *((row.rank,) if row.archive else ()))

    # -- in a thread ----------------------------------------------------------------------------

    def step(
        self, transactions: Transactions, state: ScrubState, pace: Callable[[int], bool]
    ) -> tuple[ScrubState, list[Read]]:
        """Read some objects from where the scrub is; at the end of the pass, none.

        `pace(count)` is called after every block, and with 0 after every object: then False ends
        the step. It may raise StopReadingError.
        """
        reads: list[Read] = []
        with contextlib.suppress(StopReadingError):
            for row in self._next(transactions, state):
                read = self._read(transactions, row, pace)
                reads.append(read)
                state = _after(state, read)
                if not pace(0):
                    break
        return state, reads

    def _next(self, transactions: Transactions, state: ScrubState) -> list[StoredObject]:
        holdings = self._holdings
        if state.phase != _NONCURRENT:
            after = (state.bucket, state.key) if state.bucket else None
            with transactions() as scope:
                rows = list(holdings.objects.scan(scope, Range(after=after, limit=ROWS_AT_ONCE)))
            if rows:
                return rows
        is_within = state.phase == _NONCURRENT
        at = (state.bucket, state.key, state.rank) if is_within else None
        with transactions() as scope:
            return list(holdings.versions.scan(scope, Range(after=at, limit=ROWS_AT_ONCE)))

    def _read(
        self, transactions: Transactions, row: StoredObject, pace: Callable[[int], bool]
    ) -> Read:
        """Read one object from the disk and compare it."""
        if row.is_delete_marker:
            return Read(row, 0, None)
        with transactions() as scope:
            sizes = self._claims.part_sizes(scope, row)
        below, path = self._holdings.below(row), self._holdings.path_of(row)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return Read(row, 0, None)
        except OSError as error:
            return Read(row, 0, _damage(row, below, str(error), "its bytes"))
        try:
            if not self._holdings.is_same(row, os.fstat(descriptor)):
                return Read(row, 0, None)
            # What is in memory says nothing of the disk; and others need the memory.
            _drop_cache(descriptor)
            verdict = verify(descriptor, row, sizes, pace)
            _drop_cache(descriptor)
            is_edited = not self._holdings.is_same(row, os.fstat(descriptor))
        except OSError as error:
            return Read(row, row.size, _damage(row, below, str(error), "its bytes"))
        finally:
            os.close(descriptor)
        if verdict.is_right or is_edited:
            return Read(row, row.size, None)
        found = f"bytes whose {verdict.differs} is {verdict.found}"
        return Read(row, row.size, _damage(row, below, found, verdict.expected))


def _after(state: ScrubState, read: Read) -> ScrubState:
    """Return the state after one more object."""
    row = read.row
    return replace(
        state,
        phase=_NONCURRENT if row.archive or row.is_delete_marker else _CURRENT,
        bucket=row.bucket,
        key=row.key,
        rank=row.rank,
        files=state.files + 1,
        bytes=state.bytes + read.size,
        damaged=state.damaged + (read.damage is not None),
    )


def _damage(row: StoredObject, path: str, found: str, expected: str) -> Damage:
    return Damage(
        path, row.bucket, row.key, row.version_id, found, expected, row.inode, row.mtime_ns,
        row.etag,
    )  # fmt: skip


def _drop_cache(descriptor: int) -> None:
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
