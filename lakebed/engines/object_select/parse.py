"""S3 Select's statements, read into a tree.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference-select.html
The codes are AWS's, the sentences ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from lakebed.engines.object_select import SelectError
from lakebed.engines.object_select.tree import (
    AGGREGATES,
    Call,
    Case,
    Cast,
    Constant,
    Expression,
    Missing,
    Operation,
    Path,
    Projection,
    Statement,
    Step,
)

_TOKEN = re.compile(
    r"""\s+ | --[^\n]*
    | (?P<number> (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<text> '(?:[^']|'')*' )
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<time> `[^`]*` )
    | (?P<word> [A-Za-z_$][A-Za-z0-9_$]* )
    | (?P<sign> <> | != | <= | >= | \|\| | [-+*/%=<>(),.\[\]] )""",
    re.VERBOSE,
)
TYPES = {
    "BOOL": "bool", "BOOLEAN": "bool", "INT": "integer", "INTEGER": "integer",
    "STRING": "string", "CHAR": "string", "VARCHAR": "string", "FLOAT": "float",
    "DECIMAL": "decimal", "NUMERIC": "decimal", "TIMESTAMP": "timestamp",
}  # fmt: skip
PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE")
FUNCTIONS = {
    "CHAR_LENGTH": (1, 1), "CHARACTER_LENGTH": (1, 1), "COALESCE": (1, 99), "LOWER": (1, 1),
    "NULLIF": (2, 2), "TO_STRING": (2, 2), "TO_TIMESTAMP": (1, 1), "UPPER": (1, 1),
    "UTCNOW": (0, 0),
}  # fmt: skip
"""The functions that are written like functions, and how many arguments they take."""
_RESERVED = frozenset(
    ("AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "ELSE", "END", "ESCAPE", "FALSE", "FROM",
     "GROUP", "HAVING", "IN", "IS", "JOIN", "LIKE", "LIMIT", "MISSING", "NOT", "NULL", "OR",
     "ORDER", "SELECT", "THEN", "TRUE", "UNION", "WHEN", "WHERE")
)  # fmt: skip
_COMPARISONS = ("=", "<>", "!=", "<", ">", "<=", ">=")
_DEPTH_MAX = 50
"""Of parentheses; each is ten calls deep."""


class _Token:
    __slots__ = ("kind", "text", "word")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        self.word = text.upper() if kind == "word" else ""


def parse(text: str) -> Statement:
    """Read a statement; SelectError of what is none, or what is not supported."""
    return _Parser(_tokens(text)).statement()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    text = text.rstrip().removesuffix(";")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SelectError("LexerInvalidChar", f"The SQL expression contains {text[at]!r}.")
        at = match.end()
        if match.lastgroup:
            found.append(_Token(match.lastgroup, match[match.lastgroup]))
    return [*found, _Token("end", "")]


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    # -- tokens ---------------------------------------------------------------------------------

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._now
        self._at += 1
        return token

    def _takes(self, *words: str) -> bool:
        """Take words or signs, all of them or none."""
        for offset, word in enumerate(words):
            token = self._tokens[min(self._at + offset, len(self._tokens) - 1)]
            if token.word != word and (token.kind != "sign" or token.text != word):
                return False
        self._at += len(words)
        return True

    def _wants(self, word: str) -> None:
        if not self._takes(word):
            kind = "Keyword" if word.isalpha() else "TokenType"
            said = self._now.text or "the end"
            raise SelectError(f"ParseExpected{kind}", f"Expected {word}, found {said}.")

    def _unexpected(self) -> SelectError:
        said = self._now.text or "the end of the statement"
        return SelectError("ParseUnexpectedToken", f"Did not expect {said} in the SQL expression.")

    # -- the statement --------------------------------------------------------------------------

    def statement(self) -> Statement:
        if not self._takes("SELECT"):
            raise SelectError("UnsupportedSqlOperation", "Only SELECT is supported.")
        if self._now.word in ("DISTINCT", "ALL"):
            raise SelectError("ParseUnsupportedSelect", f"{self._now.text} is not supported.")
        listed = self._projections()
        if not self._takes("FROM"):
            raise SelectError("ParseSelectMissingFrom", "The SQL expression has no FROM.")
        source, alias = self._source()
        where = self._expression() if self._takes("WHERE") else None
        limit = self._limit() if self._takes("LIMIT") else -1
        if self._now.kind != "end":
            if self._now.word in ("GROUP", "ORDER", "HAVING", "UNION", "JOIN"):
                message = f"{self._now.text} is not supported."
                raise SelectError("UnsupportedSqlStructure", message)
            raise self._unexpected()
        within = _Names(alias)
        projections = [
            Projection(within.value(value), name or f"_{at}")
            for at, (value, name) in enumerate(listed, 1)
        ]
        found = Statement(
            tuple(projections), source, None if where is None else within.value(where), limit
        )
        _check(found)
        return found

    def _projections(self) -> list[tuple[Expression, str]]:
        if self._takes("*"):
            return []
        found: list[tuple[Expression, str]] = []
        while True:
            value = self._expression()
            name = _last_name(value)
            if self._takes("AS") or self._is_name():
                name = self._name()
            found.append((value, name))
            if not self._takes(","):
                return found

    def _is_name(self) -> bool:
        token = self._now
        return token.kind == "name" or (token.kind == "word" and token.word not in _RESERVED)

    def _name(self) -> str:
        if not self._is_name():
            message = f"Expected a name, found {self._now.text or 'the end'}."
            raise SelectError("ParseExpectedIdentForAlias", message)
        return _unquoted(self._next())

    def _source(self) -> tuple[tuple[Step, ...], str]:
        if self._now.word != "S3OBJECT":
            message = f"FROM names {self._now.text or 'nothing'}; only S3Object can be asked."
            raise SelectError("InvalidDataSource", message)
        self._next()
        steps = self._steps()
        if self._takes(","):
            raise SelectError("ParseUnsupportedSyntax", "FROM can name one source only.")
        alias = self._name() if self._takes("AS") or self._is_name() else "s3object"
        return steps, alias

    def _limit(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise SelectError("ParseExpectedNumber", "LIMIT needs a number.")
        return int(token.text)

    # -- expressions, from the loosest to the tightest --------------------------------------------

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise SelectError("ExpressionTooLong", "The SQL expression is nested too deeply.")
        found = self._and()
        while self._takes("OR"):
            found = Operation("or", (found, self._and()))
        self._depth -= 1
        return found

    def _and(self) -> Expression:
        found = self._not()
        while self._takes("AND"):
            found = Operation("and", (found, self._not()))
        return found

    def _not(self) -> Expression:
        times = 0
        while self._takes("NOT"):
            times += 1
        found = self._comparison()
        return Operation("not", (found,)) if times % 2 else found

    def _comparison(self) -> Expression:
        found = self._sum()
        while True:
            sign = self._now.text if self._now.kind == "sign" else ""
            if sign in _COMPARISONS:
                self._next()
                found = Operation("<>" if sign == "!=" else sign, (found, self._sum()))
            elif self._takes("IS"):
                is_not = self._takes("NOT")
                found = Operation(self._null(), (found,))
                found = Operation("not", (found,)) if is_not else found
            else:
                is_not = self._now.word == "NOT" and self._takes("NOT")
                test = self._test(found)
                if test is None:
                    if is_not:
                        raise self._unexpected()
                    return found
                found = Operation("not", (test,)) if is_not else test

    def _null(self) -> str:
        if self._takes("NULL"):
            return "is null"
        if self._takes("MISSING"):
            return "is missing"
        raise self._unexpected()

    def _test(self, value: Expression) -> Expression | None:
        if self._takes("BETWEEN"):
            low = self._sum()
            self._wants("AND")
            return Operation("between", (value, low, self._sum()))
        if self._takes("LIKE"):
            pattern = self._sum()
            escape = (self._sum(),) if self._takes("ESCAPE") else ()
            return Operation("like", (value, pattern, *escape))
        if self._takes("IN"):
            is_listed = self._takes("(") or self._takes("[")
            if not is_listed:
                raise self._unexpected()
            return Operation("in", (value, *self._arguments((")", "]"))))
        return None

    def _sum(self) -> Expression:
        return self._left(("+", "-", "||"), self._product)

    def _product(self) -> Expression:
        return self._left(("*", "/", "%"), self._sign)

    def _left(self, signs: tuple[str, ...], tighter: Callable[[], Expression]) -> Expression:
        found = tighter()
        while self._now.kind == "sign" and self._now.text in signs:
            found = Operation(self._next().text, (found, tighter()))
        return found

    def _sign(self) -> Expression:
        is_negative = False
        while self._now.kind == "sign" and self._now.text in "+-":
            is_negative ^= self._next().text == "-"
        found = self._primary()
        return Operation("negative", (found,)) if is_negative else found

    def _primary(self) -> Expression:
        token = self._next()
        if token.kind in ("number", "text", "time"):
            return _constant(token)
        if token.kind == "sign" and token.text == "(":
            found = self._expression()
            self._wants(")")
            return found
        constants = {"TRUE": True, "FALSE": False, "NULL": None}
        if token.word in constants:
            return Constant(constants[token.word])
        if token.word == "MISSING":
            return Missing()
        if token.word == "CASE":
            return self._case()
        if token.kind == "word" and self._takes("("):
            return self._call(token)
        if token.kind == "name" or (token.kind == "word" and token.word not in _RESERVED):
            first = Step(_unquoted(token), is_exact=token.kind == "name")
            return Path((first, *self._steps()))
        self._at -= 1
        raise self._unexpected()

    def _steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        while True:
            if self._takes("."):
                if self._takes("*"):
                    found.append(Step(is_all=True))
                else:
                    is_exact = self._now.kind == "name"
                    found.append(Step(self._name_in_path(), is_exact=is_exact))
            elif self._takes("["):
                found.append(self._subscript())
                self._wants("]")
            else:
                return tuple(found)

    def _name_in_path(self) -> str:
        if self._now.kind not in ("word", "name"):
            raise self._unexpected()
        return _unquoted(self._next())

    def _subscript(self) -> Step:
        if self._takes("*"):
            return Step(is_all=True)
        token = self._next()
        if token.kind == "number" and token.text.isdigit():
            return Step(index=int(token.text))
        if token.kind == "text":
            return Step(token.text[1:-1].replace("''", "'"), is_exact=True)
        self._at -= 1
        raise self._unexpected()

    def _case(self) -> Expression:
        subject = None if self._now.word == "WHEN" else self._expression()
        branches: list[tuple[Expression, Expression]] = []
        while self._takes("WHEN"):
            test = self._expression()
            self._wants("THEN")
            when = test if subject is None else Operation("=", (subject, test))
            branches.append((when, self._expression()))
        otherwise = self._expression() if self._takes("ELSE") else None
        self._wants("END")
        if not branches:
            raise SelectError("ParseExpectedKeyword", "Expected WHEN, found END.")
        return Case(tuple(branches), otherwise)

    def _call(self, token: _Token) -> Expression:
        name = token.word
        special = {
            "CAST": self._cast, "COUNT": self._count, "DATE_ADD": self._date,
            "DATE_DIFF": self._date, "EXTRACT": self._extract, "SUBSTRING": self._substring,
            "TRIM": self._trim,
        }  # fmt: skip
        if name in special:
            found = special[name](name)
        elif name in AGGREGATES:
            found = Call(name, (self._expression(),))
        elif name in FUNCTIONS:
            arguments = () if self._now.text == ")" else self._arguments(())
            least, most = FUNCTIONS[name]
            if not least <= len(arguments) <= most:
                message = f"{name} was given {len(arguments)} arguments."
                raise SelectError("EvaluatorInvalidArguments", message)
            found = Call(name, arguments)
        else:
            raise SelectError("UnsupportedFunction", f"There is no function {token.text}.")
        self._wants(")")
        return found

    def _arguments(self, ends: tuple[str, ...]) -> tuple[Expression, ...]:
        found = [self._expression()]
        while self._takes(","):
            found.append(self._expression())
        if ends and self._next().text not in ends:
            self._at -= 1
            raise self._unexpected()
        return tuple(found)

    def _cast(self, _: str) -> Expression:
        value = self._expression()
        if not self._takes("AS"):
            raise SelectError("ParseExpectedKeyword", f"Expected AS, found {self._now.text}.")
        token = self._next()
        if token.word not in TYPES:
            raise SelectError("ParseExpectedTypeName", f"{token.text} is no type.")
        if self._takes("("):
            self._arguments((")",))
        return Cast(value, TYPES[token.word])

    def _count(self, name: str) -> Expression:
        if self._takes("*"):
            return Call(name, ())
        return Call(name, (self._expression(),))

    def _part(self) -> str:
        token = self._next()
        if token.word not in PARTS:
            raise SelectError("ParseExpectedDatePart", f"{token.text} is no part of a date.")
        return token.word

    def _date(self, name: str) -> Expression:
        part = self._part()
        self._wants(",")
        first = self._expression()
        self._wants(",")
        return Call(name, (first, self._expression()), part)

    def _extract(self, name: str) -> Expression:
        part = self._part()
        self._wants("FROM")
        return Call(name, (self._expression(),), part)

    def _substring(self, name: str) -> Expression:
        value = self._expression()
        between = "," if self._now.text == "," else "FROM"
        self._wants(between)
        start = self._expression()
        if self._takes("," if between == "," else "FOR"):
            return Call(name, (value, start, self._expression()))
        return Call(name, (value, start))

    def _trim(self, name: str) -> Expression:
        side = "BOTH"
        if self._now.word in ("LEADING", "TRAILING", "BOTH"):
            side = self._next().word
        elif self._now.word != "FROM":
            value = self._expression()
            if not self._takes("FROM"):
                return Call(name, (value,), side)
            return Call(name, (self._expression(), value), side)
        if self._takes("FROM"):
            return Call(name, (self._expression(),), side)
        characters = self._expression()
        self._wants("FROM")
        return Call(name, (self._expression(), characters), side)


def _unquoted(token: _Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.kind == "name" else token.text


def _constant(token: _Token) -> Expression:
    if token.kind == "time":
        return Cast(Constant(token.text[1:-1]), "timestamp")
    if token.kind == "text":
        return Constant(token.text[1:-1].replace("''", "'"))
    text = token.text
    if text.isdigit():
        return Constant(int(text))
    return Constant(float(text) if "e" in text.lower() else Decimal(text))


def _last_name(value: Expression) -> str:
    if isinstance(value, Path):
        return value.steps[-1].name
    return ""


class _Names:
    """Takes the source's name off the paths that begin with it."""

    def __init__(self, alias: str) -> None:
        self._names = {alias.lower(), "s3object"}

    def value(self, value: Expression) -> Expression:
        """Return an expression whose paths begin with columns."""
        match value:
            case Path(steps=steps):
                if len(steps) > 1 and steps[0].name.lower() in self._names:
                    return Path(steps[1:])
                return value
            case Operation(operator=operator, operands=operands):
                return Operation(operator, tuple(map(self.value, operands)))
            case Call(name=name, arguments=arguments, part=part):
                return Call(name, tuple(map(self.value, arguments)), part)
            case Cast(value=inner, type=kind):
                return Cast(self.value(inner), kind)
            case Case(branches=branches, otherwise=otherwise):
                changed = tuple((self.value(when), self.value(then)) for when, then in branches)
                return Case(changed, None if otherwise is None else self.value(otherwise))
            case _:
                return value


def _check(statement: Statement) -> None:
    """Refuse what can be read and means nothing."""
    if statement.is_aggregate:
        for one in statement.projections:
            if isinstance(one.value, Path):
                message = "A column stands beside an aggregate function."
                raise SelectError("UnsupportedSqlStructure", message)
