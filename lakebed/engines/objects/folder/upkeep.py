"""The upkeep of one lake's folder."""

from __future__ import annotations

from pathlib import Path

from lakebed.engines.objects.folder.backup import Carrier, verify_all
from lakebed.engines.objects.folder.check import Check
from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.journal import Journal
from lakebed.engines.objects.folder.leftovers import Sweeper
from lakebed.engines.objects.folder.mend import Mender
from lakebed.engines.objects.folder.pins import Pins
from lakebed.engines.objects.folder.reconcile import Reconciler
from lakebed.engines.objects.folder.scrub import Scrubber
from lakebed.engines.objects.folder.survey import Pace
from lakebed.engines.objects.folder.usage import usage
from lakebed.engines.objects.upkeep import (
    Claims,
    Finding,
    Options,
    Progress,
    Route,
    Transactions,
    Usage,
    Verified,
)
from lakebed.store import Scope

SWEEP_REST_FACTOR = 3.0


class JournalPins:
    """Pins what the journal is about to replace or remove."""

    def __init__(self, pins: Pins, journal: Journal) -> None:
        self._pins = pins
        self._journal = journal

    def begin(self) -> None:
        """Begin to pin."""
        self._pins.begin()
        self._journal.pin = self._pins.keep

    def end(self) -> None:
        """Let go of everything."""
        self._journal.pin = None
        self._pins.end()


class FolderUpkeep:
    """What is done for a lake besides answering requests."""

    def __init__(self, holdings: Holdings, hands: Reconciler, journal: Journal) -> None:
        self._holdings = holdings
        self._hands = hands
        self._journal = journal
        self._pace = Pace(SWEEP_REST_FACTOR)

    @property
    def hands(self) -> Reconciler:
        """Who takes in what was changed by hand."""
        return self._hands

    def check(self, claims: Claims, transactions: Transactions, options: Options) -> Check:
        """Begin a check of all files and rows."""
        return Check(self._holdings, claims, transactions, options)

    def mend(self, scope: Scope, claims: Claims, finding: Finding) -> str:
        """Mend one finding in the caller's transaction and return what was done."""
        return Mender(self._holdings, claims).mend(scope, finding)

    @property
    def pins(self) -> JournalPins:
        """Who keeps files for a backup."""
        return JournalPins(Pins(self._holdings.pinned_dir), self._journal)

    def carry(self, route: Route, *, may_link: bool) -> Carrier:
        """Begin to carry all files; with `may_link` by a second name where that can be."""
        return Carrier(self._holdings, route, may_link=may_link)

    def verify(
        self, folder: Path, index: Transactions, claims: Claims, progress: Progress
    ) -> Verified:
        """Read every file of a backup and compare it with what its index says. Takes long."""
        return verify_all(self._holdings, folder, index, claims, progress)

    def scrub(self, claims: Claims) -> Scrubber:
        """Return who reads the objects again."""
        return Scrubber(self._holdings, claims)

    def sweep(self, transactions: Transactions, claims: Claims, before: float) -> int:
        """Remove what crashes left beside the lake before some time. Takes long: for a thread."""
        return Sweeper(self._holdings, claims, before, self._pace).run(transactions)

    def close(self) -> None:
        """End a sweep on its way."""
        self._pace.is_stopped = True

    def usage(self, transactions: Transactions) -> dict[str, Usage]:
        """Return what each bucket that holds anything holds. Takes long."""
        return usage(self._holdings, transactions)
