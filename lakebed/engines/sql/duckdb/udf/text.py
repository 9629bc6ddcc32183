"""Trino's functions of texts (https://trino.io/docs/current/functions/string.html)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from importlib import import_module
from typing import Any, Literal, cast

from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import DECIMAL_DIGITS_MAX
from lakebed.engines.sql.duckdb.udf import function

_SOUNDEX = "01230120022455012623010202"
_DATA_SIZE = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]+)")
_DATA_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def invalid(message: str) -> TrinoError:
    """Return the error of an argument that a function does not take."""
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


@function
def split(text: str, delimiter: str, limit: int) -> list[str]:
    """Split into at most `limit` parts."""
    if limit <= 0:
        raise invalid("Limit must be positive")
    if limit >= 1 << 31:
        raise invalid("Limit is too large")
    if not delimiter:
        raise invalid("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def _pairs(text: str, between: str, inside: str, quote: str) -> list[tuple[str, str]]:
    if not between:
        raise invalid("entryDelimiter is empty")
    if not inside:
        raise invalid("keyValueDelimiter is empty")
    if between == inside:
        raise invalid("entryDelimiter and keyValueDelimiter must not be the same")
    out: list[tuple[str, str]] = []
    entries = text.split(between)
    if entries[-1] == "":
        entries.pop()
    for entry in entries:
        key, found, value = entry.partition(inside)
        if not found or inside in value:
            message = "Key-value delimiter must appear exactly once in each entry. Bad input: "
            raise invalid(f"{message}{quote}{entry}{quote}")
        out.append((key, value))
    return out


@function
def split_to_map(text: str, between: str, inside: str) -> list[tuple[str, str]]:
    """Read entries of a key and a value."""
    pairs = _pairs(text, between, inside, "'")
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise invalid(f"Duplicate keys ({key}) are not allowed")
        seen.add(key)
    return pairs


@function
def split_to_multimap(text: str, between: str, inside: str) -> list[tuple[str, list[str]]]:
    """Read entries of a key and a value; a key has the list of its values."""
    out: dict[str, list[str]] = {}
    for key, value in _pairs(text, between, inside, ""):
        out.setdefault(key, []).append(value)
    return list(out.items())


@function
def position(text: str, part: str, instance: int) -> int:
    """Return where the n-th occurrence starts (from the end if n is negative), 0 if nowhere."""
    if instance == 0:
        raise invalid("'instance' must be a positive or negative number.")
    if not part:
        return 1
    at = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        if instance > 0:
            at = text.find(part, at + 1)
        else:
            at = text.rfind(part, 0, max(0, at + len(part) - 1))
        if at < 0:
            return 0
    return at + 1


@function
def translate(text: str, characters: str, others: str) -> str:
    """Replace characters one by one; those without a counterpart go away."""
    table: dict[int, str | None] = {}
    for at, character in enumerate(characters):
        table.setdefault(ord(character), others[at] if at < len(others) else None)
    return text.translate(table)


@function
def levenshtein(one: str, other: str) -> int:
    """Return how many edits turn one text into the other."""
    if len(one) < len(other):
        one, other = other, one
    if len(one) * len(other) > 1_000_000:
        raise invalid(
            "The combined inputs for Levenshtein distance are too large. "
            "The product of the input lengths must not exceed 1000000"
        )
    row = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        before, row[0] = row[0], at
        for index, right in enumerate(other, 1):
            cost = before if left == right else 1 + min(before, row[index], row[index - 1])
            before, row[index] = row[index], cost
    return row[-1]


@function
def hamming(one: str, other: str) -> int:
    """Return at how many places texts of one length differ."""
    if len(one) != len(other):
        message = "The input strings to hamming_distance function must have the same length"
        raise invalid(message)
    return sum(left != right for left, right in zip(one, other, strict=True))


@function
def soundex(text: str) -> str:
    """Return the American Soundex code; H and W do not part equal codes."""
    letters = [letter for letter in text.upper() if letter.isalpha()]
    for letter in letters:
        if not "A" <= letter <= "Z":
            where = text.upper().index(letter)
            raise invalid(f"The character is not mapped: {letter} (index={ord(text[where]) - 97})")
    if not letters:
        return ""
    out, last = letters[0], _SOUNDEX[ord(letters[0]) - 65]
    for letter in letters[1:]:
        if letter in "HW":
            continue
        code = _SOUNDEX[ord(letter) - 65]
        if code not in ("0", last):
            out += code
        last = code
    return f"{out}000"[:4]


@function
def luhn_check(text: str) -> bool:
    """Tell whether the digits end with their Luhn check digit."""
    if not text:
        return False
    if not text.isascii() or not text.isdigit():
        raise invalid("Input contains non-digit character")
    total = 0
    for at, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@function
def normalize(text: str, form: str) -> str:
    """Bring a text to a Unicode normal form."""
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise invalid(
            "Normalization form must be one of [NFD, NFC, NFKD, NFKC]",
        )
    return unicodedata.normalize(cast(Literal["NFC"], form), text)


_STEMMERS = {
    "ca": "catalan", "da": "danish", "de": "german", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "hu": "hungarian", "hy": "armenian",
    "ir": "irish", "it": "italian", "lt": "lithuanian", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip


@function
def word_stem(word: str) -> str:
    """Return the stem of an English word."""
    return word_stem_in(word, "en")


@function
def word_stem_in(word: str, language: str) -> str:
    """Return the stem of a word in a language."""
    name = _STEMMERS.get(language.lower())
    if name is None:
        raise invalid(f"Unknown stemmer language: {language}")
    return _stemmer(name)(word)


@cache
def _stemmer(name: str) -> Callable[[str], str]:
    library: Any = import_module("snowballstemmer")
    return library.stemmer(name).stemWord


@function
def parse_data_size(text: str) -> Decimal:
    """Return the bytes of `2.3MB`."""
    found = _DATA_SIZE.fullmatch(text)
    if found is None or found.group(2) not in _DATA_UNITS:
        raise invalid(f"Invalid data size: '{text}'")
    exact = Context(prec=200)
    unit = Decimal(1024 ** _DATA_UNITS.index(found.group(2)))
    size = exact.multiply(Decimal(found.group(1)), unit)
    size = size.quantize(Decimal(1), rounding="ROUND_DOWN", context=exact)
    if size >= 10**DECIMAL_DIGITS_MAX:
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", f"Value out of range: '{text}' ('{size}B')")
    return size


@function
def format_integer(number: int) -> str:
    """Return a number short with its unit: `12.3B`."""
    return _short(float(number))


@function
def format_double(number: float) -> str:
    """Return a number short with its unit: `12.3B`."""
    if number != number:
        return "0"
    if abs(number) >= 2.0**63:
        number = math.copysign(2.0**63, number)  # as a Java long holds it
    return _short(number)


def _short(number: float) -> str:
    units = ["", "K", "M", "B", "T", "Q"]
    at = 0
    while abs(number) > 1000 and at < len(units) - 1:
        number /= 1000
        at += 1
    if at == 0:
        shown = str(int(number))
    else:
        # As Trino, which asks whether a number is small, not how far from zero.
        places = 2 if number < 10 else 1 if number < 100 else 0
        rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        shown = f"{rounded:f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return shown + units[at]
