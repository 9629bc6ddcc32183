"""The grammar of MATCH_RECOGNIZE, which follows an entry of a FROM.

https://trino.io/docs/current/sql/match-recognize.html
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.tokenizer_core import TokenType

from lakebed.dialect.ends import has_more, is_end
from lakebed.dialect.row_patterns import canonical

if TYPE_CHECKING:
    _Node = exp.Expr
else:
    # Only the class that sqlglot itself derives from takes parts of its own.
    _Node = exp.Expression

MODES = ("FINAL ", "RUNNING ")
"""What stands before the name of a call that has a processing mode."""


class MatchRecognize(_Node):
    """`this` is the relation; `pattern` the ends of the pattern's text, `subsets` by name."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "partition_by": False,
        "order": False,
        "measures": False,
        "rows": True,
        "after": True,
        "search": False,
        "pattern": True,
        "subsets": False,
        "define": False,
        "alias": False,
        "joins": False,
        "sample": False,
    }


def follows(self: Any) -> bool:
    """Tell whether MATCH_RECOGNIZE ( is next."""
    return (
        self._curr is not None
        and self._next is not None
        and self._curr.text.upper() == "MATCH_RECOGNIZE"
        and self._next.token_type == TokenType.L_PAREN
    )


class RowPattern(_Node):
    """What a window's frame has besides its bounds, as in MATCH_RECOGNIZE."""

    arg_types: ClassVar[dict[str, bool]] = {
        "measures": False,
        "after": True,
        "search": False,
        "pattern": False,
        "subsets": False,
        "define": False,
    }


_IN_WINDOW = ("MEASURES", "DEFINE")


def is_in_window(self: Any) -> bool:
    """Tell whether a window with a row pattern is next: `OVER (… PATTERN (…) …)`, `AS (…)`."""
    tokens: list[Any] = self._tokens
    at = self._index
    if at + 1 >= len(tokens) or tokens[at].text.upper() not in ("OVER", "AS"):
        return False
    if tokens[at + 1].token_type != TokenType.L_PAREN:
        return False
    if tokens[at + 2 : at + 3] and tokens[at + 2].text.upper() == "GROUPS":
        return True  # sqlglot would take the word for the name of a window
    depth = 0
    for token, after in pairwise(tokens[at + 1 :]):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0:
            return False
        if depth == 1 and after.token_type == TokenType.L_PAREN and token.text.upper() == "PATTERN":
            return True
        named = token.text.upper() == "BY" or token.token_type == TokenType.COMMA
        if depth == 1 and not named and after.text.upper() in _IN_WINDOW:
            return after.token_type == TokenType.VAR
    return False


def window(self: Any, this: Any, alias: bool) -> exp.Expr:
    """Read OVER (…) or WINDOW … AS (…) with a row pattern; `this` stands before it."""
    self._advance()
    _name_modes(self)
    self._match_l_paren()
    found = exp.Window(this=this, over=None if alias else "OVER")
    if self._curr.text.upper() not in ("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS", "MEASURES"):
        found.set("alias", self._parse_id_var(any_token=False))
    partition, order = self._parse_partition_and_order()
    found.set("partition_by", partition)
    found.set("order", order)
    pattern = RowPattern()
    if self._match_text_seq("MEASURES"):
        pattern.set("measures", self._parse_csv(self._parse_expression))
    found.set("spec", _frame(self))
    pattern.set("after", _after(self))
    if self._match_texts(("INITIAL", "SEEK")):
        search = exp.Identifier(this=self._prev.text.upper(), quoted=False)
        pattern.set("search", search.update_positions(self._prev))
    if self._match_text_seq("PATTERN"):
        pattern.set("pattern", _pattern(self))
    if self._match_text_seq("SUBSET"):
        pattern.set("subsets", self._parse_csv(lambda: _subset(self)))
    if self._match_text_seq("DEFINE"):
        pattern.set("define", self._parse_csv(lambda: _definition(self)))
    if pattern.args.get("pattern") or pattern.args.get("measures") or pattern.args.get("define"):
        found.args["spec"].set("pattern", pattern)
    self._match_r_paren()
    return found


def _frame(self: Any) -> exp.Expr:
    if not self._match_texts(("ROWS", "RANGE", "GROUPS")):
        self.raise_error("mismatched input")
    kind = self._prev.text
    self._match(TokenType.BETWEEN)
    start = self._parse_window_spec()
    end: dict[str, Any] = self._parse_window_spec() if self._match(TokenType.AND) else {}
    return exp.WindowSpec(
        kind=kind, start=start["value"], start_side=start["side"], end=end.get("value"),
        end_side=end.get("side"),
    )  # fmt: skip


