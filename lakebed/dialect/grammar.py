"""The grammar of queries: sqlglot's for Trino, kept from accepting what Trino does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokenizer_core import TokenType

from lakebed.dialect import json_grammar, match_grammar, table_grammar, type_grammar, words
from lakebed.dialect.errors import TrinoError

_KEPT = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
_BASE: Any = Trino.parser_class


class _QueryTokenizer(Trino.Tokenizer):
    """The words of Trino only."""

    KEYWORDS: ClassVar[dict[str, TokenType]] = {
        word: kind for word, kind in Trino.Tokenizer.KEYWORDS.items() if word not in words.FOREIGN
    }


class _QueryParser(_BASE):
    """Trino's grammar without sqlglot's own idea of functions: calls stay as written."""

    FUNC_TOKENS: ClassVar[frozenset[TokenType]] = frozenset(
        {
            *_BASE.FUNC_TOKENS,
            *(
                kind
                for word, kind in _QueryTokenizer.KEYWORDS.items()
                if word.isidentifier() and word not in words.RESERVED
            ),
        }
        - {TokenType.INTERVAL, TokenType.LATERAL, TokenType.TABLE_SAMPLE}
    )

    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        **{name: rule for name, rule in _BASE.FUNCTION_PARSERS.items() if name in _KEPT},
        **json_grammar.parsers(),
    }

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Any:
        """Parse an operand; only a string may have a type before it."""
        del parse_interval
        found: Any = type_grammar.interval(self) or type_grammar.literal(self)
        if found is not None:
            return self._parse_column_ops(found)
        if fallback_to_identifier:
            return self._parse_id_var()
        found = self._parse_atom() or self._parse_column()
        over = isinstance(found, exp.Column) and self._match(TokenType.OVER, advance=False)
        return self._parse_window(found) if over else found

    def _parse_types(self, check_func: bool = False, *args: Any, **kwargs: Any) -> Any:
        """Parse a type where there has to be one."""
        del args, kwargs
        return None if check_func else type_grammar.read(self)

    def _parse_cast(self, strict: bool, safe: bool | None = None) -> Any:
        """Parse CAST and TRY_CAST after their parenthesis."""
        del strict
        start: Any = self._tokens[self._index - 2]
        value: Any = self._parse_assignment()
        target: Any = self._parse_types() if self._match(TokenType.ALIAS) else None
        if target is None:
            self.raise_error("mismatched input")
        kind = exp.TryCast if safe else exp.Cast
        return kind(this=value, to=target).update_positions(start)

    QUERY_MODIFIER_PARSERS: ClassVar[dict[TokenType, Callable[..., Any]]] = {
        kind: rule
        for kind, rule in _BASE.QUERY_MODIFIER_PARSERS.items()
        if kind != TokenType.MATCH_RECOGNIZE
    }

    def _parse_bracket(self, this: Any = None) -> Any:
        """Parse subscripts, whose index counts from 1."""
        found: Any = _BASE._parse_bracket(self, this)
        node = found
        while isinstance(node, exp.Bracket) and node is not this:
            node.set("offset", 1)
            node = node.this
        return found

    def _parse_csv(self, parse_method: Callable[[], Any], sep: TokenType = TokenType.COMMA) -> Any:
        """Parse a list; sqlglot would let it end with a comma."""
        first = parse_method()
        items = [first] if first is not None else []
        while self._match(sep):
            item = parse_method()
            if item is None:
                self.raise_error("mismatched input")
            items.append(item)
        return items

    def _parse_select(self, *args: Any, **kwargs: Any) -> Any:
        """Parse a query; a SELECT has at least one item and no DISTINCT ON."""
        found: Any = _BASE._parse_select(self, *args, **kwargs)
        if isinstance(found, exp.Select):
            distinct = found.args.get("distinct")
            if not found.expressions or (distinct is not None and distinct.args.get("on")):
                self.raise_error("mismatched input")
        return found

    def _parse_table(self, *args: Any, **kwargs: Any) -> Any:
        """Parse an entry of a FROM; the word TABLE begins a call of a table function."""
        called = table_grammar.starts(self)
        found: Any = (
            table_grammar.call(self) if called else _BASE._parse_table(self, *args, **kwargs)
        )
        return match_grammar.clause(self, found) if match_grammar.follows(self) else found

    def _parse_window(self, *args: Any, **kwargs: Any) -> Any:
        """Parse what may follow a call, or a measure of a window's row pattern."""
        if match_grammar.is_in_window(self):
            return match_grammar.window(self, args[0], bool(kwargs.get("alias")))
        return _BASE._parse_window(self, *args, **kwargs)

    def _parse_join(self, *args: Any, **kwargs: Any) -> Any:
        """Parse a join; only after a comma or CROSS may there be no condition."""
        comma = self._curr is not None and self._curr.token_type == TokenType.COMMA
        found: Any = _BASE._parse_join(self, *args, **kwargs)
        if isinstance(found, exp.Join) and not comma:
            crossed = (found.kind or "").upper() == "CROSS"
            conditioned = bool(found.args.get("on") or found.args.get("using"))
            if conditioned == crossed and not found.method:
                self.raise_error("mismatched input")
        return found


class AthenaQueries(Trino):
    """The dialect that parses queries."""

    INDEX_OFFSET = 0  # an index stays as it is written
    parser_class = _QueryParser
    Parser = _QueryParser
    tokenizer_class = _QueryTokenizer
    Tokenizer = _QueryTokenizer


# sqlglot's tokenizer reads `1e0+2` as one number, sign and all, which would bind tighter than `*`;
# it knows neither `1_000` nor the other bases, nor blanks in `X'00 ff'`.
_NUMBER = re.compile(
    r"(?<![\w.])x'[^']*'|'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/"
    r"|(?<![\w.])(?:\d+\.?\d*|\.\d+)e[+-]?\d+(?=[+-])"
    r"|(?<![\w.])0[xob][\da-f_]+\b|(?<![\w.])\d+(?:_\d+)+\b",
    flags=re.S | re.I,
)


def plain_numbers(text: str) -> str:
    """Write numbers as sqlglot reads them, each in no less room than it had."""

    def plain(match: re.Match[str]) -> str:
        found = match.group(0)
        if found[0] in "xX":
            return _plain_bytes(match)
        if found[0] not in ".0123456789":
            return found
        digits = found.replace("_", "").lower()
        if digits[:2] in ("0x", "0o", "0b"):
            return str(int(digits, 0)).rjust(len(found))
        if "e" in digits:
            return f"{found} "
        return digits.rjust(len(found))

    return _NUMBER.sub(plain, text)


def _plain_bytes(match: re.Match[str]) -> str:
    """Write X'…' without blanks."""
    inside = match.group(0)[2:-1]
    digits = re.sub(r"\s", "", inside)
    if not re.fullmatch(r"[0-9A-Fa-f]*", digits):
        before = match.string[: match.start()]
        line, column = before.count("\n") + 1, match.start() - before.rfind("\n")
        message = "Binary literal can only contain hexadecimal digits"
        raise TrinoError("SYNTAX_ERROR", message, line, column)
    breaks = "".join("\n" if mark == "\n" else " " for mark in inside if mark.isspace())
    return f"x'{digits}'{breaks}"
