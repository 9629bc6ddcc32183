"""The analyser of queries: relations, scopes, grouping, ordering, result names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlglot import expressions as exp

from lakebed.dialect import comparability, corresponding, joins, recursion, tree
from lakebed.dialect.calls import check_inputs, not_scalar, parts_of_kind
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.expressions import Expressions
from lakebed.dialect.grouping import (
    check_grouped,
    check_grouping,
    find_prunes,
    prunable,
    used_columns,
)
from lakebed.dialect.match_windows import PatternWindows
from lakebed.dialect.operators import contains_aggregate, retyped
from lakebed.dialect.relations import Catalog, Relations
from lakebed.dialect.scopes import Field, Scope, fail, parts_of, place
from lakebed.dialect.types import Type, common
from lakebed.dialect.windows import named_windows

__all__ = ["Analyser", "Catalog", "named_columns", "used_columns"]


def named_columns(query: tree.Query) -> list[tuple[str, Type]]:
    """Return the columns of a query that becomes a table or view: each has a name of its own."""
    found: dict[str, Type] = {}
    for at, (shown, kind) in enumerate(query.columns):
        name = shown.lower() if shown is not None else None
        if name is None:
            message = f"Column name not specified at position {at + 1}"
            raise TrinoError("MISSING_COLUMN_NAME", message, 1, 1)
        if name in found:
            message = f"Column name '{name}' specified more than once"
            raise TrinoError("DUPLICATE_COLUMN_NAME", message, 1, 1)
        if kind.name == "unknown":
            message = f"Column type is unknown at position {at + 1}"
            raise TrinoError("COLUMN_TYPE_UNKNOWN", message, 1, 1)
        found[name] = kind
    return list(found.items())


@dataclass
class Analyser(Relations):
    """Analyses one statement's query against a catalog."""

    def query(self, node: exp.Expr, outer: Scope | None = None) -> tree.Query:
        """Return the typed form of a query."""
        while isinstance(node, exp.Subquery) and not _modified(node):
            node = node.this
        named = self.enter_with(node, outer)
        try:
            return self.body(node, outer, named)
        finally:
            self.ctes.pop()

    def enter_with(self, node: exp.Expr, outer: Scope | None) -> tuple[tuple[str, tree.Query], ...]:
        """Analyse the WITH queries of a query and put their names in scope."""
        found: dict[str, tuple[str, tree.Query]] = {}
        self.ctes.append(found)
        clause = node.args.get("with_") or node.args.get("with")
        if clause is None:
            return ()
        recursive = bool(clause.args.get("recursive"))
        for cte in clause.expressions:
            name = cte.alias.lower()
            if name in found:
                message = f"WITH query name '{cte.alias}' specified more than once"
                raise fail("DUPLICATE_NAMED_QUERY", message, cte)
            if recursive and recursion.is_recursive(cte):
                found[name] = self.recursive(cte, found, outer)
                continue
            query = self.query(cte.this, outer)
            query = self.renamed(query, cte.args["alias"].columns, cte)
            self.counter += 1
            found[name] = (f"w{self.counter}", query)
        return tuple(found.values())

    def recursive(
        self, cte: exp.Expr, found: dict[str, tuple[str, tree.Query]], outer: Scope | None
    ) -> tuple[str, tree.Query]:
        """Analyse a WITH query that reads itself: a base, and a step over the rows before."""
        base_node, step_node = recursion.sides(cte)
        base = self.renamed(self.query(base_node, outer), cte.args["alias"].columns, cte)
        name, rounds, query = cte.alias.lower(), list[str](), base
        for depth in range(recursion.DEPTH_MAX + 2):
            if depth:
                query = recursion.checked(self.query(step_node.copy(), outer), base, step_node)
            self.counter += 1
            rounds.append(f"w{self.counter}")
            found[f"{name}, round {depth}"] = (rounds[-1], query)
            found[name] = (rounds[-1], base)
        keep_all = not cte.this.args.get("distinct", True)
        self.counter += 1
        found.pop(name)
        return f"w{self.counter}", recursion.union(rounds, base, keep_all)

    def body(
        self,
        node: exp.Expr,
        outer: Scope | None,
        named: tuple[tuple[str, tree.Query], ...],
    ) -> tree.Query:
        """Analyse a query by its form."""
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
        self, query: tree.Query, node: exp.Expr, named: tuple[tuple[str, tree.Query], ...]
    ) -> tree.Query:
        """Put WITH, ORDER BY and limits around a query that is no SELECT."""
        order = node.args.get("order")
        keys: list[tree.SortKey] = []
        fields = [
            Field(name, None, tree.Ref(kind, "o", at))
            for at, (name, kind) in enumerate(query.columns)
        ]
        if order is not None:
            rules, scope = Expressions(self.text, self.query, {}, self.database), Scope(fields)
            for key in order.expressions:
                target = self.ordinal(key.this, [one.expr for one in fields])
                expr = target if target is not None else rules.analyse(key.this, scope)
                comparability.check_order(expr, key.this, node)
                keys.append(_sort_key(key, expr))
        limit, offset, ties = self.limits(node)
        if not (named or keys or limit is not None or offset):
            return query
        plain = tree.Query(query.body, query.columns)
        if isinstance(query.body, tree.Select) or query != plain:
            items = tuple(one.expr for one in fields)
            body: tree.Select | tree.SetOperation | tree.Values = tree.Select(
                items, tree.Derived("o", query)
            )
        else:
            body = query.body
        return tree.Query(body, query.columns, named, tuple(keys), limit, offset, ties)

    def limits(self, node: exp.Expr) -> tuple[int | None, int, bool]:
        """Read LIMIT or FETCH, OFFSET, and whether it is WITH TIES."""
        limit, offset = node.args.get("limit"), node.args.get("offset")
        count: int | None = None
        ties = False
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            ties = options is not None and bool(options.args.get("with_ties"))
            count = _whole(limit.args.get("count"), 1)
            if count == 0:
                message = "FETCH FIRST row count must be positive (actual value: 0)"
                raise fail("NUMERIC_VALUE_OUT_OF_RANGE", message, limit)
        elif limit is not None:
            count = _whole(limit.expression, None)
        if ties and node.args.get("order") is None:
            message = "FETCH FIRST WITH TIES clause requires ORDER BY"
            raise fail("MISSING_ORDER_BY", message, limit)
        return count, _whole(offset.expression, 0) or 0 if offset is not None else 0, ties

    def set_operation(
        self,
        node: exp.SetOperation,
        outer: Scope | None,
        named: tuple[tuple[str, tree.Query], ...],
    ) -> tree.Query:
        """Analyse UNION, INTERSECT or EXCEPT."""
        left, right = self.query(node.this, outer), self.query(node.expression, outer)
        kind = node.key.upper()
        if node.args.get("by_name"):
            left, right = corresponding.by_name(left, right, node)
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
        if node.args.get("distinct", True) or kind != "UNION":
            word = kind if kind != "UNION" else "UNION DISTINCT"
            comparability.check_set(kinds, word, node)
        body = tree.SetOperation(kind, not node.args.get("distinct", True), left, right)
        return self.modified(tree.Query(body, left.columns), node, named)

    def select(
        self, node: exp.Select, outer: Scope | None, named: tuple[tuple[str, tree.Query], ...]
    ) -> tree.Query:
        """Analyse one SELECT."""
        if node.args.get("qualify") or node.args.get("laterals") or node.args.get("match"):
            raise not_supported("This clause of SELECT", *place(node))
        source, scope = self.from_clause(node, outer)
        windows = named_windows(node)
        rules = Expressions(self.text, self.query, windows, self.database)
        rules.patterns = patterns = PatternWindows(self, node)
        defined = rules.defined(scope)
        where = self.where(node, rules, scope, source)
        items, names = self.items(node, rules, scope)
        groups = self.groups(node, rules, scope, items)
        having = node.args.get("having")
        condition = rules.boolean(having.this, scope, "HAVING clause") if having else None
        for nested in parts_of_kind(having, exp.Window) if having else ():
            message = "HAVING clause cannot contain window functions or row pattern measures"
            raise fail("NESTED_WINDOW", message, nested)
        keys = self.order(node, rules, scope, (items, names))
        checked = [*items, *(key.expr for key in keys)] + ([condition] if condition else [])
        for item, place_of in self.checks(node, items, keys, condition):
            check_grouping(item, groups, place_of)
        if groups is None and any(contains_aggregate(one) for one in checked):
            groups = ((),)
        if groups is not None:
            local = {one.expr for one in scope.fields if isinstance(one.expr, tree.Ref)}
            allowed = {one for group in groups for one in group}
            for item, place_of in self.checks(node, items, keys, condition) + defined:
                check_grouped(item, allowed, local, place_of)
        distinct = node.args.get("distinct") is not None
        if distinct:
            comparability.check_distinct(items, node)
            if any(key.expr not in items for key in keys):
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                raise fail("EXPRESSION_NOT_IN_DISTINCT", message, node)
        limit, offset, ties = self.limits(node)
        columns = tuple((name, item.type) for name, item in zip(names, items, strict=True))
        body = tree.Select(tuple(items), source, where, groups, condition, distinct)
        query = tree.Query(body, columns, named, keys, limit, offset, ties)
        return patterns.around(query) if patterns.found else query

    def checks(
        self,
        node: exp.Select,
        items: Sequence[tree.Expr],
        keys: Sequence[tree.SortKey],
        having: tree.Expr | None,
    ) -> list[tuple[tree.Expr, exp.Expr]]:
        """List what must obey the GROUP BY, each with its place in the text."""
        exprs = parts_of(node, "expressions")
        same = len(exprs) == len(items)
        out: list[tuple[tree.Expr, exp.Expr]] = [
            (item, exprs[at] if same else node) for at, item in enumerate(items)
        ]
        out += [(key.expr, node.args["order"]) for key in keys]
        return out + ([(having, node.args["having"])] if having is not None else [])

    def from_clause(
        self, node: exp.Select, outer: Scope | None
    ) -> tuple[tree.Relation | None, Scope]:
        """Analyse the FROM."""
        clause = node.args.get("from_") or node.args.get("from")
        if clause is None:
            return None, Scope([], outer)
        joins.check_methods(node)
        relation, fields = self.relation(clause.this, Scope([], outer))
        if (sample := node.args.get("sample")) is not None:
            relation = self.sample(relation, sample)
        for join in parts_of(node, "joins"):
            assert isinstance(join, exp.Join)
            relation, fields = joins.join(self, join, (relation, fields), Scope([], outer))
        return relation, Scope(fields, outer)

    def where(
        self,
        node: exp.Select,
        rules: Expressions,
        scope: Scope,
        source: tree.Relation | None,
    ) -> tree.Expr | None:
        """Analyse the WHERE; note what it says about partitions."""
        clause = node.args.get("where")
        if clause is None:
            return None
        condition = rules.filtering(clause.this, scope, "WHERE clause")
        if contains_aggregate(condition) or parts_of_kind(clause, exp.Window):
            raise not_scalar("WHERE", clause.this)
        if source is not None:
            find_prunes(condition, prunable(source))
        return condition

    def items(
        self, node: exp.Select, rules: Expressions, scope: Scope
    ) -> tuple[list[tree.Expr], list[str | None]]:
        """Analyse the select list; return expressions and names."""
        items: list[tree.Expr] = []
        names: list[str | None] = []
        for item in node.expressions:
            many = self.several(item, rules, scope)
            if many is not None:
                items += [one.expr for one in many]
                names += [one.name for one in many]
                continue
            inner = item.this if isinstance(item, exp.Alias) else item
            items.append(rules.analyse(inner, scope))
            while isinstance(inner, exp.Paren):
                inner = inner.this
            if isinstance(item, exp.Alias):
                names.append(item.alias)
            elif _names_itself(inner):
                names.append(inner.name)
            else:
                names.append(None)
        return items, names

    def several(self, item: exp.Expr, rules: Expressions, scope: Scope) -> list[Field] | None:
        """Analyse `*`, `t.*` and `row.*`, with or without names; None for a single expression."""
        if isinstance(item, exp.Aliases):
            found = self.several(item.this, rules, scope)
            if found is not None and len(found) != len(item.expressions):
                message = f"Column alias list has {len(item.expressions)} entries but relation has "
                raise fail("MISMATCHED_COLUMN_ALIASES", f"{message}{len(found)} columns", item)
            named = zip(found or (), item.expressions, strict=False)
            return None if found is None else [
                Field(_listed(name), None, one.expr) for one, name in named
            ]  # fmt: skip
        if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star):
            base = rules.analyse(item.this, scope)
            if base.type.name != "row":
                message = f"Cannot expand a value of type {base.type}"
                raise fail("TYPE_MISMATCH", message, item)
            return _members(base)
        starred = isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        return self.star(item, scope) if starred or isinstance(item, exp.Star) else None

    def star(self, node: exp.Expr, scope: Scope) -> list[Field]:
        """Expand a star."""
        if isinstance(node, exp.Column):
            return self.qualified_star([part.name.lower() for part in node.parts[:-1]], node, scope)
        if not scope.fields:
            raise fail(
                "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", node
            )
        return [one for one in scope.fields if not one.qualified_only and not one.hidden]

    def qualified_star(self, parts: list[str], node: exp.Expr, scope: Scope) -> list[Field]:
        """Expand `t.*` of a relation, also of an outer query, or of a column that is a row."""
        around: Scope | None = scope
        while around is not None:
            found = [
                one
                for one in around.fields
                if one.alias == parts[-1]
                and not one.hidden
                and (len(parts) < 2 or one.database == parts[-2])
            ]
            if found:
                return found
            around = around.parent
        base = scope.find(parts, node)
        if base is None or base.type.name != "row":
            shown = ".".join(parts)
            raise fail("TABLE_NOT_FOUND", f"Unable to resolve reference {shown}", node)
        return _members(base)

    def ordinal(
        self, node: exp.Expr, items: Sequence[tree.Expr], clause: str = "ORDER BY"
    ) -> tree.Expr | None:
        """Return the select item an integer literal points at, None for anything else."""
        if not isinstance(node, exp.Literal) or node.is_string or not str(node.this).isdigit():
            return None
        position = int(str(node.this))
        if not 1 <= position <= len(items):
            message = f"{clause} position {position} is not in select list"
            raise fail("INVALID_COLUMN_REFERENCE", message, node)
        return items[position - 1]

    def groups(
        self, node: exp.Select, rules: Expressions, scope: Scope, items: Sequence[tree.Expr]
    ) -> tuple[tuple[tree.Expr, ...], ...] | None:
        """Analyse the GROUP BY into its grouping sets."""
        clause = node.args.get("group")
        if clause is None:
            return None
        factors: list[list[tuple[tree.Expr, ...]]] = []
        parts = list(clause.expressions)
        for key in ("rollup", "cube", "grouping_sets"):
            parts += parts_of(clause, key)
        for part in parts:
            if isinstance(part, exp.Rollup | exp.Cube | exp.GroupingSets):
                inner = [self.group(one, rules, scope, items) for one in part.expressions]
                if not all(isinstance(expr, tree.Ref) for expr in _flat(inner)):
                    message = "GROUP BY expression must be a column reference"
                    raise fail("INVALID_COLUMN_REFERENCE", message, part)
                factors.append(_grouping_sets(part, inner))
            else:
                factors.append([self.group(part, rules, scope, items)])
        sets: list[tuple[tree.Expr, ...]] = [()]
        for factor in factors:
            sets = [(*before, *after) for before in sets for after in factor]
        if parts_of_kind(clause, exp.Window) or any(map(contains_aggregate, _flat(sets))):
            raise not_scalar("GROUP BY", parts[0])
        comparability.check_group(_flat(sets), node)
        if clause.args.get("all") is False:  # GROUP BY DISTINCT
            sets = list({frozenset(group): group for group in sets}.values())
        return tuple(sets)

    def group(
        self, part: exp.Expr, rules: Expressions, scope: Scope, items: Sequence[tree.Expr]
    ) -> tuple[tree.Expr, ...]:
        """Analyse one grouping set, or one expression as a set of its own."""
        if isinstance(part, exp.Tuple):
            return _flat([self.group(one, rules, scope, items) for one in part.expressions])
        if isinstance(part, exp.Paren):
            return self.group(part.this, rules, scope, items)
        found = self.ordinal(part, items, "GROUP BY")
        return (found if found is not None else rules.analyse(part, scope),)

    def order(
        self,
        node: exp.Select,
        rules: Expressions,
        scope: Scope,
        output: tuple[list[tree.Expr], list[str | None]],
    ) -> tuple[tree.SortKey, ...]:
        """Analyse the ORDER BY, which sees output names before input columns."""
        clause = node.args.get("order")
        if clause is None:
            return ()
        items, names = output
        pairs = zip(names, items, strict=True)
        fields = [Field(name, None, item) for name, item in pairs if name is not None]
        inner = Scope(fields, Scope(list(scope.fields), scope.parent), is_output=True)
        keys: list[tree.SortKey] = []
        named = {one.alias.lower() for one in node.expressions if isinstance(one, exp.Alias)}
        for key in clause.expressions:
            check_inputs(key.this, named)
            found = self.ordinal(key.this, items)
            expr = found if found is not None else rules.analyse(key.this, inner)
            comparability.check_order(expr, key.this, node)
            keys.append(_sort_key(key, expr))
        return tuple(keys)


