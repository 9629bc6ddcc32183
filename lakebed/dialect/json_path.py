"""The SQL/JSON path language, read into a tree of tuples.

A node is a tuple: its kind, then its parts. `lax` and `strict` differ only where it is evaluated.
https://trino.io/docs/current/functions/json.html#json-path-language
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lakebed.dialect.errors import TrinoError

Node = tuple[Any, ...]
_TOKEN = re.compile(
    r"\s+|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<text>\"(?:[^\"]|\"\")*\")|(?P<variable>\$[A-Za-z_]\w*|\$\"(?:[^\"]|\"\")*\")"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>==|<>|!=|<=|>=|&&|\|\||\.\.|[$@.()\[\],?*+\-/%<>!])"
)
_METHODS = ("abs", "ceiling", "double", "floor", "keyvalue", "size", "type")
_COMPARISONS = {"==": "==", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class Path:
    """A path: its mode, its tree, the names of its parameters."""

    is_strict: bool
    root: Node
    parameters: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Reads one path by descent."""

    tokens: list[tuple[str, str]]
    at: int = 0
    parameters: list[str] = field(default_factory=list[str])

    def peek(self, ahead: int = 0) -> str:
        """Return a token's text without taking it; '' for a string, so that no sign is one."""
        kind, text = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return "" if kind == "text" else text

    def take(self) -> tuple[str, str]:
        """Take the next token."""
        found = self.tokens[self.at]
        self.at += 1
        return found

    def accept(self, *texts: str) -> str:
        """Take the next token if it is one of these; '' if not."""
        found = self.peek()
        if found in texts and self.tokens[self.at][0] != "end":
            self.at += 1
            return found
        return ""

    def expect(self, text: str) -> None:
        """Take a token that must come."""
        if not self.accept(text):
            raise self.fail(f"expecting '{text}'")

    def fail(self, what: str) -> TrinoError:
        """Return the error for what stands here."""
        token = self.tokens[self.at][1] or "<EOF>"
        return TrinoError("SYNTAX_ERROR", f"mismatched input '{token}' {what}")

    def expression(self) -> Node:
        """Read sums."""
        left = self.product()
        while sign := self.accept("+", "-"):
            left = ("binary", sign, left, self.product())
        return left

    def product(self) -> Node:
        """Read products."""
        left = self.signed()
        while sign := self.accept("*", "/", "%"):
            left = ("binary", sign, left, self.signed())
        return left

    def signed(self) -> Node:
        """Read a sign and what it stands before."""
        if sign := self.accept("+", "-"):
            return ("unary", sign, self.signed())
        return self.accessors(self.primary())

    def primary(self) -> Node:
        """Read what a path starts with."""
        kind, text = self.take()
        if kind == "number":
            return ("literal", text)
        if kind == "text":
            return ("string", text[1:-1].replace('""', '"'))
        if kind == "variable":
            name = text[1:].strip('"').replace('""', '"')
            self.parameters.append(name)
            return ("parameter", name)
        simple: dict[str, Node] = {
            "$": ("context",), "@": ("current",), "last": ("last",), "null": ("null",),
            "true": ("boolean", True), "false": ("boolean", False),
        }  # fmt: skip
        if kind != "end" and text in simple:
            return simple[text]
        if text == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        self.at -= 1
        raise self.fail("expecting an expression")

    def accessors(self, base: Node) -> Node:
        """Read what is taken of a value."""
        while True:
            if self.accept("."):
                base = self.member(base)
            elif self.accept(".."):
                base = ("descendant", base, self.key())
            elif self.accept("["):
                base = self.subscripts(base)
            elif self.accept("?"):
                self.expect("(")
                base = ("filter", base, self.disjunction())
                self.expect(")")
            else:
                return base

    def key(self) -> str:
        """Read a member's name."""
        kind, text = self.take()
        if kind == "text":
            return text[1:-1].replace('""', '"')
        if kind != "name":
            self.at -= 1
            raise self.fail("expecting a member name")
        return text

    def member(self, base: Node) -> Node:
        """Read a member, all members, or a method."""
        if self.accept("*"):
            return ("members", base)
        if self.peek() in _METHODS and self.peek(1) == "(":
            name = self.take()[1]
            self.expect("(")
            self.expect(")")
            return ("method", name, base)
        return ("member", base, self.key())

    def subscripts(self, base: Node) -> Node:
        """Read the places in brackets."""
        if self.accept("*"):
            self.expect("]")
            return ("elements", base)
        places: list[tuple[Node, Node | None]] = []
        while True:
            first = self.expression()
            places.append((first, self.expression() if self.accept("to") else None))
            if not self.accept(","):
                break
        self.expect("]")
        return ("subscripts", base, tuple(places))

    def disjunction(self) -> Node:
        """Read conditions joined by ||."""
        left = self.conjunction()
        while self.accept("||"):
            left = ("or", left, self.conjunction())
        return left

    def conjunction(self) -> Node:
        """Read conditions joined by &&."""
        left = self.condition()
        while self.accept("&&"):
            left = ("and", left, self.condition())
        return left

    def condition(self) -> Node:
        """Read one condition."""
        if self.accept("!"):
            self.expect("(")
            inner = self.disjunction()
            self.expect(")")
            return ("not", inner)
        if self.accept("exists"):
            self.expect("(")
            inner = self.expression()
            self.expect(")")
            return ("exists", inner)
        if self.peek() == "(":
            found = self.parenthesised()
            if found is not None:
                return found
        return self.comparison()

    def parenthesised(self) -> Node | None:
        """Read a condition in parentheses; None if they hold an expression."""
        start, known = self.at, len(self.parameters)
        try:
            self.expect("(")
            inner = self.disjunction()
            self.expect(")")
        except TrinoError:
            self.at = start
            del self.parameters[known:]
            return None
        if self.accept("is"):
            self.expect("unknown")
            return ("unknown", inner)
        return inner

    def comparison(self) -> Node:
        """Read a comparison or `starts with`."""
        left = self.expression()
        if self.accept("starts"):
            self.expect("with")
            return ("starts", left, self.primary())
        if self.peek() == "like_regex":
            message = "like_regex predicate in JSON path is not yet supported"
            raise TrinoError("NOT_SUPPORTED", message)
        sign = self.accept(*_COMPARISONS)
        if not sign:
            raise self.fail("expecting a comparison")
        return ("compare", _COMPARISONS[sign], left, self.expression())


@lru_cache(maxsize=256)
def parse(text: str) -> Path:
    """Read a path; SYNTAX_ERROR if it is none."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise TrinoError("SYNTAX_ERROR", f"token recognition error at: '{text[at]}'")
        if found.lastgroup is not None:
            tokens.append((found.lastgroup, found.group(0)))
        at = found.end()
    reader = _Reader([*tokens, ("end", "")])
    mode = reader.accept("lax", "strict")
    if not mode:
        raise reader.fail("expecting {'lax', 'strict'}")
    root = reader.expression()
    if reader.tokens[reader.at][0] != "end":
        raise reader.fail("expecting <EOF>")
    return Path(mode == "strict", root, tuple(reader.parameters))
