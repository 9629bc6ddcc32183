"""DuckDB's spelling of a type, read into a tree: what a file has, beside what the table wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[\w ]+|\[\d*\]|[(),]')


@dataclass(frozen=True, slots=True)
class Stored:
    """A type as a file has it: `STRUCT` with names, `LIST`, `MAP`, or a plain name.

    The name of a decimal keeps its numbers: `DECIMAL(9,2)`.
    """

    name: str
    inner: tuple[Stored, ...] = ()
    fields: tuple[str, ...] = ()


def parse(text: str) -> Stored:
    """Read a type, for example `STRUCT(a INTEGER, "b c" VARCHAR[])[]`."""
    found, _ = _read(_TOKEN.findall(text), 0)
    return found


def _read(tokens: list[str], at: int) -> tuple[Stored, int]:
    name = tokens[at].strip()
    at += 1
    found = Stored(name)
    if at < len(tokens) and tokens[at] == "(":
        if name == "STRUCT":
            found, at = _struct(tokens, at + 1)
        elif name == "MAP":
            key, at = _read(tokens, at + 1)
            held, at = _read(tokens, at + 1)
            found, at = Stored("MAP", (key, held)), at + 1
        else:
            end = tokens.index(")", at)
            found, at = Stored(name + "".join(tokens[at : end + 1]).replace(" ", "")), end + 1
    while at < len(tokens) and tokens[at].startswith("["):
        found, at = Stored("LIST", (found,)), at + 1
    return found, at


def _struct(tokens: list[str], at: int) -> tuple[Stored, int]:
    names: list[str] = []
    inner: list[Stored] = []
    while tokens[at] != ")":
        token = tokens[at]
        if token.strip().startswith('"') or not token.strip():
            at += not token.strip()
            names.append(tokens[at][1:-1].replace('""', '"'))
            at += 1
        else:
            name, _, rest = token.strip().partition(" ")
            names.append(name)
            tokens[at] = rest
        kind, at = _read(tokens, at)
        inner.append(kind)
        if tokens[at] == ",":
            at += 1
    return Stored("STRUCT", tuple(inner), tuple(names)), at + 1
