"""The times of a schedule: `cron(Minutes Hours Day-of-month Month Day-of-week Year)`, in UTC.

https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html says the syntax, and
that nothing may be scheduled more often than every five minutes. Crawlers know no `rate(...)`.
A library reads the expression; it takes 50 ms to import, so call this in a thread first.
"""

from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from lakebed.core.limits import GLUE_SCHEDULE_CHARACTERS_MAX, GLUE_SCHEDULE_MINUTES_MIN
from lakebed.services.glue._crawlers import invalid

_CRON = re.compile(r"cron\((.*)\)")
_YEARS_AHEAD_MAX = 12
"""The library gives up after a few months without a day that fits; so often it is asked again.
February the 29th comes every 8 years at least."""


class _Croniter(Protocol):
    """What is used of the library, which has no types."""

    minutes: list[int]
    hours: list[int]

    def get_next(self, from_date: datetime) -> list[datetime | None]:
        """Return the first time that fits after the minute of a date, None for none."""
        ...


def warm() -> None:
    """Import the library; for a thread, and before the store is held."""
    importlib.import_module("aws_croniter")


def check_schedule(expression: str) -> None:
    """Refuse what is no schedule, or one that starts a crawler more often than allowed."""
    parsed = _parse(expression)
    minutes = sorted(set(parsed.minutes))
    gaps = [after - before for before, after in zip(minutes, minutes[1:], strict=False)]
    if _has_neighbours(parsed.hours):
        gaps.append(60 - minutes[-1] + minutes[0])
    if min(gaps, default=60) < GLUE_SCHEDULE_MINUTES_MIN:
        raise _refused(expression, f"it is due within {GLUE_SCHEDULE_MINUTES_MIN} minutes twice")


def next_time(expression: str, after: float) -> float | None:
    """Return the first time of a schedule after a time, in seconds; None if there is none."""
    parsed = _parse(expression)
    start = datetime.fromtimestamp(after, UTC)
    for year in range(_YEARS_AHEAD_MAX):
        if year:
            start = datetime(start.year + 1, 1, 1, tzinfo=UTC) - timedelta(minutes=1)
        found = parsed.get_next(start)[0]
        if found is not None:
            return found.timestamp()
        start += timedelta(minutes=1)
    return None


def _has_neighbours(hours: list[int]) -> bool:
    return any((hour + 1) % 24 in hours for hour in hours)


def _parse(expression: str) -> _Croniter:
    from aws_croniter import AwsCroniter  # pyright: ignore[reportMissingTypeStubs]
    from aws_croniter.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
        AwsCroniterExpressionError,
    )

    found = _CRON.fullmatch(expression.strip())
    if found is None or len(expression) > GLUE_SCHEDULE_CHARACTERS_MAX:
        raise _refused(
            expression, "it has to be cron(Minutes Hours Day-of-month Month Day-of-week Year)"
        )
    fields = found[1].split()
    if "#" in found[1]:
        raise _refused(expression, "# is no wildcard of a schedule")
    try:
        parsed = AwsCroniter(" ".join(fields))
    except (AwsCroniterExpressionError, ValueError) as error:
        raise _refused(expression, str(error)) from None
    return cast(Any, parsed)


def _refused(expression: str, why: str) -> Exception:
    return invalid(f"Invalid schedule expression {expression}: {why}")
