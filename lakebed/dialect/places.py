"""Where in its text a piece of a query stands, worked out when an error is to name it.

Trino names the first token of a node, but of an operation its operator. The parser keeps the places
of names, literals and calls only, so the rest is found in the text between them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any, NamedTuple

from sqlglot import expressions as exp

TEXT = "lakebed_text"
"""Under this name the root of a query keeps its text."""
_TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/|(?P<token>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`"
    r"|[A-Za-z_]\w*|\d[\w.]*|<>|!=|<=|>=|\|\||->|.)",
    re.S,
)
_OPENING: tuple[tuple[Any, int], ...] = (
    (exp.Array, 2), (exp.Tuple, 1), (exp.Neg, 1), (exp.Not, 1), (exp.Exists, 2), (exp.Subquery, 1),
)  # fmt: skip
"""How many tokens stand before the first part of a node."""
_NAMED: tuple[tuple[Any, str], ...] = (
    (exp.Select, "select"), (exp.Case, "case"), (exp.Interval, "interval"),
    (exp.Extract, "extract"), (exp.Unnest, "unnest"), (exp.Values, "values"),
    (exp.Lateral, "lateral"), (exp.Fetch, "fetch"),
)  # fmt: skip
"""The word a node begins with."""
_WORDS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.EQ: ("=",), exp.NEQ: ("<>", "!="), exp.LT: ("<",), exp.LTE: ("<=",), exp.GT: (">",),
    exp.GTE: (">=",), exp.Add: ("+",), exp.Sub: ("-",), exp.Mul: ("*",), exp.Div: ("/",),
    exp.Mod: ("%",), exp.DPipe: ("||",), exp.NullSafeEQ: ("is",), exp.NullSafeNEQ: ("is",),
    exp.Between: ("between",), exp.In: ("in",), exp.Is: ("is",), exp.Like: ("like",),
    exp.Union: ("union",), exp.Except: ("except",), exp.Intersect: ("intersect",),
    exp.AtTimeZone: ("at",), exp.And: ("and",), exp.Or: ("or",),
}  # fmt: skip
_BY_LEAST = (exp.Anonymous, exp.Column, exp.Table, exp.CTE, exp.Lambda)
"""Nodes whose first part need not be what they keep under `this`."""
_AT_OPERATOR = tuple(kind for kind in _WORDS if kind not in (exp.And, exp.Or))


class Token(NamedTuple):
    """A token: its text in small letters, and where it begins."""

    word: str
    start: int


def place(node: exp.Expr) -> tuple[int, int] | None:
    """Return the line and column Trino names; None if the text is not known."""
    text = node.root().meta.get(TEXT)
    if not isinstance(text, str):
        return None
    tokens = tokenised(text)
    found = _operator(node, tokens) if isinstance(node, _AT_OPERATOR) else None
    found = found if found is not None else _first(node, tokens)
    if found is None:
        return None
    return _line_of(text, tokens[found].start)


def relation(node: exp.Expr) -> tuple[int, int] | None:
    """Return the place of an entry of a FROM, its parenthesis included."""
    found = place(node)
    text = node.root().meta.get(TEXT)
    if found is None or not isinstance(text, str):
        return None
    line, column = found
    lines = text.split("\n")
    before = lines[line - 1][: column - 1].rstrip()
    return (line, len(before)) if before.endswith("(") else found


def window(node: exp.Expr, *words: str) -> tuple[int, int] | None:
    """Return the place of what an OVER (…) begins with, or of one of the words in it."""
    text = node.root().meta.get(TEXT)
    offsets = _kept(node.this) if isinstance(text, str) else []
    if not isinstance(text, str) or not offsets:
        return None
    tokens = tokenised(text)
    at = _at(tokens, max(offsets))
    for wanted in (("over",), words):
        while wanted and at < len(tokens) - 1 and tokens[at].word not in wanted:
            at += 1
    at += 0 if words else 2
    return _line_of(text, tokens[min(at, len(tokens) - 1)].start)


def _line_of(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def tokenised(text: str) -> list[Token]:
    """Return the tokens of a text, without blanks and comments."""
    return [
        Token(match.group("token").lower(), match.start("token"))
        for match in _TOKEN.finditer(text)
        if match.group("token")
    ]


def _kept(node: exp.Expr) -> list[int]:
    """Return the offsets of what the parser kept below a node."""
    return [inner.meta["start"] for inner in node.walk() if "start" in inner.meta]


def _at(tokens: list[Token], offset: int) -> int:
    return min(bisect_left(tokens, offset, key=lambda token: token.start), len(tokens) - 1)


def _first(node: exp.Expr, tokens: list[Token]) -> int | None:
    """Return the number of a node's first token."""
    while isinstance(node, exp.Alias | exp.Ordered | exp.Paren | exp.Where | exp.Having):
        node = node.this
    own = node.meta.get("start")
    if own is not None and not isinstance(node, exp.Bracket | exp.Column | exp.Binary):
        return _at(tokens, own)
    for kind, before in _OPENING:
        if isinstance(node, kind):
            inner = next(iter(node.iter_expressions()), None)
            found = _first(inner, tokens) if inner is not None else None
            return None if found is None else max(0, found - before)
    for kind, word in _NAMED:
        if isinstance(node, kind):
            return _back_to(word, node, tokens)
    left: Any = node.args.get("this")
    if isinstance(left, exp.Expr) and not isinstance(node, _BY_LEAST):
        found = _first(left, tokens)
        if found is not None:
            return found
    offsets = _kept(node)
    if not offsets:
        return None
    at = _at(tokens, min(offsets))
    return at - 1 if isinstance(node, exp.Lambda) and tokens[at - 1].word == "(" else at


def _back_to(word: str, node: exp.Expr, tokens: list[Token]) -> int | None:
    offsets = _kept(node)
    if not offsets:
        return None
    found = _at(tokens, min(offsets))
    while found > 0 and tokens[found].word != word:
        found -= 1
    return found


def _operator(node: exp.Expr, tokens: list[Token]) -> int | None:
    """Return the number of an operation's operator: it stands between its sides."""
    words = _WORDS[type(node)]
    left: Any = node.this
    offsets = _kept(left)
    start = _at(tokens, max(offsets)) + 1 if offsets else None
    if start is None:
        others = [inner for inner in node.iter_expressions() if inner is not left]
        known = [offset for inner in others for offset in _kept(inner)]
        at = _at(tokens, min(known)) if known else 0
        while at > 0 and tokens[at].word not in words:
            at -= 1
        return at if tokens[at].word in words else None
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at].word in words and depth <= 0:
            return at
        depth += (tokens[at].word in "([") - (tokens[at].word in ")]")
    return None
