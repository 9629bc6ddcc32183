"""Compiles a query of CloudWatch Logs Insights to one statement of Trino's SQL.

Each command is a SELECT around the one before. The innermost reads the table `events`: `t` and `i`
are the times of the event and of its ingestion in ms, `m` its message, `s` its stream, `g` its
group, `p` its pointer, `q` its number in the order of time, and `f0`, `f1`, … the fields discovered
in the message that are asked for. It has those columns that are used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.logs import _insights_tree as tree
from lakebed.services.logs._insights_functions import (
    AGGREGATES,
    FUNCTIONS,
    KNOWN_ELSEWHERE,
    Kind,
    Sql,
    quoted,
)
from lakebed.services.logs._insights_parse import Parser
from lakebed.services.logs._insights_tree import Command, Named, Node, malformed

_SYSTEM: dict[str, Sql] = {
    "@timestamp": Sql("t", "time"),
    "@ingestionTime": Sql("i", "time"),
    "@message": Sql("m"),
    "@logStream": Sql("s"),
    "@log": Sql("g"),
    "@ptr": Sql("p"),
}
_ARITHMETIC = {"+": "({0} + {1})", "-": "({0} - {1})", "*": "({0} * {1})",
               "/": "({0} / nullif({1}, 0e0))", "%": "mod({0}, nullif({1}, 0e0))",
               "^": "power({0}, {1})"}  # fmt: skip
_COLUMNS = frozenset(value.text for value in _SYSTEM.values())
_PLAIN = re.compile(r"[A-Za-z0-9 _,:;=<>@#%&!~\"'/-]+")
"""Regular expressions that find just themselves."""
_GROUP_NAME = re.compile(r"\(\?<[A-Za-z_@][A-Za-z0-9_@]*>")


class Column(msgspec.Struct, frozen=True):
    """A column of the result: the field's name, and what its values are."""

    name: str
    kind: Kind


class Compiled(msgspec.Struct, frozen=True):
    """A query, ready to run.

    `discovered` are the names of the fields `f0`, `f1`, …, `used` the other columns that are asked
    for. Events whose message lacks one of the `needles` need not be read: no filter would pass
    them. The last column of the result is how many events passed the filters.
    """

    sql: str
    columns: tuple[Column, ...]
    discovered: tuple[str, ...]
    is_filtered: bool
    used: frozenset[str] = frozenset()
    needles: tuple[str, ...] = ()


def compile_query(text: str, limit: int, now: float) -> Compiled:
    """Return a query as SQL; MalformedQueryException for what is none."""
    compiler = _Compiler(now)
    for command in Parser(text).query():
        compiler.add(command)
    return compiler.compiled(limit)


