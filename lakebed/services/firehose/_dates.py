"""Java's DateTimeFormatter patterns, as prefixes of Firehose have them, written for a time.

In English, with weeks that begin on Sunday; compared with Java's own.
https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RESERVED = "{}#"
Item = tuple[str, int]
"""A letter and how often it stands; or text, with 0."""


ZONE_NAME: Item = ("z", 4)
"""The whole name of a zone, which is not built: Python does not know it."""


class PatternError(ValueError):
    """A pattern that is none of Java's."""


@lru_cache(maxsize=256)
def items(pattern: str) -> tuple[Item, ...]:
    """Read a pattern; optional sections (`[…]`) are always written, as a whole time has all."""
    found: list[Item] = []
    at = depth = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "'":
            text, at = _quoted(pattern, at)
            found.append((text, 0))
            continue
        count = _run(pattern, at)
        if letter.isascii() and letter.isalpha():
            if not _fits(letter, count):
                raise PatternError(f"Unknown or too long pattern: {letter * count}")
            found.append((letter, count))
        elif letter in "[]":
            count = 1
            depth += 1 if letter == "[" else -1
            if depth < 0:
                raise PatternError("Pattern invalid as it contains ] without previous [")
        elif letter in _RESERVED:
            raise PatternError(f"Pattern includes reserved character: '{letter}'")
        else:
            found.append((letter * count, 0))
        at += count
    return tuple(found)


def _run(pattern: str, at: int) -> int:
    end = at
    while end < len(pattern) and pattern[end] == pattern[at]:
        end += 1
    return end - at


def _quoted(pattern: str, at: int) -> tuple[str, int]:
    """Return the text between quotes and where it ends; two quotes are one."""
    if pattern.startswith("''", at):
        return "'", at + 2
    text = ""
    at += 1
    while True:
        end = pattern.find("'", at)
        if end < 0:
            raise PatternError(f"Pattern ends with an incomplete string literal: {pattern}")
        text += pattern[at:end]
        if not pattern.startswith("''", end):
            return text, end + 1
        text += "'"
        at = end + 2


_LONGEST = {
    "G": 5, "y": 19, "u": 19, "Y": 19, "D": 3, "M": 5, "L": 5, "d": 2, "Q": 5, "q": 5, "w": 2,
    "W": 1, "E": 5, "e": 5, "c": 5, "F": 1, "a": 1, "h": 2, "K": 2, "k": 2, "H": 2, "m": 2, "s": 2,
    "S": 9, "A": 19, "n": 19, "N": 19, "z": 4, "O": 4, "X": 5, "x": 5, "Z": 5,
}  # fmt: skip


def _fits(letter: str, count: int) -> bool:
    if letter == "V":
        return count == 2
    if letter == "O":
        return count in (1, 4)
    if letter == "c":
        return count != 2
    return count <= _LONGEST.get(letter, 0)


def written(pattern: str, moment: datetime) -> str:
    """Write a time, which has a zone, by a pattern."""
    return "".join(
        text if not count else _WRITERS[text](moment, text, count) for text, count in items(pattern)
    )


def _era(moment: datetime, letter: str, count: int) -> str:
    return {4: "Anno Domini", 5: "A"}.get(count, "AD")


def _year(moment: datetime, letter: str, count: int) -> str:
    year = _week(moment)[0] if letter == "Y" else moment.year
    return f"{year % 100:02}" if count == 2 else f"{year:0{count}}"


def _week(moment: datetime) -> tuple[int, int]:
    """Return year and week as the root locale counts: weeks begin on Sunday, the first has a day.

    https://docs.oracle.com/javase/8/docs/api/java/time/temporal/WeekFields.html#SUNDAY_START
    """
    day = moment.date()
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    year = (sunday + timedelta(days=6)).year
    first = moment.replace(year=year, month=1, day=1).date()
    start = first - timedelta(days=(first.weekday() + 1) % 7)
    return year, (day - start).days // 7 + 1


