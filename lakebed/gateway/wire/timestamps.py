"""Times on the wire: seconds since the epoch to AWS's text forms and back."""

from __future__ import annotations

import calendar
import functools
import math
import re
import time
from email.utils import parsedate_tz

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:([Zz])|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# Objects are written in bursts: a page of a listing has few distinct seconds.
_SECONDS_CACHED = 4096


@functools.lru_cache(maxsize=_SECONDS_CACHED)
def iso8601_of_second(seconds: int) -> str:
    """Return `2024-01-01T00:00:00.000Z` for a whole second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


@functools.lru_cache(maxsize=_SECONDS_CACHED)
def _rfc7231(seconds: int) -> str:
    at = time.gmtime(seconds)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04d} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT"
    )


def write_iso8601(seconds: float) -> str:
    """Return `2024-01-01T00:00:00.000Z`; S3 and STS know whole seconds and write zeros."""
    return iso8601_of_second(math.floor(seconds))


def write_rfc7231(seconds: float) -> str:
    """Return `Mon, 01 Jan 2024 00:00:00 GMT`, the form of HTTP headers."""
    return _rfc7231(math.floor(seconds))


def write_unix(seconds: float) -> str:
    """Return seconds since the epoch as decimal text."""
    return str(int(seconds)) if seconds == int(seconds) else repr(seconds)


def read(text: str) -> float:
    """Return seconds since the epoch from any of the three forms, or raise ValueError."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return _read_iso(iso)
    parsed = parsedate_tz(text)
    if parsed is None:
        raise ValueError(f"no time: {text}")
    try:
        return float(calendar.timegm(_checked(parsed[:6])) - (parsed[9] or 0))
    except OverflowError as error:
        raise ValueError(f"no time: {text}") from error


def _read_iso(match: re.Match[str]) -> float:
    numbers = [int(part or 0) for part in match.group(1, 2, 3, 4, 5, 6)]
    seconds = float(calendar.timegm(_checked(numbers)))
    if match[7]:
        seconds += int(match[7]) / 10 ** len(match[7])
    if match[9]:
        offset = int(match[10]) * 3600 + int(match[11]) * 60
        seconds -= offset if match[9] == "+" else -offset
    return seconds


def _checked(numbers: tuple[int, ...] | list[int]) -> tuple[int, int, int, int, int, int]:
    year, month, day, hour, minute, second = numbers
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(max(year, 1), month)[1]:
        raise ValueError("no such day")
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("no such time of day")
    return year, month, day, hour, minute, second
