"""What an object engine offers to those who look after a lake: findings, claims, progress.

An engine that keeps files has an `upkeep`: it takes in what hands changed, checks what it holds,
reads it again from time to time and copies it away. What the services know of files (which buckets
there are, which parts of uploads) they say by `Claims`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from lakebed.store import Scope

if TYPE_CHECKING:
    from lakebed.engines.objects import StoredObject

Transactions = Callable[[], AbstractContextManager[Scope]]
"""Opens a transaction of the calling thread, committed at the end of its block."""


class Finding(msgspec.Struct, frozen=True):
    """One difference between files, index and checksums.

    `kind` is a word for programs, `path` the file's below the data folder, `repair` what mending
    does (empty: nothing can be done here). A note is no problem: it is said and left alone.
    """

    kind: str
    path: str
    found: str
    expected: str
    repair: str = ""
    bucket: str = ""
    key: str = ""
    version_id: str = ""
    is_note: bool = False

    def line(self) -> str:
        """Return the finding in a line for a person."""
        head = f"{self.kind}: {self.path!r}"
        if self.key and not self.path.endswith(f"/{self.key}"):
            head += f" (key {self.key!r})"
        then = f"; --repair: {self.repair}" if self.repair else ""
        if self.is_note:
            return f"note: {head}: {self.found}; {self.expected}"
        return f"{head}: found {self.found}, expected {self.expected}{then}"


class KnownPart(msgspec.Struct, frozen=True):
    """A part of an upload under way: the engine's name of its bytes, and how many they are."""

    upload: str
    name: str
    size: int


class Claims(msgspec.Struct, frozen=True):
    """What the services say of the files of a lake; `has_part` is asked by upload and file.

    `part_sizes` are those of the parts an object was put together from, none if it was put whole.
    """

    buckets: Callable[[Scope], frozenset[str]]
    parts: Callable[[Scope], Iterator[KnownPart]]
    has_part: Callable[[Scope, str, str], bool]
    part_sizes: Callable[[Scope, StoredObject], Sequence[int]]
    is_legal_bucket: Callable[[str], bool]


class Progress(msgspec.Struct):
    """How far a long work has come; one thread writes it, others look."""

    doing: str = ""
    done: int = 0
    total: int = 0
    bytes_done: int = 0


class Options(msgspec.Struct, frozen=True):
    """How to check: with every byte read (`is_deep`), beside a server (`is_serving`)."""

    is_deep: bool = False
    is_serving: bool = False


class Route(msgspec.Struct, frozen=True):
    """From where to where: a data folder and one built like it, and the index that goes along.

    `index` is the copy of the index that is made right for the target; `live` the lake's own, of
    which `source` is the folder; `before` the folder and the index of an earlier backup.
    """

    source: Path
    target: Path
    index: Transactions
    live: Transactions | None = None
    before: tuple[Path, Transactions] | None = None


class Carried(msgspec.Struct):
    """What a backup or a restore did: how many files, and how each came there.

    `unchanged` ones are those of an earlier backup. `changed` names files that a hand edited, which
    were taken as they are; `missing` those that are no more, whose rows were left out.
    """

    files: int = 0
    bytes: int = 0
    by_hand: int = 0
    parts: int = 0
    shared: int = 0
    linked: int = 0
    copied: int = 0
    unchanged: int = 0
    changed: list[str] = msgspec.field(default_factory=list[str])
    missing: list[str] = msgspec.field(default_factory=list[str])


class Usage(msgspec.Struct):
    """What a bucket holds: current objects, noncurrent versions, delete markers."""

    objects: int = 0
    bytes: int = 0
    noncurrent: int = 0
    noncurrent_bytes: int = 0
    delete_markers: int = 0


class Verified(msgspec.Struct):
    """What reading a backup came to; of `unpromised` files nothing is known to compare with."""

    right: int = 0
    unpromised: int = 0
    bytes: int = 0
    wrong: list[str] = msgspec.field(default_factory=list[str])


class ScrubState(msgspec.Struct, frozen=True):
    """How far the scrub is: behind which version, and what this pass came to so far.

    `begun` and `ended` are of the last pass; `phase` is empty between passes.
    """

    name: str
    phase: str = ""
    bucket: str = ""
    key: str = ""
    rank: int = 0
    begun: float = 0.0
    ended: float = 0.0
    is_running: bool = False
    files: int = 0
    bytes: int = 0
    damaged: int = 0


class Damage(msgspec.Struct, frozen=True):
    """A version whose bytes are not those that were put; its row is named by inode and mtime."""

    path: str
    bucket: str
    key: str
    version_id: str
    found: str
    expected: str
    inode: int
    mtime_ns: int
    etag: str
    seen: float = 0.0


