"""Lowering: the typed tree written as DuckDB SQL, with every conversion spelled out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from lakebed.dialect import (
    conversions,
    failing,
    macros,
    match_rules,
    rules,
    staging,
    temporal,
    time_rules,
    tree,
)
from lakebed.dialect.errors import not_supported
from lakebed.dialect.types import (
    BIGINT,
    DAY_TO_SECOND,
    INSTANT,
    YEAR_TO_MONTH,
    Type,
    duck_name,
)

_HELD_FROM = 80
_HELD_FROM_ANY = 400
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SLOT = re.compile(r"\{(\d+|\*|\+|\|null|type|type:\d+|py:\w+[.]\w+|\w+:\d+)\}")


def quoted(text: str) -> str:
    """Write a text as a DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write a name as a quoted DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def _reads_groups(expr: tree.Expr) -> bool:
    """Tell whether an expression holds what cannot stand in a lambda."""
    if isinstance(expr, tree.Subquery | tree.Aggregate | tree.Window):
        return True
    return any(map(_reads_groups, tree.children(expr)))


def _unmodified(name: str, row: str) -> str:
    return f"{name}({row})"


@dataclass
class Lowering:
    """Writes one statement; `source` gives the text that reads a scan's table.

    With `hoping` decimal products are summed in 64 bits, which takes half the time: if those are
    too few the statement fails (out of range, no conversion), and is to be run without.
    """

    source: Callable[[tree.Scan], str]
    trying: bool = False
    hoping: bool = False
    renamed: dict[str, str] = field(default_factory=dict[str, str])
    grouped: dict[tree.Expr, str] = field(default_factory=dict["tree.Expr", str])
    group_keys: dict[tree.Expr, str] = field(default_factory=dict["tree.Expr", str])
    named: int = 0
    modified: Callable[[str, str], str] = _unmodified

    def query(self, query: tree.Query) -> str:
        """Write a query; its columns are named c0, c1, …"""
        parts: list[str] = []
        query = staging.staged(query, self.fresh)
        if query.ctes:
            named = (f"{name} AS ({self.query(inner)})" for name, inner in query.ctes)
            parts.append("WITH " + ", ".join(named))
        parts.append(self._body(query))
        if query.limit is not None and not query.ties:
            parts.append(f"LIMIT {query.limit}")
        if query.offset:
            parts.append(f"OFFSET {query.offset}")
        return " ".join(parts)

    def _body(self, query: tree.Query) -> str:
        before = self.grouped, self.group_keys
        self.grouped, self.group_keys = {}, {}
        text = self._whole_body(query)
        self.grouped, self.group_keys = before
        return text

    def _whole_body(self, query: tree.Query) -> str:
        body = query.body
        if isinstance(body, tree.Select):
            ties = self._ties(query, query.order)
            return self._select(body) + ties + self._order(query.order, body.items)
        if isinstance(body, tree.SetOperation):
            word = body.kind + (" ALL" if body.keep_all else "")
            text = f"({self.query(body.left)}) {word} ({self.query(body.right)})"
            if any(temporal.has_zone(kind) for _, kind in query.columns):
                text = self._set_of_instants(body, query.columns)
        else:
            rows = ", ".join(f"({self._list(row)})" for row in body.rows)
            names = ", ".join(f"c{at}" for at in range(len(query.columns)))
            text = f"SELECT * FROM (VALUES {rows}) AS v({names})"
        if not query.order:
            return text
        refs = [tree.Ref(kind, "o", at) for at, (_, kind) in enumerate(query.columns)]
        ties = self._ties(query, query.order)
        return f"SELECT * FROM ({text}) AS o" + ties + self._order(query.order, refs)

    def _set_of_instants(
        self, body: tree.SetOperation, columns: Sequence[tuple[str | None, Type]]
    ) -> str:
        """Write a set operation that compares instants: rows are the same though zones differ."""
        kinds = [kind for _, kind in columns]
        keys = ", ".join(temporal.key(f"lbs.c{at}", kind) for at, kind in enumerate(kinds))
        left, right = self.query(body.left), self.query(body.right)
        if body.kind == "UNION":
            both = f"({left}) UNION ALL ({right})"
            return both if body.keep_all else f"SELECT DISTINCT ON ({keys}) * FROM ({both}) AS lbs"
        if body.keep_all:
            raise not_supported(f"{body.kind} ALL of times with zones")
        word = "IN" if body.kind == "INTERSECT" else "NOT IN"
        others = f"SELECT struct_pack(k := ({keys}, 0)) FROM ({right}) AS lbs"
        return (
            f"SELECT DISTINCT ON ({keys}) * FROM ({left}) AS lbs "
            f"WHERE struct_pack(k := ({keys}, 0)) {word} ({others})"
        )

    def _ties(self, query: tree.Query, keys: tuple[tree.SortKey, ...]) -> str:
        """Keep the rows up to the limit and all that sort as the last of them."""
        if not query.ties or query.limit is None:
            return ""
        return f" QUALIFY rank() OVER ({self._order(keys, ())}) <= {query.offset + query.limit}"

    def _select(self, select: tree.Select) -> str:
        if select.groups is not None:
            self._group_by_instants(select.groups)
        items = ", ".join(f"{self.expr(item)} AS c{at}" for at, item in enumerate(select.items))
        distinct = ""
        if select.distinct:
            distinct = "DISTINCT "
            if any(temporal.has_zone(item.type) for item in select.items):
                distinct = f"DISTINCT ON ({', '.join(map(self._keyed, select.items))}) "
        text = f"SELECT {distinct}{items}"
        if select.source is not None:
            text += f" FROM {self.relation(select.source)}"
        if select.where is not None:
            text += f" WHERE {self.expr(select.where)}"
        if select.groups is not None:
            text += self._groups(select.groups)
        if select.having is not None:
            text += f" HAVING {self.expr(select.having)}"
        return text

    def _keyed(self, expr: tree.Expr) -> str:
        """Write what comparisons see of an expression."""
        return temporal.key(self.expr(expr), expr.type)

    def _group_by_instants(self, groups: tuple[tuple[tree.Expr, ...], ...]) -> None:
        """Let grouped times with zones stand for the first of their group: it has more than one."""
        zoned = {
            expr: self._keyed(expr)
            for group in groups
            for expr in group
            if temporal.has_zone(expr.type)
        }
        for expr, key in zoned.items():
            first = f"first({self.expr(expr)})"
            if len(groups) > 1:
                first = f"CASE WHEN grouping({key}) = 0 THEN {first} END"
            self.grouped[expr] = first
        self.group_keys |= zoned

    def _groups(self, groups: tuple[tuple[tree.Expr, ...], ...]) -> str:
        if len(groups) == 1:
            return f" GROUP BY {self._group(groups[0])}" if groups[0] else ""
        sets = ", ".join(f"({self._group(group)})" for group in groups)
        return f" GROUP BY GROUPING SETS ({sets})"

    def _group(self, group: tuple[tree.Expr, ...]) -> str:
        return ", ".join(self.group_keys.get(expr) or self.expr(expr) for expr in group)

    def _order(self, keys: tuple[tree.SortKey, ...], items: Sequence[tree.Expr]) -> str:
        if not keys:
            return ""
        return " ORDER BY " + ", ".join(self._key(key, items) for key in keys)

    def _key(self, key: tree.SortKey, items: Sequence[tree.Expr] = ()) -> str:
        found = [at for at, item in enumerate(items) if item == key.expr]
        text = str(found[0] + 1) if found else self.expr(key.expr)
        if temporal.has_zone(key.expr.type):
            text, found = self._keyed(key.expr), []
        if isinstance(key.expr, tree.Constant) and not found:
            text = f"({text} || '')" if key.expr.type.name == "varchar" else f"(0 + {text})"
        direction = "DESC" if key.descending else "ASC"
        return f"{text} {direction} NULLS {'FIRST' if key.nulls_first else 'LAST'}"

    def relation(self, relation: tree.Relation) -> str:
        """Write an entry of a FROM."""
        if isinstance(relation, tree.Scan):
            return f"({self.source(relation)}) AS {relation.relation}"
        if isinstance(relation, tree.Derived):
            return f"({self.query(relation.query)}) AS {relation.relation}"
        if isinstance(relation, tree.CteRef):
            return f"{relation.cte} AS {relation.relation}"
        if isinstance(relation, tree.Join):
            return self._join(relation)
        if isinstance(relation, tree.Sample):
            source, share = self.relation(relation.source), relation.percent
            return f"{source} TABLESAMPLE {relation.method} ({share} PERCENT)"
        return self._unnest(relation)

    def _join(self, join: tree.Join) -> str:
        left, right = self.relation(join.left), self.relation(join.right)
        if isinstance(join.right, tree.Join):
            right = f"({right})"
        if join.kind == "CROSS":
            lateral = "LATERAL " if isinstance(join.right, tree.Unnest) else ""
            return f"{left} CROSS JOIN {lateral}{right}"
        lateral = "LATERAL " if isinstance(join.right, tree.Unnest) else ""
        on = "true" if join.on is None else self.expr(join.on)
        return f"{left} {join.kind} JOIN {lateral}{right} ON {on}"

    def _unnest(self, unnest: tree.Unnest) -> str:
        columns: list[str] = []
        lengths: list[str] = []
        for arg in unnest.args:
            text = self.expr(arg)
            if arg.type.name == "map":
                columns += [f"map_keys({text})[lbi]", f"map_values({text})[lbi]"]
                lengths.append(f"cardinality({text})")
            else:
                item = f"list_extract({text}, lbi)"
                row = arg.type.inner[0]
                fields = range(len(row.inner)) if row.name == "row" else ()
                columns += [f'{item}."f{at}"' for at in fields] if fields else [item]
                lengths.append(f"len({text})")
        if unnest.ordinality:
            columns.append("lbi")
        named = ", ".join(f"{column} AS c{at}" for at, column in enumerate(columns))
        longest = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
        steps = f"SELECT unnest(range(1, CAST(coalesce({longest}, 0) AS BIGINT) + 1)) AS lbi"
        return f"(SELECT {named} FROM ({steps}) AS lbs) AS {unnest.relation}"

    def _list(self, exprs: Sequence[tree.Expr]) -> str:
        return ", ".join(map(self.expr, exprs))

    def expr(self, expr: tree.Expr) -> str:
        """Write an expression."""
        if self.grouped and expr in self.grouped:
            return self.grouped[expr]
        return self._plain(expr)

    def _plain(self, expr: tree.Expr) -> str:
        if isinstance(expr, tree.Ref):
            return f"{expr.relation}.c{expr.index}"
        if isinstance(expr, tree.Constant):
            return conversions.constant(expr)
        if isinstance(expr, tree.Apply):
            return self._apply(expr)
        if isinstance(expr, tree.Convert):
            return self._convert(expr)
        if isinstance(expr, tree.Aggregate):
            return self._aggregate(expr)
        if isinstance(expr, tree.Window):
            return self._window(expr)
        if isinstance(expr, tree.Subquery):
            return self._subquery(expr)
        if isinstance(expr, tree.LambdaRef):
            return self.renamed.get(expr.name, expr.name)
        if isinstance(expr, tree.Lambda):
            return f"lambda {', '.join(expr.names)}: {self.body(expr, expr.names)}"
        return self._try(expr)

    def _apply(self, call: tree.Apply) -> str:
        """Write a call; long arguments that it takes apart are written once, but constants.

        DuckDB computes those beforehand, also in a branch that no row takes.
        """
        held, args = list[tuple[str, str]](), list(call.args)
        for at, arg in enumerate(args if time_rules.takes_apart(call.template) else ()):
            parted = temporal.has_parts(arg.type) and failing.varies(arg)
            if parted and len(text := self.expr(arg)) > _HELD_FROM:
                held.append((self.fresh(), text))
                args[at] = tree.LambdaRef(arg.type, held[-1][0])
        whole = self._template(call.template, replace(call, args=tuple(args)), "")
        for name, text in held:
            whole = rules.held(name, text, whole)
        return whole

    def _try(self, expr: tree.Try) -> str:
        before, self.trying = self.trying, True
        text = macros.without_errors(self.expr(expr.arg))
        self.trying = before
        if '"py ' in text and not _reads_groups(expr.arg):
            # DuckDB computes what is written twice once, before the TRY; not so inside a lambda.
            text = rules.held(self.fresh(), "true", text)
        return f"TRY({text})"

    def body(self, inner: tree.Lambda, texts: Sequence[str]) -> str:
        """Write the body of a lambda with `texts` for its parameters."""
        before = self.renamed
        self.renamed = {**before, **dict(zip(inner.names, texts, strict=True))}
        text = self.expr(inner.body)
        self.renamed = before
        return f"({text})"

    def fresh(self) -> str:
        """Return a name that nothing else in the text has."""
        self.named += 1
        return f"lbv{self.named}"

    @property
    def raising(self) -> str:
        """The macro that raises an error: none inside of TRY."""
        return "lb_null" if self.trying else "lb_raise"

    def _convert(self, convert: tree.Convert) -> str:
        if _is_date(convert):
            # As a literal it is compared with the bounds in files.
            return f"CAST({self.expr(convert.arg)} AS DATE)"
        text = self.expr(convert.arg)
        if convert.safe and "json" in f"{convert.arg.type} {convert.type}":
            return self._tried(convert, text)
        is_long = len(text) > _HELD_FROM_ANY and failing.varies(convert.arg)
        name, null = self.fresh() if is_long else text, convert.safe or self.trying
        converted = conversions.convert(name, convert.arg.type, convert.type, null)
        return rules.held(name, text, converted) if is_long else converted

    def _tried(self, convert: tree.Convert, text: str) -> str:
        """Write TRY_CAST from or to JSON: the errors of what is converted are not its own."""
        is_name = isinstance(convert.arg, tree.Ref | tree.Constant | tree.LambdaRef)
        name = text if is_name else self.fresh()
        converted = conversions.convert(name, convert.arg.type, convert.type, True)
        tried = f"TRY({macros.without_errors(converted)})"
        return tried if is_name else rules.held(name, text, tried)

    def _subquery(self, sub: tree.Subquery) -> str:
        text = f"({self.query(sub.query)})"
        if sub.kind == "scalar":
            return text
        if sub.kind == "exists":
            return f"EXISTS {text}"
        assert sub.arg is not None
        word = "IN" if sub.kind == "in" else sub.kind.upper()
        if temporal.has_zone(sub.arg.type):
            text = f"(SELECT {temporal.key('lbs.c0', sub.arg.type)} FROM {text} AS lbs(c0))"
        return f"({self._keyed(sub.arg)} {word} {text})"

    def _aggregate(self, call: tree.Aggregate) -> str:
        if self.grouped:
            # Inside of an aggregate a grouped expression is each row's, not the group's.
            before, self.grouped = self.grouped, {}
            text = self._aggregate(call)
            self.grouped = before
            return text
        if call.distinct and call.type == BIGINT and temporal.has_zone(call.args[0].type):
            keys = tuple(tree.Apply(arg.type, "{key:0}", (arg,)) for arg in call.args)
            call = replace(call, args=keys)
        order = self._order(call.order, ())
        modifier = f" FILTER (WHERE {self.expr(call.where)})" if call.where is not None else ""
        return self._template(call.template, call, modifier, order)

    def _window(self, call: tree.Window) -> str:
        parts: list[str] = []
        if call.partition:
            parts.append(f"PARTITION BY {', '.join(map(self._keyed, call.partition))}")
        if call.order:
            parts.append(self._order(call.order, ()).strip())
        if call.frame is not None:
            by = call.order[0].expr.type if call.order else BIGINT
            start, end = self._bound(call.frame.start, by), self._bound(call.frame.end, by)
            parts.append(f"{call.frame.kind} BETWEEN {start} AND {end}")
        modifier = f" FILTER (WHERE {self.expr(call.where)})" if call.where is not None else ""
        nulls = " IGNORE NULLS" if call.ignore_nulls else ""
        modifier += f" OVER ({' '.join(parts)})"
        return self._template(call.template, call, modifier, nulls)

    def _bound(self, bound: tree.Bound, by: Type) -> str:
        if bound.value is None:
            return bound.kind
        text = self.expr(bound.value)
        if by.name in ("date", "timestamp", INSTANT):
            units = {DAY_TO_SECOND: "to_milliseconds", YEAR_TO_MONTH: "to_months"}
            text = f"{units[bound.value.type]}({text})" if bound.value.type in units else text
        elif bound.value.type == DAY_TO_SECOND and by != DAY_TO_SECOND:
            text = f"({text} * 1000000000)"
        return f"{text} {bound.kind}"

    def _template(
        self,
        template: str,
        call: tree.Apply | tree.Aggregate | tree.Window,
        modifier: str,
        inside: str = "",
    ) -> str:
        if template.startswith("@"):
            return self._rule(template[1:], call, modifier, inside)
        args = [self.expr(arg) for arg in call.args]
        distinct = "" if isinstance(call, tree.Apply) or not call.distinct else "DISTINCT "
        raising = "lb_null(" if self.trying else "lb_raise("

        def fill(match: re.Match[str]) -> str:
            return _filled(match.group(1), call, args)

        if "{call:" not in template:
            return "(" + _SLOT.sub(fill, template.replace("lb_raise(", raising)) + ")"
        pieces, at = list[str](), 0
        for match in _CALL.finditer(template):
            inner = _SLOT.sub(fill, match.group(2))
            pieces += [
                _SLOT.sub(fill, template[at : match.start()]),
                f"{match.group(1)}({distinct}{inner}{inside}){modifier}",
            ]
            at = match.end()
        return "".join(pieces) + _SLOT.sub(fill, template[at:])

    def _rule(
        self, rule: str, call: tree.Apply | tree.Aggregate | tree.Window, modifier: str, inside: str
    ) -> str:
        """Write what a template cannot say."""
        known = rules.found(call.template) or time_rules.found(call.template)
        known = known or match_rules.found(call.template)
        if known is not None:
            args = ["" if isinstance(arg, tree.Lambda) else self.expr(arg) for arg in call.args]
            distinct = "DISTINCT " if isinstance(call, tree.Aggregate) and call.distinct else ""
            self.modified = lambda name, row: f"{name}({distinct}{row}{inside}){modifier}"
            return f"({known(self, call, args)})"
        raise not_supported(f"The rule {rule}")


