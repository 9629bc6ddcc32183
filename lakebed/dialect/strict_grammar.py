"""What sqlglot's grammar takes and Trino's does not: the errors of a text that is read too kindly.

https://github.com/trinodb/trino/blob/476/core/trino-grammar/src/main/antlr4/io/trino/grammar/sql/SqlBase.g4
"""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from lakebed.dialect import places
from lakebed.dialect.errors import TrinoError

_PREDICATES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is,
    exp.In, exp.Between, exp.Like, exp.Escape,
)  # fmt: skip
_SIGNS = {("=", "="), ("<=", ">"), (":", ":"), ("<", "<")}
"""Signs that are an operator elsewhere."""


_SUSPECT = re.compile(r"(?i)==|<=>|::|<<|[&~@]|\bas\s+['\d]|'\s+'|\blimit\s+\d+\s*(?:,|\boffset\b)")


def check(text: str) -> None:
    """Raise SYNTAX_ERROR for a text with signs or neighbours that Trino's grammar has not."""
    if _SUSPECT.search(text):
        _check_tokens(text)


def check_node(node: exp.Expr) -> None:
    """Raise SYNTAX_ERROR for a part of a query that Trino's grammar has not."""
    if isinstance(node, _PREDICATES) and _is_chained(node):
        raise _unexpected(node)
    if isinstance(node, exp.Group) and not any(node.args.values()):
        line, column = places.place(node) or (1, 1)
        raise TrinoError("SYNTAX_ERROR", "mismatched input. Expecting: 'BY'", line, column)


def _is_chained(node: exp.Expr) -> bool:
    """Tell whether a predicate is an operand of another, without parentheses between."""
    if isinstance(node, exp.In) and not any(
        node.args.get(part) for part in ("expressions", "query", "field", "unnest")
    ):
        return True
    if isinstance(node, exp.Escape):
        return False
    sides = [node.args.get(part) for part in ("this", "expression", "low", "high")]
    return any(isinstance(side, (*_PREDICATES, exp.Not)) for side in sides)


def _unexpected(node: exp.Expr) -> TrinoError:
    line, column = places.place(node) or (1, 1)
    word = "in" if isinstance(node, exp.In) else node.key
    return TrinoError("SYNTAX_ERROR", f"mismatched input '{word}'", line, column)


def _error(word: str, text: str, offset: int) -> TrinoError:
    before = text[:offset]
    line, column = before.count("\n") + 1, offset - before.rfind("\n")
    return TrinoError("SYNTAX_ERROR", f"mismatched input '{word}'", line, column)


def _check_tokens(text: str) -> None:
    """Refuse signs, and words beside each other, that no text of Trino has."""
    tokens = places.tokenised(text)
    defines = any(token.word == "define" for token in tokens)  # DEFINE A AS 1 = 1
    for one, other in zip(tokens, tokens[1:], strict=False):
        near = one.start + len(one.word) == other.start
        if near and (one.word, other.word) in _SIGNS:
            raise _error(other.word, text, other.start)
        unicode = one.word == "u" and near and text[other.start + 1 :][:1] in ("'", '"')
        if other.word in ("&", "~", "@") and not unicode:
            raise _error(other.word, text, other.start)
        literal = other.word[0] == "'" or other.word[0].isdigit()
        if literal and one.word == "as" and not defines or other.word[0] == "'" == one.word[0]:
            raise _error(other.word, text, other.start)
    for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
        bounds = first.word == "limit" and second.word.isdigit()
        if bounds and third.word in ("offset", ","):
            raise _error(third.word, text, third.start)
