"""Expressions as Trino's errors show them: each operation in parentheses, names as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect.scopes import parts_of

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
    exp.And: "AND", exp.Or: "OR",
}  # fmt: skip
_LANGUAGE = ("if", "coalesce", "nullif", "try")
"""What looks like a function and is part of the language, written in capitals."""


def expression(node: exp.Expr) -> str:
    """Return the text of an expression."""
    while isinstance(node, exp.Alias | exp.Paren | exp.Ordered | exp.Having):
        node = node.this
    symbol = _OPERATORS.get(type(node))
    if symbol is not None:
        return f"({expression(node.this)} {symbol} {expression(node.args['expression'])})"
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node)
    return node.sql("trino", normalize_functions=False)


def _listed(nodes: Sequence[exp.Expr], between: str = ", ") -> str:
    return between.join(map(expression, nodes))


def _literal(node: Any) -> str:
    text = str(node.this)
    if node.is_string:
        return "'" + text.replace("'", "''") + "'"
    if "e" in text.lower():
        return f"{float(text):.16G}".rstrip("0").rstrip(".") + ("" if "E" in text else "E0")
    return f"DECIMAL '{text}'" if "." in text else text


def _name(node: Any) -> str:
    parts: list[Any] = node.parts if isinstance(node, exp.Column) else [node]
    return ".".join(
        '"' + part.name.replace('"', '""') + '"' if part.args.get("quoted") else part.name
        for part in parts
    )


def _call(node: Any) -> str:
    name = str(node.this)
    if name.lower() == "row":
        return f"ROW ({_listed(node.expressions)})"
    name = name.upper() if name.lower() in _LANGUAGE else name
    return f"{name}({_listed(node.expressions)})"


def _case(node: Any) -> str:
    parts = ["CASE"] if node.this is None else ["CASE", expression(node.this)]
    for branch in node.args["ifs"]:
        when, then = expression(branch.this), expression(branch.args["true"])
        parts.append(f"WHEN {when} THEN {then}")
    if node.args.get("default") is not None:
        parts.append(f"ELSE {expression(node.args['default'])}")
    return f"({' '.join(parts)} END)"


def _like(node: Any) -> str:
    escape = ""
    if isinstance(node, exp.Escape):
        escape, node = f" ESCAPE {expression(node.expression)}", node.this
    found = f"({expression(node.this)} LIKE {expression(node.expression)}{escape})"
    return f"(NOT {found})" if node.args.get("negate") else found


def _not(node: Any) -> str:
    inner = node.this
    if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
        return f"({expression(inner.this)} IS NOT NULL)"
    return f"(NOT {expression(inner)})"


def _window(node: Any) -> str:
    parts: list[str] = []
    if parts_of(node, "partition_by"):
        parts.append(f"PARTITION BY {_listed(parts_of(node, 'partition_by'))}")
    order = node.args.get("order")
    if order is not None:
        parts.append(f"ORDER BY {', '.join(map(_sorted, order.expressions))}")
    if node.args.get("spec") is not None:
        parts.append(node.args["spec"].sql("trino"))
    named = node.args.get("alias")
    over = named.name if named is not None and not parts else f"({' '.join(parts)})"
    return f"{expression(node.this)} OVER {over}"


def _sorted(key: Any) -> str:
    return f"{expression(key.this)} {'DESC' if key.args.get('desc') else 'ASC'} NULLS " + (
        "FIRST" if key.args.get("nulls_first") else "LAST"
    )


def _lambda(node: Any) -> str:
    return f"({_listed(node.expressions)}) -> {expression(node.this)}"


def _between(node: Any) -> str:
    low, high = expression(node.args["low"]), expression(node.args["high"])
    return f"({expression(node.this)} BETWEEN {low} AND {high})"


def _membership(node: Any) -> str:
    inside = _listed(node.expressions) if node.expressions else node.args["query"].sql("trino")
    return f"({expression(node.this)} IN ({inside.strip('()')}))"


_RULES: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (exp.Literal, _literal),
    ((exp.Column, exp.Identifier), _name),
    (exp.Dot, lambda node: f"{expression(node.this)}.{expression(node.expression)}"),
    (exp.Anonymous, _call),
    (exp.Neg, lambda node: f"-({expression(node.this)})"),
    (exp.DPipe, lambda node: f"concat({expression(node.this)}, {expression(node.expression)})"),
    (exp.Is, lambda node: f"({expression(node.this)} IS {expression(node.expression)})"),
    (exp.Not, _not),
    (exp.Between, _between),
    (exp.In, _membership),
    ((exp.Like, exp.Escape), _like),
    (exp.Case, _case),
    (exp.Array, lambda node: f"ARRAY[{_listed(node.expressions, ',')}]"),
    (exp.Tuple, lambda node: f"ROW ({_listed(node.expressions)})"),
    (exp.Bracket, lambda node: f"{expression(node.this)}[{_listed(node.expressions)}]"),
    (exp.Null, lambda node: "null"),
    (exp.Boolean, lambda node: "true" if node.this else "false"),
    (exp.Star, lambda node: "*"),
    (exp.Distinct, lambda node: f"DISTINCT {_listed(node.expressions)}"),
    (exp.Lambda, _lambda),
    (exp.Filter, lambda node: f"{expression(node.this)} FILTER (WHERE "
                              f"{expression(node.expression.this)})"),
    (exp.Window, _window),
    ((exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp), lambda node: node.sql("trino")
                                                                         .lower().strip("()")),
)  # fmt: skip
