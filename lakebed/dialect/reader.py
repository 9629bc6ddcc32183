"""The tokens of a Hive statement, read one at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError

if TYPE_CHECKING:
    from sqlglot import expressions as exp

_TOKEN = re.compile(
    r"\s+|(?P<string>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<quoted>`[^`]*`)"
    r"|(?P<word>[A-Za-z_0-9$][\w$-]*)|(?P<sign>[(),.=<>:;{}\[\]?*!@#%^&+|/-]|.)",
    re.S,
)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


def blank(text: str, end: int) -> str:
    """Replace what comes before `end` by spaces, so that places in the text stay true."""
    return re.sub(r"[^\n]", " ", text[:end]) + text[end:]


class Token(NamedTuple):
    """A token: its kind, its text as written, where it starts."""

    kind: str
    text: str
    at: int


def unescaped(text: str) -> str:
    """Return the value of a Hive string literal written without its quotes."""

    def value(match: re.Match[str]) -> str:
        found = match.group(0)
        if found == "''":
            return "'"
        if found[1] == "u":
            return chr(int(found[2:], 16))
        if found[1].isdigit() and len(found) == 4:
            return chr(int(found[1:], 8))
        return _ESCAPES.get(found[1], found[1] if found[1] not in "%_" else found)

    return re.sub(r"\\u[0-9a-fA-F]{4}|\\[0-7]{3}|\\.|''", value, text, flags=re.S)


class Reader:
    """The tokens of a statement, read one at a time; `parse_query` reads a query in it."""

    def __init__(self, text: str, parse_query: Callable[[str], exp.Expr]) -> None:
        self.text = text
        self._parse_query = parse_query
        self.tokens = [
            Token(str(match.lastgroup), match.group(0), match.start())
            for match in _TOKEN.finditer(text)
            if match.lastgroup
        ]
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it."""
        if self.at + ahead < len(self.tokens):
            return self.tokens[self.at + ahead]
        return Token("end", "<EOF>", len(self.text))

    def accept(self, *words: str) -> bool:
        """Take the words if they come next."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token.kind == "string" or token.text.upper() != word:
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take the words, which must come next."""
        for word in words:
            if not self.accept(word):
                raise self.error(f"'{word}'")

    def error(self, expected: str = "<identifier>") -> TrinoError:
        """Return the syntax error at the next token."""
        token = self.peek()
        before = self.text[: token.at]
        line = before.count("\n") + 1
        column = token.at - (before.rfind("\n") + 1) + 1
        message = f"mismatched input '{token.text}'. Expecting: {expected}"
        return TrinoError("SYNTAX_ERROR", message, line, column)

    def identifier(self) -> str:
        """Take a name, quoted or not, in lower case as the catalog keeps it."""
        token = self.peek()
        if token.kind == "word" or token.text.startswith(("`", '"')):
            self.at += 1
            return token.text.strip('`"').lower()
        raise self.error()

    def string(self) -> str:
        """Take a string literal."""
        token = self.peek()
        if token.kind != "string":
            raise self.error("<string>")
        self.at += 1
        return unescaped(token.text[1:-1])

    def name(self) -> st.Name:
        """Take a table's name."""
        first = self.identifier()
        if not self.accept("."):
            # Hive takes `database.table` in one pair of quotes, too.
            database, _, table = first.rpartition(".")
            return st.Name(table, database or None)
        second = self.identifier()
        if self.accept("."):
            if first != "awsdatacatalog":
                raise TrinoError("CATALOG_NOT_FOUND", f"Catalog '{first}' not found", 1, 1)
            return st.Name(self.identifier(), second)
        return st.Name(second, first)

    def names(self) -> tuple[str, ...]:
        """Take names in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    def number(self) -> int:
        """Take a whole number."""
        token = self.peek()
        if not token.text.isdigit():
            raise self.error("<integer>")
        self.at += 1
        return int(token.text)

    def value(self) -> str:
        """Take a literal that is no string, as written: a number, a word."""
        token = self.peek()
        if token.kind != "word":
            raise self.error("<value>")
        self.at += 1
        text = token.text
        if self.peek().text == "." and self.peek(1).kind == "word":
            text += f".{self.peek(1).text}"
            self.at += 2
        return text

    def cut(self, count: int) -> None:
        """Drop the last tokens, with their text."""
        self.text = self.text[: self.tokens[-count].at]
        del self.tokens[-count:]

    def rest(self) -> str:
        """Take all that is left, as written."""
        start = self.peek().at
        self.at = len(self.tokens)
        return self.text[start:].strip()

    def query(self) -> exp.Expr:
        """Take all that is left as a query."""
        start = self.peek().at
        self.at = len(self.tokens)
        return self._parse_query(blank(self.text, start))

    def condition(self) -> exp.Expr:
        """Take all that is left as a condition; return a query that has it as its WHERE."""
        start = self.peek().at
        self.at = len(self.tokens)
        # Written over the words before it, so that the condition keeps its place in the text.
        head, before = "SELECT 1 WHERE", blank(self.text, start)
        return self._parse_query(head + before[len(head) :] if start > len(head) else before)

    def query_in_parentheses(self) -> exp.Expr:
        """Take a query that stands in parentheses."""
        self.expect("(")
        token = self.peek()
        start, depth = token.at, 1
        while depth:
            token = self.peek()
            if token.kind == "end":
                raise self.error("')'")
            depth += (token.text == "(") - (token.text == ")")
            self.at += 1
        return self._parse_query(blank(self.text, start)[: token.at])

    def properties(self) -> dict[str, str]:
        """Take Hive's properties: `('name' = 'value', …)`."""
        self.expect("(")
        found: dict[str, str] = {}
        while not self.accept(")"):
            key = self.string()
            self.expect("=")
            found[key] = self.string()
            if not self.accept(","):
                self.expect(")")
                break
        return found

    def end(self) -> None:
        """Check that nothing is left."""
        if self.peek().kind != "end":
            raise self.error("<EOF>")