def _filled(slot: str, call: tree.Apply | tree.Aggregate | tree.Window, args: list[str]) -> str:
    """Write a slot of a template: `{0}`, `{*}`, `{+}`, `{|null}`, `{type}`, `{type:0}`, `{py:m.f}`.

    `{py:url.decode}` calls a Python function with all arguments; where the types differ from the
    call's, a template says them itself: `"py sketch.merge(BLOB[]) BLOB"({call:list}({0}))`.
    """
    if slot == "*":
        return ", ".join(args)
    if slot == "+":
        return " || ".join(args)
    if slot == "|null":
        return " OR ".join(f"{arg} IS NULL" for arg in args)
    if slot == "type":
        return duck_name(call.type)
    if slot.startswith("type:"):
        return duck_name(call.args[int(slot[5:])].type)
    if slot.startswith("py:"):
        return python_call(slot[3:], [arg.type for arg in call.args], call.type, args)
    if ":" in slot:
        part, _, at = slot.partition(":")
        return time_rules.parts(part, args[int(at)], call.args[int(at)].type)
    return args[int(slot)]


def _is_date(convert: tree.Convert) -> bool:
    """Tell whether it is a date written as a text, and a real one."""
    text = convert.arg.value if isinstance(convert.arg, tree.Constant) else None
    if convert.type.name != "date" or not isinstance(text, str) or not _ISO_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def python_call(name: str, kinds: Sequence[Type], returns: Type, args: Sequence[str]) -> str:
    """Call a Python function (`module.function`) of the engine; its name says its types."""
    signature = f"py {name}({', '.join(map(duck_name, kinds))}) {duck_name(returns)}"
    return f"{identifier(signature)}({', '.join(args)})"


_CALL = re.compile(r"\{call:(\w+)\}\(((?:[^()]|\([^()]*\))*)\)")


def no_tables(scan: tree.Scan) -> str:
    """Refuse to read: the source of statements that have no tables."""
    raise not_supported(f"reading {scan.table.name}")


def plain_type(kind: Type) -> str:
    """Spell the DuckDB type of a column in a file written for `kind`."""
    return duck_name(kind)