def _named(
    number: Callable[[datetime], int], names: tuple[str, ...]
) -> Callable[[datetime, str, int], str]:
    def write(moment: datetime, letter: str, count: int) -> str:
        at = number(moment)
        if count <= 2:
            return f"{at:0{count}}"
        name = names[at - 1]
        return {3: name[:3], 4: name}.get(count, name[:1])

    return write


def _quarter(moment: datetime, letter: str, count: int) -> str:
    at = (moment.month + 2) // 3
    names = {3: f"Q{at}", 4: f"{('1st', '2nd', '3rd', '4th')[at - 1]} quarter"}
    return f"{at:0{count}}" if count <= 2 else names.get(count, str(at))


def _weekday(moment: datetime, letter: str, count: int) -> str:
    name = WEEKDAYS[moment.weekday()]
    if letter in "ec" and count <= 2:
        return f"{(moment.weekday() + 1) % 7 + 1:0{count}}"
    return {4: name, 5: name[:1]}.get(count, name[:3])


def _fraction(moment: datetime, letter: str, count: int) -> str:
    return f"{moment.microsecond * 1000:09}"[:count]


def _number(of: Callable[[datetime], int]) -> Callable[[datetime, str, int], str]:
    return lambda moment, letter, count: f"{of(moment):0{count}}"


def _second_of_day(moment: datetime) -> int:
    return (moment.hour * 60 + moment.minute) * 60 + moment.second


def _offset(moment: datetime, letter: str, count: int) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if not seconds and (letter == "X" or (letter == "Z" and count == 5)):
        return "Z"
    if letter == "O" or (letter == "Z" and count == 4):
        return _localized(seconds, is_full=count == 4)
    sign, (hours, rest) = "-" if seconds < 0 else "+", divmod(abs(seconds), 3600)
    minutes = rest // 60
    if letter == "Z":
        return f"{sign}{hours:02}{':' if count == 5 else ''}{minutes:02}"
    if count == 1:
        return f"{sign}{hours:02}" + (f"{minutes:02}" if minutes else "")
    return f"{sign}{hours:02}{':' if count in (3, 5) else ''}{minutes:02}"


def _localized(seconds: int, *, is_full: bool) -> str:
    if not seconds:
        return "GMT"
    sign, (hours, rest) = "-" if seconds < 0 else "+", divmod(abs(seconds), 3600)
    if is_full:
        return f"GMT{sign}{hours:02}:{rest // 60:02}"
    return f"GMT{sign}{hours}" + (f":{rest // 60:02}" if rest else "")


def _zone(moment: datetime, letter: str, count: int) -> str:
    name = str(moment.tzinfo)
    return name if letter == "V" else (moment.tzname() or name)


_WRITERS: dict[str, Callable[[datetime, str, int], str]] = {
    "G": _era,
    "y": _year,
    "u": _year,
    "Y": _year,
    "D": _number(lambda moment: moment.timetuple().tm_yday),
    "M": _named(lambda moment: moment.month, MONTHS),
    "L": _named(lambda moment: moment.month, MONTHS),
    "d": _number(lambda moment: moment.day),
    "Q": _quarter,
    "q": _quarter,
    "w": _number(lambda moment: _week(moment)[1]),
    "W": _number(lambda moment: (moment.day + moment.replace(day=1).isoweekday() % 7 - 1) // 7 + 1),
    "E": _weekday,
    "e": _weekday,
    "c": _weekday,
    "F": _number(lambda moment: (moment.day - 1) % 7 + 1),
    "a": lambda moment, letter, count: "AM" if moment.hour < 12 else "PM",
    "h": _number(lambda moment: (moment.hour + 11) % 12 + 1),
    "K": _number(lambda moment: moment.hour % 12),
    "k": _number(lambda moment: moment.hour or 24),
    "H": _number(lambda moment: moment.hour),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": _fraction,
    "A": _number(lambda moment: _second_of_day(moment) * 1000 + moment.microsecond // 1000),
    "n": _number(lambda moment: moment.microsecond * 1000),
    "N": _number(lambda moment: (_second_of_day(moment) * 10**6 + moment.microsecond) * 1000),
    "z": _zone,
    "V": _zone,
    "O": _offset,
    "X": _offset,
    "x": _offset,
    "Z": _offset,
}
