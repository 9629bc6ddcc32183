"""Whole SELECTs around the generated expressions: over rows, in groups, in windows."""

from __future__ import annotations

from lakebed.dialect import patterns
from lakebed.dialect.types import BIGINT, BOOLEAN, INTEGER, Type
from tests.conformance.expressions import Bound, Writer, called, scalars

_FRAMES = (
    "", "", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "ROWS 2 PRECEDING",
    "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW", "ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
)  # fmt: skip
_UNORDERED = frozenset({"approx_distinct", "approx_most_frequent", "approx_percentile",
                        "numeric_histogram", "reduce_agg"})  # fmt: skip


_DISTINCT = frozenset({"count", "sum", "avg", "min", "max", "bool_or", "bool_and", "every",
                       "bitwise_or_agg", "checksum", "count_if", "geometric_mean"})  # fmt: skip
"""Aggregates of one argument whose answer no order changes."""


def statement(writer: Writer, at: int) -> str:
    """Return the statement at a place: every function has its turn."""
    form = writer.chance.random()
    writer.tame = form < 0.20
    if form < 0.12:
        return aggregate(writer, at)
    if form < 0.20:
        return window(writer, at)
    if form < 0.35:
        return over_rows(writer)
    if form < 0.75:
        names = list(scalars())
        rows = scalars()[names[at % len(names)]]
        return f"SELECT {writer.called(writer.chance.choice(rows), {}, depth(writer))}"
    return f"SELECT {writer.expression(writer.kind(), depth(writer) + 1)}"


def depth(writer: Writer) -> int:
    """Return how deep a call is nested."""
    return writer.chance.choice((0, 1, 1, 2))


def relation(writer: Writer, kinds: list[Type]) -> str:
    """Return rows of columns a, b, … and a number k, and let expressions name them."""
    names = "abcdefgh"[: len(kinds)]
    rows = ", ".join(
        f"({', '.join([str(k), *map(writer.literal, kinds)])})"
        for k in range(writer.chance.randint(1, 5))
    )
    writer.names = [*zip(names, kinds, strict=True), ("k", INTEGER)]
    return f"(VALUES {rows}) t({', '.join(['k', *names])})"


def over_rows(writer: Writer) -> str:
    """Return expressions over the columns of a few rows."""
    source = relation(writer, [writer.kind() for _ in range(writer.chance.randint(1, 3))])
    shown = writer.expression(writer.kind(), 2)
    where = f" WHERE {writer.expression(BOOLEAN, 1)}" if writer.rarely(0.3) else ""
    writer.names = []
    return f"SELECT k, {shown} FROM {source}{where} ORDER BY t.k"


def aggregate(writer: Writer, at: int) -> str:
    """Return an aggregate of a few rows, in groups now and then."""
    rows = called("aggregate")
    name = list(rows)[at % len(rows)]
    row = writer.chance.choice(rows[name])
    bound: Bound = {}
    kinds = [
        writer.instance(patterns.pattern(one), bound, row.constraints())
        for one in row.arguments
        if not one.startswith("function")
    ]
    source = relation(writer, [*kinds, BOOLEAN, BIGINT])
    call = writer.called(row, bound, 0 if writer.rarely(0.7) else 1)
    comparable = all(patterns.has_trait(kind, "comparable") for kind in kinds)
    if writer.rarely(0.2) and name in _DISTINCT and comparable:
        call = call.replace(f"{name}(", f"{name}(DISTINCT ", 1)
    elif kinds and name not in _UNORDERED:
        call = f"{call[:-1]} ORDER BY k)"
    where = f" FILTER (WHERE {writer.expression(BOOLEAN, 1)})" if writer.rarely(0.2) else ""
    writer.names = []
    groups = f"k % 2 = 0, {call}{where} FROM {source} GROUP BY k % 2 = 0 ORDER BY 1"
    return f"SELECT {groups}" if writer.rarely(0.3) else f"SELECT {call}{where} FROM {source}"


def window(writer: Writer, at: int) -> str:
    """Return a window function or an aggregate over a window."""
    rows = called("window" if writer.rarely(0.5) else "aggregate")
    name = list(rows)[at % len(rows)]
    row = writer.chance.choice(rows[name])
    bound: Bound = {}
    kinds = [
        writer.instance(patterns.pattern(one), bound, row.constraints())
        for one in row.arguments
        if not one.startswith("function")
    ]
    source = relation(writer, [*kinds, BOOLEAN])
    call = writer.called(row, bound, 0)
    nulls = " IGNORE NULLS" if row.kind == "window" and kinds and writer.rarely(0.3) else ""
    part = writer.chance.choice(("", "", "PARTITION BY k % 2 "))
    order = writer.chance.choice(("ORDER BY k", "ORDER BY k", "ORDER BY k DESC", "ORDER BY k / 2"))
    frame = writer.chance.choice(_FRAMES if row.kind == "aggregate" else ("", *_FRAMES[-8:-5]))
    writer.names = []
    over = f"({part}{order} {frame}".rstrip() + ")"
    return f"SELECT k, {call}{nulls} OVER {over} FROM {source} ORDER BY k"


def statements(seed: int, count: int) -> list[str]:
    """Return so many statements, each once."""
    found: dict[str, None] = {}
    writer = Writer(seed)
    at = 0
    while len(found) < count:
        found[statement(writer, at)] = None
        at += 1
    return list(found)
