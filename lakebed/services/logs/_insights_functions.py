"""Functions of CloudWatch Logs Insights, each as Trino's SQL over texts, numbers and times.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

Kind = Literal["text", "number", "boolean", "time"]


class Sql(msgspec.Struct, frozen=True):
    """An expression of SQL: a varchar, a double, a boolean, or a time in ms as a bigint.

    A field of a log event is a text, whatever it means: it is taken for a number where one is
    asked for.
    """

    text: str
    kind: Kind = "text"
    literal: str | None = None

    @property
    def as_number(self) -> str:
        """The double of it, NULL where it is none."""
        if self.kind == "number":
            return self.text
        if self.kind == "boolean":
            return f"CAST(CAST({self.text} AS integer) AS double)"
        if self.kind == "time":
            return f"CAST({self.text} AS double)"
        return f"TRY_CAST({self.text} AS double)"

    @property
    def as_text(self) -> str:
        """The varchar of it; numbers that are whole have no fraction, as in results."""
        if self.kind == "text":
            return self.text
        if self.kind == "boolean":
            return f"CAST(CAST({self.text} AS integer) AS varchar)"
        if self.kind == "time":
            return f"CAST({self.text} AS varchar)"
        whole = f"CAST(CAST({self.text} AS bigint) AS varchar)"
        return (
            f"CASE WHEN {self.text} = floor({self.text}) AND abs({self.text}) < 1e15 "
            f"THEN {whole} ELSE CAST({self.text} AS varchar) END"
        )

    @property
    def as_boolean(self) -> str:
        """The boolean of it: 1 is true."""
        return self.text if self.kind == "boolean" else f"({self.as_number} <> 0)"


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _number(template: str) -> Callable[[Sequence[Sql]], Sql]:
    return lambda given: Sql(template.format(*(one.as_number for one in given)), "number")


def _text(template: str, kind: Kind = "text") -> Callable[[Sequence[Sql]], Sql]:
    return lambda given: Sql(template.format(*(one.as_text for one in given)), kind)


def _many(name: str, *, is_number: bool) -> Callable[[Sequence[Sql]], Sql]:
    def make(given: Sequence[Sql]) -> Sql:
        if is_number:
            return Sql(f"{name}({', '.join(one.as_number for one in given)})", "number")
        if len({one.kind for one in given}) == 1:
            return Sql(f"{name}({', '.join(one.text for one in given)})", given[0].kind)
        return Sql(f"{name}({', '.join(one.as_text for one in given)})")

    return make


def _trim(ends: str) -> Callable[[Sequence[Sql]], Sql]:
    """`ltrim`, `rtrim`, `trim`: white space, or the characters of the second argument."""

    def make(given: Sequence[Sql]) -> Sql:
        characters = r"\s"
        if len(given) == 2:
            characters = "".join(f"\\{one}" if not one.isalnum() else one
                                 for one in given[1].literal or "")  # fmt: skip
        if not characters:
            return given[0]
        parts = {"l": f"^[{characters}]+", "r": f"[{characters}]+$"}
        pattern = "|".join(parts[end] for end in ends)
        return Sql(f"regexp_replace({given[0].as_text}, {quoted(pattern)}, '')")

    return make


def _substr(given: Sequence[Sql]) -> Sql:
    """Offsets begin at 0, as AWS's example shows."""
    begin = f"CAST({given[1].as_number} AS bigint) + 1"
    if len(given) == 2:
        return Sql(f"substr({given[0].as_text}, {begin})")
    return Sql(f"substr({given[0].as_text}, {begin}, CAST({given[2].as_number} AS bigint))")


def _concat(given: Sequence[Sql]) -> Sql:
    return Sql(" || ".join(f"coalesce({one.as_text}, '')" for one in given))


def _present(given: Sequence[Sql]) -> Sql:
    return Sql(f"({given[0].text} IS NOT NULL)", "boolean")


def _subnet(family: str) -> Callable[[Sequence[Sql]], Sql]:
    def make(given: Sequence[Sql]) -> Sql:
        address, subnet = given[0].as_text, given[1].as_text
        inside = f"contains({subnet}, TRY_CAST({address} AS ipaddress))"
        return Sql(f"({_family(address, family)} AND {inside})", "boolean")

    return make


