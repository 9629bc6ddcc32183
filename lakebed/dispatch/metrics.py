"""Counters of calls by service, operation and outcome, in Prometheus' text form."""

from __future__ import annotations


class Metrics:
    """Counts calls. Bounded: operations and codes are finite, made by us, not by clients."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str, str], int] = {}

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
        return "\n".join(lines) + "\n"