def _members(base: tree.Expr) -> list[Field]:
    """Return the members of a row as columns."""
    return [
        Field(name.lower() or None, None, tree.Apply(kind, f'({{0}})."f{at}"', (base,)))
        for at, (name, kind) in enumerate(zip(base.type.fields, base.type.inner, strict=True))
    ]


def _grouping_sets(
    part: exp.Expr, keys: list[tuple[tree.Expr, ...]]
) -> list[tuple[tree.Expr, ...]]:
    """Expand ROLLUP and CUBE into their grouping sets."""
    sizes = range(len(keys), -1, -1)
    if isinstance(part, exp.Rollup):
        return [_flat(keys[:size]) for size in sizes]
    if isinstance(part, exp.Cube):
        return [_flat(some) for size in sizes for some in combinations(keys, size)]
    return keys


def _flat(parts: Sequence[tuple[tree.Expr, ...]]) -> tuple[tree.Expr, ...]:
    return tuple(expr for part in parts for expr in part)


def _sort_key(node: exp.Expr, expr: tree.Expr) -> tree.SortKey:
    return tree.SortKey(expr, bool(node.args.get("desc")), bool(node.args.get("nulls_first")))


def _names_itself(node: exp.Expr) -> bool:
    """Tell whether a select item without a name is called by its last part: a.b, not f(x).b."""
    while isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        node = node.this
    return isinstance(node, exp.Column) and bool(node.name)


def _listed(name: exp.Expr) -> str:
    """Return a name of `AS (a, b)`: there, as Trino has it, what is not quoted is upper case."""
    return name.name if name.args.get("quoted") else name.name.upper()


def _modified(node: exp.Expr) -> bool:
    keys = ("with_", "with", "order", "limit", "offset", "alias", "joins")
    return any(node.args.get(key) for key in keys)


def _whole(node: exp.Expr | None, default: int | None) -> int | None:
    if node is None:
        return default
    if isinstance(node, exp.Var) and node.name.lower() == "all":
        return None
    if not isinstance(node, exp.Literal) or not str(node.this).isdigit():
        raise fail("SYNTAX_ERROR", "mismatched input. Expecting: <integer>", node)
    return int(str(node.this))
