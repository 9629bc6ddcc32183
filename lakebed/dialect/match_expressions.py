"""Expressions of MATCH_RECOGNIZE: columns of pattern variables, navigation, aggregates of a match.

https://trino.io/docs/current/sql/match-recognize.html#row-pattern-recognition-expressions
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlglot import expressions as exp

from lakebed.dialect import functions, tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.expressions import Expressions
from lakebed.dialect.match_grammar import MODES
from lakebed.dialect.row_patterns import canonical
from lakebed.dialect.scopes import Field, Scope, fail, place

_OFFSETS = {"first": 0, "last": 0, "prev": 1, "next": 1}


@dataclass(frozen=True, slots=True)
class Navigation:
    """Which row of a match is meant: from the first or last of some variables, some rows away.

    `labels` are primary variables, None is every one; `logical` counts rows of those, `physical`
    rows of the partition. With `every` it is no single row but all of an aggregate.
    """

    labels: tuple[str, ...] | None
    last: bool = True
    logical: int = 0
    physical: int = 0
    final: bool = False
    every: bool = False


class Leaves(Protocol):
    """What an expression is made of, by the clause it stands in."""

    def fields(self, navigation: Navigation) -> list[Field]:
        """Return the input's columns at a row."""
        ...

    def at(self, navigation: Navigation, value: tree.Expr) -> tree.Expr:
        """Return what is computed of a row's columns; NULL where there is no such row."""
        ...

    def classifier(self, navigation: Navigation) -> tree.Expr:
        """Return the variable that a row was matched to."""
        ...

    def number(self) -> tree.Expr:
        """Return the number of the match."""
        ...

    def aggregate(self, navigation: Navigation, call: tree.Aggregate) -> tree.Expr:
        """Return an aggregate of the match's rows."""
        ...


