"""Row patterns in windows: each row asks for the match that its frame begins with, or has.

https://trino.io/docs/current/sql/pattern-recognition-in-window.html. The query is parted: one below
computes all that needs no window's pattern, with a number for each row; beside it stands, for each
window, the answer of MATCH_RECOGNIZE over its rows with one row per match; the query above joins
them by the number. What is called OVER the window becomes a measure of that MATCH_RECOGNIZE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import expressions as exp

from lakebed.dialect import functions, match_recognize, places, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.match_clauses import OWNER, Measures
from lakebed.dialect.match_grammar import MatchRecognize, RowPattern
from lakebed.dialect.match_recognize import Clause, Part
from lakebed.dialect.row_patterns import RowPatternReader, place_at
from lakebed.dialect.scopes import Field, Scope, fail, parts_of, place
from lakebed.dialect.types import BIGINT, Type

if TYPE_CHECKING:
    from lakebed.dialect.relations import Relations
    from lakebed.dialect.windows import Windows

_BELOW = "lbb"
_OF_NOTHING = ("count", "count_if", "approx_distinct")
"""Aggregates that are 0 over no rows."""
_VALUES = {"first_value": "FIRST", "last_value": "LAST", "nth_value": "FIRST"}


@dataclass
class _Window:
    """A window with a row pattern: what it is over, and what is asked of it so far."""

    node: exp.Expr
    clause: Clause
    measures: Measures
    groups: tuple[tree.Expr, ...]
    keys: tuple[tree.SortKey, ...]
    end: tree.Expr | None
    asked: list[Part] = field(default_factory=list[Part])


@dataclass
class PatternWindows:
    """The windows with row patterns of one SELECT."""

    relations: Relations
    select: exp.Expr
    found: list[_Window] = field(default_factory=list[_Window])
    fields: list[Field] = field(default_factory=list[Field])

    def call(self, rules: Windows, node: exp.Window, spec: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse a call or a measure over a window; return the column that will hold it."""
        window = self.window(rules, node, spec, scope)
        asked = self.measure(node, spec) if isinstance(node.this, exp.Column) else None
        name = ""
        if asked is None:
            asked, name = _as_measure(node)
        value = window.clause.expressions(window.measures, False).analyse(asked, Scope([]))
        window.asked.append((None, value))
        column = tree.Ref(value.type, window.clause.name, len(window.asked))
        if name not in _OF_NOTHING:
            return column
        return tree.Apply(value.type, "coalesce({0}, 0)", (column,))

    def measure(self, node: exp.Window, spec: exp.Expr) -> exp.Expr:
        """Return the expression of the measure that is asked for."""
        name = node.this.name
        named = [
            one
            for one in parts_of(spec.args["pattern"], "measures")
            if one.alias.lower() == name.lower()
        ]
        if not named:
            message = f"Measure {name} is not defined in the corresponding window"
            raise fail("INVALID_WINDOW_MEASURE", message, node.this)
        if len(named) > 1:
            raise fail("AMBIGUOUS_NAME", f"Measure {name} is defined more than once", node.this)
        return named[0].this

    def window(self, rules: Windows, node: exp.Window, spec: exp.Expr, scope: Scope) -> _Window:
        """Return the window of a call, analysed once for each place it is written at."""
        for known in self.found:
            if known.node is spec:
                return known
        _check_frame(node, spec)
        groups, keys, _ = rules.specification(node, scope)
        end = _end(rules, spec, scope)
        if not self.found:
            used = {column.name.lower() for column in self.select.find_all(exp.Column)}
            self.fields = [one for one in scope.fields if (one.name or "").lower() in used]
        self.relations.counter += 1
        name = f"r{self.relations.counter}"
        pattern: Any = spec.args["pattern"]
        told = MatchRecognize(
            rows="one", after=pattern.args["after"], search=pattern.args.get("search"),
            pattern=pattern.args["pattern"], subsets=pattern.args.get("subsets"),
            define=pattern.args["define"],
        )  # fmt: skip
        reader = RowPatternReader(*pattern.args["pattern"])
        reader.program()
        if reader.anchor is not None:
            message = "Anchor pattern syntax is not allowed in window"
            where = place_at(reader.text, reader.anchor)
            raise TrinoError("INVALID_ROW_PATTERN", message, *where)
        columns = [(one.name, one.expr.type) for one in self.fields]
        clause = Clause(
            self.relations, told, name, columns, reader,
            match_recognize.variables(told, reader), framed=True,
        )  # fmt: skip
        made = _Window(spec, clause, Measures(columns, name), groups, keys, end)
        self.found.append(made)
        return made

    def around(self, query: tree.Query) -> tree.Query:
        """Return the query parted around its windows."""
        body = query.body
        assert isinstance(body, tree.Select)
        names = {window.clause.name for window in self.found}
        below = _Below([one.expr for one in self.fields], names)
        self._check_grouped(body)
        kept = [
            (
                [below.column(one) for one in window.groups],
                [replace(key, expr=below.column(key.expr)) for key in window.keys],
                None if window.end is None else below.column(window.end),
            )
            for window in self.found
        ]
        items = tuple(map(below.above, body.items))
        order = tuple(replace(key, expr=below.above(key.expr)) for key in query.order)
        number = tree.Window(BIGINT, "{call:row_number}()", (), (), (), None)
        exprs = (*below.exprs, number)
        columns = tuple(
            (self.fields[at].name if at < len(self.fields) else None, expr.type)
            for at, expr in enumerate(exprs)
        )
        inner = tree.Select(exprs, body.source, body.where, body.groups, body.having)
        self.relations.counter += 1
        cte = (f"w{self.relations.counter}", tree.Query(inner, columns))
        source: tree.Relation = tree.CteRef(_BELOW, cte[0])
        for window, held in zip(self.found, kept, strict=True):
            source = _joined(window, cte, held, source)
        final = tree.Select(items, source, distinct=body.distinct)
        ctes = (*query.ctes, cte)
        return tree.Query(final, query.columns, ctes, order, query.limit, query.offset, query.ties)

    def _check_grouped(self, body: tree.Select) -> None:
        """Refuse a pattern over columns that are not grouped; make the others of none."""
        if body.groups is None:
            return
        allowed = {expr for group in body.groups for expr in group}
        for window in self.found:
            pattern = window.node.args["pattern"]
            parts: list[exp.Expr] = [*parts_of(pattern, "define"), *parts_of(pattern, "measures")]
            for column in (one for part in parts for one in part.find_all(exp.Column)):
                held = next((f for f in self.fields if (f.name or "") == column.name.lower()), None)
                if held is not None and held.expr not in allowed:
                    message = f"'{column.name}' must be an aggregate expression or appear in "
                    raise fail("EXPRESSION_NOT_AGGREGATE", f"{message}GROUP BY clause", column)
        if any(one.expr not in allowed for one in self.fields):
            raise not_supported("A row pattern in a window of a query that groups other columns")


