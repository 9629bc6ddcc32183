"""Colours of a terminal (https://trino.io/docs/current/functions/color.html).

A colour is 0xRRGGBB, or -1 - n for colour n of the terminal's own eight.
"""

from __future__ import annotations

import colorsys
import math
import re

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_OWN = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SHORT = re.compile(r"#[0-9a-fA-F]{3}")
_RESET = "\x1b[0m"
_LOW, _HIGH = 0xFF0000, 0x00FF00


def _invalid(message: str) -> TrinoError:
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@function
def named(text: str) -> int:
    """Read a colour: `red`, `#f80`."""
    if text in _OWN:
        return -1 - _OWN.index(text)
    if _SHORT.fullmatch(text) is None:
        raise _invalid(f"Invalid color: '{text}'")
    red, green, blue = (int(digit, 16) * 17 for digit in text[1:])
    return red << 16 | green << 8 | blue


@function
def name(color: int) -> str:
    """Write a colour as Trino shows it."""
    return _OWN[-1 - color] if color < 0 else f"#{color:06x}"


@function
def rgb(red: int, green: int, blue: int) -> int:
    """Return the colour of three parts."""
    for part, what in ((red, "red"), (green, "green"), (blue, "blue")):
        if not 0 <= part <= 255:
            raise _invalid(f"{what} must be between 0 and 255")
    return red << 16 | green << 8 | blue


@function
def between(fraction: float, low: int, high: int) -> int:
    """Return the colour at a fraction of the way from one to another, by hue."""
    for color, what in ((low, "lowColor"), (high, "highColor")):
        if color < 0:
            raise _invalid(f"{what} not a valid RGB color")
    return _between(fraction, low, high)


@function
def scaled(value: float, least: float, most: float, low: int, high: int) -> int:
    """Return the colour of a value between two others."""
    return between((value - least) / (most - least), low, high)


def _between(fraction: float, low: int, high: int) -> int:
    share = min(1.0, max(0.0, fraction))
    one, other = (_hsv(color) for color in (low, high))
    mixed = (start + share * (end - start) for start, end in zip(one, other, strict=True))
    red, green, blue = (int(part * 255 + 0.5) for part in colorsys.hsv_to_rgb(*mixed))
    return red << 16 | green << 8 | blue


def _hsv(color: int) -> tuple[float, float, float]:
    return colorsys.rgb_to_hsv((color >> 16) / 255, (color >> 8 & 255) / 255, (color & 255) / 255)


@function
def render(text: str, color: int) -> str:
    """Write a text in a colour."""
    return f"{_ansi(color)}{text}{_RESET}"


@function
def render_boolean(value: bool) -> str:
    """Write a green mark for true, a red one for false."""
    return f"{_ansi(-3)}✓{_RESET}" if value else f"{_ansi(-2)}✗{_RESET}"


@function
def bar(share: float, width: int) -> str:
    """Draw a bar from red to green."""
    return _bar(share, width, _LOW, _HIGH)


@function
def colored_bar(share: float, width: int, low: int, high: int) -> str:
    """Draw a bar from one colour to another."""
    return _bar(share, width, low, high)


_WIDTH_MAX = 1_000_000
"""Blocks of a bar: where there is no bound, Trino's memory ends."""


def _bar(share: float, width: int, low: int, high: int) -> str:
    if width > _WIDTH_MAX:
        message = f"bar of {width} blocks is longer than {_WIDTH_MAX}"
        raise TrinoError("GENERIC_INTERNAL_ERROR", message)
    if width == 1:
        low = high = 0  # as on Trino: a single block lies nowhere between the colours
    length = 0 if math.isnan(share) else min(width, int(max(0.0, min(share, 1e9)) * width))
    steps = "".join(
        f"{_ansi(_between(at / max(width - 1, 1), low, high))}█" for at in range(length)
    )
    return f"{steps}{_RESET}{' ' * (width - length)}"


def _ansi(color: int) -> str:
    """Return the terminal's code of the nearest of its 256 colours."""
    if color < 0:
        return f"\x1b[38;5;{-1 - color}m"
    red, green, blue = (part * 6 // 256 for part in (color >> 16, color >> 8 & 255, color & 255))
    return f"\x1b[38;5;{16 + red * 36 + green * 6 + blue}m"
