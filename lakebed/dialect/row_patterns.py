"""The language of PATTERN in MATCH_RECOGNIZE, and the program that finds its matches.

https://trino.io/docs/current/sql/match-recognize.html#row-pattern-syntax

A pattern becomes instructions, as of a regular expression's machine: `["label", number, excluded]`
takes a row, `["split", first, second]` tries one way before the other, `["jump", to]` goes there,
`["loop", first, second, past]` is a split that goes past when its body took no row, `["start"]` and
`["end"]` hold at the ends of the partition, `["match"]` accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations

from lakebed.dialect.errors import TrinoError

Instruction = list[str | int | bool]

INSTRUCTIONS_MAX = 100_000
_TOKEN = re.compile(
    r"\s*(?:--[^\n]*|/\*.*?\*/)*\s*"
    r'(?P<token>"(?:[^"]|"")+"|[A-Za-z_][A-Za-z_0-9]*|\{-|-\}|\d+|[(){}|*+?^$,]|.)',
    re.S,
)


def canonical(name: str, quoted: bool) -> str:
    """Return a pattern variable's name: without quotes in capital letters."""
    return name if quoted else name.upper()


def place_at(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset in a text."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


@dataclass
class RowPatternReader:
    """Reads a pattern that begins at `start` of `text` into instructions."""

    text: str
    start: int
    end: int
    labels: list[str] = field(default_factory=list[str])
    code: list[Instruction] = field(default_factory=list[Instruction])
    excluding: int = 0
    exclusion: int | None = None
    """Where the first exclusion is, in the text."""
    anchor: int | None = None
    """Where the first anchor is."""

    def __post_init__(self) -> None:
        """Take the text apart."""
        found = list(_TOKEN.finditer(self.text, self.start, self.end))
        self.tokens = [(match.group("token"), match.start("token")) for match in found]
        self.at = 0

    def program(self) -> list[Instruction]:
        """Return the instructions of the whole pattern."""
        self.alternation()
        if self.at < len(self.tokens):
            raise self.unexpected()
        self.emit("match")
        return self.code

    def unexpected(self) -> TrinoError:
        """Return the error for what cannot stand here."""
        token, offset = self.tokens[self.at] if self.at < len(self.tokens) else (")", self.end)
        message = f"mismatched input '{token}'. Expecting: <pattern>"
        return TrinoError("SYNTAX_ERROR", message, *place_at(self.text, offset))

    def emit(self, *instruction: str | int | bool) -> int:
        """Add an instruction and return where it is."""
        if len(self.code) >= INSTRUCTIONS_MAX:
            raise TrinoError("NOT_SUPPORTED", "The row pattern is too large")
        self.code.append(list(instruction))
        return len(self.code) - 1

    def next(self, *tokens: str) -> bool:
        """Take the next token if it is one of these."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] in tokens:
            self.at += 1
            return True
        return False

    def peek(self) -> str:
        """Return the next token, empty at the end."""
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def alternation(self) -> None:
        """Read alternatives, the preferred one first."""
        begin = self.at
        ends: list[int] = []
        while True:
            split = self.emit("split", 0, 0)
            self.concatenation()
            if not self.next("|"):
                self.code[split] = ["jump", split + 1]
                break
            ends.append(self.emit("jump", 0))
            self.code[split] = ["split", split + 1, len(self.code)]
        if begin == self.at:
            raise self.unexpected()
        for end in ends:
            self.code[end] = ["jump", len(self.code)]

    def concatenation(self) -> None:
        """Read factors one after the other."""
        count = 0
        while self.peek() not in ("", "|", ")", "-}", ","):
            self.factor()
            count += 1
        if not count:
            raise self.unexpected()

    def factor(self) -> None:
        """Read a primary and its quantifier."""
        before, labels = self.at, list(self.labels)
        first = len(self.code)
        self.primary()
        after = self.at
        least, most, greedy = self.quantifier()
        if (least, most) == (1, 1):
            return
        end = self.at
        del self.code[first:]

        def again() -> None:
            self.at, self.labels[:] = before, labels
            self.primary()
            assert self.at == after

        self.repeat(again, least, most, greedy)
        self.at = end

    def repeat(self, body: Callable[[], None], least: int, most: int | None, greedy: bool) -> None:
        """Write the body as often as a quantifier says."""
        for _ in range(least):
            body()
        if most is None:
            loop = self.emit("loop", 0, 0, 0)
            body()
            self.emit("jump", loop)
            self.code[loop] = ["loop", *self.ways(loop, greedy), len(self.code)]
            return
        splits: list[int] = []
        for _ in range(most - least):
            splits.append(self.emit("split", 0, 0))
            body()
        for split in splits:
            self.code[split] = ["split", *self.ways(split, greedy)]

    def ways(self, split: int, greedy: bool) -> tuple[int, int]:
        """Return the ways from a split: into its body and past all that is written."""
        into, past = split + 1, len(self.code)
        return (into, past) if greedy else (past, into)

    def quantifier(self) -> tuple[int, int | None, bool]:
        """Read a quantifier: how often at least and at most, and whether more is preferred."""
        offset = self.tokens[self.at][1] if self.at < len(self.tokens) else self.end
        least, most = 1, 1
        unbounded: int | None = None
        if self.next("*"):
            found = (0, unbounded)
        elif self.next("+"):
            found = (1, unbounded)
        elif self.next("?"):
            found = (0, 1)
        elif self.next("{"):
            found = self.braces(offset)
        else:
            return least, most, True
        return found[0], found[1], not self.next("?")

    def braces(self, offset: int) -> tuple[int, int | None]:
        """Read `n}`, `n,}`, `,m}` or `n,m}`."""
        least = self.number()
        most = least
        if self.next(","):
            most = self.number()
        elif least is None:
            raise self.unexpected()
        if not self.next("}"):
            raise self.unexpected()
        place = place_at(self.text, offset)
        if most is not None and most < 1:
            message = "Pattern quantifier upper bound must be greater than or equal to 1"
            raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", message, *place)
        if most is not None and least is not None and least > most:
            message = "Pattern quantifier lower bound must not exceed upper bound"
            raise TrinoError("INVALID_RANGE", message, *place)
        return least or 0, most

    def number(self) -> int | None:
        """Read a number if there is one."""
        token = self.peek()
        if not token.isdigit():
            return None
        self.at += 1
        return int(token)

    def primary(self) -> None:
        """Read a variable, a group, an anchor, an exclusion or PERMUTE."""
        token = self.peek()
        if token in ("^", "$"):
            self.anchor = self.anchor or self.tokens[self.at][1]
            self.at += 1
            self.emit("start" if token == "^" else "end")
        elif token == "(":
            self.at += 1
            if not self.next(")"):
                self.alternation()
                self.expect(")")
        elif token == "{-":
            self.exclusion = self.exclusion or self.tokens[self.at][1]
            self.at += 1
            self.excluding += 1
            self.alternation()
            self.excluding -= 1
            self.expect("-}")
        elif token.upper() == "PERMUTE" and self.tokens[self.at + 1 :][:1]:
            self.permute()
        elif token[:1] == '"' or token[:1].isalpha() or token[:1] == "_":
            self.at += 1
            quoted = token[0] == '"'
            name = token[1:-1].replace('""', '"') if quoted else token
            self.label(canonical(name, quoted))
        else:
            raise self.unexpected()

    def label(self, name: str) -> None:
        """Take a row that a variable stands for."""
        if name not in self.labels:
            self.labels.append(name)
        self.emit("label", self.labels.index(name), bool(self.excluding))

    def expect(self, token: str) -> None:
        """Take a token that has to be there."""
        if not self.next(token):
            raise self.unexpected()

    def permute(self) -> None:
        """Read PERMUTE(a, b, …): all orders, those of the list preferred."""
        self.at += 1
        if not self.next("("):
            self.label("PERMUTE")
            return
        starts: list[int] = []
        first = len(self.code)
        while True:
            starts.append(self.at)
            self.alternation()
            if not self.next(","):
                break
        self.expect(")")
        end = self.at
        del self.code[first:]
        ends: list[int] = []
        orders = list(permutations(starts))
        for at, order in enumerate(orders):
            split = self.emit("split", 0, 0)
            for start in order:
                self.at = start
                self.alternation()
            ends.append(self.emit("jump", 0))
            into = ["jump", split + 1] if at == len(orders) - 1 else None
            self.code[split] = into or ["split", split + 1, len(self.code)]
        for jump in ends:
            self.code[jump] = ["jump", len(self.code)]
        self.at = end
