"""The errors of clauses that ask for types whose values can be equal or in order.

https://trino.io/docs/current/language/types.html; the types were asked of Trino one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import expressions as exp

from lakebed.dialect import shown, tree
from lakebed.dialect.scopes import fail
from lakebed.dialect.types import Type, is_comparable, is_orderable


def check_group(items: Sequence[tree.Expr], node: exp.Expr) -> None:
    """Refuse GROUP BY of what cannot be equal."""
    for item in items:
        if not is_comparable(item.type):
            message = f"{item.type} is not comparable, and therefore cannot be used in GROUP BY"
            raise fail("TYPE_MISMATCH", message, node)


def check_distinct(items: Sequence[tree.Expr], node: exp.Select) -> None:
    """Refuse SELECT DISTINCT of what cannot be equal."""
    parts = node.expressions
    for at, item in enumerate(items):
        if not is_comparable(item.type):
            message = f"DISTINCT can only be applied to comparable types (actual: {item.type})"
            text = f": {shown.expression(parts[at])}" if len(parts) == len(items) else ""
            raise fail("TYPE_MISMATCH", message + text, node)


def check_order(key: tree.Expr, part: exp.Expr, node: exp.Expr) -> None:
    """Refuse ORDER BY of what has no order."""
    if is_orderable(key.type):
        return
    text = shown.expression(part)
    if isinstance(part, exp.Literal):
        text = f":input({int(text) - 1})"
    message = f"Type {key.type} is not orderable, and therefore cannot be used in ORDER BY: {text}"
    raise fail("TYPE_MISMATCH", message, node)


def check_window(
    groups: Sequence[tuple[tree.Expr, exp.Expr]], keys: Sequence[tuple[tree.Expr, exp.Expr]]
) -> None:
    """Refuse a window over what cannot be equal, or has no order."""
    for item, node in groups:
        if not is_comparable(item.type):
            message = f"{item.type} is not comparable, and therefore cannot be used in window "
            raise fail("TYPE_MISMATCH", f"{message}function PARTITION BY", node)
    for item, node in keys:
        if not is_orderable(item.type):
            message = f"{item.type} is not orderable, and therefore cannot be used in window "
            raise fail("TYPE_MISMATCH", f"{message}function ORDER BY", node)


def check_aggregate(call: tree.Aggregate, node: exp.Expr) -> None:
    """Refuse DISTINCT and ORDER BY in an aggregate of what cannot be equal or has no order."""
    for item in call.args if call.distinct else ():
        if not is_comparable(item.type):
            message = f"DISTINCT can only be applied to comparable types (actual: {item.type})"
            raise fail("TYPE_MISMATCH", message, node)
    for key in call.order:
        if not is_orderable(key.expr.type):
            message = "ORDER BY can only be applied to orderable types "
            raise fail("TYPE_MISMATCH", f"{message}(actual: {key.expr.type})", node)


def check_set(kinds: Sequence[Type], word: str, node: exp.Expr) -> None:
    """Refuse a set operation that has to know equal rows of what cannot be equal."""
    for kind in kinds:
        if not is_comparable(kind):
            message = f"Type {kind} is not comparable and therefore cannot be used in {word}"
            raise fail("TYPE_MISMATCH", message, node)
