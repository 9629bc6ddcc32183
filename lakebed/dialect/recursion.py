"""WITH RECURSIVE, as Trino runs it: the step is written out ten times, and no more.

https://trino.io/docs/current/sql/select.html#with-recursive-clause (`max_recursion_depth` is 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.operators import retyped
from lakebed.dialect.scopes import fail, parts_of
from lakebed.dialect.types import coerces

DEPTH_MAX = 10
_TOO_DEEP = (
    "lb_raise('NOT_SUPPORTED', 'Recursion depth limit exceeded (10). Use ''max_recursion_depth'' "
    # The column keeps the engine from raising where the round has no row.
    "session property to modify the limit.' || left(coalesce(CAST({0} AS VARCHAR), ''), 0))"
)


def references(node: exp.Expr, name: str) -> list[exp.Table]:
    """Return the places where a query reads the relation of a name."""
    return [one for one in node.find_all(exp.Table) if not one.db and one.name.lower() == name]


def sides(cte: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Return the base and the step of a WITH query that reads itself."""
    name, body = cte.alias.lower(), cte.this
    while isinstance(body, exp.Subquery):
        body = body.this
    if not cte.args["alias"].columns:
        message = "missing column aliases in recursive WITH query"
        raise fail("MISSING_COLUMN_ALIASES", message, cte)
    uses = references(body, name)
    if not isinstance(body, exp.Union):
        message = "recursive reference not allowed in this context"
        raise fail("INVALID_RECURSIVE_REFERENCE", message, uses[0])
    if references(body.this, name):
        message = "WITH table name is referenced in the base relation of recursion"
        raise fail("INVALID_RECURSIVE_REFERENCE", message, uses[0])
    if len(uses) > 1:
        message = "multiple recursive references in the step relation of recursion"
        raise fail("INVALID_RECURSIVE_REFERENCE", message, uses[1])
    for holder in (body, body.expression):
        if holder.args.get("limit") is not None:
            message = "immediate FETCH FIRST / LIMIT clause in recursive query"
            raise fail("INVALID_LIMIT_CLAUSE", message, holder.args["limit"])
    _check_joins(uses[0])
    return body.this, body.expression


def _check_joins(use: exp.Expr) -> None:
    """Refuse a recursive reference on the side of an outer join that may be padded."""
    join = use.parent
    side = (join.side or "").upper() if isinstance(join, exp.Join) else ""
    if side in ("LEFT", "FULL"):
        message = f"recursive reference in right source of {side} join"
        raise fail("INVALID_RECURSIVE_REFERENCE", message, use)
    if isinstance(join, exp.From) and join.parent is not None:
        for other in parts_of(join.parent, "joins"):
            side = str(other.args.get("side") or "").upper()
            if side in ("RIGHT", "FULL"):
                message = f"recursive reference in left source of {side} join"
                raise fail("INVALID_RECURSIVE_REFERENCE", message, use)


def checked(step: tree.Query, base: tree.Query, node: exp.Expr) -> tree.Query:
    """Give the step the types of the base."""
    if len(step.columns) != len(base.columns):
        message = "base and step relations of recursion have different number of fields: "
        counts = f"{len(base.columns)}, {len(step.columns)}"
        raise fail("TYPE_MISMATCH", message + counts, node)
    for at, ((_, one), (_, other)) in enumerate(zip(base.columns, step.columns, strict=True)):
        if not coerces(other, one):
            message = f"recursion step relation output type ({other}) is not coercible to "
            message += f"recursion base relation output type ({one}) at column {at + 1}"
            raise fail("TYPE_MISMATCH", message, node)
    return retyped(step, tuple(kind for _, kind in base.columns))


def union(rounds: Sequence[str], base: tree.Query, keep_all: bool) -> tree.Query:
    """Put the rounds together; a row of the last one is one too many."""
    kinds = [kind for _, kind in base.columns]
    late = tree.Ref(kinds[0], "r0", 0)
    raised = tree.Apply(kinds[0], _TOO_DEEP, (late,))
    items = (raised, *(tree.Ref(kind, "r0", at) for at, kind in enumerate(kinds) if at))
    queries = [tree.Query(tree.Select(items, tree.CteRef("r0", rounds[-1])), base.columns)]
    for name in rounds[:-1]:
        refs = tuple(tree.Ref(kind, "r0", at) for at, kind in enumerate(kinds))
        queries.append(tree.Query(tree.Select(refs, tree.CteRef("r0", name)), base.columns))

    def joined(left: tree.Query, right: tree.Query) -> tree.Query:
        return tree.Query(tree.SetOperation("UNION", keep_all, left, right), base.columns)

    return reduce(joined, queries)