def _valid(family: str) -> Callable[[Sequence[Sql]], Sql]:
    def make(given: Sequence[Sql]) -> Sql:
        address = given[0].as_text
        valid = f"TRY_CAST({address} AS ipaddress) IS NOT NULL"
        return Sql(f"({_family(address, family)} AND {valid})", "boolean")

    return make


def _family(address: str, family: str) -> str:
    if family == "4":
        return f"{address} LIKE '%.%' AND {address} NOT LIKE '%:%'"
    return f"{address} LIKE '%:%'" if family == "6" else f"{address} IS NOT NULL"


FUNCTIONS: dict[str, tuple[int, int, Callable[[Sequence[Sql]], Sql]]] = {
    "abs": (1, 1, _number("abs({})")),
    "ceil": (1, 1, _number("ceiling({})")),
    "floor": (1, 1, _number("floor({})")),
    "log": (1, 1, _number("ln({})")),
    "sqrt": (1, 1, _number("sqrt({})")),
    "greatest": (1, 50, _many("greatest", is_number=True)),
    "least": (1, 50, _many("least", is_number=True)),
    "coalesce": (1, 50, _many("coalesce", is_number=False)),
    "ispresent": (1, 1, _present),
    "isempty": (1, 1, _text("(coalesce({0}, '') = '')", "boolean")),
    "isblank": (1, 1, _text("(trim(coalesce({0}, '')) = '')", "boolean")),
    "concat": (1, 50, _concat),
    "ltrim": (1, 2, _trim("l")),
    "rtrim": (1, 2, _trim("r")),
    "trim": (1, 2, _trim("lr")),
    "strlen": (1, 1, _text("CAST(length({}) AS double)", "number")),
    "toupper": (1, 1, _text("upper({})")),
    "tolower": (1, 1, _text("lower({})")),
    "substr": (2, 3, _substr),
    "replace": (3, 3, _text("replace({}, {}, {})")),
    "strcontains": (2, 2, _text("(strpos({}, {}) > 0)", "boolean")),
    "isvalidip": (1, 1, _valid("")),
    "isvalidipv4": (1, 1, _valid("4")),
    "isvalidipv6": (1, 1, _valid("6")),
    "isipinsubnet": (2, 2, _subnet("")),
    "isipv4insubnet": (2, 2, _subnet("4")),
    "isipv6insubnet": (2, 2, _subnet("6")),
    "frommillis": (1, 1, lambda given: Sql(f"CAST({given[0].as_number} AS bigint)", "time")),
    "tomillis": (1, 1, lambda given: Sql(given[0].as_number, "number")),
}  # fmt: skip
"""Each function's fewest and most arguments, and what it is in SQL."""

KNOWN_ELSEWHERE = frozenset({"jsonparse", "jsonstringify", "formatdate", "jaccard"})
"""Functions that AWS has and that are not built."""

_AGGREGATED = re.compile(r"[a-z_]+")


def _extreme(name: str) -> Callable[[Sql], Sql]:
    """`min` and `max`: of numbers if all values are, else of texts."""

    def make(value: Sql) -> Sql:
        if value.kind in ("number", "time"):
            return Sql(f"{name}({value.text})", value.kind)
        number = Sql(f"{name}({value.as_number})", "number")
        return Sql(
            f"CASE WHEN count({value.text}) = count({value.as_number}) THEN {number.as_text} "
            f"ELSE {name}({value.as_text}) END"
        )

    return make


AGGREGATES: dict[str, Callable[[Sql], Sql]] = {
    "avg": lambda value: Sql(f"avg({value.as_number})", "number"),
    "sum": lambda value: Sql(f"sum({value.as_number})", "number"),
    "stddev": lambda value: Sql(f"stddev({value.as_number})", "number"),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "count": lambda value: Sql(f"CAST(count({value.text}) AS double)", "number"),
    "count_distinct": lambda value: Sql(f"CAST(count(DISTINCT {value.text}) AS double)", "number"),
    "sortsfirst": lambda value: Sql(f"min({value.as_text})"),
    "sortslast": lambda value: Sql(f"max({value.as_text})"),
}
"""Aggregate functions of one value; `pct`, `earliest` and `latest` are the compiler's."""
