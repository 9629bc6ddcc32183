"""Who may run next: so many queries at a time, and turns between workgroups."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque


class Admission:
    """Places for queries; those who wait get one by their workgroup's turn, then in order.

    A free place goes to the waiting workgroup that holds the fewest, and among those to the one
    that was served longest ago. A grant costs as much as there are waiting workgroups.
    """

    def __init__(self, places: int, places_in_group: int = 0) -> None:
        self._places = places
        self._places_in_group = places_in_group or places
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def enter(self, group: str) -> None:
        """Wait for a place; a cancelled wait leaves nothing behind."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, deque()).append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(group)
            else:
                self._forget(group, turn)
            raise

    def leave(self, group: str) -> None:
        """Give a place back."""
        self._held[group] -= 1
        if not self._held[group]:
            del self._held[group]
        self._grant()

    def _grant(self) -> None:
        while self._held.total() < self._places:
            able = [one for one in self._waiting if self._held[one] < self._places_in_group]
            if not able:
                return
            group = min(able, key=lambda one: self._held[one])
            turn = self._waiting[group].popleft()
            if self._waiting[group]:
                self._waiting.move_to_end(group)
            else:
                del self._waiting[group]
            if not turn.done():
                self._held[group] += 1
                turn.set_result(None)

    def _forget(self, group: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(group)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[group]
