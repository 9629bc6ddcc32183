"""Dates, times and timestamps read from text, and time zones, in plain Python.

The analyser reads literals with it, the engine's Python functions read texts with it at run time.
Days and microseconds count from 1970-01-01 in the proleptic Gregorian calendar, in all of Trino's
years; picoseconds below the microsecond stand apart.
https://trino.io/docs/current/language/types.html#date-and-time
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DAY_MICROS = 86_400_000_000
DAY_PICOS = DAY_MICROS * 1_000_000
OFFSET_MINUTES_MAX = 14 * 60
PLACES_MAX = 12
UTC = "UTC"
_UTC_NAMES = frozenset(
    {"UTC", "Z", "GMT", "UT", "Zulu", "UCT", "Greenwich", "Universal", "GMT0", "GMT+0", "GMT-0",
     "Etc/UTC", "Etc/GMT", "Etc/GMT+0", "Etc/GMT-0", "Etc/GMT0", "Etc/Greenwich", "Etc/UCT",
     "Etc/Universal", "Etc/Zulu"}
)  # fmt: skip
_TIMESTAMP = re.compile(
    r"([+-]?\d{4,})-(\d{1,2})-(\d{1,2})"
    r"(?: (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*([^\s].*)?)?", re.S
)  # fmt: skip
_DATE = re.compile(r"\s*([+-]?\d+)-(\d{1,2})-(\d{1,2})\s*")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?(?:\s*([+-])(\d\d):(\d\d))?")
_OFFSET = re.compile(r"([+-])(\d\d?(?!:?\d)|\d\d)(?::?(\d\d))?")
_ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[\w+-]+)*")


class ZoneError(ValueError):
    """A name that is no time zone."""


class PlacesError(ValueError):
    """More decimal places of a second than there are."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A local date and time: microseconds since 1970, picoseconds, decimal places, its zone."""

    micros: int
    picos: int
    places: int
    zone: str | None


def days(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01; ValueError for a day that is not in the calendar."""
    if not 1 <= month <= 12 or not 1 <= day <= _month_days(year, month):
        raise ValueError("no such day")
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def civil(day: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days."""
    era, of_era_day = divmod(day + 719468, 146097)
    of_era = (of_era_day - of_era_day // 1460 + of_era_day // 36524 - of_era_day // 146096) // 365
    of_year = of_era_day - (365 * of_era + of_era // 4 - of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def _month_days(year: int, month: int) -> int:
    if month == 2:
        return 28 + (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return 30 if month in (4, 6, 9, 11) else 31


def read_date(text: str) -> int:
    """Read `2020-1-31` as days since 1970."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    day = days(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if not -(2**31) < day < 2**31:
        raise ValueError("out of range")
    return day


def read_timestamp(text: str, places_max: int | None = None) -> Moment:
    """Read `2020-01-31 [1:02[:03[.123]]] [zone]`, the zone's name settled.

    More than `places_max` decimal places are a PlacesError; without it what is more is cut.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError("not a timestamp")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    start = days(int(year), int(month), int(day)) * DAY_MICROS
    clock, places = _clock(hour or "0", minute or "0", second or "0", fraction or "", places_max)
    micros, picos = divmod(clock, 1_000_000)
    return Moment(start + micros, picos, places, zone_name(zone) if zone else None)


def read_time(text: str, places_max: int | None = None) -> tuple[int, int, int | None]:
    """Read `1:02[:03[.123]][+01:30]`: picoseconds of the day, decimal places, offset in minutes."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("not a time")
    hour, minute, second, fraction, sign, hours, minutes = found.groups()
    if places_max is None and len(fraction or "") > PLACES_MAX:
        raise ValueError("too many decimal places")
    picos, places = _clock(hour, minute, second or "0", fraction or "", places_max)
    if sign is None:
        return picos, places, None
    offset = int(hours) * 60 + int(minutes)
    if offset > OFFSET_MINUTES_MAX or int(minutes) > 59:
        raise ValueError("no such offset")
    return picos, places, -offset if sign == "-" else offset


def _clock(
    hour: str, minute: str, second: str, fraction: str, places_max: int | None
) -> tuple[int, int]:
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise ValueError("no such time")
    if places_max is not None and len(fraction) > places_max:
        raise PlacesError(len(fraction))
    below = int(fraction[:PLACES_MAX].ljust(PLACES_MAX, "0"))
    seconds = (int(hour) * 60 + int(minute)) * 60 + int(second)
    return seconds * 10**12 + below, len(fraction)


def zone_name(text: str) -> str:
    """Return the name a zone is kept by: `UTC`, `+05:30` or a place; ZoneError if there is none."""
    text = text.strip()
    if text in _UTC_NAMES:
        return UTC
    found = _OFFSET.fullmatch(text.removeprefix("UTC").removeprefix("GMT").removeprefix("UT"))
    if found is not None:
        sign, hours, minutes = found.group(1), found.group(2).zfill(2), found.group(3) or "00"
        if int(minutes) > 59 or int(hours) * 60 + int(minutes) > OFFSET_MINUTES_MAX:
            raise ZoneError(text)
        return UTC if (hours, minutes) == ("00", "00") else f"{sign}{hours}:{minutes}"
    if _ZONE.fullmatch(text) is None or not _is_known(text):
        raise ZoneError(text)
    return text


@lru_cache(maxsize=1024)
def _is_known(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def offset_name(minutes: int) -> str:
    """Return the zone of an offset."""
    if minutes == 0:
        return UTC
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def utc_micros(micros: int, zone: str) -> tuple[int, bool]:
    """Return the UTC of a local time, the earlier of two; and whether the zone has that time.

    A time that a zone skips is as much later as the gap is long.
    """
    if zone == UTC:
        return micros, True
    if zone[0] in "+-":
        sign = -1 if zone[0] == "-" else 1
        return micros - sign * (int(zone[1:3]) * 60 + int(zone[4:6])) * 60_000_000, True
    before = _offset_micros(micros - DAY_MICROS, zone)
    after = _offset_micros(micros + DAY_MICROS, zone)
    for offset in (before, after):
        if _offset_micros(micros - offset, zone) == offset:
            return micros - offset, True
    return micros - before, False


def _offset_micros(utc: int, zone: str) -> int:
    """Return a zone's offset at a UTC time. Rules repeat with the calendar, every 400 years."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    day, clock = divmod(utc, DAY_MICROS)
    year, month, dom = civil(day)
    if year > 9998:
        year = 9200 + year % 400
    elif year < 2:
        year = 2
        dom = min(dom, 28)
    at = datetime(year, month, dom, tzinfo=ZoneInfo("UTC")) + timedelta(microseconds=clock)
    found = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return (found.days * 86400 + found.seconds) * 1_000_000
