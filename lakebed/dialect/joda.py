"""Dates and times by patterns of letters (`yyyy-MM-dd`), written and read as Joda-Time does.

MySQL's patterns are turned into the same items. https://www.joda.org/joda-time/key_format.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from lakebed.dialect import date_patterns, instants
from lakebed.dialect.errors import TrinoError

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LETTERS = "GCxwedyYEDMaKhHkmsSzZ"
_NUMERIC = "CxwedyYDKhHkmsS"
_MYSQL: dict[str, tuple[tuple[str, int] | str, ...]] = {
    "a": (("E", 3),), "b": (("M", 3),), "c": (("M", 1),), "d": (("d", 2),), "e": (("d", 1),),
    "f": (("S", 6),), "H": (("H", 2),), "h": (("h", 2),), "I": (("h", 2),), "i": (("m", 2),),
    "j": (("D", 3),), "k": (("H", 1),), "l": (("h", 1),), "M": (("M", 4),), "m": (("M", 2),),
    "p": (("a", 1),), "r": (("h", 2), ":", ("m", 2), ":", ("s", 2), " ", ("a", 1)),
    "S": (("s", 2),), "s": (("s", 2),), "T": (("H", 2), ":", ("m", 2), ":", ("s", 2)),
    "v": (("w", 2),), "W": (("E", 4),), "x": (("x", 4),), "Y": (("%Y", 4),), "y": (("%y", 2),),
    "%": ("%",),
}  # fmt: skip
_RANGES = {"M": (1, 12), "w": (1, 53), "e": (1, 7), "D": (1, 366), "d": (1, 31), "H": (0, 23),
           "k": (1, 24), "K": (0, 11), "h": (1, 12), "m": (0, 59), "s": (0, 59)}  # fmt: skip
_NAMED = {"M": "monthOfYear", "w": "weekOfWeekyear", "e": "dayOfWeek", "D": "dayOfYear",
          "d": "dayOfMonth", "H": "hourOfDay", "k": "clockhourOfDay", "K": "hourOfHalfday",
          "h": "clockhourOfHalfday", "m": "minuteOfHour", "s": "secondOfMinute"}  # fmt: skip
Item = tuple[str, int] | str


def bad(message: str) -> TrinoError:
    """Return the error for a pattern or a text."""
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@lru_cache(maxsize=256)
def joda_items(pattern: str) -> tuple[Item, ...]:
    """Read a pattern of letters."""
    if not pattern:
        raise bad("Invalid pattern specification")
    items: list[Item] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "'":
            end = pattern.find("'", at + 1)
            end = len(pattern) if end < 0 else end
            items.append(pattern[at + 1 : end] or "'")
            at = end + 1
        elif letter.isascii() and letter.isalpha():
            count = len(pattern[at:]) - len(pattern[at:].lstrip(letter))
            if letter not in _LETTERS:
                raise bad(f"Illegal pattern component: {letter * count}")
            items.append((letter, count))
            at += count
        else:
            items.append(letter)
            at += 1
    return tuple(items)


@lru_cache(maxsize=256)
def mysql_items(pattern: str) -> tuple[Item, ...]:
    """Read a pattern of MySQL's codes."""
    items: list[Item] = []
    for is_code, text in date_patterns.tokens(pattern):
        items += _MYSQL[text] if is_code else (text,)
    if not items:
        raise bad("Both printing and parsing not supported")
    return tuple(items)


@dataclass(slots=True)
class Clock:
    """What a clock shows: microseconds since 1970 there, its offset in minutes, its zone."""

    micros: int
    offset: int = 0
    zone: str = instants.UTC

    def write(self, items: tuple[Item, ...]) -> str:
        """Write the items of a pattern."""
        return "".join(item if isinstance(item, str) else self.item(*item) for item in items)

    def item(self, letter: str, count: int) -> str:
        """Write one item."""
        day, clock = divmod(self.micros, instants.DAY_MICROS)
        if letter in ("%y", "%Y") or letter in "GCxwedyYEDM":
            return _day_item(day, letter, count)
        if letter in "zZ":
            return self.zone_item(letter, count)
        return _clock_item(clock, letter, count)

    def zone_item(self, letter: str, count: int) -> str:
        """Write the zone: its name, or its offset."""
        if letter == "z":
            return self.zone_short() if count < 4 else self.zone
        if count >= 3:
            return self.zone
        shown = instants.offset_name(self.offset)
        shown = "+00:00" if shown == instants.UTC else shown
        return shown if count == 2 else shown.replace(":", "")

    def zone_short(self) -> str:
        """Return the abbreviation of the zone at this time."""
        if self.zone == instants.UTC or self.zone[0] in "+-":
            return self.zone
        from datetime import datetime, timedelta
        from zoneinfo import ZoneInfo

        utc = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(
            microseconds=self.micros - self.offset * 60_000_000
        )
        return utc.astimezone(ZoneInfo(self.zone)).tzname() or self.zone


