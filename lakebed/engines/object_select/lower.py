"""S3 Select's expressions in DuckDB's words.

Every path of a statement is a few columns of the table of records: `p0_j` the value as JSON, `p0_s`
its text, `p0_n` its number, `p0_b` its truth, `p0_m` whether it is missing. A text stands for the
number or truth it says where one is asked for, since all of CSV is text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

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
    Statement,
)

_ARITHMETIC = ("+", "-", "*", "%")
_FORMATS = (
    ("yyyy", "%Y"), ("yy", "%y"), ("y", "%Y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"),
    ("M", "%-m"), ("dd", "%d"), ("d", "%-d"), ("HH", "%H"), ("H", "%-H"), ("hh", "%I"),
    ("h", "%-I"), ("mm", "%M"), ("m", "%-M"), ("SSS", "%g"), ("ss", "%S"), ("s", "%-S"),
    ("a", "%p"),
)  # fmt: skip


class Value(NamedTuple):
    """DuckDB's text of an expression; `kind` is any, json, text, number, bool, time or null.

    An `any` is the prefix of a path's columns, a `json` is read again when it is written.
    """

    text: str
    kind: str


class Lowered(NamedTuple):
    """A statement: the columns of its answer with their kinds, a condition, the paths it reads."""

    columns: list[tuple[str, Value]]
    where: str
    paths: list[Path]


def lower(statement: Statement) -> Lowered:
    """Write a statement's expressions; SelectError where types cannot fit."""
    lowering = _Lowering()
    columns = [(one.name, lowering.value(one.value)) for one in statement.projections]
    where = "" if statement.where is None else lowering.truth(statement.where)
    return Lowered(columns, where, lowering.paths)


def shown(value: Value) -> str:
    """Return what is selected of a value: JSON of a path's, itself of others."""
    return f"{value.text}_j" if value.kind == "any" else value.text


