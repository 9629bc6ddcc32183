"""What a WHERE decides about partitions, what a GROUP BY allows, what a query reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.correlation import outer_references
from lakebed.dialect.scopes import fail


def prunable(source: tree.Relation) -> dict[str, tree.Scan]:
    """Return the scans whose rows a WHERE can drop before the joins."""
    if isinstance(source, tree.Scan):
        return {source.relation: source}
    if isinstance(source, tree.Sample):
        return prunable(source.source)
    if isinstance(source, tree.Join):
        left = prunable(source.left) if source.kind in ("INNER", "CROSS", "LEFT") else {}
        right = prunable(source.right) if source.kind in ("INNER", "CROSS", "RIGHT") else {}
        return left | right
    return {}


def find_prunes(condition: tree.Expr, scans: dict[str, tree.Scan]) -> None:
    """Note, at each scan, the conjuncts that only partition columns decide."""
    parts = (condition,)
    if isinstance(condition, tree.Apply) and " AND " in condition.template:
        if set(condition.template) <= set("{}0123456789 AND"):
            parts = condition.args
        if len(parts) > 1:
            for part in parts:
                find_prunes(part, scans)
            return
    refs = references(condition)
    relations = {ref.relation for ref in refs or ()}
    if refs and len(relations) == 1 and (scan := scans.get(relations.pop())) is not None:
        table = scan.table
        first = 0 if table.is_iceberg or table.prunes_by_any else len(table.columns)
        last = len(scan.table.all_columns)
        if all(first <= ref.index < last for ref in refs):
            scan.prunes.append(condition)
        elif all(ref.index >= last for ref in refs):
            scan.file_prunes.append(condition)


def references(expr: tree.Expr) -> list[tree.Ref] | None:
    """Return the columns an expression reads; None if it holds a query or is not stable."""
    if isinstance(expr, tree.Subquery | tree.Window | tree.Aggregate):
        return None
    if isinstance(expr, tree.Apply) and "random" in expr.template:
        return None
    found = [expr] if isinstance(expr, tree.Ref) else []
    for inner in tree.children(expr):
        more = references(inner)
        if more is None:
            return None
        found += more
    return found


def check_grouped(
    expr: tree.Expr, allowed: set[tree.Expr], local: set[tree.Ref], node: exp.Expr
) -> None:
    """Refuse columns that are neither grouped nor aggregated."""
    if expr in allowed or isinstance(expr, tree.Aggregate):
        return
    if isinstance(expr, tree.Ref) and expr in local:
        text = node.this.sql("trino") if isinstance(node, exp.Alias) else node.sql("trino")
        message = f"'{text}' must be an aggregate expression or appear in GROUP BY clause"
        raise fail("EXPRESSION_NOT_AGGREGATE", message, node)
    if isinstance(expr, tree.Subquery):
        for ref in outer_references(expr):
            if ref in local and ref not in allowed:
                found = next(_columns_of_queries(node), node)
                message = f"Subquery uses '{found.name}' which must appear in GROUP BY clause"
                raise fail("EXPRESSION_NOT_AGGREGATE", message, found)
    for inner in tree.children(expr):
        check_grouped(inner, allowed, local, node)


def _columns_of_queries(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the columns that queries in an expression name, the last first."""
    for query in node.find_all(exp.Query):
        yield from reversed(list(query.find_all(exp.Column)))


def check_grouping(
    expr: tree.Expr, groups: Sequence[Sequence[tree.Expr]] | None, node: exp.Expr
) -> None:
    """Refuse GROUPING() of what is not grouped."""
    if isinstance(expr, tree.Aggregate) and "{call:grouping}" in expr.template:
        if groups is None:
            message = "A GROUPING() operation can only be used with a corresponding GROUPING SET/"
            raise fail("MISSING_GROUP_BY", f"{message}CUBE/ROLLUP/GROUP BY clause", node)
        allowed = {one for group in groups for one in group}
        if not allowed.issuperset(expr.args):
            message = "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
            raise fail("INVALID_ARGUMENTS", message, node)
    for inner in tree.children(expr):
        check_grouping(inner, groups, node)


def used_columns(scans: Sequence[tree.Scan], query: tree.Query) -> None:
    """Note at each scan which of its columns the lowered text will name."""
    _Reader({scan.relation: scan for scan in scans}).query(query)


class _Reader:
    """Walks a query and marks the columns it reads."""

    def __init__(self, scans: dict[str, tree.Scan]) -> None:
        self.scans = scans
        self.seen: set[int] = set()

    def query(self, query: tree.Query) -> None:
        if id(query) in self.seen:
            return
        self.seen.add(id(query))
        for _, cte in query.ctes:
            self.query(cte)
        for key in query.order:
            self.expression(key.expr)
        body = query.body
        if isinstance(body, tree.Select):
            self.select(body)
        elif isinstance(body, tree.SetOperation):
            self.query(body.left)
            self.query(body.right)
        else:
            for row in body.rows:
                self.expressions(row)

    def select(self, body: tree.Select) -> None:
        self.relation(body.source)
        self.expressions(body.items)
        for group in body.groups or ():
            self.expressions(group)
        self.expressions([one for one in (body.where, body.having) if one is not None])

    def relation(self, relation: tree.Relation | None) -> None:
        if isinstance(relation, tree.Derived):
            self.query(relation.query)
        elif isinstance(relation, tree.Unnest):
            self.expressions(relation.args)
        elif isinstance(relation, tree.Sample):
            self.relation(relation.source)
        elif isinstance(relation, tree.Join):
            self.relation(relation.left)
            self.relation(relation.right)
            if relation.on is not None:
                self.expression(relation.on)

    def expressions(self, exprs: Sequence[tree.Expr]) -> None:
        for expr in exprs:
            self.expression(expr)

    def expression(self, expr: tree.Expr) -> None:
        if isinstance(expr, tree.Ref) and expr.relation in self.scans:
            self.scans[expr.relation].used.add(expr.index)
        if isinstance(expr, tree.Subquery):
            self.query(expr.query)
        self.expressions(tree.children(expr))