def _day_item(day: int, letter: str, count: int) -> str:
    year, month, dom = instants.civil(day)
    weekday = (day + 3) % 7
    if letter == "%y":
        return f"{abs(year) % 100:02}"
    letter = "y" if letter == "%Y" else letter
    if letter == "G":
        return "AD" if year > 0 else "BC"
    if letter == "E":
        return WEEKDAYS[weekday] if count >= 4 else WEEKDAYS[weekday][:3]
    if letter == "M" and count >= 3:
        return MONTHS[month - 1] if count >= 4 else MONTHS[month - 1][:3]
    if letter in "xyY" and count == 2:
        shown = iso_week(day)[0] if letter == "x" else year
        return f"{abs(shown) % 100:02}"
    numbers = {
        "C": (year if year > 0 else 1 - year) // 100,
        "y": year,
        "Y": year if year > 0 else 1 - year,
        "x": iso_week(day)[0],
        "w": iso_week(day)[1],
        "e": weekday + 1,
        "D": day - instants.days(year, 1, 1) + 1,
        "M": month,
        "d": dom,
    }
    value = numbers[letter]
    return f"{'-' if value < 0 else ''}{abs(value):0{count}}"


def _clock_item(clock: int, letter: str, count: int) -> str:
    second, fraction = divmod(clock, 1_000_000)
    hour = second // 3600
    if letter == "a":
        return "AM" if hour < 12 else "PM"
    if letter == "S":
        return f"{fraction // 1000:03}"[:count].ljust(count, "0")
    numbers = {
        "H": hour,
        "k": hour or 24,
        "K": hour % 12,
        "h": hour % 12 or 12,
        "m": second // 60 % 60,
        "s": second % 60,
    }
    return f"{numbers[letter]:0{count}}"


def iso_week(day: int) -> tuple[int, int]:
    """Return ISO's year and week of a day."""
    thursday = day - (day + 3) % 7 + 3
    year = instants.civil(thursday)[0]
    return year, (thursday - instants.days(year, 1, 1)) // 7 + 1


def week_start(year: int) -> int:
    """Return the Monday with which ISO's year begins."""
    fourth = instants.days(year, 1, 4)
    return fourth - (fourth + 3) % 7


@dataclass(slots=True)
class Read:
    """The fields that were read from a text."""

    fields: dict[str, int] = field(default_factory=dict[str, int])
    zone: str | None = None

    def micros(self) -> int:
        """Return the local time the fields mean; ValueError where a day does not exist."""
        return self.day() * instants.DAY_MICROS + self.clock()

    def day(self) -> int:
        """Return the day: 1970 begins what has no date, 2000 what has a date without a year."""
        fields = self.fields
        dated = fields.keys() & set("MdDwe")
        year = fields.get("y", 2000 if dated and "x" not in fields else 1970)
        if "C" in fields and "y" not in fields:
            year = fields["C"] * 100
        day = instants.days(year, fields.get("M", 1), fields.get("d", 1))
        if "D" in fields:
            day = instants.days(year, 1, 1) + fields["D"] - 1
        if "x" in fields or "w" in fields:
            start = week_start(fields.get("x", year))
            day = start + 7 * (fields.get("w", 1) - 1) + (fields.get("e", 1) - 1)
        elif "e" in fields:
            day += fields["e"] - 1 - (day + 3) % 7
        return day

    def clock(self) -> int:
        """Return the microseconds of the day."""
        fields = self.fields
        half = 12 * fields.get("a", 0)
        hour = fields.get("H", 0)
        if "k" in fields:
            hour = fields["k"] % 24
        elif "h" in fields:
            hour = fields["h"] % 12 + half
        elif "K" in fields:
            hour = fields["K"] + half
        elif "a" in fields and "H" not in fields:
            hour = half
        seconds = hour * 3600 + fields.get("m", 0) * 60 + fields.get("s", 0)
        return seconds * 1_000_000 + fields.get("S", 0) * 1000


def read(text: str, items: tuple[Item, ...]) -> Read:
    """Read a text by the items of a pattern."""
    cursor = _Cursor(text)
    for item, after in pairwise((*items, "")):
        if isinstance(item, str):
            cursor.literal(item)
        else:
            next_numeric = not isinstance(after, str) and _is_number(*after)
            cursor.item(item[0], item[1], next_numeric)
    if cursor.at < len(text):
        raise _malformed(text, cursor.at)
    try:
        cursor.found.micros()
    except ValueError:
        last = f"Value {cursor.found.fields.get('d', 0)} for dayOfMonth must be in the range"
        raise bad(f'Cannot parse "{text}": {last}') from None
    return cursor.found


def _malformed(text: str, at: int) -> TrinoError:
    if at >= len(text) and text:
        return bad(f'Invalid format: "{text}" is too short')
    if at == 0:
        return bad(f'Invalid format: "{text}"')
    return bad(f'Invalid format: "{text}" is malformed at "{text[at:]}"')


def _is_number(letter: str, count: int) -> bool:
    return letter in _NUMERIC or letter[0] == "%" or (letter == "M" and count < 3)


def _in_range(text: str, letter: str, value: int) -> None:
    """Refuse a value that its field cannot have."""
    low, high = _RANGES.get(letter, (value, value))
    if not low <= value <= high:
        where = f"must be in the range [{low},{high}]"
        raise bad(f'Cannot parse "{text}": Value {value} for {_NAMED[letter]} {where}')


