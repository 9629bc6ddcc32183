"""Dates and times as Java's Formatter shows them: `%s`, and the `%t` conversions.

A value comes from DuckDB as its text, the name of its zone and the zone's offset in seconds. Which
conversions a LocalDate, LocalTime, LocalDateTime and ZonedDateTime have is Java's:
https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Formatter.html
"""

from __future__ import annotations

import re
from calendar import day_abbr, day_name, isleap, month_abbr, month_name
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TEXT = re.compile(
    r"(?:([-+]?\d+)-(\d\d)-(\d\d))?[ ]?(?:(\d\d):(\d\d):(\d\d)(?:[.](\d+))?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date (`day`), a time of day (`clock`: hour, minute, second, nanosecond), or both."""

    day: tuple[int, int, int] | None
    clock: tuple[int, int, int, int] | None
    zone: str | None
    offset_seconds: int

    @property
    def java_name(self) -> str:
        """The class that Trino hands to the formatter."""
        if self.zone is not None:
            return "java.time.ZonedDateTime"
        if self.clock is None:
            return "java.time.LocalDate"
        return "java.time.LocalTime" if self.day is None else "java.time.LocalDateTime"

    def __str__(self) -> str:
        """Return what the class's toString() does."""
        shown = "T".join(part for part in (self.day_text(), self._clock_text()) if part)
        if self.zone is None:
            return shown
        named = self.zone if self.zone[0] not in "+-" else ""
        return shown + _offset_text(self.offset_seconds) + (f"[{named}]" if named else "")

    def day_text(self) -> str:
        """Return the date as ISO 8601 writes it, with a sign before a far year."""
        if self.day is None:
            return ""
        year, month, day = self.day
        sign = "-" if year < 0 else "+" if year > 9999 else ""
        return f"{sign}{abs(year):04d}-{month:02d}-{day:02d}"

    def _clock_text(self) -> str:
        if self.clock is None:
            return ""
        hour, minute, second, nano = self.clock
        shown = f"{hour:02d}:{minute:02d}"
        if second or nano:
            shown += f":{second:02d}"
        if nano:
            digits = f"{nano:09d}"
            places = 3 if digits.endswith("000000") else 6 if digits.endswith("000") else 9
            shown += f".{digits[:places]}"
        return shown

    def shown_as(self, conversion: str) -> str | None:
        """Return what `%t` and a letter show; None where the class has no such field."""
        needs, show = _CONVERSIONS[conversion]
        has = {"d": self.day is not None, "c": self.clock is not None, "z": self.zone is not None}
        return show(self) if all(has[one] for one in needs) else None


def read(value: dict[str, Any]) -> Moment:
    """Read a value as it comes from DuckDB."""
    found = _TEXT.fullmatch(value["f0"])
    assert found is not None
    year, month, day, hour, minute, second, fraction = found.groups()
    dated = (int(year), int(month), int(day)) if year is not None else None
    clock = None
    if hour is not None:
        clock = int(hour), int(minute), int(second), int((fraction or "").ljust(9, "0"))
    return Moment(dated, clock, value["f1"], int(value["f2"] or 0))


def of_epoch_millis(millis: int) -> Moment:
    """Return the instant of a Long, in the zone of the session."""
    days, rest = divmod(millis, 86_400_000)
    days += 719468
    era, of_era = divmod(days, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    year = era * 400 + year_of_era + (month <= 2)
    second, milli = divmod(rest, 1000)
    clock = second // 3600, second // 60 % 60, second % 60, milli * 1_000_000
    return Moment((year, month, of_year - (153 * shifted + 2) // 5 + 1), clock, "UTC", 0)


def _offset_text(seconds: int) -> str:
    if seconds == 0:
        return "Z"
    size = abs(seconds)
    shown = f"{'-' if seconds < 0 else '+'}{size // 3600:02d}:{size // 60 % 60:02d}"
    return shown + (f":{size % 60:02d}" if size % 60 else "")


def _day(moment: Moment) -> tuple[int, int, int]:
    return moment.day or (0, 1, 1)


def _clock(moment: Moment) -> tuple[int, int, int, int]:
    return moment.clock or (0, 0, 0, 0)


def _day_number(moment: Moment) -> int:
    """Count the days from 1970-01-01, by the Gregorian calendar without an end."""
    year, month, day = _day(moment)
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _weekday(moment: Moment) -> int:
    return (_day_number(moment) + 3) % 7


def _day_of_year(moment: Moment) -> int:
    year, month, day = _day(moment)
    leap = isleap(year)
    before = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1]
    return before + day + (leap and month > 2)


def _twelve(moment: Moment) -> int:
    return _clock(moment)[0] % 12 or 12


def _epoch(moment: Moment) -> int:
    hour, minute, second, _ = _clock(moment)
    return _day_number(moment) * 86400 + hour * 3600 + minute * 60 + second - moment.offset_seconds


def _year(moment: Moment) -> int:
    # Java's year of the era: there is no year 0.
    year = _day(moment)[0]
    return year if year > 0 else 1 - year


def _noon(moment: Moment) -> str:
    return "am" if _clock(moment)[0] < 12 else "pm"


def _plain_offset(moment: Moment) -> str:
    size = abs(moment.offset_seconds) // 60
    return f"{'-' if moment.offset_seconds < 0 else '+'}{size // 60:02d}{size % 60:02d}"


def _joined(form: str) -> Callable[[Moment], str]:
    """Return the conversion that shows several others with what stands between them."""

    def show(moment: Moment) -> str:
        return re.sub("[A-Za-z]", lambda match: moment.shown_as(match.group(0)) or "", form)

    return show


def _upper_noon(moment: Moment) -> str:
    clock = _joined("I:M:S")(moment)
    return f"{clock} {_noon(moment).upper()}"


_CONVERSIONS: dict[str, tuple[str, Callable[[Moment], str]]] = {
    "H": ("c", lambda moment: f"{_clock(moment)[0]:02d}"),
    "I": ("c", lambda moment: f"{_twelve(moment):02d}"),
    "k": ("c", lambda moment: str(_clock(moment)[0])),
    "l": ("c", lambda moment: str(_twelve(moment))),
    "M": ("c", lambda moment: f"{_clock(moment)[1]:02d}"),
    "S": ("c", lambda moment: f"{_clock(moment)[2]:02d}"),
    "L": ("c", lambda moment: f"{_clock(moment)[3] // 1000000:03d}"),
    "N": ("c", lambda moment: f"{_clock(moment)[3]:09d}"),
    "p": ("c", _noon),
    "z": ("z", _plain_offset),
    "s": ("z", lambda moment: str(_epoch(moment))),
    "Q": ("z", lambda moment: str(_epoch(moment) * 1000 + _clock(moment)[3] // 1000000)),
    "B": ("d", lambda moment: month_name[_day(moment)[1]]),
    "b": ("d", lambda moment: month_abbr[_day(moment)[1]]),
    "h": ("d", lambda moment: month_abbr[_day(moment)[1]]),
    "A": ("d", lambda moment: day_name[_weekday(moment)]),
    "a": ("d", lambda moment: day_abbr[_weekday(moment)]),
    "C": ("d", lambda moment: f"{_year(moment) // 100:02d}"),
    "Y": ("d", lambda moment: f"{_year(moment):04d}"),
    "y": ("d", lambda moment: f"{_year(moment) % 100:02d}"),
    "j": ("d", lambda moment: f"{_day_of_year(moment):03d}"),
    "m": ("d", lambda moment: f"{_day(moment)[1]:02d}"),
    "d": ("d", lambda moment: f"{_day(moment)[2]:02d}"),
    "e": ("d", lambda moment: str(_day(moment)[2])),
    "R": ("c", _joined("H:M")),
    "T": ("c", _joined("H:M:S")),
    "r": ("c", _upper_noon),
    "D": ("d", _joined("m/d/y")),
    "F": ("d", Moment.day_text),
}
"""By letter: what a value must have (day, clock, zone), and what is shown of it."""
KNOWN = frozenset(_CONVERSIONS)
