"""Counters of calls by service, operation and outcome, in Prometheus' text form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Sample = tuple[str, str, float]
"""A figure of another part of the server: its name, what it says, its value."""


class Metrics:
    """Counts calls. Bounded: operations and codes are finite, made by us, not by clients."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str, str], int] = {}
        self._sources: list[Callable[[], Iterable[Sample]]] = []

    def add(self, source: Callable[[], Iterable[Sample]]) -> None:
        """Have the figures of another part in the text as well."""
        self._sources.append(source)

    def count(self, service: str, operation: str, code: str) -> None:
        """Count one call that ended with `code` (`ok`, or AWS's error code)."""
        key = (service, operation, code)
        self._calls[key] = self._calls.get(key, 0) + 1

    def text(self) -> str:
        """Return every counter as Prometheus text."""
        lines = [
            "# HELP lakebed_calls_total Calls of AWS operations by outcome.",
            "# TYPE lakebed_calls_total counter",
        ]
        for (service, operation, code), number in sorted(self._calls.items()):
            labels = f'service="{service}",operation="{operation}",code="{code}"'
            lines.append(f"lakebed_calls_total{{{labels}}} {number}")
        for source in self._sources:
            for name, says, value in source():
                kind = "counter" if name.endswith("_total") else "gauge"
                lines += [f"# HELP {name} {says}", f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join(lines) + "\n"