@dataclass(slots=True)
class _Cursor:
    """A text, how far it is read, and what was read."""

    text: str
    at: int = 0
    found: Read = field(default_factory=Read)

    def literal(self, item: str) -> None:
        """Read a text that stands in the pattern."""
        if self.text[self.at : self.at + len(item)].lower() != item.lower():
            raise _malformed(self.text, self.at)
        self.at += len(item)

    def take(self, pattern: str) -> str:
        """Read what matches."""
        match = re.compile(pattern).match(self.text, self.at)
        if match is None:
            raise _malformed(self.text, self.at)
        self.at = match.end()
        return match.group()

    def item(self, letter: str, count: int, next_numeric: bool) -> None:
        """Read a field; where digits follow at once, it has as many as its letters."""
        if letter in "EaGM" and not _is_number(letter, count):
            self.name(letter)
        elif letter in "zZ":
            self.zone(letter, count)
        elif letter in ("y", "Y", "x", "C", "%y", "%Y"):
            self.year(letter, count, next_numeric)
        else:
            width = count if next_numeric else max(count, {"S": 9, "D": 3}.get(letter, 2))
            digits = self.take(rf"\d{{1,{width}}}")
            value = int(digits[:3].ljust(3, "0")) if letter == "S" else int(digits)
            _in_range(self.text, letter, value)
            self.found.fields[letter] = value

    def year(self, letter: str, count: int, next_numeric: bool) -> None:
        """Read a year; of two digits it is one from 1970 to 2069."""
        width = count if next_numeric or letter[0] == "%" else 9
        digits = self.take(rf"[+-]?\d{{1,{width}}}")
        value = int(digits)
        if (letter == "%y" or (count == 2 and letter != "C")) and len(digits) == 2:
            value += 1900 if value >= 70 else 2000
        self.found.fields["y" if letter in ("Y", "%y", "%Y") else letter] = value

    def name(self, letter: str) -> None:
        """Read the name of a weekday, a month, a half of a day or an era."""
        names = {"E": WEEKDAYS, "M": MONTHS, "a": ("AM", "PM"), "G": ("BC", "AD")}[letter]
        rest = self.text[self.at :].lower()
        for index, name in enumerate(names):
            for form in (name, name[:3]):
                if rest.startswith(form.lower()):
                    self.found.fields["e" if letter == "E" else letter] = index + (letter in "EM")
                    self.at += len(form)
                    return
        raise _malformed(self.text, self.at)

    def zone(self, letter: str, count: int) -> None:
        """Read an offset or the name of a zone."""
        start = self.at
        is_offset = letter == "Z" and count < 3
        name = self.take(r"Z|[+-]\d\d:?(\d\d)?(:?\d\d)?" if is_offset else r"[\w/+:-]+")
        try:
            self.found.zone = instants.zone_name(name)
        except instants.ZoneError:
            raise _malformed(self.text, start) from None


_ISO_DATE = (
    r"(?P<y>[+-]?\d{1,9})"
    r"(?:-W(?P<w>\d{1,2})(?:-(?P<e>\d))?|-(?P<D>\d{3})|-(?P<M>\d{1,2})(?:-(?P<d>\d{1,2}))?)?"
)
_ISO_TIME = r"(?P<H>\d{1,2})(?::(?P<m>\d{1,2})(?::(?P<s>\d{1,2}))?)?(?:[.,](?P<S>\d{1,9})\d*)?"
_ISO_ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
_ISO = re.compile(rf"(?:{_ISO_DATE})?(?:T(?:{_ISO_TIME})?{_ISO_ZONE})?")
_ISO_DAY = re.compile(_ISO_DATE)


def read_iso(text: str) -> Read:
    """Read ISO 8601's date, time or both; what is after milliseconds is cut."""
    return _iso(text, _ISO)


def read_iso_date(text: str) -> Read:
    """Read ISO 8601's date in its three forms."""
    return _iso(text, _ISO_DAY)


def _iso(text: str, pattern: re.Pattern[str]) -> Read:
    found = pattern.fullmatch(text)
    if found is None or not text:
        part = pattern.match(text)
        raise _malformed(text, part.end() if part is not None else 0)
    groups = found.groupdict()
    zone = groups.pop("zone", None)
    fraction = groups.pop("S", None)
    out = Read({name: int(value) for name, value in groups.items() if value is not None})
    for name, value in out.fields.items():
        _in_range(text, name, value)
    if "w" in out.fields:
        out.fields["x"] = out.fields.pop("y")
    out.zone = instants.zone_name(zone) if zone else None
    out.fields["S"] = _fraction(out.fields, fraction)
    try:
        out.micros()
    except ValueError:
        raise bad(f'Cannot parse "{text}": no such day') from None
    return out


def _fraction(fields: dict[str, int], digits: str | None) -> int:
    """Return the milliseconds of a fraction of the smallest part that was given."""
    if digits is None:
        return 0
    unit = 1000 if "s" in fields else 60_000 if "m" in fields else 3_600_000
    return int(digits.ljust(9, "0")[:9]) * unit // 10**9
