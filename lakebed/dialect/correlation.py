"""Which queries inside of others may read the columns around them: those that Trino can take apart.

Trino's documentation is silent; the forms were asked of it one by one, and only those are refused
that it refused. https://trino.io/docs/current/sql/select.html#scalar-subqueries
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.operators import contains_window
from lakebed.dialect.scopes import fail

_QUANTIFIED = ("in", "quantified")
_GLOBAL: tuple[tuple[tree.Expr, ...], ...] = ((),)


def check(query: tree.Query, kind: str, node: exp.Expr) -> None:
    """Refuse a query that Trino does; `kind` is scalar, exists, lateral, in, or quantified."""
    inside = _Inside(query)
    if inside.reads_around(query) and inside.refused(query, kind):
        while isinstance(node, exp.SetOperation):
            node = node.this
        raise fail("NOT_SUPPORTED", "Given correlated subquery is not supported", node)


def check_condition(relation: tree.Relation, node: exp.Expr) -> None:
    """Refuse a join, but on true, with a query that reads around other than in its WHERE."""
    if not isinstance(relation, tree.Derived):
        return
    query, body = relation.query, relation.query.body
    filters = isinstance(body, tree.Select) and body.groups is None and not body.distinct
    if isinstance(body, tree.Select) and (body.source is None or query.limit is not None):
        filters = False
    if not filters and _Inside(query).reads_around(query):
        raise fail("NOT_SUPPORTED", "Given correlated subquery is not supported", node)


def outer_references(expr: tree.Expr) -> list[tree.Ref]:
    """Return the columns that the queries in an expression read of those around them."""
    found: list[tree.Ref] = []
    if isinstance(expr, tree.Subquery):
        inside = _Inside(expr.query)
        found += [ref for ref in _references(expr.query) if inside.is_outer(ref)]
    for inner in tree.children(expr):
        found += outer_references(inner)
    return found


class _Inside:
    """A query and the relations in it, at any depth."""

    def __init__(self, query: tree.Query) -> None:
        self.names = set(_relations(query))

    def is_outer(self, ref: tree.Ref) -> bool:
        """Tell whether a column is of a query around."""
        return ref.relation not in self.names

    def reads_around(self, query: tree.Query) -> bool:
        """Tell whether there is a column of a query around, at any depth."""
        return any(map(self.is_outer, _references(query)))

    def is_correlated(self, expr: tree.Expr) -> bool:
        """Tell whether an expression itself reads a column of a query around."""
        return any(map(self.is_outer, _direct(expr)))

    def skips(self, expr: tree.Expr) -> bool:
        """Tell whether a query in an expression reads a column of two queries around."""
        if isinstance(expr, tree.Subquery) and self.reads_around(expr.query):
            return True
        return any(map(self.skips, tree.children(expr)))

    def refused(self, query: tree.Query, kind: str) -> bool:
        """Tell whether a query that reads around is refused."""
        body = query.body
        if isinstance(body, tree.SetOperation) or query.offset:
            return True
        if isinstance(body, tree.Values):
            return len(body.rows) > 1 or kind in _QUANTIFIED
        if body.source is None:
            return kind in _QUANTIFIED
        if isinstance(body.source, tree.Unnest) and any(map(self.is_correlated, body.source.args)):
            return self._of_unnest(body, kind)
        return (
            any(map(self.skips, _expressions(body)))
            or any(map(contains_window, body.items))
            or self._of_items(body, kind)
            or self._of_groups(body, kind)
            or (kind == "in" and query.limit is not None)
            or self._of_limit(query, body)
            or self._of_source(body.source)
        )

    def _of_unnest(self, body: tree.Select, kind: str) -> bool:
        grouped = body.groups not in (None, _GLOBAL)
        windows = any(map(contains_window, body.items))
        return kind in _QUANTIFIED or body.where is not None or body.distinct or grouped or windows

    def _of_items(self, body: tree.Select, kind: str) -> bool:
        """Refuse what is computed of columns around, but of a single row."""
        if body.groups is not None:
            return any(map(self.is_correlated, _in_aggregates(body.items)))
        if kind == "exists" or _is_row(body.source):
            return False
        return any(map(self.is_correlated, body.items))

    def _of_groups(self, body: tree.Select, kind: str) -> bool:
        if kind in _QUANTIFIED:
            return body.groups is not None or body.distinct
        correlated = body.where is not None and self.is_correlated(body.where)
        return body.having is not None and correlated

    def _of_limit(self, query: tree.Query, body: tree.Select) -> bool:
        """Refuse a limit, but of rows whose columns equal those around."""
        if query.limit is None or body.groups == _GLOBAL or body.where is None:
            return False
        equal: list[tree.Expr] = []
        for part in _conjuncts(body.where):
            if self.is_correlated(part):
                column = self._equal_column(part)
                if column is None:
                    return True
                equal.append(column)
        return bool(equal) and any(key.expr not in equal for key in query.order)

    def _equal_column(self, part: tree.Expr) -> tree.Expr | None:
        """Return the column that a condition says is equal to something around."""
        if not isinstance(part, tree.Apply) or part.template != "{0} = {1}":
            return None
        for one, other in (part.args, part.args[::-1]):
            plain = one.arg if isinstance(one, tree.Convert) else one
            inner = isinstance(plain, tree.Ref) and not self.is_outer(plain)
            if inner and all(map(self.is_outer, _direct(other))):
                return plain
        return None

    def _of_source(self, source: tree.Relation) -> bool:
        if isinstance(source, tree.Derived) and self.reads_around(source.query):
            body = source.query.body
            made = isinstance(body, tree.Select) and any(map(self.is_correlated, body.items))
            return made or self.refused(source.query, "lateral")
        return isinstance(source, tree.Join) and any(map(self._is_side, _sides(source)))

    def _is_side(self, side: tree.Relation) -> bool:
        """Tell whether a side of a join reads around."""
        if isinstance(side, tree.Derived):
            return self.reads_around(side.query)
        return isinstance(side, tree.Unnest) and any(map(self.is_correlated, side.args))


def _sides(join: tree.Join) -> Iterator[tree.Relation]:
    for side in (join.left, join.right):
        if isinstance(side, tree.Join):
            yield from _sides(side)
        else:
            yield side


def _is_row(source: tree.Relation | None) -> bool:
    """Tell whether a relation is a row of VALUES."""
    if not isinstance(source, tree.Derived):
        return False
    body = source.query.body
    return isinstance(body, tree.Values) and len(body.rows) == 1


def _in_aggregates(exprs: Iterable[tree.Expr]) -> Iterator[tree.Expr]:
    """Yield what aggregates are of."""
    for expr in exprs:
        if isinstance(expr, tree.Aggregate):
            yield from tree.children(expr)
        else:
            yield from _in_aggregates(tree.children(expr))


def _conjuncts(expr: tree.Expr) -> list[tree.Expr]:
    if not isinstance(expr, tree.Apply) or " AND " not in expr.template:
        return [expr]
    if not set(expr.template) <= set("{}0123456789 AND"):
        return [expr]
    return [one for part in expr.args for one in _conjuncts(part)]


def _direct(expr: tree.Expr) -> Iterator[tree.Ref]:
    """Yield the columns of an expression, not those of its queries."""
    if isinstance(expr, tree.Ref):
        yield expr
    for inner in tree.children(expr):
        yield from _direct(inner)


def _expressions(body: tree.Select) -> list[tree.Expr]:
    groups = (expr for group in body.groups or () for expr in group)
    others = (one for one in (body.where, body.having) if one is not None)
    return [*body.items, *groups, *others]


def _parts(query: tree.Query) -> tuple[list[tree.Expr], list[tree.Relation], list[tree.Query]]:
    """Return the expressions, relations and queries that a query consists of."""
    exprs = [key.expr for key in query.order]
    queries = [inner for _, inner in query.ctes]
    relations: list[tree.Relation] = []
    body = query.body
    if isinstance(body, tree.SetOperation):
        queries += [body.left, body.right]
    elif isinstance(body, tree.Values):
        exprs += [item for row in body.rows for item in row]
    else:
        exprs += _expressions(body)
        waiting = [body.source]
        while waiting:
            one = waiting.pop()
            if isinstance(one, tree.Join):
                waiting += [one.left, one.right]
                exprs += [one.on] if one.on is not None else []
            elif isinstance(one, tree.Sample):
                waiting.append(one.source)
            elif one is not None:
                relations.append(one)
    for one in relations:
        queries += [one.query] if isinstance(one, tree.Derived) else []
        exprs += one.args if isinstance(one, tree.Unnest) else ()
    return exprs, relations, queries


def _subqueries(expr: tree.Expr) -> Iterator[tree.Query]:
    if isinstance(expr, tree.Subquery):
        yield expr.query
    for inner in tree.children(expr):
        yield from _subqueries(inner)


def _queries(query: tree.Query) -> Iterator[tree.Query]:
    """Yield a query and all in it, each once."""
    seen: set[int] = set()
    waiting = [query]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            exprs, _, queries = _parts(one)
            waiting += [*queries, *(inner for expr in exprs for inner in _subqueries(expr))]


def _relations(query: tree.Query) -> Iterator[str]:
    for one in _queries(query):
        for relation in _parts(one)[1]:
            if not isinstance(relation, tree.Join | tree.Sample):
                yield relation.relation


def _references(query: tree.Query) -> Iterator[tree.Ref]:
    for one in _queries(query):
        for expr in _parts(one)[0]:
            yield from _direct(expr)
