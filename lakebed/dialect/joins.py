"""Joins: what may stand in an ON, and what Trino refuses of LATERAL and UNNEST.

https://trino.io/docs/current/sql/select.html#joins
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from lakebed.dialect import correlation, tree
from lakebed.dialect.calls import not_scalar
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.expressions import Expressions
from lakebed.dialect.grouping import references
from lakebed.dialect.operators import coerce, compare, contains_aggregate, contains_window
from lakebed.dialect.scopes import Field, Scope, fail, parts_of
from lakebed.dialect.types import common

if TYPE_CHECKING:
    from lakebed.dialect.relations import Relations

Side = tuple[tree.Relation, list[Field]]
_OUTER = ("LEFT", "RIGHT", "FULL")


def check_methods(node: exp.Select) -> None:
    """Refuse NATURAL joins, before the tables are looked for."""
    for join in parts_of(node, "joins"):
        if join.args.get("method"):
            clause = node.args.get("from_") or node.args.get("from")
            raise fail("NOT_SUPPORTED", "Natural join not supported", clause or join)


def join(relations: Relations, node: exp.Join, left: Side, scope: Scope) -> Side:
    """Analyse a join of what came before with one more relation."""
    side = (node.side or "").upper()
    kind = side or ("CROSS" if (node.kind or "").upper() == "CROSS" else "INNER")
    right = _right(relations, node, kind, left[1], scope)
    on, using = node.args.get("on"), node.args.get("using")
    if on is not None or using:
        _check_condition(node, kind)
    if using:
        return _using(node, kind, left, right)
    if on is None:
        if kind != "CROSS" and not (kind == "INNER" and not node.kind):
            raise fail("SYNTAX_ERROR", "mismatched input. Expecting: 'ON', 'USING'", node)
        return tree.Join("CROSS", left[0], right[0], None), left[1] + right[1]
    rules = Expressions(relations.text, relations.query, {}, relations.database)
    seen = Scope(left[1] + right[1], scope.parent)
    condition = rules.filtering(on, seen, "JOIN ON clause")
    if contains_aggregate(condition) or contains_window(condition):
        raise not_scalar("JOIN", on)
    if _is_lateral(node.this) and not _is_true(on):
        correlation.check_condition(right[0], node.this.this.this)
    if kind in _OUTER:
        _check_outer(condition, on, seen.fields)
    if _is_lateral(node.this) and kind in ("RIGHT", "FULL"):
        return _applied(kind, left, right, condition)
    return tree.Join(kind, left[0], right[0], condition), left[1] + right[1]


def _is_lateral(node: exp.Expr) -> bool:
    return isinstance(node, exp.Lateral)


def _is_true(node: exp.Expr | None) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    return isinstance(node, exp.Boolean) and bool(node.this)


def _right(
    relations: Relations, node: exp.Join, kind: str, fields: list[Field], scope: Scope
) -> Side:
    """Analyse the right side, which sees the left one unless that may be padded with NULL."""
    seen = Scope(fields, scope.parent)
    if kind not in ("RIGHT", "FULL"):
        return relations.relation(node.this, seen)
    try:
        return relations.relation(node.this, Scope([], scope.parent))
    except TrinoError as error:
        if error.name != "COLUMN_NOT_FOUND":
            raise
        relations.relation(node.this, seen)  # raises what else is wrong
        message = f"LATERAL reference not allowed in {kind} JOIN"
        raise TrinoError("INVALID_COLUMN_REFERENCE", message, error.line, error.column) from error


def _check_condition(node: exp.Join, kind: str) -> None:
    """Refuse any condition but TRUE where each row of the left side has a right side of its own."""
    on = node.args.get("on")
    if _is_true(on):
        return
    if isinstance(node.this, exp.Unnest):
        what = "UNNEST"
    elif _is_lateral(node.this) and kind == "FULL":
        what = "LATERAL relation"
    else:
        return
    message = f"{kind} JOIN involving {what} is only supported with condition ON TRUE"
    raise fail("NOT_SUPPORTED", message, on or node)


def _check_outer(condition: tree.Expr, on: exp.Expr, fields: list[Field]) -> None:
    """Refuse the condition of an outer join that reads, or whose queries read, around."""
    names = {one.expr: one.name for one in fields}
    local = {ref.relation for ref in names if isinstance(ref, tree.Ref)}
    around = [ref for ref in references(condition) or () if ref.relation not in local]
    for ref in (*correlation.outer_references(condition), *around):
        name = names.get(ref)
        columns = (one for one in on.find_all(exp.Column) if name in (None, one.name.lower()))
        found = list(columns)[-1:] or [on]
        what = f"Reference to column '{found[0].name}' from outer scope"
        raise fail("NOT_SUPPORTED", f"{what} not allowed in this context", found[0])


def _applied(kind: str, left: Side, right: Side, condition: tree.Expr) -> Side:
    """Join each row of the left side, on its own, with a LATERAL relation.

    So a row of the right side appears once for each of the left, and not at all without any.
    """
    if kind == "FULL":
        return tree.Join("LEFT", left[0], right[0], condition), left[1] + right[1]
    padded = [
        replace(one, expr=tree.Apply(one.expr.type, "CASE WHEN {0} THEN {1} END",
                                     (condition, one.expr)))
        for one in left[1]
    ]  # fmt: skip
    return tree.Join("CROSS", left[0], right[0], None), padded + right[1]


def _using(node: exp.Join, kind: str, left: Side, right: Side) -> Side:
    """Analyse a join USING columns, which show once."""
    conditions: list[tree.Expr] = []
    merged: list[Field] = []
    names: set[str] = set()
    for item in node.args["using"]:
        name = item.name.lower()
        if name in names:
            message = f"Column '{name}' appears multiple times in USING clause"
            raise fail("DUPLICATE_COLUMN_NAME", message, item)
        names.add(name)
        one, other = Scope(left[1]).find([name], item), Scope(right[1]).find([name], item)
        if one is None or other is None:
            side = "left" if one is None else "right"
            message = f"Column '{name}' is missing from {side} side of join"
            raise fail("COLUMN_NOT_FOUND", message, item)
        conditions.append(compare("=", one, other, item))
        target = common(one.type, other.type) or one.type
        sides = coerce(one, target), coerce(other, target)
        chosen = sides[kind == "RIGHT"]
        if kind == "FULL":
            chosen = tree.Apply(target, "coalesce({0}, {1})", sides)
        merged.append(Field(item.name, None, chosen))
    template = " AND ".join(f"{{{at}}}" for at in range(len(conditions)))
    on = tree.Apply(conditions[0].type, template, tuple(conditions))
    rest = [one for one in left[1] + right[1] if (one.name or "").lower() not in names]
    return tree.Join(kind, left[0], right[0], on), merged + rest