class _Compiler:
    def __init__(self, now: float) -> None:
        self._now = now
        self._relation = "events"
        self._known = dict(_SYSTEM)
        self._discovered: dict[str, Sql] = {}
        self._shown: list[str] = []
        self._displayed: list[str] | None = None
        self._order: list[str] = []
        self._columns = 0
        self._is_filtered = False
        self._is_counted = False
        self._is_grouped = False
        self._used = {"t"}
        self._needles: list[str] = []

    def add(self, command: Command) -> None:
        """Wrap what there is in a command."""
        if isinstance(command, tree.Fields):
            self._shown += self._made(command.items)
        elif isinstance(command, tree.Display):
            self._displayed = self._made(command.items)
        elif isinstance(command, tree.Filter):
            if not self._is_counted and self._known["@message"] is _SYSTEM["@message"]:
                self._needles += _needles(command.condition)
            condition = self._expr(command.condition).as_boolean
            self._relation = f"(SELECT * FROM {self._relation} WHERE {condition})"
            self._is_filtered = self._is_filtered or not self._is_counted
        elif isinstance(command, tree.Stats):
            self._stats(command)
        elif isinstance(command, tree.Sort):
            self._order = [
                term for value, is_last in command.items for term in self._terms(value, is_last)
            ]
        elif isinstance(command, tree.Limit):
            self._count()
            ordered = self._ordered()
            self._relation = f"(SELECT * FROM {self._relation}{ordered} LIMIT {command.count})"
        elif isinstance(command, tree.Parse):
            self._parse(command)
        else:
            self._dedup(command)

    def compiled(self, limit: int) -> Compiled:
        """Return the statement."""
        self._count()
        shown = self._displayed if self._displayed is not None else self._shown
        if not self._is_grouped:
            shown = [*(shown or ["@timestamp", "@message"]), "@ptr"]
        shown = list(dict.fromkeys(shown))
        values = [self._look(name) or Sql("CAST(NULL AS varchar)") for name in shown]
        outputs = [
            # NULL must not look like an empty text in the result's file.
            f"'=' || {value.text}" if value.kind == "text" else value.text
            for value in values
        ]
        listed = ", ".join(f"{text} AS o{at}" for at, text in enumerate(outputs))
        sql = f"SELECT {listed}, n FROM {self._relation}{self._ordered()} LIMIT {limit}"
        columns = tuple(Column(name, value.kind) for name, value in zip(shown, values, strict=True))
        used, needles = frozenset(self._used), tuple(self._needles)
        return Compiled(sql, columns, tuple(self._discovered), self._is_filtered, used, needles)

    def _look(self, name: str) -> Sql | None:
        """Return what a name stands for, and remember the column of the event that it asks for."""
        known = self._known.get(name)
        if known is not None and known.text in _COLUMNS:
            self._used.add(known.text)
        return known

    # -- commands ---------------------------------------------------------------------------------

    def _made(self, items: Sequence[Named]) -> list[str]:
        """Make the columns of a list and return their names."""
        added: list[str] = []
        made: dict[str, Sql] = {}
        for item in items:
            value = self._expr(item.value)
            if not (isinstance(item.value, tree.Field) and item.value.name == item.name):
                column = self._column()
                added.append(f"{value.text} AS {column}")
                value = Sql(column, value.kind)
            made[item.name] = value
        if added:
            self._relation = f"(SELECT *, {', '.join(added)} FROM {self._relation})"
        self._known |= made
        return [item.name for item in items]

    def _column(self) -> str:
        self._columns += 1
        return f"x{self._columns}"

    def _count(self) -> None:
        """Count what passed the filters, before anything else makes it fewer."""
        if not self._is_counted:
            self._is_counted = True
            counted = "count(*) OVER ()" if self._is_filtered else "CAST(0 AS bigint)"
            self._relation = f"(SELECT *, {counted} AS n FROM {self._relation})"

    def _stats(self, command: tree.Stats) -> None:
        self._count()
        made: dict[str, Sql] = {}
        listed: list[str] = []
        groups: list[Sql] = []
        for item in command.groups:
            value = self._expr(item.value)
            column = self._column()
            listed.append(f"{value.text} AS {column}")
            made[item.name] = Sql(column, value.kind)
            groups.append(made[item.name])
        for item in command.items:
            value = self._aggregate(item.value)
            column = self._column()
            listed.append(f"{value.text} AS {column}")
            made[item.name] = Sql(column, value.kind)
        by = ", ".join(str(at) for at in range(1, len(groups) + 1))
        grouping = f" GROUP BY {by}" if groups else ""
        total = "coalesce(max(n), 0) AS n"
        self._relation = f"(SELECT {', '.join(listed)}, {total} FROM {self._relation}{grouping})"
        self._known = made
        self._shown = list(made)
        self._displayed = None
        # AWS promises no order; ours is always the same.
        self._order = [group.text for group in groups]
        self._is_grouped = True

    def _terms(self, value: Node, is_descending: bool) -> list[str]:
        found = self._expr(value)
        direction = "DESC NULLS LAST" if is_descending else "ASC NULLS LAST"
        if found.kind != "text":
            return [f"{found.text} {direction}"]
        return [f"{found.as_number} {direction}", f"{found.text} {direction}"]

    def _ordered(self) -> str:
        order = self._order
        if not order and not self._is_grouped:
            order = ["t DESC", "q DESC"]
            self._used.add("q")
        return f" ORDER BY {', '.join(order)}" if order else ""

    def _parse(self, command: tree.Parse) -> None:
        source = self._expr(command.source).as_text
        pattern = quoted(_GROUP_NAME.sub("(", command.regex))
        _checked_regex(command.regex)
        positions = _group_positions(command.regex, len(command.names))
        added: list[str] = []
        for name, position in zip(command.names, positions, strict=True):
            column = self._column()
            added.append(f"regexp_extract({source}, {pattern}, {position}) AS {column}")
            self._known[name] = Sql(column)
            if not self._is_grouped:
                self._shown.append(name)
        self._relation = f"(SELECT *, {', '.join(added)} FROM {self._relation})"

    def _dedup(self, command: tree.Dedup) -> None:
        self._count()
        keys = [self._expr(item).text for item in command.items]
        row = self._column()
        window = f"PARTITION BY {', '.join(keys)}{self._ordered()}"
        absent = "".join(f" OR {key} IS NULL" for key in keys)
        self._relation = (
            f"(SELECT * FROM (SELECT *, row_number() OVER ({window}) AS {row} "
            f"FROM {self._relation}) WHERE {row} = 1{absent})"
        )

    # -- expressions ------------------------------------------------------------------------------

    def _expr(self, node: Node) -> Sql:
        known = self._look(node.text)
        if known is not None and not isinstance(node, tree.Text):
            return known
        if isinstance(node, tree.Number):
            return Sql(f"CAST({node.value!r} AS double)", "number")
        if isinstance(node, tree.Text):
            return Sql(quoted(node.value), literal=node.value)
        return self._composed(node)

    def _composed(self, node: Node) -> Sql:
        if isinstance(node, tree.Field):
            return self._field(node)
        if isinstance(node, tree.Unary):
            operand = self._expr(node.operand)
            if node.operator == "not":
                return Sql(f"(NOT {operand.as_boolean})", "boolean")
            return Sql(f"(- {operand.as_number})", "number")
        if isinstance(node, tree.Binary):
            return self._binary(node)
        if isinstance(node, tree.Like):
            return self._like(node)
        if isinstance(node, tree.In):
            return self._in(node)
        if isinstance(node, tree.Call):
            return self._call(node)
        raise malformed(f"unexpected symbol found {node.text}", node.start, node.end)

    def _field(self, node: tree.Field) -> Sql:
        known = self._look(node.name)
        if known is not None:
            return known
        if self._is_grouped:
            # What was not grouped nor counted is gone.
            return Sql("CAST(NULL AS varchar)")
        found = Sql(f"f{len(self._discovered)}")
        self._discovered[node.name] = self._known[node.name] = found
        return found

    def _binary(self, node: tree.Binary) -> Sql:
        left, right = self._expr(node.left), self._expr(node.right)
        if node.operator in ("and", "or"):
            operator = node.operator.upper()
            return Sql(f"({left.as_boolean} {operator} {right.as_boolean})", "boolean")
        if node.operator in _ARITHMETIC:
            template = _ARITHMETIC[node.operator]
            return Sql(template.format(left.as_number, right.as_number), "number")
        return Sql(_compared(left, node.operator, right), "boolean")

    def _like(self, node: tree.Like) -> Sql:
        operand = self._expr(node.operand).as_text
        if node.is_regex:
            _checked_regex(node.pattern)
            text = f"regexp_like({operand}, {quoted(_GROUP_NAME.sub('(', node.pattern))})"
        else:
            text = f"(strpos({operand}, {quoted(node.pattern)}) > 0)"
        return Sql(f"(NOT {text})" if node.is_negated else text, "boolean")

    def _in(self, node: tree.In) -> Sql:
        operand = self._expr(node.operand)
        tests = [_compared(operand, "=", self._expr(value)) for value in node.values]
        text = f"({' OR '.join(tests)})"
        return Sql(f"(NOT {text})" if node.is_negated else text, "boolean")

    def _call(self, node: tree.Call) -> Sql:
        name, arguments = node.name, node.arguments
        if name == "bin" and len(arguments) == 1:
            return self._floored(self._time(node), arguments[0])
        if name == "datefloor" and len(arguments) == 2:
            return self._floored(self._expr(arguments[0]).text, arguments[1])
        if name == "dateceil" and len(arguments) == 2:
            return self._ceiled(self._expr(arguments[0]).text, arguments[1])
        if name == "now" and not arguments:
            return Sql(f"CAST({int(self._now)} AS double)", "number")
        if name in KNOWN_ELSEWHERE:
            raise NotBuiltError("logs", "StartQuery", f"the function {name}")
        if name not in FUNCTIONS:
            raise malformed(f"unknown function {node.name}", node.start, node.end)
        fewest, most, make = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise _arguments(node)
        return make([self._expr(argument) for argument in arguments])

    def _time(self, node: Node) -> str:
        found = self._look("@timestamp")
        if found is None:
            raise malformed(f"{node.text} needs @timestamp", node.start, node.end)
        return found.text

    def _floored(self, time: str, period: Node) -> Sql:
        if not isinstance(period, tree.Period):
            raise malformed(f"{period.text} is no period", period.start, period.end)
        if period.months:
            return Sql(_floored_months(time, period.months), "time")
        length = period.milliseconds
        return Sql(f"(CAST({time} AS bigint) - mod(CAST({time} AS bigint), {length}))", "time")

    def _ceiled(self, time: str, period: Node) -> Sql:
        if not isinstance(period, tree.Period) or period.months:
            raise malformed(f"{period.text} is no such period", period.start, period.end)
        return self._floored(f"({time} + {period.milliseconds - 1})", period)

    def _aggregate(self, node: Node) -> Sql:
        """Return an aggregate function, or an expression of such."""
        if isinstance(node, tree.Binary) and node.operator in _ARITHMETIC:
            left, right = self._aggregate(node.left), self._aggregate(node.right)
            template = _ARITHMETIC[node.operator]
            return Sql(template.format(left.as_number, right.as_number), "number")
        if isinstance(node, tree.Number):
            return self._expr(node)
        if not isinstance(node, tree.Call):
            raise malformed(f"{node.text} is no aggregate function", node.start, node.end)
        found = self._aggregate_call(node)
        if found is None:
            raise malformed(f"unknown function {node.name}", node.start, node.end)
        return found

    def _aggregate_call(self, node: tree.Call) -> Sql | None:
        name, arguments = node.name, node.arguments
        if name == "count" and (not arguments or isinstance(arguments[0], tree.Star)):
            return Sql("CAST(count(*) AS double)", "number")
        if name == "pct" and len(arguments) == 2:
            return self._percentile(node)
        if name in ("earliest", "latest") and len(arguments) == 1:
            value, time = self._expr(arguments[0]), self._time(node)
            by = "min_by" if name == "earliest" else "max_by"
            # Of the events that have the field: what of the others is not said.
            there = f"FILTER (WHERE {value.text} IS NOT NULL)"
            return Sql(f"{by}({value.text}, {time}) {there}", value.kind)
        if name in AGGREGATES and len(arguments) == 1:
            return AGGREGATES[name](self._expr(arguments[0]))
        if name in FUNCTIONS:
            fewest, most, make = FUNCTIONS[name]
            if fewest <= len(arguments) <= most:
                return make([self._aggregate(argument) for argument in arguments])
        if name in AGGREGATES or name in FUNCTIONS:
            raise _arguments(node)
        return None

    def _percentile(self, node: tree.Call) -> Sql:
        value, share = node.arguments
        if not isinstance(share, tree.Number) or not 0 <= share.value <= 100:
            raise _arguments(node)
        number = self._expr(value).as_number
        return Sql(f"approx_percentile({number}, {share.value / 100!r}e0)", "number")


