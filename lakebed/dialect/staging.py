"""SELECTs whose expressions have aggregates, window calls or subqueries inside, in two stages.

`sum(a) * 2` becomes `s * 2` over a SELECT of `sum(a) AS s`. An expression may then name its
arguments more than once, and evaluate them in TRY, where DuckDB allows no such call. The plan of
the engine is the same: it computes calls below the expressions over them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from lakebed.dialect import tree
from lakebed.dialect.failing import can_fail

_CALLS = (tree.Aggregate, tree.Window, tree.Subquery)


def staged(query: tree.Query, fresh: Callable[[], str]) -> tree.Query:
    """Return the query in as many stages as it needs; `fresh` names the inner ones."""
    body = query.body
    if not isinstance(body, tree.Select):
        return query
    keys = [key.expr for key in query.order]
    shown = [*body.items, *([] if body.having is None else [body.having]), *keys]
    is_grouped = body.groups is not None
    failing = {key for one in shown for key in _keys_that_fail(one)}
    if not failing and not any(_is_nested(one, is_grouped) for one in shown):
        return query
    if any(map(_has_lambda_over_query, shown)):
        return query
    relation = fresh()
    grouped = None if body.groups is None else {one for group in body.groups for one in group}
    inner = _Stage(relation, grouped, failing)
    items = tuple(map(inner.above, body.items))
    order = tuple(replace(key, expr=inner.above(key.expr)) for key in query.order)
    having = inner.above(body.having) if body.having is not None else None
    columns = tuple((None, expr.type) for expr in inner.columns)
    below = replace(body, items=tuple(inner.columns), having=None, distinct=False)
    above = tree.Select(
        items, tree.Derived(relation, tree.Query(below, columns)), having, distinct=body.distinct
    )
    return staged(replace(query, body=above, order=order), fresh)


@dataclass
class _Stage:
    """The columns of the inner SELECT; `grouped` are the keys of its GROUP BY, if it has one.

    `keys` are those of windows, which are above it then.
    """

    relation: str
    grouped: set[tree.Expr] | None
    keys: set[tree.Expr]
    columns: dict[tree.Expr, tree.Ref] = field(default_factory=dict["tree.Expr", "tree.Ref"])

    def above(self, expr: tree.Expr) -> tree.Expr:
        """Return the expression over the columns of the inner SELECT."""
        if self._is_below(expr):
            found = tree.Ref(expr.type, self.relation, len(self.columns))
            return self.columns.setdefault(expr, found)
        return tree.rebuilt(expr, self.above)

    def _is_below(self, expr: tree.Expr) -> bool:
        if expr in self.keys:
            return True
        if isinstance(expr, tree.Window) and (self.keys or self.grouped is not None):
            return False
        if self.grouped is None:
            return isinstance(expr, (*_CALLS, tree.Ref))
        return expr in self.grouped or isinstance(expr, _CALLS)


def _is_nested(expr: tree.Expr, is_grouped: bool) -> bool:
    """Tell whether there is a call inside of the expression: one of the same SELECT."""
    if isinstance(expr, tree.Window):
        return is_grouped and _has_call(tree.children(expr))
    return not isinstance(expr, _CALLS) and _has_call(tree.children(expr))


def _keys_that_fail(expr: tree.Expr) -> Iterator[tree.Expr]:
    """Yield keys of windows that may raise an error: the engine refuses them."""
    if isinstance(expr, tree.Window):
        yield from filter(can_fail, (*expr.partition, *(key.expr for key in expr.order)))
    for inner in tree.children(expr):
        yield from _keys_that_fail(inner)


def _has_call(exprs: Iterable[tree.Expr]) -> bool:
    return any(isinstance(one, _CALLS) or _has_call(tree.children(one)) for one in exprs)


def _has_lambda_over_query(expr: tree.Expr) -> bool:
    """Tell whether a lambda has a subquery in it: that may need the lambda's parameter."""
    if isinstance(expr, tree.Lambda):
        return _has_call((expr.body,))
    return any(map(_has_lambda_over_query, tree.children(expr)))
