"""The filter language of GetPartitions: a SQL WHERE clause over the partition keys.

Grammar and typed comparison:
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html (Expression). A string, date
or timestamp key compares as text, a numeric key as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lakebed.core.errors import AwsError

Values = Mapping[str, str]
Predicate = Callable[[Values], bool]
Comparable = str | Decimal

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<operator><>|!=|<=|>=|==|=|<|>|\(|\)|,)
    | (?P<name>`[^`]+`|[^\W\d][\w.-]*)
    )""",
    re.VERBOSE,
)
_NUMERIC = ("tinyint", "smallint", "int", "integer", "bigint", "long", "decimal", "float", "double")
_NULL = "__HIVE_DEFAULT_PARTITION__"
_DEPTH_MAX = 64
_COMPARE: dict[str, Callable[[Comparable, Comparable], bool]] = {
    "=": lambda left, right: left == right,
    "==": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,  # type: ignore[operator]  # one kind on both sides
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def compile_expression(text: str, keys: Sequence[Mapping[str, str]]) -> Predicate:
    """Return what decides whether a partition's values (by key name) satisfy an expression.

    `keys` are the table's PartitionKeys (`Name`, `Type`). Raises InvalidInputException for what is
    no expression over them.
    """
    types = {key["Name"].lower(): key.get("Type", "string").lower() for key in keys}
    return _Parser(text, types).parse()


class _Parser:
    def __init__(self, text: str, types: Mapping[str, str]) -> None:
        self._text = text
        self._types = types
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
        predicate = self._either()
        if self._position < len(self._tokens):
            raise self._unsupported()
        return predicate

    def _word(self) -> str:
        """Return the next token as an upper-case word or operator, or an empty text."""
        if self._position >= len(self._tokens):
            return ""
        token = self._tokens[self._position]
        return token.text.upper() if token.kind in ("name", "operator") else ""

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

    def _either(self) -> Predicate:
        parts = [self._both()]
        while self._accept("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda values: any(p(values) for p in parts)

    def _both(self) -> Predicate:
        parts = [self._condition()]
        while self._accept("AND"):
            parts.append(self._condition())
        return parts[0] if len(parts) == 1 else lambda values: all(p(values) for p in parts)

    def _condition(self) -> Predicate:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._unsupported()
        try:
            if self._accept("NOT"):
                inner = self._condition()
                return lambda values: not inner(values)
            if self._accept("("):
                inner = self._either()
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Predicate:
        token = self._next()
        if token.kind != "name":
            return self._literal_first(token)
        name = token.text.strip("`").lower()
        if name not in self._types:
            raise self._unsupported()
        negated = self._accept("NOT")
        word = self._word()
        if word == "IS":
            return self._is_null(name)
        if word == "IN":
            return _negate(self._in(name), negated=negated)
        if word == "BETWEEN":
            return _negate(self._between(name), negated=negated)
        if word == "LIKE":
            return _negate(self._like(name), negated=negated)
        if negated or word not in _COMPARE:
            raise self._unsupported()
        self._position += 1
        return self._compared(name, word, self._literal(name))

    def _literal_first(self, token: _Token) -> Predicate:
        """`'x' = key`: the same comparison, mirrored."""
        mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
        operator = self._word()
        if operator not in _COMPARE:
            raise self._unsupported()
        self._position += 1
        name = self._next().text.strip("`").lower()
        if name not in self._types:
            raise self._unsupported()
        return self._compared(name, mirrored.get(operator, operator), self._value(name, token))

    def _compared(self, name: str, operator: str, right: Comparable) -> Predicate:
        compare, left = _COMPARE[operator], self._reader(name)

        def predicate(values: Values) -> bool:
            value = left(values)
            return value is not None and compare(value, right)

        return predicate

    def _reader(self, name: str) -> Callable[[Values], Comparable | None]:
        if not self._is_numeric(name):
            return lambda values: None if values[name] == _NULL else values[name]

        def read(values: Values) -> Decimal | None:
            try:
                return Decimal(values[name])
            except InvalidOperation:
                return None

        return read

    def _is_numeric(self, name: str) -> bool:
        return self._types[name].startswith(_NUMERIC)

    def _literal(self, name: str) -> Comparable:
        if self._word() in ("DATE", "TIMESTAMP"):
            self._position += 1
        return self._value(name, self._next())

    def _value(self, name: str, token: _Token) -> Comparable:
        if token.kind == "text":
            quote = token.text[0]
            text = token.text[1:-1].replace(quote * 2, quote)
        elif token.kind == "number":
            text = token.text
        else:
            raise self._unsupported()
        if not self._is_numeric(name):
            return text
        try:
            return Decimal(text)
        except InvalidOperation:
            raise self._unsupported() from None

    def _is_null(self, name: str) -> Predicate:
        self._expect("IS")
        negated = self._accept("NOT")
        self._expect("NULL")
        return lambda values: (values[name] == _NULL) != negated

    def _in(self, name: str) -> Predicate:
        self._expect("IN")
        self._expect("(")
        wanted = {self._literal(name)}
        while self._accept(","):
            wanted.add(self._literal(name))
        self._expect(")")
        left = self._reader(name)
        return lambda values: left(values) in wanted

    def _between(self, name: str) -> Predicate:
        self._expect("BETWEEN")
        low = self._compared(name, ">=", self._literal(name))
        self._expect("AND")
        high = self._compared(name, "<=", self._literal(name))
        return lambda values: low(values) and high(values)

    def _like(self, name: str) -> Predicate:
        self._expect("LIKE")
        token = self._next()
        if token.kind != "text":
            raise self._unsupported()
        parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in token.text[1:-1])
        pattern = re.compile("".join(parts), re.DOTALL)
        return lambda values: pattern.fullmatch(values[name]) is not None


def _negate(predicate: Predicate, *, negated: bool) -> Predicate:
    return (lambda values: not predicate(values)) if negated else predicate