def _needles(condition: Node) -> list[str]:
    """Return texts without which a message cannot meet a condition."""
    if isinstance(condition, tree.Binary) and condition.operator == "and":
        return _needles(condition.left) + _needles(condition.right)
    if not isinstance(condition, tree.Like) or condition.is_negated:
        return []
    is_message = isinstance(condition.operand, tree.Field) and condition.operand.name == "@message"
    is_plain = not condition.is_regex or _PLAIN.fullmatch(condition.pattern) is not None
    return [condition.pattern] if is_message and is_plain else []


def _arguments(node: tree.Call) -> AwsError:
    return malformed(f"wrong arguments of function {node.name}", node.start, node.end)


def _compared(left: Sql, operator: str, right: Sql) -> str:
    """Compare numbers with numbers; two fields as numbers if both are, else as texts."""
    sign = "<>" if operator == "!=" else operator
    texts = f"({left.as_text} {sign} {right.as_text})"
    numbers = f"({left.as_number} {sign} {right.as_number})"
    if left.literal is not None or right.literal is not None:
        return texts
    if left.kind == right.kind == "text":
        return f"coalesce({numbers}, {texts})"
    return numbers


def _floored_months(time: str, months: int) -> str:
    """Return the begin of the month, the quarter or the year as ms."""
    unit = {1: "month", 3: "quarter", 12: "year"}.get(months)
    if unit is None:
        raise NotBuiltError("logs", "StartQuery", "periods of several months or years")
    epoch = "TIMESTAMP '1970-01-01 00:00:00'"
    moment = f"date_add('millisecond', {time}, {epoch})"
    return f"date_diff('millisecond', {epoch}, date_trunc('{unit}', {moment}))"


def _checked_regex(regex: str) -> None:
    """Refuse what is no regular expression before the engine does, in words of the query."""
    try:
        re.compile(re.sub(r"\(\?<(?=[A-Za-z_@])", "(?P<", regex).replace("(?P<@", "(?P<_"))
    except re.error as error:
        # Java knows a few things more than Python: those are left to the engine.
        if not re.search(r"\\p\{|\(\?[a-z]+\)|[*+?}]\+|\\[QEGzRhHvV]|\(\?>", regex):
            message = f"invalid regular expression /{regex}/: {error}"
            raise malformed(message, 0, 0) from None


def _group_positions(regex: str, count: int) -> list[int]:
    """Return the numbers of the named groups among all groups (of a glob: 1, 2, …)."""
    positions: list[int] = []
    number = 0
    is_in_class = is_escaped = False
    for index, letter in enumerate(regex):
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = True
        elif letter in "[]":
            is_in_class = letter == "["
        elif letter == "(" and not is_in_class:
            is_named = _GROUP_NAME.match(regex, index) is not None
            if is_named or regex[index + 1 : index + 2] != "?":
                number += 1
                if is_named:
                    positions.append(number)
    return positions or list(range(1, count + 1))
