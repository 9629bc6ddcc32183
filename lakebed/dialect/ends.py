"""Where a statement ends: sqlglot has a token of its own there, which has a text like any other."""

from __future__ import annotations

from typing import Any

from sqlglot.tokenizer_core import TokenType


def is_end(token: Any) -> bool:
    """Tell whether there is no such token: the statement is over."""
    return token is None or token.token_type == TokenType.SENTINEL


def taken(self: Any) -> str:
    """Take the next token and return its text; the parser's error where there is none."""
    if is_end(self._curr):
        self.raise_error("mismatched input")
    text: str = self._curr.text
    self._advance()
    return text


def has_more(self: Any) -> bool:
    """Tell whether a parser has a token left."""
    return not is_end(self._curr)
