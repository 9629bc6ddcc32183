"""WITH RECURSIVE, as Trino runs it: the step is written out ten times, and no more.

https://trino.io/docs/current/sql/select.html#with-recursive-clause (`max_recursion_depth` is 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
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
    """Return the places where a query reads the relation of a name, not one of its own WITH."""
    if isinstance(node, exp.Table) and not node.db and node.name.lower() == name:
        return [node]
    clause = node.args.get("with_") or node.args.get("with")
    if clause is not None and any(one.alias.lower() == name for one in clause.expressions):
        return []
    return [found for inner in node.iter_expressions() for found in references(inner, name)]


def is_recursive(cte: exp.Expr) -> bool:
    """Tell whether a query of WITH RECURSIVE reads itself; refuse what none of them may have."""
    columns = cte.args["alias"].columns
    if not columns:
        message = "missing column aliases in recursive WITH query"
        raise fail("MISSING_COLUMN_ALIASES", message, cte)
    for nested in cte.this.find_all(exp.With):
        if nested.args.get("recursive"):
            raise fail("NESTED_RECURSIVE", "nested recursive WITH query", nested)
    if not references(cte.this, cte.alias.lower()):
        return False
    names = [one.name.lower() for one in columns]
    for at, name in enumerate(names):
        if name in names[:at]:
            message = f"Column name '{name}' specified more than once"
            raise fail("DUPLICATE_COLUMN_NAME", message, columns[at])
    return True


def sides(cte: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Return the base and the step of a WITH query that reads itself."""
    name, body = cte.alias.lower(), cte.this
    while isinstance(body, exp.Subquery):
        body = body.this
    uses = references(body, name)
    if not isinstance(body, exp.Union):
        raise _misplaced("recursive reference not allowed in this context", uses[0])
    if references(body.this, name):
        message = "WITH table name is referenced in the base relation of recursion"
        raise _misplaced(message, uses[0])
    if len(uses) > 1:
        message = "multiple recursive references in the step relation of recursion"
        raise _misplaced(message, uses[1])
    _check_clauses(body)
    step = body.expression
    while isinstance(step, exp.Subquery):
        _check_limit(step)
        step = step.this
    _check_limit(step)
    clause = step.args.get("from_") or step.args.get("from")
    sources = [clause, *parts_of(step, "joins")] if clause is not None else []
    if not any(references(one, name) for one in sources):
        message = "recursive reference outside of FROM clause of the step relation of recursion"
        raise _misplaced(message, uses[0])
    _check_around(uses[0], body)
    return body.this, body.expression


def _misplaced(message: str, node: exp.Expr) -> TrinoError:
    return fail("INVALID_RECURSIVE_REFERENCE", message, node)


def _check_clauses(body: exp.Expr) -> None:
    """Refuse what stands around the two sides."""
    words = {"with_": "WITH", "order": "ORDER BY", "offset": "OFFSET"}
    for key, word in words.items():
        if body.args.get(key) is not None:
            message = f"immediate {word} clause in recursive query"
            raise fail("NOT_SUPPORTED", message, body.args[key])
    _check_limit(body)


def _check_limit(node: exp.Expr) -> None:
    if node.args.get("limit") is not None:
        message = "immediate FETCH FIRST / LIMIT clause in recursive query"
        raise fail("INVALID_LIMIT_CLAUSE", message, node.args["limit"])


def _check_around(use: exp.Expr, body: exp.Expr) -> None:
    """Refuse a reference where a round may lose rows, or be padded with NULL."""
    inner, around = use, use.parent
    while around is not None and inner is not body:
        if isinstance(around, exp.Intersect | exp.Except):
            _check_set(around, inner is around.expression, use)
        if isinstance(around, exp.Join) and inner is around.this:
            side = (around.side or "").upper()
            if side in ("LEFT", "FULL"):
                raise _misplaced(f"recursive reference in right source of {side} join", use)
        if inner.arg_key in ("from_", "from", "joins", "this"):
            _check_left(inner, around, use)
        inner, around = around, around.parent


def _check_left(inner: exp.Expr, around: exp.Expr, use: exp.Expr) -> None:
    """Refuse a reference on the left of a join that pads its left side."""
    joins = parts_of(around, "joins")
    later = joins[joins.index(inner) + 1 :] if inner in joins else joins
    for other in later:
        side = str(other.args.get("side") or "").upper()
        if side in ("RIGHT", "FULL"):
            raise _misplaced(f"recursive reference in left source of {side} join", use)


def _check_set(node: exp.Expr, is_right: bool, use: exp.Expr) -> None:
    """Refuse a reference in a set operation whose answer shrinks when its rows grow."""
    kind = "DISTINCT" if node.args.get("distinct", True) else "ALL"
    if isinstance(node, exp.Intersect):
        if kind == "ALL":
            raise _misplaced("recursive reference in INTERSECT ALL", use)
    elif is_right:
        raise _misplaced(f"recursive reference in right relation of EXCEPT {kind}", use)
    elif kind == "ALL":
        raise _misplaced("recursive reference in left relation of EXCEPT ALL", use)


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
