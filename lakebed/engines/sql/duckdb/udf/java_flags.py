"""What the flags, the width and the precision of a conversion of Java's Formatter may be.

https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Formatter.html#detail
"""

from __future__ import annotations

import re

_PARTS = re.compile(r"%(?:\d+\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([tT]?)([a-zA-Z%])")
_ORDER = "-#+ 0,(<"
_SIGNS = "+ 0,("
_REFUSED = {
    "b": _SIGNS, "h": _SIGNS, "s": "#" + _SIGNS, "c": "#" + _SIGNS, "d": "#", "o": ",(+ ",
    "x": ",(+ ", "f": "", "e": ",", "g": "#", "a": "(,",
}  # fmt: skip
_NUMBERS = "doxefga"


class FormatError(Exception):
    """The format does not fit the values."""


def check(text: str) -> None:
    """Refuse a conversion (`%-5d`) with flags, a width or a precision that it cannot have."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return
    flags, width, precision, dated, letter = found.groups()
    repeated = [flag for at, flag in enumerate(flags) if flag in flags[:at]]
    if repeated:
        raise FormatError(f"DuplicateFormatFlags: Flags = '{repeated[0]}'")
    ordered = "".join(flag for flag in _ORDER if flag in flags)
    if dated:
        _check_moment(text, letter, ordered, width, precision)
    elif letter in "n%":
        _check_sign(text, letter, ordered, width, precision)
    elif letter.lower() in _NUMBERS:
        _check_number(text, letter, ordered, width, precision)
    else:
        _check_general(text, letter, ordered, width, precision)


def _refuse(letter: str, flags: str, refused: str) -> None:
    for flag in refused:
        if flag in flags:
            shown = letter if letter == "Y" or not letter.isupper() else letter.lower()
            message = f"FormatFlagsConversionMismatch: Conversion = {shown}, Flags = {flag}"
            raise FormatError(message)


def _need_width(text: str, flags: str, width: str | None, which: str) -> None:
    if width is None and set(flags) & set(which):
        raise FormatError(f"MissingFormatWidth: {text}")


def _check_moment(
    text: str, letter: str, flags: str, width: str | None, precision: str | None
) -> None:
    if precision is not None:
        raise FormatError(f"IllegalFormatPrecision: {precision}")
    for flag in "#" + _SIGNS:
        if flag in flags:
            raise FormatError(
                f"FormatFlagsConversionMismatch: Conversion = {letter}, Flags = {flag}"
            )
    _need_width(text, flags, width, "-")


def _check_sign(
    text: str, letter: str, flags: str, width: str | None, precision: str | None
) -> None:
    """Check `%n` and `%%`."""
    if precision is not None:
        raise FormatError(f"IllegalFormatPrecision: {precision}")
    if letter == "n" and width is not None:
        raise FormatError(f"IllegalFormatWidth: {width}")
    if flags and (letter == "n" or flags != "-"):
        raise FormatError(f"IllegalFormatFlags: Flags = '{flags}'")
    _need_width(text, flags, width, "-")


def _check_number(
    text: str, letter: str, flags: str, width: str | None, precision: str | None
) -> None:
    _need_width(text, flags, width, "-0")
    if {"+", " "} <= set(flags) or {"-", "0"} <= set(flags):
        raise FormatError(f"IllegalFormatFlags: Flags = '{flags}'")
    if precision is not None and letter.lower() in "dox":
        raise FormatError(f"IllegalFormatPrecision: {precision}")
    _refuse(letter, flags, _REFUSED[letter.lower()])


def _check_general(
    text: str, letter: str, flags: str, width: str | None, precision: str | None
) -> None:
    kind = letter.lower()
    if kind == "c" and precision is not None:
        raise FormatError(f"IllegalFormatPrecision: {precision}")
    _need_width(text, flags, width, "-")
    _refuse(letter, flags, _REFUSED.get(kind, ""))
