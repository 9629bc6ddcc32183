"""DuckDB's spelling of a type, read into a tree: what a file has, beside what the table wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[\w ]+|\[\d*\]|[(),]')

_PIECE = re.compile(r'"(?:[^"]|"")*"|[^"(),]+|[(),]')


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


def split(text: str) -> list[str]:
    """Split a list of types at the commas between them, for example `INTEGER, MAP(A, B)[]`."""
    parts: list[str] = [""]
    depth = 0
    for token in _PIECE.findall(text):
        depth += (token == "(") - (token == ")")
        if token == "," and not depth:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]


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
