"""The analyser of what stands in a FROM: tables, subqueries, joins, UNNEST, VALUES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import expressions as exp

from lakebed.dialect import correlation, joins, match_recognize, places, table_calls, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.expressions import Expressions
from lakebed.dialect.match_grammar import MatchRecognize
from lakebed.dialect.operators import coerce
from lakebed.dialect.parse import parse_query
from lakebed.dialect.scopes import Field, Scope, fail, parts_of, place
from lakebed.dialect.table_grammar import TableCall
from lakebed.dialect.types import BIGINT, Type, coerces, common
from lakebed.dialect.versions import version_of


class Catalog(Protocol):
    """What the analyser asks about the world."""

    def has_database(self, database: str) -> bool:
        """Tell whether a database exists."""
        ...

    def table(
        self, database: str, name: str, version: tree.Version | None = None
    ) -> tree.TableInfo | tree.ViewInfo | None:
        """Return a table or a view, None if there is none; `version` is asked of Iceberg tables."""
        ...

    def evaluate(self, expr: tree.Expr) -> str | None:
        """Compute an expression without columns, as text; None if that fails."""
        ...


@dataclass
class Relations:
    """Analyses relations against a catalog; `scans` are the tables met so far."""

    catalog: Catalog
    database: str
    text: str = ""
    scans: list[tree.Scan] = field(default_factory=list[tree.Scan])
    ctes: list[dict[str, tuple[str, tree.Query]]] = field(
        default_factory=list[dict[str, tuple[str, tree.Query]]]
    )
    counter: int = 0
    views: tuple[tuple[str, str], ...] = ()
    """The views whose queries are being analysed, the outermost first."""

    def query(self, node: exp.Expr, outer: Scope | None = None) -> tree.Query:
        """Return the typed form of a query."""
        raise NotImplementedError

    def renamed(self, query: tree.Query, names: Sequence[exp.Expr], node: exp.Expr) -> tree.Query:
        """Give the columns of a query the names of an alias list."""
        if not names:
            return query
        if len(names) != len(query.columns):
            message = f"Column alias list has {len(names)} entries but relation has "
            if isinstance(node, exp.CTE):
                message += f"{len(query.columns)} columns"
                raise fail("MISMATCHED_COLUMN_ALIASES", message, node)
            raise _misnamed(node, len(names), len(query.columns))
        columns = tuple(
            (name.name, kind) for name, (_, kind) in zip(names, query.columns, strict=True)
        )
        return tree.Query(query.body, columns, query.ctes, query.order, query.limit, query.offset)

    def values(self, node: exp.Values, outer: Scope | None) -> tree.Query:
        """Analyse literal rows."""
        rules = Expressions(self.text, self.query, {}, self.database)
        scope = Scope([], outer)
        rows = [
            self.row_of_values([rules.analyse(item, scope) for item in items], made)
            for items, made in (_row_items(row, self.text) for row in node.expressions)
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
        typed = tuple(
            tuple(coerce(item, kind) for item, kind in zip(row, kinds, strict=True)) for row in rows
        )
        return tree.Query(tree.Values(typed), tuple((None, kind) for kind in kinds))

    def row_of_values(self, items: list[tree.Expr], made: bool) -> list[tree.Expr]:
        """Return the columns of a row of VALUES; `made` by ROW, or a value that may be a row."""
        if made or len(items) != 1 or items[0].type.name != "row":
            return items
        base = items[0]
        kinds = enumerate(base.type.inner)
        return [tree.Apply(kind, f'({{0}})."f{at}"', (base,)) for at, kind in kinds]

    def relation(self, node: exp.Expr, scope: Scope) -> tuple[tree.Relation, list[Field]]:
        """Analyse an entry of a FROM; `scope` is what a lateral entry sees."""
        sample = node.args.get("sample")
        if sample is not None:
            node.set("sample", None)
            found, fields = self.relation(node, scope)
            return self.sample(found, sample), fields
        self.counter += 1
        name = f"r{self.counter}"
        if node.args.get("pivots"):
            raise not_supported("PIVOT", *place(node))
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self.with_joins(node, *self.table(node, name), scope)
        if isinstance(node, MatchRecognize):
            return match_recognize.match_recognize(self, node, name, scope)
        if isinstance(node, TableCall):
            return table_calls.table_call(self, node, name)
        if isinstance(node, exp.Unnest):
            return self.unnest(node, name, scope)
        if isinstance(node, exp.Subquery | exp.Values):
            return self.derived(node, name, scope)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return self.lateral(node, name, scope)
        raise not_supported(f"The relation {type(node).__name__}", *place(node))

    def sample(self, relation: tree.Relation, node: exp.Expr) -> tree.Relation:
        """Analyse TABLESAMPLE of a relation."""
        method, share = node.args.get("method"), node.args.get("percent")
        if node.args.get("size") is not None or not isinstance(method, exp.Var):
            raise fail("SYNTAX_ERROR", "mismatched input. Expecting: 'BERNOULLI', 'SYSTEM'", node)
        if method.name.upper() not in ("BERNOULLI", "SYSTEM"):
            message = f"mismatched input '{method.name}'. Expecting: 'BERNOULLI', 'SYSTEM'"
            raise fail("SYNTAX_ERROR", message, node)
        if isinstance(share, exp.Literal) and share.is_string:
            message = "Sample percentage should be a numeric expression"
            raise fail("TYPE_MISMATCH", message, share)
        if not isinstance(share, exp.Literal):
            raise not_supported("A sample whose percentage is no number", *place(node))
        percent = float(str(share.this))
        if percent > 100:
            message = "Sample percentage must be less than or equal to 100"
            raise fail("NUMERIC_VALUE_OUT_OF_RANGE", message, share)
        return tree.Sample(relation, method.name.upper(), percent)

    def lateral(
        self, node: exp.Lateral, name: str, scope: Scope
    ) -> tuple[tree.Relation, list[Field]]:
        """Analyse a subquery that sees the columns of the relations before it."""
        alias = node.args.get("alias")
        query = self.query(node.this.this, scope)
        correlation.check(query, "lateral", node.this.this)
        query = self.renamed(query, alias.columns if alias is not None else [], node)
        known = alias.name.lower() if alias is not None and alias.this is not None else None
        fields = [
            Field(column, known, tree.Ref(kind, name, at))
            for at, (column, kind) in enumerate(query.columns)
        ]
        return tree.Derived(name, query), fields

    def with_joins(
        self,
        node: exp.Expr,
        relation: tree.Relation,
        fields: list[Field],
        scope: Scope,
    ) -> tuple[tree.Relation, list[Field]]:
        """Apply the joins that hang on a relation in parentheses."""
        for join in parts_of(node, "joins"):
            assert isinstance(join, exp.Join)
            relation, fields = joins.join(self, join, (relation, fields), scope)
        return relation, fields

    def derived(self, node: exp.Expr, name: str, scope: Scope) -> tuple[tree.Relation, list[Field]]:
        """Analyse a subquery or VALUES in a FROM."""
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
        """Analyse a name in a FROM: a WITH query or a table of the catalog."""
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
        info = self.known(node, database)
        if info is None:
            if not self.catalog.has_database(database):
                raise fail("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node)
            full = f"awsdatacatalog.{database}.{node.name.lower()}"
            raise fail("TABLE_NOT_FOUND", f"Table '{full}' does not exist", node)
        if isinstance(info, tree.ViewInfo):
            return self.view(info, node, name)
        scan = tree.Scan(name, info)
        self.scans.append(scan)
        names = [column for column, _ in info.all_columns]
        if alias is not None and alias.columns:
            names = [column.name for column in alias.columns]
            if len(names) != len(info.all_columns):
                raise _misnamed(node, len(names), len(info.all_columns))
        fields = [
            Field(column, known, tree.Ref(kind, name, at), None if alias else database)
            for at, (column, (_, kind)) in enumerate(zip(names, info.all_columns, strict=True))
        ]
        fields += [
            Field(column, known, tree.Ref(kind, name, len(names) + at), hidden=True)
            for at, (column, kind) in enumerate(info.hidden_columns)
        ]
        return scan, fields

    def known(self, node: exp.Table, database: str) -> tree.TableInfo | tree.ViewInfo | None:
        """Return the table or view of a name, in the version that is asked for."""
        name, version = node.name.lower(), node.args.get("version")
        if version is None:
            return self.catalog.table(database, name)
        rules = Expressions(self.text, self.query, {})
        value = rules.analyse(version.expression, Scope([]))
        asked = version_of(version, value, self.catalog.evaluate)
        return self.catalog.table(database, name, asked)

    def view(
        self, info: tree.ViewInfo, node: exp.Table, name: str
    ) -> tuple[tree.Relation, list[Field]]:
        """Analyse a view: its query, with the names and types it was created with."""
        full = f"awsdatacatalog.{info.database}.{info.name}"
        if (info.database, info.name) in self.views:
            raise fail("VIEW_IS_RECURSIVE", f"Statement is recursive: view '{full}'", node)
        inner = type(self)(self.catalog, info.schema, info.text, self.scans)
        inner.counter = self.counter
        inner.views = (*self.views, (info.database, info.name))
        try:
            query = inner.query(parse_query(info.text))
        except TrinoError as error:
            message = f"Failed analyzing stored view '{full}': {error.message}"
            raise fail("INVALID_VIEW", message, node) from error
        self.counter = inner.counter
        found = [kind for _, kind in query.columns]
        wanted = [kind for _, kind in info.columns]
        if len(found) != len(wanted) or not all(map(coerces, found, wanted)):
            message = f"View '{full}' is stale or in invalid state: its columns are not as stored"
            raise fail("VIEW_IS_STALE", message, node)
        alias = node.args.get("alias")
        known = alias.name.lower() if alias is not None and alias.this else info.name
        query = tree.Query(query.body, info.columns, query.ctes, query.order, query.limit,
                           query.offset)  # fmt: skip
        named = self.renamed(query, alias.columns if alias is not None else [], node)
        fields = [
            Field(column, known, coerce(tree.Ref(kind, name, at), wanted[at]),
                  None if alias else info.database)
            for at, ((column, _), kind) in enumerate(zip(named.columns, found, strict=True))
        ]  # fmt: skip
        return tree.Derived(name, named), fields

    def unnest(
        self, node: exp.Unnest, name: str, scope: Scope
    ) -> tuple[tree.Relation, list[Field]]:
        """Analyse UNNEST."""
        rules = Expressions(self.text, self.query, {}, self.database)
        args = tuple(rules.analyse(item, scope) for item in node.expressions)
        kinds: list[Type] = []
        named: list[str] = []
        for arg in args:
            if arg.type.name not in ("array", "map"):
                message = f"Cannot unnest type: {arg.type}"
                raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
            row = arg.type.inner[0]
            members = arg.type.name == "array" and row.name == "row"
            kinds += row.inner if members else arg.type.inner
            named += row.fields if members else [""] * len(arg.type.inner)
        offset = node.args.get("offset")
        if offset:
            kinds.append(BIGINT)
        alias = node.args.get("alias")
        names: list[str | None] = [*(name.lower() or None for name in named)]
        names += [None] * (len(kinds) - len(names))
        if alias is not None and alias.columns:
            given = [column.name for column in alias.columns]
            if isinstance(offset, exp.Identifier):
                given.append(offset.name)
            if len(given) != len(kinds):
                raise _misnamed(node, len(given), len(kinds))
            names = list(given)
        known = alias.name.lower() if alias is not None and alias.this else None
        fields = [
            Field(column, known, tree.Ref(kind, name, at))
            for at, (column, kind) in enumerate(zip(names, kinds, strict=True))
        ]
        return tree.Unnest(name, args, bool(offset)), fields


def _misnamed(node: exp.Expr, given: int, there: int) -> TrinoError:
    """Return the error of a relation whose list of names is not as long as its columns."""
    name = node.args["alias"].name
    message = f"Column alias list has {given} entries but '{name}' has {there} columns available"
    found = places.relation(node) or place(node)
    return TrinoError("MISMATCHED_COLUMN_ALIASES", message, *found)


def _row_items(row: exp.Expr, text: str) -> tuple[list[exp.Expr], bool]:
    """Return the columns of a row of VALUES: `(1, 2)`, `ROW(1, 2)` or a single value.

    And whether ROW makes it; otherwise a single value that is a row is the row.

    The parser puts `ROW(1)` into a tuple, as if it were `(ROW(1))`: the text tells them apart.
    """
    if not isinstance(row, exp.Tuple):
        return [row.this if isinstance(row, exp.Paren) else row], False
    items = parts_of(row, "expressions")
    only = items[0] if len(items) == 1 else None
    if not isinstance(only, exp.Anonymous) or str(only.this).lower() != "row":
        return items, False
    before = text[: only.meta.get("start", 0)].rstrip()
    plain = before.endswith("(")
    return (items, False) if plain else (parts_of(only, "expressions"), True)
