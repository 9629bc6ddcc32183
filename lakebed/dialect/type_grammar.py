"""The grammar of types, of typed literals (`DATE '…'`) and of intervals, as Trino has it.

https://trino.io/docs/current/language/types.html; sqlglot would take the names of other databases'
types (TEXT, INT4, NUMBER, …) for Trino's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlglot import expressions as exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokenizer_core import TokenType

from lakebed.dialect import words
from lakebed.dialect.ends import is_end, taken

if TYPE_CHECKING:
    _Node = exp.Expr
else:
    _Node = exp.Expression

_PARAMETERS: dict[str, tuple[int, int]] = {
    "varchar": (0, 1), "char": (0, 1), "decimal": (0, 2), "array": (1, 1), "map": (2, 2),
    "qdigest": (1, 1), "function": (1, 99),
}  # fmt: skip
FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_PRECISION = "DOUBLE PRECISION"
_LENGTH_MAX = (1 << 31) - 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_@:]*")


class TypeName(_Node):
    """A type as it is written; `unknown` if Trino has none of that name and those parameters."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "unknown": False}


class TypedLiteral(_Node):
    """A literal with the name of its type before it."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True}


def _written_type(_: Any, node: exp.Expr) -> str:
    return node.name


def _written_literal(self: Any, node: exp.Expr) -> str:
    return f"{node.name} {self.sql(node, 'expression')}"


# Nodes are written as they were, in errors and for other engines.
_WRITERS: dict[Any, Any] = cast(Any, Trino).generator_class.TRANSFORMS
_WRITERS.update({TypeName: _written_type, TypedLiteral: _written_literal})


def is_known(name: str, parameters: int) -> bool:
    """Tell whether Trino has a type of that name with so many parameters."""
    least, most = _PARAMETERS.get(name, (0, 0))
    return (name in words.TYPES or name in _PARAMETERS) and least <= parameters <= most


def read(self: Any) -> TypeName | None:
    """Read a type; None, and nothing taken, where there is none."""
    if not (_is_name(self._curr) or self._curr.text.upper() == "ARRAY"):
        return None
    start = self._curr
    text, known = _type(self)
    node = TypeName(this=text, unknown=not known)
    return node.update_positions(start)


def _is_name(token: Any) -> bool:
    if is_end(token) or token.token_type in (TokenType.STRING, TokenType.NUMBER):
        return False
    if token.token_type == TokenType.IDENTIFIER:
        return True
    word = token.text.upper()
    return word == _PRECISION or (bool(_NAME.fullmatch(word)) and word not in words.RESERVED)


def _type(self: Any) -> tuple[str, bool]:
    quoted = self._curr.token_type == TokenType.IDENTIFIER
    written = taken(self)
    name = written.lower()
    if quoted:
        text, known = _parameters(self, name, f'"{written}"')
    elif name == "row" and self._curr and self._curr.token_type == TokenType.L_PAREN:
        text, known = _row(self)
    elif name in ("time", "timestamp"):
        text, known = _clock(self, name)
    elif name == "interval":
        text, known = _span(self)
    elif written.upper() == _PRECISION:
        text, known = "double", True
    else:
        text, known = _parameters(self, name, written)
    while self._match(TokenType.ARRAY):
        text = f"array({text})"
    return text, known


def _separated(self: Any, close: TokenType) -> list[tuple[str, bool]]:
    found = [_parameter(self)]
    while self._match(TokenType.COMMA):
        found.append(_parameter(self))
    if not self._match(close):
        self.raise_error("mismatched input")
    return found


def _parameter(self: Any) -> tuple[str, bool]:
    token = self._curr
    if token is not None and token.token_type == TokenType.NUMBER:
        self._advance()
        return token.text, token.text.isdigit()
    if not _is_name(token):
        self.raise_error("mismatched input")
    return _type(self)


def _parameters(self: Any, name: str, written: str) -> tuple[str, bool]:
    """Read what follows the name of a type that has no words of its own."""
    close = TokenType.R_PAREN
    if name in ("array", "map") and self._match(TokenType.LT):
        close = TokenType.GT
    elif not self._match(TokenType.L_PAREN):
        return written, is_known(name, 0)
    found = _separated(self, close)
    text = f"{written}({', '.join(text for text, _ in found)})"
    if name in ("varchar", "char") and found[0][0].isdigit() and int(found[0][0]) > _LENGTH_MAX:
        return text, False
    counts = name not in ("varchar", "char", "decimal") or all(one.isdigit() for one, _ in found)
    return text, counts and is_known(name, len(found)) and all(known for _, known in found)


def _row(self: Any) -> tuple[str, bool]:
    self._match(TokenType.L_PAREN)
    members: list[str] = []
    known = True
    while True:
        found, one = _member(self)
        members.append(found)
        known = known and one
        if not self._match(TokenType.COMMA):
            break
    if not self._match(TokenType.R_PAREN):
        self.raise_error("mismatched input")
    return f"row({', '.join(members)})", known


def _member(self: Any) -> tuple[str, bool]:
    """Read a member of a row: a type, or a name and a type."""
    name, after = self._curr, self._next
    if not _is_name(name):
        self.raise_error("mismatched input")
    follow = {"interval": FIELDS}
    follow |= dict.fromkeys(("time", "timestamp"), ("WITH", "WITHOUT"))
    typed = not _is_name(after) or after.text.upper() in follow.get(name.text.lower(), ())
    if typed and not (after and after.token_type == TokenType.ARRAY):
        return _type(self)
    self._advance()
    text, known = _type(self)
    shown = name.text.replace('"', "")
    return (f'"{shown}" {text}' if name.token_type == TokenType.IDENTIFIER
            else f"{shown} {text}"), known  # fmt: skip


def _clock(self: Any, name: str) -> tuple[str, bool]:
    text, known = name, True
    if self._match(TokenType.L_PAREN):
        places = taken(self)
        if not self._match(TokenType.R_PAREN) or not _NAME.fullmatch(f"x{places}"):
            self.raise_error("mismatched input")
        known = places.isdigit() and int(places) <= 12
        text = f"{name}({places})"
    for word in ("WITH", "WITHOUT"):
        if self._match_text_seq(word, "TIME", "ZONE"):
            text += " with time zone" if word == "WITH" else ""
    return text, known


def _span(self: Any) -> tuple[str, bool]:
    fields = [taken(self).upper()]
    if self._match_text_seq("TO"):
        fields.append(taken(self).upper())
    if not set(fields) <= set(FIELDS):
        self.raise_error("mismatched input")
    return f"interval {' to '.join(fields).lower()}", True


def literal(self: Any) -> TypedLiteral | None:
    """Read a typed literal; None, and nothing taken, where there is none."""
    token, after = self._curr, self._next
    if after is None or not _is_name(token):
        return None
    if after.token_type != TokenType.STRING:
        return None
    self._advance()
    value = exp.Literal.string(self._curr.text)
    self._advance()
    name = "double" if token.text.upper() == _PRECISION else token.text
    return TypedLiteral(this=name, expression=value).update_positions(token)


def interval(self: Any) -> exp.Expr | None:
    """Read `INTERVAL '…' FIELD [TO FIELD]`; None, and nothing taken, where there is none."""
    token, index = self._curr, self._index
    if token is None or token.token_type != TokenType.INTERVAL:
        return None
    self._advance()
    negative = self._match(TokenType.DASH)
    if not negative:
        self._match(TokenType.PLUS)
    if self._curr is None or self._curr.token_type != TokenType.STRING:
        self._retreat(index)
        return None
    value: exp.Expr = exp.Literal.string(self._curr.text)
    self._advance()
    unit = _field(self)
    if unit is None:
        self._retreat(index)
        return None
    if self._match_text_seq("TO"):
        last = _field(self)
        if last is None:
            self.raise_error("mismatched input")
        unit = exp.IntervalSpan(this=unit, expression=last)
    node = exp.Interval(this=exp.Neg(this=value) if negative else value, unit=unit)
    return node.update_positions(token)


def _field(self: Any) -> exp.Expr | None:
    token = self._curr
    if token is None or token.text.upper() not in FIELDS:
        return None
    self._advance()
    return exp.Var(this=token.text.upper())
