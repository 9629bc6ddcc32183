"""Wakes whoever delivers when something is due earlier than it knows."""

from __future__ import annotations

from collections.abc import Callable


def _nobody() -> None:
    """Nobody listens yet: whoever comes looks first."""


class Alarm:
    """One listener, rung from whatever thread."""

    def __init__(self) -> None:
        self._listener: Callable[[], None] = _nobody

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called from now on: it must not block."""
        self._listener = listener

    def ring(self) -> None:
        """Say that there is something new to look at."""
        self._listener()
