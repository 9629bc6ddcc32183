"""The analyser of queries: relations, scopes, grouping, ordering, result names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Protocol

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.expressions import Expressions, compare, contains_aggregate, retyped
from lakebed.dialect.scopes import Field, Scope, fail, place
from lakebed.dialect.types import BIGINT, Type, common


class Catalog(Protocol):
    """What the analyser asks about the world."""

    def has_database(self, database: str) -> bool:
        """Tell whether a database exists."""
        ...

    def table(self, database: str, name: str) -> tree.TableInfo | None:
        """Return a table, None if there is none."""
        ...


@dataclass
class Analyser:
    """Analyses one statement's query against a catalog."""

    catalog: Catalog
    database: str
    text: str = ""
    scans: list[tree.Scan] = field(default_factory=list[tree.Scan])
    ctes: list[dict[str, tuple[str, tree.Query]]] = field(
        default_factory=list[dict[str, tuple[str, tree.Query]]]
    )
    counter: int = 0

    def query(self, node: exp.Expression, outer: Scope | None = None) -> tree.Query:
        """Return the typed form of a query."""
        while isinstance(node, exp.Subquery) and not _modified(node):
            node = node.this
        named = self.enter_with(node, outer)
        try:
            return self.body(node, outer, named)
        finally:
            self.ctes.pop()

    def enter_with(
        self, node: exp.Expression, outer: Scope | None
    ) -> tuple[tuple[str, tree.Query], ...]:
        found: dict[str, tuple[str, tree.Query]] = {}
        self.ctes.append(found)
        clause = node.args.get("with_") or node.args.get("with")
        if clause is None:
            return ()
        if clause.args.get("recursive"):
            raise not_supported("WITH RECURSIVE", *place(clause))
        for cte in clause.expressions:
            name = cte.alias.lower()
            if name in found:
                message = f"WITH query name '{cte.alias}' specified more than once"
                raise fail("DUPLICATE_NAMED_QUERY", message, cte)
            query = self.query(cte.this, outer)
            query = self.renamed(query, cte.args["alias"].columns, cte)
            self.counter += 1
            found[name] = (f"w{self.counter}", query)
        return tuple(found.values())

    def renamed(
        self, query: tree.Query, names: Sequence[exp.Expression], node: exp.Expression
    ) -> tree.Query:
        if not names:
            return query
        if len(names) != len(query.columns):
            message = f"Column alias list has {len(names)} entries but relation has "
            raise fail("MISMATCHED_COLUMN_ALIASES", f"{message}{len(query.columns)} columns", node)
        columns = tuple(
            (name.name.lower(), kind) for name, (_, kind) in zip(names, query.columns, strict=True)
        )
        return tree.Query(query.body, columns, query.ctes, query.order, query.limit, query.offset)

    def body(
        self,
        node: exp.Expression,
        outer: Scope | None,
        named: tuple[tuple[str, tree.Query], ...],
    ) -> tree.Query:
        if isinstance(node, exp.Select):
            return self.select(node, outer, named)
        if isinstance(node, exp.SetOperation):
            return self.set_operation(node, outer, named)
        if isinstance(node, exp.Values):
            return self.modified(self.values(node, outer), node, named)
        if isinstance(node, exp.Subquery):
            return self.modified(self.query(node.this, outer), node, named)
        if isinstance(node, exp.Table):
            star = exp.select("*").from_(node)
            return self.select(star, outer, named)
        raise not_supported(f"The query form {type(node).__name__}", *place(node))

    def modified(
        self, query: tree.Query, node: exp.Expression, named: tuple[tuple[str, tree.Query], ...]
    ) -> tree.Query:
        """Put WITH, ORDER BY and limits around a query that is no SELECT."""
        order = node.args.get("order")
        keys: list[tree.SortKey] = []
        fields = [
            Field(name, None, tree.Ref(kind, "o", at))
            for at, (name, kind) in enumerate(query.columns)
        ]
        if order is not None:
            scope = Scope(fields)
            rules = Expressions(self.text, self.query, {})
            for key in order.expressions:
                target = self.ordinal(key.this, [one.expr for one in fields])
                expr = target if target is not None else rules.analyse(key.this, scope)
                keys.append(_sort_key(key, expr))
        limit, offset = self.limits(node)
        if not (named or keys or limit is not None or offset):
            return query
        if query.order or query.limit is not None or query.offset or query.ctes:
            items = tuple(one.expr for one in fields)
            body: tree.Select | tree.SetOperation | tree.Values = tree.Select(
                items, tree.Derived("o", query)
            )
        else:
            body = query.body
        return tree.Query(body, query.columns, named, tuple(keys), limit, offset)

    def limits(self, node: exp.Expression) -> tuple[int | None, int]:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        count: int | None = None
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            if options is not None and options.args.get("with_ties"):
                raise not_supported("FETCH … WITH TIES", *place(node))
            count = _whole(limit.args.get("count"), 1)
        elif limit is not None:
            count = _whole(limit.expression, None)
        return count, _whole(offset.expression, 0) or 0 if offset is not None else 0

    def set_operation(
        self,
        node: exp.SetOperation,
        outer: Scope | None,
        named: tuple[tuple[str, tree.Query], ...],
    ) -> tree.Query:
        left, right = self.query(node.this, outer), self.query(node.expression, outer)
        kind = node.key.upper()
        if len(left.columns) != len(right.columns):
            message = f"{kind} query has different number of fields: "
            counts = f"{len(left.columns)}, {len(right.columns)}"
            raise fail("TYPE_MISMATCH", message + counts, node)
        kinds: list[Type] = []
        for at, ((_, one), (_, other)) in enumerate(zip(left.columns, right.columns, strict=True)):
            merged = common(one, other)
            if merged is None:
                message = f"column {at + 1} in {kind} query has incompatible types: {one}, {other}"
                raise fail("TYPE_MISMATCH", message, node)
            kinds.append(merged)
        left, right = retyped(left, tuple(kinds)), retyped(right, tuple(kinds))
        body = tree.SetOperation(kind, not node.args.get("distinct", True), left, right)
        return self.modified(tree.Query(body, left.columns), node, named)

    def values(self, node: exp.Values, outer: Scope | None) -> tree.Query:
        rules = Expressions(self.text, self.query, {})
        scope = Scope([], outer)
        rows = [
            [rules.analyse(item, scope) for item in _row_items(row)] for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise fail("TYPE_MISMATCH", "Values rows have mismatched sizes", node)
        kinds: list[Type] = []
        for column in zip(*rows, strict=True):
            merged: Type | None = column[0].type
            for item in column[1:]:
                merged = common(merged, item.type) if merged is not None else None
            if merged is None:
                raise fail("TYPE_MISMATCH", "Values rows have mismatched types", node)
            kinds.append(merged)
        from lakebed.dialect.expressions import coerce

        typed = tuple(
            tuple(coerce(item, kind) for item, kind in zip(row, kinds, strict=True)) for row in rows
        )
        return tree.Query(tree.Values(typed), tuple((None, kind) for kind in kinds))

    # Relations

    def relation(self, node: exp.Expression, scope: Scope) -> tuple[tree.Relation, list[Field]]:
        """Analyse an entry of a FROM; `scope` is what a lateral entry sees."""
        self.counter += 1
        name = f"r{self.counter}"
        if node.args.get("sample") is not None or node.args.get("pivots"):
            raise not_supported("TABLESAMPLE", *place(node))
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self.with_joins(node, *self.table(node, name), scope)
        if isinstance(node, exp.Unnest):
            return self.unnest(node, name, scope)
        if isinstance(node, exp.Subquery | exp.Values):
            return self.derived(node, name, scope)
        if isinstance(node, exp.Lateral):
            raise not_supported("LATERAL", *place(node))
        raise not_supported(f"The relation {type(node).__name__}", *place(node))

    def with_joins(
        self,
        node: exp.Expression,
        relation: tree.Relation,
        fields: list[Field],
        scope: Scope,
    ) -> tuple[tree.Relation, list[Field]]:
        for join in node.args.get("joins") or []:
            relation, fields = self.join(join, relation, fields, scope)
        return relation, fields

    def derived(
        self, node: exp.Expression, name: str, scope: Scope
    ) -> tuple[tree.Relation, list[Field]]:
        alias = node.args.get("alias")
        inner = node.this if isinstance(node, exp.Subquery) else node
        if isinstance(node, exp.Subquery) and isinstance(inner, exp.Table | exp.Subquery):
            if alias is None and not isinstance(inner, exp.Query):
                return self.relation(inner, scope)
            if isinstance(inner, exp.Table):
                found = self.relation(inner, scope)
                if alias is None:
                    return self.with_joins(node, *found, scope)
        query = self.values(node, scope.parent) if isinstance(node, exp.Values) else None
        query = query or self.query(inner, scope.parent)
        query = self.renamed(query, alias.columns if alias is not None else [], node)
        known = alias.name.lower() if alias is not None and alias.this is not None else None
        fields = [
            Field(column, known, tree.Ref(kind, name, at))
            for at, (column, kind) in enumerate(query.columns)
        ]
        return self.with_joins(node, tree.Derived(name, query), fields, scope)

    def table(self, node: exp.Table, name: str) -> tuple[tree.Relation, list[Field]]:
        alias = node.args.get("alias")
        known = alias.name.lower() if alias is not None and alias.this else node.name.lower()
        if not node.db:
            for level in reversed(self.ctes):
                found = level.get(node.name.lower())
                if found is not None:
                    query = self.renamed(found[1], alias.columns if alias else [], node)
                    fields = [
                        Field(column, known, tree.Ref(kind, name, at))
                        for at, (column, kind) in enumerate(query.columns)
                    ]
                    return tree.CteRef(name, found[0]), fields
        catalog = node.catalog.lower()
        if catalog not in ("", "awsdatacatalog"):
            raise fail("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", node)
        database = node.db.lower() or self.database
        info = self.catalog.table(database, node.name.lower())
        if info is None:
            if not self.catalog.has_database(database):
                raise fail("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node)
            full = f"awsdatacatalog.{database}.{node.name.lower()}"
            raise fail("TABLE_NOT_FOUND", f"Table '{full}' does not exist", node)
        scan = tree.Scan(name, info)
        self.scans.append(scan)
        names = [column for column, _ in info.all_columns]
        if alias is not None and alias.columns:
            names = [column.name.lower() for column in alias.columns]
            if len(names) != len(info.all_columns):
                message = f"Column alias list has {len(names)} entries but '{known}' has "
                message += f"{len(info.all_columns)} columns available"
                raise fail("MISMATCHED_COLUMN_ALIASES", message, node)
        fields = [
            Field(column, known, tree.Ref(kind, name, at), None if alias else database)
            for at, (column, (_, kind)) in enumerate(zip(names, info.all_columns, strict=True))
        ]
        return scan, fields

    def unnest(
        self, node: exp.Unnest, name: str, scope: Scope
    ) -> tuple[tree.Relation, list[Field]]:
        rules = Expressions(self.text, self.query, {})
        args = tuple(rules.analyse(item, scope) for item in node.expressions)
        kinds: list[Type] = []
        for arg in args:
            if arg.type.name not in ("array", "map"):
                message = f"Cannot unnest type: {arg.type}"
                raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
            if arg.type.name == "array" and arg.type.inner[0].name == "row":
                raise not_supported("UNNEST of an array of rows", *place(node))
            kinds += arg.type.inner
        offset = node.args.get("offset")
        if offset:
            kinds.append(BIGINT)
        alias = node.args.get("alias")
        names: list[str | None] = [None] * len(kinds)
        if alias is not None and alias.columns:
            given = [column.name.lower() for column in alias.columns]
            if isinstance(offset, exp.Identifier):
                given.append(offset.name.lower())
            if len(given) != len(kinds):
                message = f"Column alias list has {len(given)} entries but relation has "
                raise fail("MISMATCHED_COLUMN_ALIASES", f"{message}{len(kinds)} columns", node)
            names = list(given)
        known = alias.name.lower() if alias is not None and alias.this else None
        fields = [
            Field(column, known, tree.Ref(kind, name, at))
            for at, (column, kind) in enumerate(zip(names, kinds, strict=True))
        ]
        return tree.Unnest(name, args, bool(offset)), fields

    def join(
        self, node: exp.Join, left: tree.Relation, fields: list[Field], scope: Scope
    ) -> tuple[tree.Relation, list[Field]]:
        if node.method:
            raise not_supported("NATURAL JOIN", *place(node))
        seen = Scope(fields, scope.parent)
        right, others = self.relation(node.this, seen)
        side = (node.side or "").upper()
        kind = side or ("CROSS" if (node.kind or "").upper() == "CROSS" else "INNER")
        using = node.args.get("using")
        if using:
            return self.using(node, kind, (left, fields), (right, others))
        on = node.args.get("on")
        if on is None:
            if kind != "CROSS" and not (kind == "INNER" and not node.kind):
                raise fail("SYNTAX_ERROR", "mismatched input. Expecting: 'ON', 'USING'", node)
            return tree.Join("CROSS", left, right, None), fields + others
        rules = Expressions(self.text, self.query, {})
        condition = rules.boolean(on, Scope(fields + others, scope.parent), "JOIN ON clause")
        if contains_aggregate(condition):
            message = "JOIN clause cannot contain aggregations, window functions or grouping"
            raise fail("EXPRESSION_NOT_SCALAR", message, node)
        return tree.Join(kind, left, right, condition), fields + others

    def using(
        self,
        node: exp.Join,
        kind: str,
        left: tuple[tree.Relation, list[Field]],
        right: tuple[tree.Relation, list[Field]],
    ) -> tuple[tree.Relation, list[Field]]:
        conditions: list[tree.Expr] = []
        merged: list[Field] = []
        names: set[str] = set()
        for item in node.args["using"]:
            name = item.name.lower()
            names.add(name)
            one, other = Scope(left[1]).find([name], item), Scope(right[1]).find([name], item)
            if one is None or other is None:
                side = "left" if one is None else "right"
                message = f"Column '{name}' is missing from {side} side of join"
                raise fail("COLUMN_NOT_FOUND", message, item)
            condition = compare("=", one, other, item)
            conditions.append(condition)
            chosen = {"FULL": None, "RIGHT": other}.get(kind, one)
            if chosen is None and isinstance(condition, tree.Apply):
                chosen = tree.Apply(condition.args[0].type, "coalesce({0}, {1})", condition.args)
            merged.append(Field(name, None, chosen or one))
        template = " AND ".join(f"{{{at}}}" for at in range(len(conditions)))
        on = tree.Apply(conditions[0].type, template, tuple(conditions))
        rest = [one for one in left[1] + right[1] if one.name not in names]
        return tree.Join(kind, left[0], right[0], on), merged + rest

    # SELECT

    def select(
        self, node: exp.Select, outer: Scope | None, named: tuple[tuple[str, tree.Query], ...]
    ) -> tree.Query:
        if node.args.get("qualify") or node.args.get("laterals") or node.args.get("match"):
            raise not_supported("This clause of SELECT", *place(node))
        source, scope = self.from_clause(node, outer)
        windows = {window.name.lower(): window for window in node.args.get("windows") or []}
        rules = Expressions(self.text, self.query, windows)
        where = self.where(node, rules, scope, source)
        items, names = self.items(node, rules, scope)
        groups = self.groups(node, rules, scope, items)
        having = node.args.get("having")
        condition = rules.boolean(having.this, scope, "HAVING clause") if having else None
        keys = self.order(node, rules, scope, (items, names))
        checked = [*items, *(key.expr for key in keys)] + ([condition] if condition else [])
        if groups is None and any(contains_aggregate(one) for one in checked):
            groups = ((),)
        if groups is not None:
            local = {one.expr for one in scope.fields if isinstance(one.expr, tree.Ref)}
            allowed = {one for group in groups for one in group}
            for item, place_of in self.checks(node, items, keys, condition):
                check_grouped(item, allowed, local, place_of)
        distinct = node.args.get("distinct") is not None
        if distinct:
            for key in keys:
                if key.expr not in items:
                    message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                    raise fail("EXPRESSION_NOT_IN_DISTINCT", message, node.args["order"])
        limit, offset = self.limits(node)
        columns = tuple((name, item.type) for name, item in zip(names, items, strict=True))
        body = tree.Select(tuple(items), source, where, groups, condition, distinct)
        return tree.Query(body, columns, named, keys, limit, offset)

    def checks(
        self,
        node: exp.Select,
        items: Sequence[tree.Expr],
        keys: Sequence[tree.SortKey],
        having: tree.Expr | None,
    ) -> list[tuple[tree.Expr, exp.Expression]]:
        exprs = node.expressions
        same = len(exprs) == len(items)
        out = [(item, exprs[at] if same else node) for at, item in enumerate(items)]
        out += [(key.expr, node.args["order"]) for key in keys]
        return out + ([(having, node.args["having"])] if having is not None else [])

    def from_clause(
        self, node: exp.Select, outer: Scope | None
    ) -> tuple[tree.Relation | None, Scope]:
        clause = node.args.get("from_") or node.args.get("from")
        if clause is None:
            return None, Scope([], outer)
        relation, fields = self.relation(clause.this, Scope([], outer))
        for join in node.args.get("joins") or []:
            relation, fields = self.join(join, relation, fields, Scope([], outer))
        return relation, Scope(fields, outer)

    def where(
        self,
        node: exp.Select,
        rules: Expressions,
        scope: Scope,
        source: tree.Relation | None,
    ) -> tree.Expr | None:
        clause = node.args.get("where")
        if clause is None:
            return None
        condition = rules.boolean(clause.this, scope, "WHERE clause")
        if contains_aggregate(condition):
            message = "WHERE clause cannot contain aggregations, window functions or grouping"
            raise fail("EXPRESSION_NOT_SCALAR", message, clause.this)
        if source is not None:
            find_prunes(condition, prunable(source))
        return condition

    def items(
        self, node: exp.Select, rules: Expressions, scope: Scope
    ) -> tuple[list[tree.Expr], list[str | None]]:
        items: list[tree.Expr] = []
        names: list[str | None] = []
        for item in node.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                for one in self.star(item, scope):
                    items.append(one.expr)
                    names.append(one.name)
                continue
            inner = item.this if isinstance(item, exp.Alias) else item
            items.append(rules.analyse(inner, scope))
            if isinstance(item, exp.Alias):
                names.append(item.alias.lower())
            elif isinstance(inner, exp.Column | exp.Dot) and inner.name:
                names.append(inner.name.lower())
            else:
                names.append(None)
        return items, names

    def star(self, node: exp.Expression, scope: Scope) -> list[Field]:
        if isinstance(node, exp.Column):
            alias = node.table.lower()
            found = [one for one in scope.fields if one.alias == alias]
            if not found:
                raise fail("TABLE_NOT_FOUND", f"Unable to resolve reference {alias}", node)
            return found
        if not scope.fields:
            raise fail(
                "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", node
            )
        return [one for one in scope.fields if not one.qualified_only]

    def ordinal(self, node: exp.Expression, items: Sequence[tree.Expr]) -> tree.Expr | None:
        if not isinstance(node, exp.Literal) or node.is_string or not str(node.this).isdigit():
            return None
        position = int(str(node.this))
        if not 1 <= position <= len(items):
            message = f"ORDER BY position {position} is not in select list"
            raise fail("INVALID_COLUMN_REFERENCE", message, node)
        return items[position - 1]

    def groups(
        self, node: exp.Select, rules: Expressions, scope: Scope, items: Sequence[tree.Expr]
    ) -> tuple[tuple[tree.Expr, ...], ...] | None:
        clause = node.args.get("group")
        if clause is None:
            return None
        if clause.args.get("all"):
            raise fail("SYNTAX_ERROR", "mismatched input 'ALL'", clause)

        def one(part: exp.Expression) -> tuple[tree.Expr, ...]:
            if isinstance(part, exp.Tuple):
                return tuple(expr for inner in part.expressions for expr in one(inner))
            if isinstance(part, exp.Paren):
                return one(part.this)
            found = self.ordinal(part, items)
            return (found if found is not None else rules.analyse(part, scope),)

        factors: list[list[tuple[tree.Expr, ...]]] = []
        parts = list(clause.expressions)
        for key in ("rollup", "cube", "grouping_sets"):
            given = clause.args.get(key) or []
            parts += given if isinstance(given, list) else [given]
        for part in parts:
            if isinstance(part, exp.Rollup):
                keys = [one(inner) for inner in part.expressions]
                factors.append([_flat(keys[:at]) for at in range(len(keys), -1, -1)])
            elif isinstance(part, exp.Cube):
                keys = [one(inner) for inner in part.expressions]
                sizes = range(len(keys), -1, -1)
                factors.append([_flat(some) for at in sizes for some in combinations(keys, at)])
            elif isinstance(part, exp.GroupingSets):
                factors.append([one(inner) for inner in part.expressions])
            else:
                factors.append([one(part)])
        sets: list[tuple[tree.Expr, ...]] = [()]
        for factor in factors:
            sets = [(*before, *after) for before in sets for after in factor]
        for expr in (expr for group in sets for expr in group):
            if contains_aggregate(expr):
                message = (
                    "GROUP BY clause cannot contain aggregations, window functions or grouping"
                )
                raise fail("EXPRESSION_NOT_SCALAR", message, clause)
        return tuple(sets)

    def order(
        self,
        node: exp.Select,
        rules: Expressions,
        scope: Scope,
        output: tuple[list[tree.Expr], list[str | None]],
    ) -> tuple[tree.SortKey, ...]:
        clause = node.args.get("order")
        if clause is None:
            return ()
        items, names = output
        visible: dict[str, tree.Expr] = {}
        for name, item in zip(names, items, strict=True):
            if name is not None and visible.setdefault(name, item) != item:
                visible.pop(name)
        fields = [Field(name, None, item) for name, item in visible.items()]
        own = [one for one in scope.fields]
        inner = Scope(fields, Scope(own, scope.parent))
        keys: list[tree.SortKey] = []
        for key in clause.expressions:
            found = self.ordinal(key.this, items)
            expr = found if found is not None else rules.analyse(key.this, inner)
            keys.append(_sort_key(key, expr))
        return tuple(keys)


def _flat(parts: Sequence[tuple[tree.Expr, ...]]) -> tuple[tree.Expr, ...]:
    return tuple(expr for part in parts for expr in part)


def _sort_key(node: exp.Expression, expr: tree.Expr) -> tree.SortKey:
    return tree.SortKey(expr, bool(node.args.get("desc")), bool(node.args.get("nulls_first")))


def _modified(node: exp.Expression) -> bool:
    keys = ("with_", "with", "order", "limit", "offset", "alias", "joins")
    return any(node.args.get(key) for key in keys)


def _whole(node: exp.Expression | None, default: int | None) -> int | None:
    if node is None:
        return default
    if isinstance(node, exp.Column) and node.name.lower() == "all":
        return None
    if not isinstance(node, exp.Literal) or not str(node.this).isdigit():
        raise not_supported("A limit that is no number", *place(node))
    return int(str(node.this))


def _row_items(row: exp.Expression) -> list[exp.Expression]:
    if isinstance(row, exp.Tuple):
        return list(row.expressions)
    if isinstance(row, exp.Anonymous) and str(row.this).lower() == "row":
        return list(row.expressions)
    return [row.this if isinstance(row, exp.Paren) else row]


def prunable(source: tree.Relation) -> dict[str, tree.Scan]:
    """Return the scans whose rows a WHERE can drop before the joins."""
    if isinstance(source, tree.Scan):
        return {source.relation: source}
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
        first = len(scan.table.columns)
        if all(ref.index >= first for ref in refs):
            scan.prunes.append(condition)


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
    expr: tree.Expr, allowed: set[tree.Expr], local: set[tree.Ref], node: exp.Expression
) -> None:
    """Refuse columns that are neither grouped nor aggregated."""
    if expr in allowed or isinstance(expr, tree.Aggregate):
        return
    if isinstance(expr, tree.Ref) and expr in local:
        text = node.this.sql("trino") if isinstance(node, exp.Alias) else node.sql("trino")
        message = f"'{text}' must be an aggregate expression or appear in GROUP BY clause"
        raise fail("EXPRESSION_NOT_AGGREGATE", message, node)
    for inner in tree.children(expr):
        check_grouped(inner, allowed, local, node)


def used_columns(scans: Sequence[tree.Scan], query: tree.Query) -> None:
    """Note at each scan which of its columns the lowered text will name."""
    by_name = {scan.relation: scan for scan in scans}
    seen: set[int] = set()

    def expression(expr: tree.Expr) -> None:
        if isinstance(expr, tree.Ref) and expr.relation in by_name:
            by_name[expr.relation].used.add(expr.index)
        if isinstance(expr, tree.Subquery):
            whole(expr.query)
        for inner in tree.children(expr):
            expression(inner)

    def relation(one: tree.Relation | None) -> None:
        if isinstance(one, tree.Derived):
            whole(one.query)
        elif isinstance(one, tree.Join):
            relation(one.left)
            relation(one.right)
            if one.on is not None:
                expression(one.on)
        elif isinstance(one, tree.Unnest):
            for arg in one.args:
                expression(arg)

    def select(body: tree.Select) -> None:
        relation(body.source)
        conditions = [one for one in (body.where, body.having) if one is not None]
        grouped = [expr for group in body.groups or () for expr in group]
        for expr in (*body.items, *conditions, *grouped):
            expression(expr)

    def whole(one: tree.Query) -> None:
        if id(one) in seen:
            return
        seen.add(id(one))
        for _, cte in one.ctes:
            whole(cte)
        for key in one.order:
            expression(key.expr)
        if isinstance(one.body, tree.Select):
            select(one.body)
        elif isinstance(one.body, tree.SetOperation):
            whole(one.body.left)
            whole(one.body.right)
        else:
            for row in one.body.rows:
                for expr in row:
                    expression(expr)

    whole(query)