class _Lowering:
    def __init__(self) -> None:
        self.paths: list[Path] = []

    # -- a value as a kind ------------------------------------------------------------------------

    def number(self, expression: Expression) -> str:
        value = self.value(expression)
        if value.kind == "any":
            return f"coalesce({value.text}_n, TRY_CAST({value.text}_s AS DOUBLE))"
        if value.kind == "text":
            return f"TRY_CAST({value.text} AS DOUBLE)"
        if value.kind in ("number", "null"):
            return value.text
        raise _wrong(value, "a number")

    def string(self, expression: Expression) -> str:
        value = self.value(expression)
        if value.kind == "any":
            return f"{value.text}_s"
        if value.kind in ("text", "null"):
            return value.text
        raise _wrong(value, "a string")

    def truth(self, expression: Expression) -> str:
        value = self.value(expression)
        if value.kind == "any":
            return f"coalesce({value.text}_b, TRY_CAST({value.text}_s AS BOOLEAN))"
        if value.kind in ("bool", "null"):
            return value.text
        raise _wrong(value, "a truth value")

    def time(self, expression: Expression) -> str:
        value = self.value(expression)
        if value.kind == "time":
            return value.text
        if value.kind == "any":
            return _timestamp(f"{value.text}_s")
        if value.kind == "text":
            return _timestamp(value.text)
        if value.kind == "null":
            return "CAST(NULL AS TIMESTAMP)"
        raise _wrong(value, "a timestamp")

    # -- expressions ------------------------------------------------------------------------------

    def value(self, expression: Expression) -> Value:
        match expression:
            case Constant(value=constant):
                return _constant(constant)
            case Missing():
                return Value("NULL", "null")
            case Path():
                if expression not in self.paths:
                    self.paths.append(expression)
                return Value(f"p{self.paths.index(expression)}", "any")
            case Cast():
                return self.cast(expression)
            case Case():
                return self.case(expression)
            case Call():
                return self.call(expression)
            case Operation():
                return self.operation(expression)

    def operation(self, found: Operation) -> Value:
        operator, operands = found.operator, found.operands
        if operator in ("and", "or"):
            left, right = map(self.truth, operands)
            return Value(f"({left} {operator.upper()} {right})", "bool")
        if operator == "not":
            return Value(f"(NOT {self.truth(operands[0])})", "bool")
        if operator in ("negative", "/", "||", *_ARITHMETIC):
            return self.computed(operator, operands)
        return Value(self.tested(operator, operands), "bool")

    def computed(self, operator: str, operands: tuple[Expression, ...]) -> Value:
        if operator == "negative":
            return Value(f"(-{self.number(operands[0])})", "number")
        if operator == "||":
            left, right = map(self.string, operands)
            return Value(f"({left} || {right})", "text")
        if operator == "/":
            return self.divided(*operands)
        left, right = map(self.number, operands)
        return Value(f"({left} {operator} {right})", "number")

    def tested(self, operator: str, operands: tuple[Expression, ...]) -> str:
        if operator in ("is null", "is missing"):
            return self.absent(operands[0], operator)
        if operator == "like":
            value, pattern, *escape = map(self.string, operands)
            tail = f" ESCAPE {escape[0]}" if escape else ""
            return f"({value} LIKE {pattern}{tail})"
        if operator == "between":
            value, low, high = operands
            tests = (self.compared(">=", value, low), self.compared("<=", value, high))
            return f"({' AND '.join(tests)})"
        if operator == "in":
            value, *many = operands
            tests = [self.compared("=", value, one) for one in many]
            return f"({' OR '.join(tests)})"
        return self.compared(operator, *operands)

    def divided(self, left: Expression, right: Expression) -> Value:
        above, below = self.number(left), self.number(right)
        kinds = {self.value(one).text.lstrip("-").isdigit() for one in (left, right)}
        sign = "//" if kinds == {True} else "/"
        return Value(f"({above} {sign} nullif({below}, 0))", "number")

    def absent(self, expression: Expression, operator: str) -> str:
        value = self.value(expression)
        if isinstance(expression, Missing):
            return "TRUE"
        if value.kind == "any":
            missing = f"{value.text}_m"
            return missing if operator == "is missing" else f"({value.text}_j IS NULL)"
        return "FALSE" if operator == "is missing" else f"({value.text} IS NULL)"

    def compared(self, sign: str, left: Expression, right: Expression) -> str:
        """Compare as the kind that one side has; two paths as numbers if they are, else texts."""
        kinds = {self.value(one).kind for one in (left, right)} - {"any", "null"}
        for kind, write in (("time", self.time), ("number", self.number), ("bool", self.truth)):
            if kind in kinds:
                return f"({write(left)} {sign} {write(right)})"
        if "text" in kinds:
            return f"({self.string(left)} {sign} {self.string(right)})"
        numbers = [self.number(one) for one in (left, right)]
        texts = [_text_of(self.value(one)) for one in (left, right)]
        return (
            f"CASE WHEN {numbers[0]} IS NOT NULL AND {numbers[1]} IS NOT NULL "
            f"THEN {numbers[0]} {sign} {numbers[1]} ELSE {texts[0]} {sign} {texts[1]} END"
        )

    def cast(self, found: Cast) -> Value:
        value = self.value(found.value)
        text = f"{value.text}_s" if value.kind == "any" else value.text
        if found.type == "timestamp":
            return Value(self.time(found.value), "time")
        if value.kind == "any":
            # What a number or a truth is in words; a text as it is.
            text = f"coalesce({value.text}_s, {value.text}_j)"
        if found.type == "integer":
            kept = f"trunc(CAST(trim(CAST({text} AS VARCHAR)) AS DECIMAL(38, 10)))"
            return Value(f"CAST({kept} AS BIGINT)", "number")
        if found.type == "string":
            return Value(f"CAST({text} AS VARCHAR)", "text")
        names = {"float": "DOUBLE", "decimal": "DECIMAL(38, 10)", "bool": "BOOLEAN"}
        kind = "bool" if found.type == "bool" else "number"
        return Value(f"CAST({text} AS {names[found.type]})", kind)

    def case(self, found: Case) -> Value:
        results = [then for _, then in found.branches]
        results += [] if found.otherwise is None else [found.otherwise]
        kind, texts = self.alike(results)
        branches = [f"WHEN {self.truth(when)} THEN {text}"
                    for (when, _), text in zip(found.branches, texts, strict=False)]  # fmt: skip
        otherwise = f" ELSE {texts[-1]}" if found.otherwise is not None else ""
        return Value(f"CASE {' '.join(branches)}{otherwise} END", kind)

    def alike(self, many: list[Expression]) -> tuple[str, list[str]]:
        """Return expressions as one kind: the one that all have, else texts."""
        kinds = {self.value(one).kind for one in many} - {"null"}
        if kinds in ({"number"}, {"bool"}, {"time"}):
            return kinds.pop(), [self.value(one).text for one in many]
        return "text", [_text_of(self.value(one)) for one in many]

    # -- functions --------------------------------------------------------------------------------

    def call(self, found: Call) -> Value:
        name, arguments = found.name, found.arguments
        if name in AGGREGATES:
            return self.aggregate(name, arguments)
        if name == "COALESCE":
            kind, texts = self.alike(list(arguments))
            return Value(f"coalesce({', '.join(texts)})", kind)
        if name == "NULLIF":
            test, value = self.compared("=", *arguments), self.value(arguments[0])
            kind = "text" if value.kind == "any" else value.kind
            is_typed = kind in ("number", "bool", "time")
            text = value.text if is_typed else _text_of(value)
            return Value(f"CASE WHEN {test} THEN NULL ELSE {text} END", kind)
        if name == "UTCNOW":
            return Value("CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)", "time")
        if name in ("DATE_ADD", "DATE_DIFF", "EXTRACT", "TO_STRING", "TO_TIMESTAMP"):
            return self.of_time(found)
        texts = [self.string(one) for one in arguments[:1]]
        if name in ("CHAR_LENGTH", "CHARACTER_LENGTH"):
            return Value(f"length({texts[0]})", "number")
        if name in ("LOWER", "UPPER"):
            return Value(f"{name.lower()}({texts[0]})", "text")
        if name == "SUBSTRING":
            return self.substring(found)
        characters = "' '" if len(arguments) < 2 else self.string(arguments[1])
        side = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}[found.part]
        return Value(f"{side}({texts[0]}, {characters})", "text")

    def aggregate(self, name: str, arguments: tuple[Expression, ...]) -> Value:
        if not arguments:
            return Value("count(*)", "number")
        if name == "COUNT":
            return Value(f"count({_text_of(self.value(arguments[0]))})", "number")
        if name in ("MIN", "MAX"):
            return self.most(name.lower(), arguments[0])
        return Value(f"{name.lower()}({self.number(arguments[0])})", "number")

    def most(self, function: str, argument: Expression) -> Value:
        """Write MIN or MAX: of numbers if all are, else of texts."""
        value = self.value(argument)
        if value.kind != "any":
            return Value(f"{function}({value.text})", value.kind)
        number, text = self.number(argument), _text_of(value)
        return Value(
            f"CASE WHEN count({number}) = count({text}) THEN to_json({function}({number})) "
            f"ELSE to_json({function}({text})) END",
            "json",
        )

    def of_time(self, found: Call) -> Value:
        part, arguments = found.part.lower(), found.arguments
        if found.name == "DATE_ADD":
            quantity, time = self.number(arguments[0]), self.time(arguments[1])
            added = f"CAST({quantity} AS BIGINT) * INTERVAL 1 {part}"
            return Value(f"({time} + {added})", "time")
        if found.name == "DATE_DIFF":
            first, second = map(self.time, arguments)
            return Value(f"date_sub('{part}', {first}, {second})", "number")
        if found.name == "EXTRACT":
            time = self.time(arguments[0])
            if part.startswith("timezone"):
                return Value("CAST(0 AS BIGINT)", "number")
            return Value(f"date_part('{part}', {time})", "number")
        if found.name == "TO_TIMESTAMP":
            return Value(self.time(arguments[0]), "time")
        pattern = arguments[1]
        if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
            raise SelectError("EvaluatorInvalidArguments", "TO_STRING needs a format as a text.")
        written = _quoted(_format(pattern.value))
        return Value(f"strftime({self.time(arguments[0])}, {written})", "text")

    def substring(self, found: Call) -> Value:
        text, start = self.string(found.arguments[0]), self.number(found.arguments[1])
        begin = f"CAST({start} AS BIGINT)"
        if len(found.arguments) == 2:
            return Value(f"substring({text}, greatest({begin}, 1))", "text")
        length = f"CAST({self.number(found.arguments[2])} AS BIGINT)"
        # What lies before the first character counts, and is not there.
        kept = f"greatest({length} + least({begin} - 1, 0), 0)"
        return Value(f"substring({text}, greatest({begin}, 1), {kept})", "text")


