"""The macros that lowered text may call: only those a statement names are made for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"\blb_[a-z0-9_]+|\bcurrent_timestamp_utc\b")
_DEFINITION = re.compile(r"CREATE OR REPLACE MACRO (\w+)")


@cache
def definitions() -> dict[str, str]:
    """Return the definitions in `macros_sql/` by name, each after what it uses."""
    found: dict[str, str] = {}
    for file in sorted(files("lakebed.dialect").joinpath("macros_sql").iterdir(), key=str):
        for line in file.read_text("utf-8").splitlines():
            match = _DEFINITION.match(line)
            if match is not None:
                found[match.group(1)] = line
    raising = _raising(found)
    for name in raising:
        found[name + _NULL] = _without_errors(found[name], raising)
    return _ordered(found)


_NULL = "__null"
_ERRORS = re.compile(r"\blb_raise\(|\berror\(")


def _raising(found: dict[str, str]) -> frozenset[str]:
    """Return the macros that may raise, themselves or by those they call."""
    raising: set[str] = set()
    before = -1
    while before != len(raising):
        before = len(raising)
        for name, line in found.items():
            body = line.partition(" AS ")[2]
            if _ERRORS.search(body) or raising.intersection(_NAME.findall(body)):
                raising.add(name)
    return frozenset(raising - {"lb_raise"})


def _without_errors(line: str, raising: frozenset[str]) -> str:
    def null(match: re.Match[str]) -> str:
        name = match.group(0)
        return name + _NULL if name in raising else name

    line = _NAME.sub(null, line)
    return line.replace("lb_raise(", "lb_null(").replace("error(", "lb_nothing(")


@cache
def _all_raising() -> frozenset[str]:
    return frozenset(name.removesuffix(_NULL) for name in definitions() if name.endswith(_NULL))


@cache
def raising() -> frozenset[str]:
    """Return the names of the macros that may raise an error."""
    return _all_raising() | {"lb_raise"}


def without_errors(text: str) -> str:
    """Return text whose macros make NULL of an error.

    DuckDB's TRY refuses what has `error()` inside, so there the macros must not raise.
    """
    return _without_errors(text, _all_raising()) if "lb_" in text else text


def _ordered(found: dict[str, str]) -> dict[str, str]:
    """Put every definition after those it uses."""
    out: dict[str, str] = {}

    def place(name: str) -> None:
        if name not in out:
            for used in _NAME.findall(found[name]):
                if used in found and used != name:
                    place(used)
            out[name] = found[name]

    for name in found:
        place(name)
    return out


COMMON = ("lb_approximate_text",)
"""What results of many queries call: a database that waits for one has them already."""


@cache
def common() -> str:
    """Return the statements that define the common macros and those they call."""
    return _closed(COMMON, frozenset())


@cache
def _made() -> frozenset[str]:
    return frozenset(_DEFINITION.findall(common()))


def needed(text: str) -> str:
    """Return the statements that define every macro `text` calls, but for the common ones."""
    return _closed(_NAME.findall(text), _made())


def _closed(names: Iterable[str], made: frozenset[str]) -> str:
    """Return the definitions of macros and of all they call, but for those that are made."""
    known = definitions()
    wanted: set[str] = set()
    rest = [name for name in set(names) if name in known]
    while rest:
        name = rest.pop()
        if name not in wanted and name not in made:
            wanted.add(name)
            rest += [used for used in _NAME.findall(known[name]) if used in known]
    return "\n".join(line for name, line in known.items() if name in wanted)
