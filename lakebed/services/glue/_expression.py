"""The filter language of GetPartitions: a SQL WHERE clause over the partition keys.

Grammar, operators and key types:
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html (Expression). The sentences of
the errors are those that users of AWS reported; the ones of dates and timestamps are from memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lakebed.core.errors import AwsError
from lakebed.services.glue._predicates import (
    OPERATORS,
    And,
    Comparison,
    Key,
    KeyComparison,
    Like,
    Member,
    Null,
    Operand,
    Or,
    Predicate,
    typed,
)

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?(?![\w.]))
    | (?P<operator><\s*>|!=|<=|>=|==|=|<|>|\(|\)|,)
    | (?P<name>`[^`]+`|[^\W\d][\w.-]*)
    )""",
    re.VERBOSE,
)
_DEPTH_MAX = 64
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SAME = {"==": "=", "!=": "<>"}
_TYPES = frozenset(
    (
        "string", "date", "timestamp", "int", "integer", "bigint", "long", "tinyint", "smallint",
        "decimal",
    )
)  # fmt: skip


class _Token(NamedTuple):
    kind: str
    text: str


def compile_expression(text: str, keys: Sequence[Mapping[str, str]]) -> Predicate:
    """Return what decides whether a partition's values satisfy an expression.

    `keys` are the table's PartitionKeys (`Name`, `Type`). Raises InvalidInputException for what is
    no expression over them.
    """
    columns = {
        key["Name"].lower(): Key(position, key.get("Type", "string").lower())
        for position, key in enumerate(keys)
    }
    return _Parser(text, columns).parse()


class _Parser:
    """Reads an expression; NOT is carried down to the comparisons, where it flips the operator.

    So a comparison with NULL, which is neither true nor false, satisfies no expression.
    """

    def __init__(self, text: str, columns: Mapping[str, Key]) -> None:
        self._text = text
        self._columns = columns
        self._tokens = list(self._tokenise(text))
        self._position = 0
        self._depth = 0

    def _tokenise(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._unsupported()
            tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _unsupported(self) -> AwsError:
        return AwsError("InvalidInputException", f"Unsupported expression '{self._text}'")

    def parse(self) -> Predicate:
        predicate = self._either(negated=False)
        if self._position < len(self._tokens):
            raise self._unsupported()
        return predicate

    def _word(self, ahead: int = 0) -> str:
        """Return a token as an upper-case word or operator, or an empty text."""
        if self._position + ahead >= len(self._tokens):
            return ""
        token = self._tokens[self._position + ahead]
        if token.kind not in ("name", "operator"):
            return ""
        word = "<>" if token.text[0] == "<" and token.text[-1] == ">" else token.text.upper()
        return _SAME.get(word, word)

    def _accept(self, *words: str) -> bool:
        if self._word() in words:
            self._position += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unsupported()

    def _next(self) -> _Token:
        if self._position >= len(self._tokens):
            raise self._unsupported()
        self._position += 1
        return self._tokens[self._position - 1]

    def _either(self, *, negated: bool) -> Predicate:
        parts = [self._both(negated=negated)]
        while self._accept("OR"):
            parts.append(self._both(negated=negated))
        if len(parts) == 1:
            return parts[0]
        return And(parts) if negated else Or(parts)

    def _both(self, *, negated: bool) -> Predicate:
        parts = [self._condition(negated=negated)]
        while self._accept("AND"):
            parts.append(self._condition(negated=negated))
        if len(parts) == 1:
            return parts[0]
        return Or(parts) if negated else And(parts)

    def _condition(self, *, negated: bool) -> Predicate:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._unsupported()
        try:
            if self._accept("NOT"):
                return self._condition(negated=not negated)
            if self._word() == "(" and not self._is_operand():
                self._position += 1
                inner = self._either(negated=negated)
                self._expect(")")
                return inner
            return self._comparison(negated=negated)
        finally:
            self._depth -= 1

    def _is_operand(self) -> bool:
        """Tell whether what the next parentheses enclose is one operand: `((year)) = 1`."""
        opened = 0
        while self._word(opened) == "(":
            opened += 1
        closing = range(opened + 1, 2 * opened + 1)
        return all(self._word(ahead) == ")" for ahead in closing)

    def _operand(self) -> Operand:
        opened = 0
        while self._accept("("):
            opened += 1
        following = self._tokens[self._position + 1 : self._position + 2]
        if self._word() in ("DATE", "TIMESTAMP") and following and following[0].kind == "text":
            self._position += 1
        operand = self._named_or_literal(self._next())
        for _ in range(opened):
            self._expect(")")
        return operand

    def _named_or_literal(self, token: _Token) -> Operand:
        if token.kind == "text":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "number":
            return token.text
        if token.kind == "operator":
            raise self._unsupported()
        name = token.text.strip('`"').lower()
        key = self._columns.get(name)
        if key is None:
            if token.kind == "quoted":
                return token.text[1:-1].replace('""', '"')
            raise AwsError("InvalidInputException", "Invalid partition expression!")
        if key.type_name not in _TYPES:
            raise AwsError("InvalidInputException", f"Unknown type : '{key.type}'")
        return key

    def _comparison(self, *, negated: bool) -> Predicate:
        left = self._operand()
        if isinstance(left, Key):
            if self._accept("IS"):
                negated ^= self._accept("NOT")
                self._expect("NULL")
                return Null(left, is_negated=negated)
            negated ^= self._accept("NOT")
            for word, read in (("IN", self._in), ("BETWEEN", self._between), ("LIKE", self._like)):
                if self._accept(word):
                    return read(left, negated)
        operator = self._word()
        if operator not in OPERATORS:
            raise self._unsupported()
        self._position += 1
        right = self._operand()
        if not isinstance(left, Key):
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        if not isinstance(left, Key):
            raise self._unsupported()
        operator = _NEGATED[operator] if negated else operator
        if isinstance(right, Key):
            return KeyComparison(left, operator, right)
        return Comparison(left, operator, typed(left, right))

    def _literal(self) -> str:
        operand = self._operand()
        if isinstance(operand, Key):
            raise self._unsupported()
        return operand

    def _in(self, key: Key, negated: bool) -> Predicate:
        self._expect("(")
        wanted = {typed(key, self._literal())}
        while self._accept(","):
            wanted.add(typed(key, self._literal()))
        self._expect(")")
        return Member(key, frozenset(wanted), is_negated=negated)

    def _between(self, key: Key, negated: bool) -> Predicate:
        low = typed(key, self._literal())
        self._expect("AND")
        high = typed(key, self._literal())
        if negated:
            return Or([Comparison(key, "<", low), Comparison(key, ">", high)])
        return And([Comparison(key, ">=", low), Comparison(key, "<=", high)])

    def _like(self, key: Key, negated: bool) -> Predicate:
        if key.type_name != "string":
            kind = "Integral" if key.is_integer else key.type_name.capitalize()
            message = f"{kind} data type doesn't support operation 'LIKE'"
            raise AwsError("InvalidInputException", message)
        return Like(key, self._literal(), is_negated=negated)