def _text_of(value: Value) -> str:
    if value.kind == "any":
        return f"coalesce({value.text}_s, {value.text}_j)"
    return value.text if value.kind in ("text", "null") else f"CAST({value.text} AS VARCHAR)"


def _constant(value: str | int | Decimal | float | bool | None) -> Value:
    if value is None:
        return Value("NULL", "null")
    if isinstance(value, bool):
        return Value("TRUE" if value else "FALSE", "bool")
    if isinstance(value, str):
        return Value(_quoted(value), "text")
    text = f"CAST({value!r} AS DOUBLE)" if isinstance(value, float) else str(value)
    return Value(text, "number")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _timestamp(text: str) -> str:
    """Read a time as ISO 8601 has it, down to a year alone (`2020T`)."""
    day = f"regexp_replace({text}, 'T$', '')"
    short = f"WHEN 4 THEN {day} || '-01-01' WHEN 7 THEN {day} || '-01'"
    return f"CAST(CASE length({day}) {short} ELSE {day} END AS TIMESTAMP)"


def _format(pattern: str) -> str:
    written, at = "", 0
    while at < len(pattern):
        for letters, ours in _FORMATS:
            if pattern.startswith(letters, at):
                written, at = written + ours, at + len(letters)
                break
        else:
            written, at = written + pattern[at].replace("%", "%%"), at + 1
    return written


def _wrong(value: Value, wanted: str) -> SelectError:
    message = f"A {value.kind} stands where {wanted} is needed."
    return SelectError("EvaluatorInvalidArguments", message)
