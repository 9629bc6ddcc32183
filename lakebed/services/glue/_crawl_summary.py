"""What a crawl changed in the Data Catalog, as GetCrawlerMetrics and ListCrawls count it."""

from __future__ import annotations

from collections import Counter
from typing import Any

NAMES_MAX = 100
"""Of one kind of change: a history of ten thousand partitions is counted, not told."""


class CrawlSummary:
    """Counts of tables and partitions, by what was done to them, with the first of their names."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._names: dict[tuple[str, str], list[str]] = {}

    def add(self, noun: str, verb: str, *names: str) -> None:
        """Count changes: `TABLE` or `PARTITION`; `ADD`, `UPDATE` or `DELETE`."""
        self._counts[noun, verb] += len(names)
        held = self._names.setdefault((noun, verb), [])
        held.extend(names[: NAMES_MAX - len(held)])

    def count(self, noun: str, verb: str) -> int:
        """Return how many changes of a kind there were."""
        return self._counts[noun, verb]

    def shape(self) -> dict[str, Any]:
        """Return the changes as the JSON of CrawlerHistory's Summary."""
        shape: dict[str, Any] = {}
        for (noun, verb), count in self._counts.items():
            details = {"names": self._names[noun, verb]}
            shape.setdefault(noun, {})[verb] = {"Details": details, "Count": count}
        return shape