def clause(self: Any, relation: exp.Expr) -> exp.Expr:
    """Read the clause; `relation` stands before it."""
    self._advance()
    _name_modes(self)
    self._match_l_paren()
    found = MatchRecognize(this=relation)
    found.set("partition_by", self._parse_partition_by())
    found.set("order", self._parse_order())
    if self._match_text_seq("MEASURES"):
        found.set("measures", self._parse_csv(self._parse_expression))
    found.set("rows", _rows(self))
    found.set("after", _after(self))
    if self._match_texts(("INITIAL", "SEEK")):
        search = exp.Identifier(this=self._prev.text.upper(), quoted=False)
        found.set("search", search.update_positions(self._prev))
    if not self._match_text_seq("PATTERN"):
        self.raise_error("mismatched input")
    found.set("pattern", _pattern(self))
    if self._match_text_seq("SUBSET"):
        found.set("subsets", self._parse_csv(lambda: _subset(self)))
    if not self._match_text_seq("DEFINE"):
        self.raise_error("mismatched input")
    found.set("define", self._parse_csv(lambda: _definition(self)))
    self._match_r_paren()
    found.set("alias", self._parse_table_alias())
    found.set("sample", self._parse_table_sample())
    return found


def _name_modes(self: Any) -> None:
    """Make RUNNING and FINAL before a call part of its name, as far as the clause goes."""
    tokens: list[Any] = self._tokens
    depth, at = 0, self._index
    while at < len(tokens):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[at].token_type, 0)
        if depth == 0:
            return
        word = tokens[at].text.upper()
        called = at + 2 < len(tokens) and tokens[at + 2].token_type == TokenType.L_PAREN
        if called and f"{word} " in MODES and tokens[at].token_type == TokenType.VAR:
            tokens[at + 1].start = tokens[at].start
            tokens[at + 1].text = f"{word} {tokens[at + 1].text}"
            tokens[at + 1].token_type = TokenType.VAR
            del tokens[at]
            self._tokens_size -= 1
        at += 1


def _rows(self: Any) -> str:
    if self._match_text_seq("ALL", "ROWS", "PER", "MATCH"):
        for words in (("SHOW", "EMPTY", "MATCHES"), ("OMIT", "EMPTY", "MATCHES"),
                      ("WITH", "UNMATCHED", "ROWS")):  # fmt: skip
            if self._match_text_seq(*words):
                return words[0].lower()
        return "show"
    self._match_text_seq("ONE", "ROW", "PER", "MATCH")
    return "one"


def _after(self: Any) -> tuple[str, str, exp.Expr | None]:
    """Read where the next match may begin: a word, a variable, its place."""
    if not self._match_text_seq("AFTER", "MATCH", "SKIP"):
        return "past", "", None
    if self._match_text_seq("PAST", "LAST", "ROW"):
        return "past", "", None
    if self._match_text_seq("TO", "NEXT", "ROW"):
        return "next", "", None
    if not self._match_text_seq("TO"):
        self.raise_error("mismatched input")
    word = "last"
    if not is_end(self._next) and self._next.text.upper() not in ("PATTERN", "INITIAL", "SEEK"):
        word = self._curr.text.lower()
        if word not in ("first", "last"):
            self.raise_error("mismatched input")
        self._advance()
    name: Any = self._parse_id_var() or self.raise_error("mismatched input")
    return word, canonical(name.name, bool(name.args.get("quoted"))), name


def _pattern(self: Any) -> tuple[str, int, int]:
    """Return the text, and where in it the pattern begins and ends, without its parentheses."""
    if self._curr is None or self._curr.token_type != TokenType.L_PAREN:
        self.raise_error("mismatched input")
    current: Any = self._curr
    start, depth = current.end + 1, 0
    while has_more(self):
        current = self._curr
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(current.token_type, 0)
        end = current.start
        self._advance()
        if depth == 0:
            return self.sql, start, end
    self.raise_error("mismatched input")
    return self.sql, start, start


def _subset(self: Any) -> exp.Expr:
    name = self._parse_id_var()
    if not self._match(TokenType.EQ) or not self._match(TokenType.L_PAREN):
        self.raise_error("mismatched input")
    labels = self._parse_csv(self._parse_id_var)
    self._match_r_paren()
    return exp.Tuple(expressions=[name, *labels])


def _definition(self: Any) -> exp.Expr:
    name = self._parse_id_var()
    if name is None or not self._match(TokenType.ALIAS):
        self.raise_error("mismatched input")
    return exp.Tuple(expressions=[name, self._parse_disjunction()])
