"""The options of Redshift's COPY, as far as a load into PostgreSQL does what they say.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s';]+)|(;))")
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_OCTAL = re.compile(r"\\([0-7]{1,3})")


class OptionError(ValueError):
    """An option that is not built, or is none; the message names it."""


class CopyOptions(msgspec.Struct, frozen=True):
    """How a file is read: fields behind a delimiter, CSV (`quote` is not empty), or JSON.

    `time_format` and `date_format` are Redshift's; `auto` leaves the text to the database.
    """

    json: str = ""
    delimiter: str = "|"
    quote: str = ""
    is_gzip: bool = False
    has_escapes: bool = False
    removes_quotes: bool = False
    null: str = "\\N"
    empty_as_null: bool = False
    blanks_as_null: bool = False
    header_lines: int = 0
    fills_records: bool = False
    ignores_blank_lines: bool = False
    trims_blanks: bool = False
    truncates: bool = False
    time_format: str = "auto"
    date_format: str = "auto"
    replacement: str = ""


class _Words:
    """The words of the text, each with whether it was quoted."""

    def __init__(self, text: str) -> None:
        self._words = list(_words(text))
        self._at = 0

    def next(self) -> str:
        """Return the next word in lower case; empty at the end."""
        word, is_quoted = self.peek()
        if is_quoted:
            raise OptionError(f"COPY option '{word}' stands where a word was expected.")
        self._at += 1
        return word.lower()

    def peek(self) -> tuple[str, bool]:
        """Return the next word and whether it was quoted."""
        return self._words[self._at] if self._at < len(self._words) else ("", False)

    def is_next(self, *words: str) -> bool:
        """Pass one of some words if it is next."""
        word, is_quoted = self.peek()
        found = not is_quoted and word.lower() in words
        self._at += found
        return found

    def value(self, name: str) -> str:
        """Return the value of an option, quoted or not, behind AS or not."""
        self.is_next("as")
        word, is_quoted = self.peek()
        if not word and not is_quoted:
            raise OptionError(f"The COPY option {name} has no value.")
        self._at += 1
        return word


def _words(text: str) -> Iterator[tuple[str, bool]]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise OptionError(f"The COPY options end inside of a text: {text[at:].strip()}")
        at = match.end()
        if match[1] is not None:
            yield match[1].replace("''", "'"), True
        elif match[2] is not None:
            yield match[2], False


def parse(text: str) -> CopyOptions:
    """Read the options; OptionError for what is not built."""
    words, found = _Words(text), dict[str, Any]()
    while name := words.next():
        name = words.next() if name == "format" and not words.is_next("as") else name
        name = words.next() if name == "format" else name
        if name in _FLAGS:
            found |= _FLAGS[name]
        elif name in _VALUES:
            found |= _VALUES[name](words)
        elif name in _WITHOUT_EFFECT:
            if _WITHOUT_EFFECT[name]:
                words.is_next("on", "off", "true", "false", "preset")
        else:
            raise OptionError(f"The COPY option {name.upper()} is not built in lakebed.")
    return CopyOptions(**found)


def _character(name: str, text: str) -> str:
    text = _OCTAL.sub(lambda match: chr(int(match[1], 8)), _ESCAPES.get(text, text))
    if len(text) != 1:
        raise OptionError(f"The COPY option {name} must be a single character.")
    return text


def _json(words: _Words) -> dict[str, Any]:
    kind = words.value("JSON").lower()
    if kind not in ("auto", "auto ignorecase"):
        raise OptionError(f"The COPY option JSON '{kind}' is not built in lakebed.")
    return {"json": kind}


def _csv(words: _Words) -> dict[str, Any]:
    quote = _character("QUOTE", words.value("QUOTE")) if words.is_next("quote") else '"'
    return {"quote": quote, "delimiter": ","}


def _delimiter(words: _Words) -> dict[str, Any]:
    return {"delimiter": _character("DELIMITER", words.value("DELIMITER"))}


def _header(words: _Words) -> dict[str, Any]:
    text = words.value("IGNOREHEADER")
    if not text.isdigit():
        raise OptionError("The COPY option IGNOREHEADER must be a number.")
    return {"header_lines": int(text)}


def _max_error(words: _Words) -> dict[str, Any]:
    if words.value("MAXERROR") != "0":
        raise OptionError("The COPY option MAXERROR above 0 is not built in lakebed.")
    return {}


def _encoding(words: _Words) -> dict[str, Any]:
    kind = words.value("ENCODING")
    if kind.lower() != "utf8":
        raise OptionError(f"The COPY option ENCODING {kind} is not built in lakebed.")
    return {}


def _region(words: _Words) -> dict[str, Any]:
    words.value("REGION")
    return {}


def _time(words: _Words) -> dict[str, Any]:
    return {"time_format": _checked(words.value("TIMEFORMAT"))}


def _date(words: _Words) -> dict[str, Any]:
    return {"date_format": _checked(words.value("DATEFORMAT"))}


def _replacement(words: _Words) -> dict[str, Any]:
    word, is_quoted = words.peek()
    is_given = is_quoted or word.lower() == "as"
    return {"replacement": _character("ACCEPTINVCHARS", words.value("") if is_given else "?")}


_FLAGS: dict[str, dict[str, Any]] = {
    "gzip": {"is_gzip": True},
    "escape": {"has_escapes": True},
    "removequotes": {"removes_quotes": True},
    "emptyasnull": {"empty_as_null": True},
    "blanksasnull": {"blanks_as_null": True},
    "fillrecord": {"fills_records": True},
    "ignoreblanklines": {"ignores_blank_lines": True},
    "trimblanks": {"trims_blanks": True},
    "truncatecolumns": {"truncates": True},
}
_VALUES: dict[str, Callable[[_Words], dict[str, Any]]] = {
    "json": _json,
    "csv": _csv,
    "delimiter": _delimiter,
    "null": lambda words: {"null": words.value("NULL")},
    "ignoreheader": _header,
    "maxerror": _max_error,
    "encoding": _encoding,
    "region": _region,
    "timeformat": _time,
    "dateformat": _date,
    "acceptinvchars": _replacement,
}
_WITHOUT_EFFECT = {"statupdate": True, "compupdate": True, "explicit_ids": False}
"""About Redshift's statistics and encodings, of which PostgreSQL has none."""

EPOCHS = {"epochsecs": 1, "epochmillisecs": 1000}
_PIECES = (
    ("YYYY", "%Y"), ("YY", "%y"), ("MONTH", "%B"), ("MON", "%b"), ("MM", "%m"), ("DD", "%d"),
    ("HH24", "%H"), ("HH12", "%I"), ("HH", "%H"), ("MI", "%M"), ("SS", "%S"), ("US", "%f"),
    ("MS", "%f"), ("AM", "%p"), ("PM", "%p"), ("OF", "%z"), ("TZ", "%Z"),
)  # fmt: skip


def _checked(text: str) -> str:
    if text.lower() in (*EPOCHS, "auto"):
        return text.lower()
    python_format(text)
    return text


def python_format(text: str) -> str:
    """Return Redshift's pattern of times as Python's; OptionError for letters it does not have.

    https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html
    """
    found, at = "", 0
    while at < len(text):
        for piece, code in _PIECES:
            if text[at : at + len(piece)].upper() == piece:
                found, at = found + code, at + len(piece)
                break
        else:
            if text[at].isalpha() and text[at] != "T":
                raise OptionError(f"The time format '{text}' is not built in lakebed.")
            found, at = found + text[at].replace("%", "%%"), at + 1
    return found