class _Below:
    """The columns of the query below, and expressions of the query above over them."""

    def __init__(self, exprs: Sequence[tree.Expr], names: set[str]) -> None:
        self.exprs = list(exprs)
        self.names = names

    def column(self, expr: tree.Expr) -> tree.Expr:
        """Return the column that holds an expression."""
        if expr not in self.exprs:
            self.exprs.append(expr)
        return tree.Ref(expr.type, _BELOW, self.exprs.index(expr))

    def above(self, expr: tree.Expr) -> tree.Expr:
        """Return an expression over the columns below and those of the windows."""
        if isinstance(expr, tree.Constant) or self.is_asked(expr):
            return expr
        if any(map(self.asks, tree.children(expr))):
            return tree.rebuilt(expr, self.above)
        return self.column(expr)

    def is_asked(self, expr: tree.Expr) -> bool:
        """Tell whether it is a column of a window."""
        return isinstance(expr, tree.Ref) and expr.relation in self.names

    def asks(self, expr: tree.Expr) -> bool:
        """Tell whether a column of a window is in an expression."""
        return self.is_asked(expr) or any(map(self.asks, tree.children(expr)))


_Held = tuple[list[tree.Expr], list[tree.SortKey], tree.Expr | None]


def _joined(
    window: _Window, cte: tuple[str, tree.Query], held: _Held, source: tree.Relation
) -> tree.Relation:
    """Join a window's matches to the rows they are of."""
    groups, keys, end = held
    clause, columns = window.clause, list(cte[1].columns)
    given = f"{clause.name}i"
    clause.columns[:] = columns
    fields = [
        Field(name, None, tree.Ref(kind, f"{clause.name}q", at))
        for at, (name, kind) in enumerate(columns)
    ]
    order = [
        (_index(key.expr), replace(key, expr=tree.Ref(key.expr.type, given, _index(key.expr))))
        for key in keys
    ]
    below = tree.CteRef(f"{clause.name}q", cte[0])
    rows = match_recognize.numbered(clause, below, fields, list(map(_index, groups)), order)
    window.measures.found.append(OWNER)
    last = len(window.measures.found) - 1
    number = len(columns) - 1
    owner = tree.Ref(BIGINT, f"{clause.name}n{last}", number)
    outputs: list[Part] = [(None, owner), *window.asked]
    bound = None if end is None else _index(end)
    defined = match_recognize.conditions(clause)
    shown = window.measures, outputs
    relation, _ = match_recognize.answered(clause, rows, shown, defined, bound)
    sides = tree.Ref(BIGINT, _BELOW, number), tree.Ref(BIGINT, clause.name, 0)
    return tree.Join("LEFT", source, relation, tree.Apply(_BOOLEAN, "{0} = {1}", sides))