@dataclass
class PatternExpressions(Expressions):
    """Analyses what stands in MEASURES and DEFINE; `variables` are the primary ones of each."""

    variables: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    leaves: Leaves | None = None
    within: Navigation | None = None
    holder: str = ""
    """The function whose argument is analysed, for messages."""
    defining: bool = False
    framed: bool = False
    """Whether the pattern is a window's."""

    def analyse(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Return the typed form of `node`."""
        if isinstance(node, exp.Column):
            return self.pattern_column(node)
        if isinstance(node, exp.Filter | exp.WithinGroup):
            name = str(node.this.this).lower()
            message = f"Cannot use {type(node).__name__.upper()} with {name} aggregate function "
            raise fail("NOT_SUPPORTED", f"{message}in pattern recognition context", node)
        if isinstance(node, exp.Window):
            message = "Cannot nest window functions inside of pattern recognition expressions"
            raise fail("NESTED_WINDOW", message, node)
        if isinstance(node, exp.Anonymous):
            inner = next((one for one in node.expressions if isinstance(one, exp.Lambda)), None)
            if inner is not None:
                message = "Lambda expression in pattern recognition context is not yet supported"
                raise fail("NOT_SUPPORTED", message, inner)
            found = self.pattern_call(node, scope)
            if found is not None:
                return found
        return super().analyse(node, scope)

    def pattern_column(self, node: exp.Column) -> tree.Expr:
        """Resolve a column, of a pattern variable or of any."""
        parts = list(node.parts)
        labels, rest = self.qualified(parts)
        assert self.leaves is not None
        navigation = self.within or Navigation(labels)
        names = [part.name.lower() for part in rest]
        scope = Scope(self.leaves.fields(navigation))
        value = scope.find(names, node) if len(names) == 1 else None
        if value is None:
            shown = ".".join(names)
            labelled = f"{shown} prefixed with label {_name(parts[0])}"
            shown = f"'{shown}'" if len(rest) == len(parts) else labelled
            raise fail("COLUMN_NOT_FOUND", f"Column {shown} cannot be resolved", node)
        return value if self.within is not None else self.leaves.at(navigation, value)

    def qualified(
        self, parts: Sequence[exp.Expr]
    ) -> tuple[tuple[str, ...] | None, Sequence[exp.Expr]]:
        """Take the pattern variable off the parts of a column's name."""
        if len(parts) > 1:
            labels = self.variables.get(_name(parts[0]))
            if labels is not None:
                return labels, parts[1:]
        return None, parts

    def pattern_call(self, node: exp.Anonymous, scope: Scope) -> tree.Expr | None:
        """Analyse a call that means something else in a pattern; None if it is any other."""
        mode, name = _mode(str(node.this))
        if mode == "FINAL " and self.defining:
            message = "FINAL semantics is not supported in DEFINE clause"
            raise fail("INVALID_PROCESSING_MODE", message, node)
        if mode and name in ("prev", "next", "classifier", "match_number"):
            message = f"{mode}semantics is not supported with {name} pattern recognition function"
            raise fail("INVALID_PROCESSING_MODE", message, node)
        if name in _OFFSETS:
            return self.navigation(node, name, mode == "FINAL ", scope)
        if name == "classifier":
            return self.classifier(node)
        if name == "match_number":
            if self.framed:
                message = "MATCH_NUMBER function is not supported in window"
                raise fail("INVALID_PATTERN_RECOGNITION_FUNCTION", message, node)
            if self.within is not None:
                message = f"MATCH_NUMBER is not allowed inside of the function {self.holder}"
                raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
            assert self.leaves is not None
            return self.leaves.number()
        rows = functions.table().get(name)
        if rows is not None and rows[0].kind == "aggregate":
            return self.aggregation(node, name, mode == "FINAL ", scope)
        if mode:
            message = f"{mode}semantics is supported only for FIRST(), LAST() and aggregation "
            raise fail("INVALID_PROCESSING_MODE", f"{message}functions. Actual: {name}", node)
        return None

    def navigation(self, node: exp.Anonymous, name: str, final: bool, scope: Scope) -> tree.Expr:
        """Analyse FIRST, LAST, PREV or NEXT, the latter perhaps of the former."""
        if self.within is not None:
            message = f"Cannot nest {name} pattern navigation function inside {self.holder} "
            kind = "function" if self.within.every else "pattern navigation function"
            raise fail("INVALID_NAVIGATION_NESTING", message + kind, node)
        offset = self.offset(node, name)
        inner: exp.Expr = node.expressions[0]
        found = Navigation(None, name != "first", 0, 0, final)
        if name in ("first", "last"):
            found = replace(found, logical=offset)
        else:
            found = replace(found, physical=-offset if name == "prev" else offset)
            nested = _mode(str(inner.this)) if isinstance(inner, exp.Anonymous) else ("", "")
            if isinstance(inner, exp.Anonymous) and nested[1] in ("first", "last"):
                logical = self.offset(inner, nested[1])
                last = nested[1] == "last"
                final = nested[0] == "FINAL "
                found = replace(found, last=last, logical=logical, final=final)
                name, inner = nested[1], inner.expressions[0]
        labels = self.labels_of(node, inner, name)
        if not labels:
            message = f"Pattern navigation function '{name.upper()}' must contain at least one "
            raise fail("INVALID_ARGUMENTS", f"{message}column reference or CLASSIFIER()", node)
        found = replace(found, labels=labels[0])
        assert self.leaves is not None
        value = replace(self, within=found, holder=name).analyse(inner, scope)
        return self.leaves.at(found, value)

    def offset(self, node: exp.Anonymous, name: str) -> int:
        """Return how many rows away a call looks."""
        if len(node.expressions) not in (1, 2):
            message = f"{name} pattern recognition function requires 1 or 2 arguments"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
        if len(node.expressions) == 1:
            return _OFFSETS[name]
        given = node.expressions[1]
        text = given.sql("trino")
        whole = f"{name} pattern recognition navigation function requires a "
        if not text.lstrip("-").isdigit():
            message = f"{whole}number as the second argument"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
        if int(text) < 0:
            message = f"{whole}non-negative number as the second argument (actual: {text})"
            raise fail("NUMERIC_VALUE_OUT_OF_RANGE", message, node)
        return int(text)

    def classifier(self, node: exp.Anonymous) -> tree.Expr:
        """Analyse CLASSIFIER() and CLASSIFIER(variable)."""
        assert self.leaves is not None
        labels = self.variable_of(node)
        if self.within is not None:
            return self.leaves.classifier(self.within)
        return self.leaves.classifier(Navigation(labels))

    def variable_of(self, node: exp.Anonymous) -> tuple[str, ...] | None:
        """Return the variable that is CLASSIFIER's argument."""
        if not node.expressions:
            return None
        given = node.expressions[0]
        parts = list(given.parts) if isinstance(given, exp.Column) else []
        if len(parts) != 1 or len(node.expressions) > 1:
            message = "CLASSIFIER function argument should be primary pattern variable or subset "
            raise fail("TYPE_MISMATCH", f"{message}name. Actual: {given.sql('trino')}", node)
        labels = self.variables.get(_name(parts[0]))
        if labels is None:
            message = f"{_name(parts[0])} is not a primary pattern variable or subset name"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
        return labels

    def aggregation(self, node: exp.Anonymous, name: str, final: bool, scope: Scope) -> tree.Expr:
        """Analyse an aggregate over the rows of the match."""
        if self.within is not None:
            message = f"Cannot nest {name} aggregate function inside {self.holder} function"
            raise fail("NESTED_AGGREGATION", message, node)
        args = list(node.expressions)
        refused = {exp.Distinct: "DISTINCT", exp.Order: "ORDER BY"}
        for arg in args:
            if type(arg) in refused:
                message = f"Cannot use {refused[type(arg)]} with {name} aggregate function in "
                raise fail("NOT_SUPPORTED", f"{message}pattern recognition context", node)
        labels: tuple[str, ...] | None = None
        if len(args) == 1 and _is_star(args[0]):
            labels, rest = self.qualified(list(args[0].parts)) if isinstance(
                args[0], exp.Column) else (None, [args[0]])  # fmt: skip
            if len(rest) > 1:
                message = f"label.* syntax is not allowed with {rest[0].name}"
                raise fail("COLUMN_NOT_FOUND", message, node)
            args = []
        whole = exp.Tuple(expressions=[one.copy() for one in args])
        found = self.labels_of(node, whole, name)
        navigation = Navigation(found[0] if found else labels, final=final, every=True)
        inner = replace(self, within=navigation, holder=name)
        call = inner.call(name, args, node, scope)
        if not isinstance(call, tree.Aggregate):
            raise not_supported(f"The function {name} in a pattern", *place(node))
        assert self.leaves is not None
        return self.leaves.aggregate(navigation, call)

    def labels_of(self, node: exp.Expr, inner: exp.Expr, name: str) -> list[tuple[str, ...] | None]:
        """Return the variable that all columns of an argument are of, in a list; none if none."""
        found: list[tuple[str, ...] | None] = []
        for column in inner.find_all(exp.Column):
            parts = list(column.parts)
            called = column.parent
            if isinstance(called, exp.Anonymous) and _mode(str(called.this))[1] == "classifier":
                continue
            found.append(self.qualified(parts)[0])
        for call in inner.find_all(exp.Anonymous):
            if _mode(str(call.this))[1] == "classifier":
                found.append(self.variable_of(call))
        if any(one != found[0] for one in found):
            message = f"All labels and classifiers inside the call to '{name}' must match"
            raise fail("INVALID_ARGUMENTS", message, node)
        return found


def _mode(name: str) -> tuple[str, str]:
    for mode in MODES:
        if name.startswith(mode):
            return mode, name[len(mode) :].lower()
    return "", name.lower()


def _name(part: exp.Expr) -> str:
    return canonical(part.name, bool(part.args.get("quoted")))


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or isinstance(node.this, exp.Star)
