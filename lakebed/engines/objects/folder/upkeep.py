"""The upkeep of one lake's folder."""

from __future__ import annotations

from lakebed.engines.objects.folder.check import Check
from lakebed.engines.objects.folder.holdings import Holdings
from lakebed.engines.objects.folder.mend import Mender
from lakebed.engines.objects.folder.reconcile import Reconciler
from lakebed.engines.objects.upkeep import Claims, Finding, Options, Transactions
from lakebed.store import Scope


class FolderUpkeep:
    """What is done for a lake besides answering requests."""

    def __init__(self, holdings: Holdings, hands: Reconciler) -> None:
        self._holdings = holdings
        self._hands = hands

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