_BOOLEAN = Type("boolean")


def _index(expr: tree.Expr) -> int:
    assert isinstance(expr, tree.Ref)
    return expr.index


def _check_frame(node: exp.Window, spec: exp.Expr) -> None:
    """Refuse a frame that a pattern cannot have, and parts without a pattern."""
    pattern: Any = spec.args["pattern"]
    assert isinstance(pattern, RowPattern)
    if pattern.args.get("pattern") is None:
        for part, what in (
            ("measures", "Row pattern measures require"),
            ("define", "Primary pattern variable definitions require"),
        ):
            for one in parts_of(pattern, part):
                where = places.window(node, "measures" if part == "measures" else "define")
                raise TrinoError(
                    "MISSING_ROW_PATTERN", f"{what} PATTERN clause", *(where or place(one))
                )
    kind = str(spec.args["kind"]).upper()
    first = "measures" if parts_of(pattern, "measures") else kind.lower()
    where = places.window(node, first) or place(node)
    if not parts_of(pattern, "define"):
        message = "Pattern recognition requires DEFINE clause"
        raise TrinoError("MISSING_VARIABLE_DEFINITIONS", message, *where)
    if kind != "ROWS":
        message = "Pattern recognition requires ROWS frame type"
        raise TrinoError("INVALID_WINDOW_FRAME", message, *where)
    if spec.args.get("start") != "CURRENT ROW" or spec.args.get("end") is None:
        message = "Pattern recognition requires frame specified as BETWEEN CURRENT ROW AND ..."
        raise TrinoError("INVALID_WINDOW_FRAME", message, *where)


def _end(rules: Windows, spec: exp.Expr, scope: Scope) -> tree.Expr | None:
    """Return how many rows after its own a row's frame has, None if all."""
    found = rules.bound(spec.args.get("end"), spec.args.get("end_side"), scope)
    if found.value is None:
        return None if found.kind.startswith("UNBOUNDED") else tree.Constant(BIGINT, "0")
    if found.value.type != BIGINT:
        message = "Window frame ROWS end value type must be exact numeric type with scale 0 "
        raise fail("TYPE_MISMATCH", f"{message}(actual {found.value.type})", spec.args["end"])
    return found.value


def _as_measure(node: exp.Window) -> tuple[exp.Expr, str]:
    """Return what a call over the window is as a measure, and the function's name."""
    call = node.this
    if isinstance(call, exp.RespectNulls):
        call = call.this
    if isinstance(call, exp.Filter):
        message = "FILTER is not yet supported for window functions"
        raise TrinoError("NOT_SUPPORTED", message, 1, 1)
    if not isinstance(call, exp.Anonymous):
        raise not_supported("This call over a window with a row pattern", *place(node))
    name = str(call.this).lower()
    args = [one.copy() for one in call.expressions]
    rows = functions.table().get(name, ())
    if any(isinstance(one, exp.Distinct | exp.Order) for one in args):
        what = f"DISTINCT or ORDER BY in {name} over a window with a row pattern"
        raise not_supported(what, *place(node))
    if name in _VALUES and args and args[0].find(exp.Column) is not None:
        if name == "nth_value":
            count = str(args[1].this) if len(args) == 2 else ""
            if not count.isdigit() or count == "0":
                raise not_supported("nth_value with this offset", *place(node))
            args[1] = exp.Literal.number(int(count) - 1)
        return _called(call, f"FINAL {_VALUES[name]}", args), name
    if not rows or rows[0].kind != "aggregate":
        what = f"{name} over a window with a row pattern"
        raise not_supported(what, *place(node))
    return _called(call, f"FINAL {call.this}", args), name


def _called(call: exp.Expr, name: str, args: list[exp.Expr]) -> exp.Expr:
    found = exp.Anonymous(this=name, expressions=args)
    found.meta.update(call.meta)
    return found
