"""JSON as Trino writes it: canonical text of parsed values, numbers as Java shows them.

Numbers of a text keep their spelling (`Number`) until something asks for their value; the members
of an object are a list of pairs, since a text may name one twice.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from json import decoder
from typing import Any, NoReturn


class Number(str):
    """A number as the text spells it."""

    __slots__ = ()

    def is_whole(self) -> bool:
        """Tell whether it is spelled without a point and an exponent."""
        return not (set(self) & set(".eE"))


class Members(list[tuple[str, Any]]):
    """The members of an object in the order of the text."""

    __slots__ = ()


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=Members,
    parse_float=Number,
    parse_int=Number,
    parse_constant=_no_constant,
)
BLANKS = " \t\r\n"


def elements(value: Any) -> list[Any]:
    """Return what is known to be a list."""
    return value


def members(value: Any) -> dict[str, Any]:
    """Return what is known to be an object."""
    return value


def after_blanks(text: str, at: int) -> int:
    """Return the place of the next character that is no blank."""
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at


def value_at(text: str, at: int) -> tuple[Any, int]:
    """Read the value at a place; ValueError if there is none. Return it and where it ends."""
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def string_at(text: str, at: int) -> tuple[str, int]:
    """Read the string whose opening quote is at a place."""
    read: Any = getattr(decoder, "scanstring")  # noqa: B009 - unknown to type checkers
    found: tuple[str, int] = read(text, at + 1, True)
    return found


def parsed(text: str) -> Any:
    """Read a whole text; ValueError if it is no JSON."""
    found, end = value_at(text, after_blanks(text, 0))
    if after_blanks(text, end) < len(text):
        raise ValueError("more text after the value")
    return found


def java_double(value: float) -> str:
    """Write a double as Java does: `1.0E20`."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    # Java shows two digits at least, the nearest ones: of the least doubles they differ.
    return _java_digits(f"{value:.1e}" if 0 < abs(value) < _TINY else repr(value), value)


_TINY = 1e-322


def java_real(value: float) -> str:
    """Write a real as Java does."""
    import numpy

    if not math.isfinite(value):
        return java_double(value)
    return _java_digits(str(numpy.float32(value)), value)


def _java_digits(shown: str, value: float) -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = format(Decimal(shown), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(shown).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    power = exponent + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def scientific(value: float) -> str:
    """Write a double as CAST to varchar does: `1.5E0`."""
    shown = java_double(value)
    if "E" in shown or shown[-1] in "yN":
        return shown
    plain = Decimal(shown)
    digits = "".join(map(str, plain.normalize().as_tuple().digits))
    sign = "-" if shown.startswith("-") else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{plain.adjusted() if plain else 0}"


def quoted(text: str) -> str:
    """Write a string; what is beyond the basic plane is two escapes."""
    shown = json.dumps(text, ensure_ascii=False)
    if shown.isascii() and "\\u" not in shown:
        return shown
    out: list[str] = []
    for character in shown:
        code = ord(character)
        if code > 0xFFFF:
            code -= 0x10000
            out.append(f"\\u{0xD800 + (code >> 10):04X}\\u{0xDC00 + (code & 0x3FF):04X}")
        else:
            out.append(character)
    return "".join(out)


def number_text(number: Number) -> str:
    """Write a parsed number: whole ones as digits, others as doubles."""
    if number.is_whole():
        return str(int(number)) if len(number) < 4000 else str(number)
    found = java_double(float(number))
    return found if found[-1] != "y" else f'"{found}"'


def written(value: Any) -> str:
    """Write a value with sorted members and canonical numbers, as JSON_PARSE does."""
    if isinstance(value, Number):
        return number_text(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Members):
        members = sorted(dict(value).items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return "{" + ",".join(f"{quoted(name)}:{written(one)}" for name, one in members) + "}"
    return "[" + ",".join(map(written, value)) + "]"


def copied(value: Any) -> str:
    """Write a value as its text had it, without blanks."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Members):
        return "{" + ",".join(f"{quoted(name)}:{copied(one)}" for name, one in value) + "}"
    return "[" + ",".join(map(copied, value)) + "]"
