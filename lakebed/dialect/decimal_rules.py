"""Arithmetic of decimals: DuckDB's own where it is exact, Python's for what is longer.

https://trino.io/docs/current/functions/decimal.html says precision and scale of every result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import conversions, tree
from lakebed.dialect.types import Type, decimal, duck_name

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window
_DIGITS_MAX = 38
_SHORT_MAX = 18
"""DuckDB multiplies decimals up to this long in 64 bits, and fails where those are too few."""


_IN_64_BITS = {"@decimal_multiply": " * ", "@decimal_add": " + ", "@decimal_subtract": " - "}


def _add(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    return _sum(lowering, call, args, "+")


def _subtract(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    return _sum(lowering, call, args, "-")


def _sum(lowering: Lowering, call: Call, args: Sequence[str], symbol: str) -> str:
    one, other = (arg.type for arg in call.args)
    scale = call.type.numbers[1]
    name = duck_name(call.type)
    whole = max(one.numbers[0] - one.numbers[1], other.numbers[0] - other.numbers[1]) + 1
    if whole + scale <= _DIGITS_MAX:
        return f"CAST(CAST({args[0]} AS {name}) {symbol} CAST({args[1]} AS {name}) AS {name})"
    quick = f"TRY_CAST({args[0]} AS {name}) {symbol} TRY_CAST({args[1]} AS {name})"
    return _quick_or_exact(lowering, call, args, quick)


def _multiply(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    (p1, s1), (p2, _) = (arg.type.numbers for arg in call.args)
    name = duck_name(call.type)
    left = args[0]
    if p1 + p2 > _SHORT_MAX >= max(p1, p2):
        left = f"CAST({left} AS DECIMAL({_SHORT_MAX + 1},{s1}))"
    product = f"CAST({left} * {args[1]} AS {name})"
    if p1 + p2 <= _DIGITS_MAX:
        return product
    return _quick_or_exact(lowering, call, args, product)


def _hopeful_row(lowering: Lowering, expr: tree.Expr) -> str | None:
    """Write a product to be summed in 64 bits, where DuckDB fails if they are too few.

    None where that is no gain, or no hope. Sums and differences within are in 64 bits, too.
    """
    if not lowering.hoping or lowering.trying or expr.type.numbers[0] <= _SHORT_MAX:
        return None
    return _hopeful(lowering, expr)


def _hopeful(lowering: Lowering, expr: tree.Expr) -> str | None:
    precision, scale = expr.type.numbers
    symbol = _IN_64_BITS.get(expr.template) if isinstance(expr, tree.Apply) else None
    if isinstance(expr, tree.Apply) and symbol is not None and scale <= _SHORT_MAX:
        parts = [_hopeful(lowering, arg) for arg in expr.args]
        if None not in parts:
            return f"({symbol.join(map(str, parts))})"
    return lowering.expr(expr) if precision <= _SHORT_MAX else None


def _total(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    modified = lowering.modified
    row = _hopeful_row(lowering, call.args[0]) or args[0]
    return f"CAST({modified('sum', row)} AS {duck_name(call.type)})"


def _average(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    modified = lowering.modified
    row = _hopeful_row(lowering, call.args[0]) or args[0]
    total = conversions.unscaled(modified("sum", row), call.type.numbers[1])
    count = modified("count", row)
    average = f"lb_half_up({total}, CAST({count} AS HUGEINT))"
    return conversions.rescaled(f"CASE WHEN {count} > 0 THEN {average} END", call.type)


def _divide(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    one, other = (arg.type for arg in call.args)
    scale = call.type.numbers[1]
    shift = scale - one.numbers[1] + other.numbers[1]
    if max(one.numbers[1], other.numbers[1], shift, scale) >= _DIGITS_MAX - 1:
        return _exact(lowering, call, args)
    top = conversions.unscaled(args[0], one.numbers[1])
    bottom = conversions.unscaled(args[1], other.numbers[1])
    raised = f"{lowering.raising}('DIVISION_BY_ZERO', 'Division by zero')"
    quotient = f"lb_half_up({top} * CAST({10**shift} AS HUGEINT), {bottom})"
    is_short = one.numbers[0] + shift < _DIGITS_MAX and other.numbers[0] < _DIGITS_MAX - 1
    value = conversions.rescaled(quotient, call.type)
    if not is_short or call.type.numbers[0] == _DIGITS_MAX:
        return _exact(lowering, call, args)
    return f"CASE WHEN {bottom} = 0 THEN {raised} ELSE {value} END"


def _remainder(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    (p1, s1), (p2, s2) = (arg.type.numbers for arg in call.args)
    scale = max(s1, s2)
    whole = max(p1 - s1, p2 - s2) + scale
    if whole > _DIGITS_MAX:
        return _exact(lowering, call, args)
    wide = duck_name(decimal(max(whole, 1), scale))
    raised = f"{lowering.raising}('DIVISION_BY_ZERO', 'Division by zero')"
    rest = f"CAST(CAST({args[0]} AS {wide}) % CAST({args[1]} AS {wide}) AS {duck_name(call.type)})"
    return f"CASE WHEN {args[1]} = 0 THEN {raised} ELSE {rest} END"


def _quick_or_exact(lowering: Lowering, call: Call, args: Sequence[str], quick: str) -> str:
    """Let DuckDB compute; what it cannot hold is computed again, or is an overflow."""
    if any(_raises(arg) for arg in args) or lowering.trying:
        return _exact(lowering, call, args)
    return f"coalesce(TRY({quick}), {_exact(lowering, call, args)})"


def _raises(text: str) -> bool:
    return "lb_" in text or "error(" in text


def _exact(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    names = {"add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide",
             "remainder": "remainder"}  # fmt: skip
    name = names[call.template.removeprefix("@decimal_")]
    safe = "try_" if lowering.trying else ""
    precision, scale = call.type.numbers
    texts = ", ".join(f"CAST({arg} AS VARCHAR)" for arg in args)
    numbers = f"CAST({precision} AS INTEGER), CAST({scale} AS INTEGER)"
    signature = f"py decimals.{safe}{name}(VARCHAR, VARCHAR, INTEGER, INTEGER) VARCHAR"
    return f'CAST("{signature}"({texts}, {numbers}) AS {duck_name(call.type)})'


RULES: dict[str, Callable[[Lowering, Call, Sequence[str]], str]] = {
    "decimal_add": _add,
    "decimal_subtract": _subtract,
    "decimal_multiply": _multiply,
    "decimal_divide": _divide,
    "decimal_remainder": _remainder,
    "sum_decimal": _total,
    "average_decimal": _average,
}
NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}


def result(symbol: str, left: Type, right: Type) -> tuple[int, int]:
    """Return precision and scale of a result, the scale perhaps larger than there can be."""
    (p1, s1), (p2, s2) = left.numbers, right.numbers
    scale = max(s1, s2)
    if symbol in "+-":
        return min(_DIGITS_MAX, max(p1 - s1, p2 - s2) + scale + 1), scale
    if symbol == "*":
        return min(_DIGITS_MAX, p1 + p2), s1 + s2
    if symbol == "/":
        return min(_DIGITS_MAX, p1 + s2 + max(s2 - s1, 0)), scale
    return max(1, min(_DIGITS_MAX, min(p1 - s1, p2 - s2) + scale)), scale
