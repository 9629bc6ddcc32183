"""Records that a transform could not handle, kept aside until somebody asks."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import _records


class TooManyErrors(RuntimeError):
    """A transform made more error records than its threshold allows."""

    def __init__(self, info: str, count: int, allowed: int, what: str) -> None:
        where = f" in {info}" if info else ""
        super().__init__(
            f"{count} error records{where}: the {what} threshold allows {allowed}. "
            "errorsAsDynamicFrame() shows them"
        )


@dataclass
class Stage:
    """One transform: how many errors it may make, and those that it made."""

    info: str = ""
    threshold: int = 0
    total: int = 0
    errors: Callable[[], Any] | None = None
    """An RDD of error records."""
    _count: int | None = field(default=None, repr=False)

    def count(self) -> int:
        """Return how many errors this transform made; computed once."""
        if self._count is None:
            self._count = 0 if self.errors is None else int(self.errors().count())
        return self._count


def error_of(problem: BaseException, record: Any, info: str) -> dict[str, Any]:
    """Return an error record, in the shape that Glue gives it."""
    return {
        "error": {
            "callsite": {"site": "Not provided", "info": info},
            "msg": f"{type(problem).__name__}: {problem}",
            "stackTrace": "".join(traceback.format_exception(problem)),
            "input": record if isinstance(record, str) else "",
            "bytesread": len(record.encode()) if isinstance(record, str) else 0,
            "source": "",
            "dynamicRecord": dict(record) if isinstance(record, _records.DynamicRecord) else {},
        }
    }