class Read(msgspec.Struct, frozen=True):
    """What reading one object came to: its row, and what is wrong with it, if anything."""

    row: StoredObject
    size: int
    damage: Damage | None


class StopReadingError(Exception):
    """Whoever paces a scrub has no more time: what was being read is read again later."""


class Scrubbing(Protocol):
    """Reads objects again, and remembers how far it is and what it found."""

    def state(self, scope: Scope) -> ScrubState:
        """Return how far it is."""
        ...

    def damages(self, scope: Scope) -> list[Damage]:
        """Return what is known to be damaged now."""
        ...

    def forget_mended(self, scope: Scope) -> None:
        """Forget what was damaged and is put anew, or is no more."""
        ...

    def begin(self, scope: Scope, now: float) -> ScrubState:
        """Begin a new pass."""
        ...

    def step(
        self, transactions: Transactions, state: ScrubState, pace: Callable[[int], bool]
    ) -> tuple[ScrubState, list[Read]]:
        """Read some objects from where it is; none at the end of the pass. For a thread.

        `pace(count)` is called after every block, and with 0 after every object: then False ends
        the step. It may raise StopReadingError.
        """
        ...

    def keep(self, scope: Scope, state: ScrubState, reads: Sequence[Read], now: float) -> None:
        """Write down how far it is and what was found; no reads are the end of the pass."""
        ...


class Hands(Protocol):
    """Takes in what hands change in a lake's folder."""

    def listen(self) -> bool:
        """Hear of changes from now on; False where the system does not tell."""
        ...

    def adopt(self, bucket: str) -> None:
        """Hear of the changes of a bucket too; what it holds is surveyed first."""
        ...

    @property
    def has_work(self) -> bool:
        """Whether a survey is due."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether all that hands did until now is in the index, as far as the system tells."""
        ...

    @property
    def uncovered(self) -> list[str]:
        """The buckets whose listings see hand changes late, or after `sync`."""
        ...

    def survey(self, transactions: Transactions, settle: Callable[[], None]) -> None:
        """Walk the folders that came, went or are new, and suspect what differs. For a thread.

        `settle` waits until all that was taken in so far is committed.
        """
        ...

    def sync(
        self, transactions: Transactions, bucket: str, wait: Callable[[], None] | None = None
    ) -> int:
        """Suspect every file of a bucket that is unlike its row; returns how many. For a thread.

        `wait` is called while too many suspects are waiting to be taken in.
        """
        ...

    def take_in(self, scope: Scope, seconds: float = ...) -> bool:
        """Take suspects into the index, for so long; True if some are left."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Checking(Protocol):
    """A check under way."""

    @property
    def progress(self) -> Progress:
        """How far it is."""
        ...

    def run(self) -> Iterator[Finding]:
        """Yield what is found."""
        ...


class Carrying(Protocol):
    """A backup or a restore under way."""

    @property
    def progress(self) -> Progress:
        """How far it is."""
        ...

    def run(self) -> Carried:
        """Carry every file the index names, and make the index right for the target."""
        ...

    def run_parts(self, parts: Iterable[KnownPart]) -> set[str]:
        """Carry the parts of uploads; returns the uploads that ended meanwhile."""
        ...


class Pinning(Protocol):
    """Keeps files for a backup that are replaced or removed while it runs."""

    def begin(self) -> None:
        """Begin to pin."""
        ...

    def end(self) -> None:
        """Let go of everything."""
        ...


class Upkeep(Protocol):
    """What is done for a lake besides answering requests."""

    @property
    def hands(self) -> Hands:
        """Who takes in what was changed by hand."""
        ...

    def check(self, claims: Claims, transactions: Transactions, options: Options) -> Checking:
        """Begin a check of all files and rows."""
        ...

    def mend(self, scope: Scope, claims: Claims, finding: Finding) -> str:
        """Mend one finding in the caller's transaction and return what was done."""
        ...

    @property
    def pins(self) -> Pinning:
        """Who keeps files for a backup."""
        ...

    def carry(self, route: Route, *, may_link: bool) -> Carrying:
        """Begin to carry all files; with `may_link` by a second name where that can be."""
        ...

    def verify(
        self, folder: Path, index: Transactions, claims: Claims, progress: Progress
    ) -> Verified:
        """Read every file of a backup and compare it with what its index says. Takes long."""
        ...

    def scrub(self, claims: Claims) -> Scrubbing:
        """Return who reads the objects again."""
        ...

    def sweep(self, transactions: Transactions, claims: Claims, before: float) -> int:
        """Remove what crashes left beside the lake before some time. Takes long: for a thread."""
        ...

    def close(self) -> None:
        """End a sweep on its way."""
        ...

    def usage(self, transactions: Transactions) -> dict[str, Usage]:
        """Return what each bucket that holds anything holds. Takes long."""
        ...
