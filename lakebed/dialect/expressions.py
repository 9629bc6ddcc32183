"""The analyser of expressions: names, types and coercions by Trino's rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import conversions, functions, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.scopes import Scope, fail, parameter_name, place
from lakebed.dialect.types import (
    APPROXIMATE,
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INSTANT,
    INTEGER,
    INTEGERS,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    YEAR_TO_MONTH,
    Type,
    array,
    as_decimal,
    coerces,
    common,
    decimal,
    is_numeric,
    parse_type,
    timestamp,
    varchar,
)

_COMPARISONS = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_UNITS = {"year": 12, "month": 1}
_SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
_LITERAL = re.compile(r"(?is)\b(date|timestamp|time|decimal|double|real|boolean|bigint|integer|"
                      r"smallint|tinyint|varchar|char|double\s+precision)\s*$")  # fmt: skip


@dataclass
class Expressions:
    """Analyses the expressions of one query; `queries` analyses a subquery in a scope."""

    text: str
    queries: Callable[[exp.Expression, Scope], tree.Query]
    windows: dict[str, exp.Expression]
    aggregates_allowed: bool = True

    def analyse(self, node: exp.Expression, scope: Scope) -> tree.Expr:
        """Return the typed form of `node`."""
        for kinds, rule in _RULES:
            if isinstance(node, kinds):
                return rule(self, node, scope)
        raise not_supported(f"The expression {type(node).__name__}", *place(node))

    def boolean(self, node: exp.Expression, scope: Scope, clause: str) -> tree.Expr:
        """Analyse a condition."""
        found = self.analyse(node, scope)
        if found.type.name not in ("boolean", "unknown"):
            message = f"{clause} must evaluate to a boolean: actual type {found.type}"
            raise fail("TYPE_MISMATCH", message, node)
        return coerce(found, BOOLEAN)

    def literal(self, node: exp.Literal, scope: Scope) -> tree.Expr:
        del scope
        text = str(node.this)
        if node.is_string:
            return tree.Constant(varchar(len(text)), text)
        if "e" in text.lower():
            return tree.Constant(DOUBLE, text)
        if "." in text:
            whole, _, fraction = text.partition(".")
            whole = whole.lstrip("0")
            digits = max(1, len(whole) + len(fraction))
            return tree.Constant(decimal(digits, len(fraction)), f"{whole or '0'}.{fraction}")
        value = int(text.replace("_", ""))
        if value >= 1 << 63:
            raise fail("INVALID_LITERAL", f"Invalid numeric literal: {text}", node)
        return tree.Constant(INTEGER if value < 1 << 31 else BIGINT, str(value))

    def column(self, node: exp.Column, scope: Scope) -> tree.Expr:
        parts = [part.name.lower() for part in node.parts]
        if isinstance(node.this, exp.Star):
            raise not_supported("A star in an expression", *place(node))
        found = scope.find(parts, node)
        if found is not None:
            return found
        for used in range(len(parts) - 1, 0, -1):
            base = scope.find(parts[:used], node)
            if base is not None and base.type.name == "row":
                for part in parts[used:]:
                    base = self.member(base, part, node)
                return base
        name = ".".join(parts)
        raise fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)

    def member(self, base: tree.Expr, name: str, node: exp.Expression) -> tree.Expr:
        names = [field.lower() for field in base.type.fields]
        if base.type.name != "row" or name not in names:
            raise fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)
        at = names.index(name)
        return tree.Apply(base.type.inner[at], f'({{0}})."f{at}"', (base,))

    def identifier(self, node: exp.Identifier, scope: Scope) -> tree.Expr:
        return self.column(exp.Column(this=node), scope)

    def dot(self, node: exp.Dot, scope: Scope) -> tree.Expr:
        if isinstance(node.expression, exp.Identifier):
            return self.member(self.analyse(node.this, scope), node.expression.name.lower(), node)
        raise not_supported("A qualified function name", *place(node))

    def arithmetic(self, node: exp.Binary, scope: Scope) -> tree.Expr:
        symbol = _ARITHMETIC[type(node)]
        left, right = self.analyse(node.this, scope), self.analyse(node.expression, scope)
        found = combine(symbol, left, right)
        if found is None:
            message = f"Cannot apply operator: {left.type} {symbol} {right.type}"
            raise fail("TYPE_MISMATCH", message, node)
        return found

    def comparison(self, node: exp.Binary, scope: Scope) -> tree.Expr:
        symbol = _COMPARISONS[type(node)]
        left = self.analyse(node.this, scope)
        if isinstance(node.expression, exp.All | exp.Any):
            word = "all" if isinstance(node.expression, exp.All) else "any"
            return self.quantified(node, left, f"{symbol} {word}", scope)
        return compare(symbol, left, self.analyse(node.expression, scope), node)

    def quantified(
        self, node: exp.Expression, left: tree.Expr, kind: str, scope: Scope
    ) -> tree.Expr:
        inner = node.expression.this
        query = self.queries(inner.this if isinstance(inner, exp.Subquery) else inner, scope)
        return self.with_query(left, query, kind, node)

    def with_query(
        self, left: tree.Expr, query: tree.Query, kind: str, node: exp.Expression
    ) -> tree.Expr:
        if len(query.columns) != 1:
            raise fail("NOT_SUPPORTED", "Multiple columns returned by subquery", node)
        target = common(left.type, query.columns[0][1])
        if target is None:
            symbol = f"{left.type} and {query.columns[0][1]}"
            message = f"value and result of subquery must be of the same type for IN: {symbol}"
            raise fail("TYPE_MISMATCH", message, node)
        typed = retyped(query, (target,))
        return tree.Subquery(BOOLEAN, kind, typed, coerce(left, target))

    def logical(self, node: exp.Connector, scope: Scope) -> tree.Expr:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.boolean(part, scope, "Logical expression term") for part in node.flatten()]
        template = f" {word} ".join(f"{{{at}}}" for at in range(len(parts)))
        return tree.Apply(BOOLEAN, template, tuple(parts))

    def negation(self, node: exp.Not, scope: Scope) -> tree.Expr:
        inner = self.boolean(node.this, scope, "Value of logical NOT expression")
        return tree.Apply(BOOLEAN, "NOT {0}", (inner,))

    def minus(self, node: exp.Neg, scope: Scope) -> tree.Expr:
        if isinstance(node.this, exp.Literal) and str(node.this.this) == str(1 << 63):
            return tree.Constant(BIGINT, str(-(1 << 63)))
        inner = self.analyse(node.this, scope)
        if not is_numeric(inner.type) and not inner.type.name.startswith("interval"):
            raise fail("TYPE_MISMATCH", f"Cannot negate {inner.type}", node)
        return tree.Apply(inner.type, "-{0}", (inner,))

    def parenthesis(self, node: exp.Paren, scope: Scope) -> tree.Expr:
        return self.analyse(node.this, scope)

    def concatenation(self, node: exp.DPipe, scope: Scope) -> tree.Expr:
        left, right = self.analyse(node.this, scope), self.analyse(node.expression, scope)
        kinds = (left.type, right.type)
        if all(kind.name in ("varchar", "char", "unknown") for kind in kinds):
            return tree.Apply(
                VARCHAR, "{0} || {1}", (coerce(left, VARCHAR), coerce(right, VARCHAR))
            )
        target = common(*kinds)
        if target is not None and target.name in ("array", "varbinary"):
            word = "list_concat({0}, {1})" if target.name == "array" else "{0} || {1}"
            return tree.Apply(target, word, (coerce(left, target), coerce(right, target)))
        message = f"Unexpected parameters ({left.type}, {right.type}) for function concat"
        raise fail("FUNCTION_NOT_FOUND", message, node)

    def between(self, node: exp.Between, scope: Scope) -> tree.Expr:
        value, low, high = (
            self.analyse(part, scope) for part in (node.this, node.args["low"], node.args["high"])
        )
        above, below = compare(">=", value, low, node), compare("<=", value, high, node)
        return tree.Apply(BOOLEAN, "{0} AND {1}", (above, below))

    def membership(self, node: exp.In, scope: Scope) -> tree.Expr:
        value = self.analyse(node.this, scope)
        query = node.args.get("query")
        if query is not None:
            inner = query.this if isinstance(query, exp.Subquery) else query
            return self.with_query(value, self.queries(inner, scope), "in", node)
        items = [self.analyse(item, scope) for item in node.expressions]
        target = value.type
        for item, source in zip(items, node.expressions, strict=True):
            merged = common(target, item.type)
            if merged is None:
                message = "IN value and list items must be the same type or coercible to a "
                raise fail("TYPE_MISMATCH", f"{message}common type", source)
            target = merged
        args = (coerce(value, target), *(coerce(item, target) for item in items))
        listed = ", ".join(f"{{{at}}}" for at in range(1, len(args)))
        return tree.Apply(BOOLEAN, f"{{0}} IN ({listed})", args)

    def null_test(self, node: exp.Is, scope: Scope) -> tree.Expr:
        if not isinstance(node.expression, exp.Null):
            raise not_supported("IS with anything but NULL", *place(node))
        return tree.Apply(BOOLEAN, "{0} IS NULL", (self.analyse(node.this, scope),))

    def like(self, node: exp.Expression, scope: Scope) -> tree.Expr:
        escape = None
        if isinstance(node, exp.Escape):
            escape, node = self.analyse(node.expression, scope), node.this
        if not isinstance(node, exp.Like):
            raise not_supported("This form of LIKE", *place(node))
        args = [self.analyse(part, scope) for part in (node.this, node.expression)]
        for arg in args:
            if arg.type.name not in ("varchar", "char", "unknown"):
                message = f"Left side of LIKE expression must evaluate to a varchar: {arg.type}"
                raise fail("TYPE_MISMATCH", message, node)
        typed = tuple(coerce(arg, VARCHAR) for arg in args)
        if escape is None:
            return tree.Apply(BOOLEAN, "{0} LIKE {1}", typed)
        return tree.Apply(BOOLEAN, "{0} LIKE {1} ESCAPE {2}", (*typed, escape))

    def case(self, node: exp.Case, scope: Scope) -> tree.Expr:
        base = self.analyse(node.this, scope) if node.this is not None else None
        whens: list[tree.Expr] = []
        results: list[tree.Expr] = []
        for branch in node.args["ifs"]:
            if base is None:
                whens.append(self.boolean(branch.this, scope, "CASE WHEN clause"))
            else:
                whens.append(compare("=", base, self.analyse(branch.this, scope), branch))
            results.append(self.analyse(branch.args["true"], scope))
        default = node.args.get("default")
        last = self.analyse(default, scope) if default is not None else NULL
        return choose(whens, [*results, last], node)

    def condition(self, node: exp.If, scope: Scope) -> tree.Expr:
        when = self.boolean(node.this, scope, "IF condition")
        then = self.analyse(node.args["true"], scope)
        other = node.args.get("false")
        last = self.analyse(other, scope) if other is not None else NULL
        return choose([when], [then, last], node)

    def null(self, node: exp.Null, scope: Scope) -> tree.Expr:
        del node, scope
        return NULL

    def truth(self, node: exp.Boolean, scope: Scope) -> tree.Expr:
        del scope
        return tree.Constant(BOOLEAN, bool(node.this))

    def binary_literal(self, node: exp.HexString, scope: Scope) -> tree.Expr:
        del scope
        digits = re.sub(r"\s", "", str(node.this))
        if len(digits) % 2 or not re.fullmatch(r"[0-9A-Fa-f]*", digits):
            raise fail("INVALID_LITERAL", "Binary literal must contain hexadecimal pairs", node)
        return tree.Constant(VARBINARY, digits)

    def cast(self, node: exp.Cast, scope: Scope) -> tree.Expr:
        if node.args.get("format") is not None:
            raise not_supported("CAST … FORMAT", *place(node))
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string and "start" in inner.meta:
            before = _LITERAL.search(self.text[: inner.meta["start"]])
            if before is not None and type(node) is exp.Cast:
                return typed_literal(before.group(1).lower(), str(inner.this), node)
        if isinstance(inner, exp.Literal) and node.to.this in _ZONED:
            raise not_supported("A time zone", *place(node))
        target = self.type_of(node.to)
        found = self.analyse(inner, scope)
        safe = isinstance(node, exp.TryCast)
        converted = tree.Convert(target, found, safe)
        try:
            conversions.convert("x", found.type, target)
        except TrinoError as error:
            raise fail(error.name, error.message, node) from error
        return converted if found.type != target else found

    def type_of(self, node: exp.DataType) -> Type:
        text = node.sql("trino")
        if node.args.get("nested") and node.this == exp.DType.STRUCT:
            text = re.sub(r"(?i)\brow\b", "row", text)
        try:
            return parse_type(text)
        except TrinoError as error:
            raise fail(error.name, error.message, node) from error

    def interval(self, node: exp.Interval, scope: Scope) -> tree.Expr:
        del scope
        value, unit = node.this, node.args.get("unit")
        sign = 1
        if isinstance(value, exp.Neg):
            sign, value = -1, value.this
        if not isinstance(value, exp.Literal) or not isinstance(unit, exp.Var):
            raise not_supported("This form of INTERVAL", *place(node))
        name, text = unit.name.lower(), str(value.this)
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
            raise fail("INVALID_LITERAL", f"'{text}' is not a valid INTERVAL literal", node)
        if name in _UNITS:
            months = sign * int(text) * _UNITS[name]
            return tree.Constant(YEAR_TO_MONTH, f"{months} months")
        if name not in _SECONDS:
            raise fail("SYNTAX_ERROR", f"mismatched input '{unit.name}'", node)
        seconds = sign * float(text) * _SECONDS[name]
        return tree.Constant(DAY_TO_SECOND, f"{seconds:.3f} seconds")

    def array_literal(self, node: exp.Array, scope: Scope) -> tree.Expr:
        items = [self.analyse(item, scope) for item in node.expressions]
        target = UNKNOWN
        for item in items:
            merged = common(target, item.type)
            if merged is None:
                message = "All ARRAY elements must be the same type or coercible to a common type"
                raise fail("TYPE_MISMATCH", message, node)
            target = merged
        args = tuple(coerce(item, target) for item in items)
        if not args:
            return tree.Apply(array(UNKNOWN), "CAST([] AS INTEGER[])", ())
        return tree.Apply(array(target), "[{*}]", args)

    def subscript(self, node: exp.Bracket, scope: Scope) -> tree.Expr:
        base = self.analyse(node.this, scope)
        index = self.analyse(node.expressions[0], scope)
        offset = -(node.args.get("offset") or 0)
        if base.type.name == "map":
            key = coerce(index, base.type.inner[0])
            return tree.Apply(base.type.inner[1], _MAP_ITEM, (base, key))
        if base.type.name != "array":
            message = f"Cannot use {index.type} for subscript of {base.type}"
            raise fail("TYPE_MISMATCH", message, node)
        if isinstance(index, tree.Constant) and isinstance(index.value, str):
            # sqlglot counts from 0: it took Trino's 1 off the literal already.
            index = tree.Constant(BIGINT, str(int(index.value) + 1 + offset))
        else:
            index = coerce(index, BIGINT)
        return tree.Apply(base.type.inner[0], _ARRAY_ITEM, (base, index))

    def row(self, node: exp.Tuple, scope: Scope) -> tree.Expr:
        return make_row([self.analyse(item, scope) for item in node.expressions])

    def scalar_query(self, node: exp.Expression, scope: Scope) -> tree.Expr:
        inner = node.this if isinstance(node, exp.Subquery) else node
        query = self.queries(inner, scope)
        if len(query.columns) != 1:
            raise fail("NOT_SUPPORTED", "Multiple columns returned by subquery", node)
        return tree.Subquery(query.columns[0][1], "scalar", query)

    def exists(self, node: exp.Exists, scope: Scope) -> tree.Expr:
        return tree.Subquery(BOOLEAN, "exists", self.queries(node.this, scope))

    def extract(self, node: exp.Extract, scope: Scope) -> tree.Expr:
        unit = node.name.lower()
        return self.call(unit, [node.expression], node, scope)

    def trim(self, node: exp.Trim, scope: Scope) -> tree.Expr:
        side = str(node.args.get("position") or "BOTH").upper()
        name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
        args = [node.this] + ([node.expression] if node.expression is not None else [])
        return self.call(name, args, node, scope)

    def named(self, node: exp.Expression, scope: Scope) -> tree.Expr:
        """Analyse the functions for which sqlglot has nodes of its own."""
        if isinstance(node, exp.StrPosition):
            return self.call("strpos", [node.this, node.args["substr"]], node, scope)
        if isinstance(node, exp.Substring):
            args = [node.this, node.args.get("start"), node.args.get("length")]
            return self.call("substr", [arg for arg in args if arg is not None], node, scope)
        names = {
            exp.CurrentDate: "current_date",
            exp.CurrentTimestamp: "current_timestamp",
            exp.Localtimestamp: "localtimestamp",
        }
        return self.call(names[type(node)], [], node, scope)

    def function(self, node: exp.Anonymous, scope: Scope) -> tree.Expr:
        return self.call(str(node.this).lower(), list(node.expressions), node, scope)

    def special(
        self, name: str, args: list[exp.Expression], node: exp.Expression, scope: Scope
    ) -> tree.Expr | None:
        """Analyse what looks like a function but is part of the language."""
        if name == "row":
            return make_row([self.analyse(arg, scope) for arg in args])
        if name == "try" and len(args) == 1:
            inner = self.analyse(args[0], scope)
            return tree.Try(inner.type, inner)
        if name == "nullif" and len(args) == 2:
            one, other = (self.analyse(arg, scope) for arg in args)
            same = compare("=", one, other, node)
            return tree.Apply(one.type, "CASE WHEN {0} THEN NULL ELSE {1} END", (same, one))
        if name == "if" and len(args) in (2, 3):
            when = self.boolean(args[0], scope, "IF condition")
            results = [self.analyse(arg, scope) for arg in args[1:]]
            return choose([when], results if len(results) == 2 else [*results, NULL], node)
        if name == "coalesce" and len(args) >= 2:
            items = [self.analyse(arg, scope) for arg in args]
            target = common_of(items, "All COALESCE operands", node)
            return tree.Apply(
                target, "coalesce({*})", tuple(coerce(item, target) for item in items)
            )
        return None

    def call(
        self,
        name: str,
        args: list[exp.Expression],
        node: exp.Expression,
        scope: Scope,
        **modifiers: Any,
    ) -> tree.Expr:
        found = self.special(name, args, node, scope)
        if found is not None:
            return found
        rows = functions.table().get(name)
        if rows is None:
            raise fail("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", node)
        args, distinct, order = self.unwrap(args, scope)
        if rows[0].kind == "scalar" and (distinct or order):
            message = f"DISTINCT is not supported for non-aggregation functions: {name}"
            raise fail("FUNCTION_NOT_AGGREGATE", message, node)
        if len(args) == 1 and isinstance(args[0], exp.Star):
            args = []
        given = [None if isinstance(arg, exp.Lambda) else self.analyse(arg, scope) for arg in args]
        bound = functions.resolve(rows, [arg.type if arg else None for arg in given])
        if bound is None:
            kinds = ", ".join("function" if arg is None else str(arg.type) for arg in given)
            expected = ", ".join(map(str, rows))
            message = f"Unexpected parameters ({kinds}) for function {name}. Expected: {expected}"
            raise fail("FUNCTION_NOT_FOUND", message, node)
        typed, returns = self.bind(bound, args, given, scope)
        template = bound.signature.template
        if rows[0].kind == "scalar":
            return tree.Apply(returns, template, typed)
        if rows[0].kind == "window" and "over" not in modifiers:
            raise fail("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
        if "over" not in modifiers and any(contains_aggregate(arg) for arg in typed):
            message = f"Cannot nest aggregations inside aggregation '{name}'"
            raise fail("NESTED_AGGREGATION", message, node)
        return tree.Aggregate(returns, template, typed, distinct, modifiers.get("where"), order)

    def unwrap(
        self, args: list[exp.Expression], scope: Scope
    ) -> tuple[list[exp.Expression], bool, tuple[tree.SortKey, ...]]:
        order: tuple[tree.SortKey, ...] = ()
        distinct = False
        if args and isinstance(args[-1], exp.Order):
            order = self.sort_keys(args[-1].expressions, scope)
            args = [*args[:-1], args[-1].this]
        if args and isinstance(args[0], exp.Distinct):
            distinct, args = True, [*args[0].expressions, *args[1:]]
        return args, distinct, order

    def sort_keys(self, nodes: Sequence[exp.Expression], scope: Scope) -> tuple[tree.SortKey, ...]:
        return tuple(
            tree.SortKey(
                self.analyse(node.this, scope),
                bool(node.args.get("desc")),
                bool(node.args.get("nulls_first")),
            )
            for node in nodes
        )

    def bind(
        self,
        bound: functions.Resolved,
        args: Sequence[exp.Expression],
        given: Sequence[tree.Expr | None],
        scope: Scope,
    ) -> tuple[tuple[tree.Expr, ...], Type]:
        """Coerce the arguments and analyse the lambdas, whose types follow from the others."""
        row = bound.signature
        variables = functions.variables_of(row, [arg.type if arg else None for arg in given])
        typed: list[tree.Expr] = []
        returns = bound.returns
        for at, (arg, target) in enumerate(zip(given, bound.arguments, strict=True)):
            if arg is not None:
                typed.append(coerce(arg, target))
                continue
            parameter = row.parameter(at)
            if not parameter.startswith("function("):
                raise fail("FUNCTION_NOT_FOUND", f"Unexpected lambda for {row.name}", args[at])
            *takes, gives = parameter[9:-1].split(";")
            lambda_node = args[at]
            names = [part.name.lower() for part in lambda_node.expressions]
            kinds = [variables.get(take, UNKNOWN) for take in takes]
            inner = Scope([], scope, dict(zip(names, kinds, strict=False)))
            body = self.analyse(lambda_node.this, inner)
            if gives in ("T", "U", "K", "V"):
                variables[gives] = body.type
                returns = functions.returned(row, bound.arguments, variables)
            else:
                body = coerce(body, parse_type(gives))
            typed.append(tree.Lambda(body.type, tuple(map(parameter_name, names)), body))
        return tuple(typed), returns

    def filtered(self, node: exp.Filter, scope: Scope) -> tree.Expr:
        where = self.boolean(node.expression.this, scope, "FILTER")
        found = self.analyse(node.this, scope)
        if not isinstance(found, tree.Aggregate):
            raise fail("FUNCTION_NOT_AGGREGATE", "Filter is only valid for aggregations", node)
        return replace(found, where=where)

    def window(self, node: exp.Window, scope: Scope) -> tree.Expr:
        base: exp.Expression = node
        named = node.args.get("alias")
        if named is not None:
            found = self.windows.get(named.name.lower())
            if found is None:
                message = f"Cannot resolve WINDOW name {named.name}"
                raise fail("INVALID_WINDOW_REFERENCE", message, node)
            base = found
        inner, ignore = node.this, False
        if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
            ignore, inner = isinstance(inner, exp.IgnoreNulls), inner.this
        where = None
        if isinstance(inner, exp.Filter):
            where = self.boolean(inner.expression.this, scope, "FILTER")
            inner = inner.this
        if not isinstance(inner, exp.Anonymous):
            raise not_supported("This window function", *place(node))
        name = str(inner.this).lower()
        call = self.call(name, list(inner.expressions), inner, scope, over=True)
        if not isinstance(call, tree.Aggregate) or call.distinct or call.order:
            raise not_supported(f"{name} over a window in this form", *place(node))
        partition = node.args.get("partition_by") or base.args.get("partition_by") or []
        order = node.args.get("order") or base.args.get("order")
        keys = self.sort_keys(order.expressions, scope) if order is not None else ()
        groups = tuple(self.analyse(part, scope) for part in partition)
        frame = frame_text(node.args.get("spec") or base.args.get("spec"))
        return tree.Window(call.type, call.template, call.args, groups, keys, frame, where, ignore)


NULL = tree.Constant(UNKNOWN, None)
_ZONED = (exp.DType.TIMETZ,)
_ARRAY_ITEM = (
    "CASE WHEN {1} = 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1') "
    "WHEN {1} < 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', "
    "'Array subscript is negative: ' || {1}) WHEN {1} > len({0}) THEN lb_raise("
    "'INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length: ' "
    "|| {1} || ' > ' || len({0})) ELSE list_extract({0}, {1}) END"
)
_MAP_ITEM = (
    "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL AND NOT map_contains({0}, {1}) THEN lb_raise("
    "'INVALID_FUNCTION_ARGUMENT', 'Key not present in map: ' || {1}) ELSE map_extract({0}, {1})[1] "
    "END"
)


def coerce(expr: tree.Expr, target: Type) -> tree.Expr:
    """Convert to a type the expression's type coerces to."""
    if expr.type == target:
        return expr
    if isinstance(expr, tree.Constant) and expr.value is None:
        return tree.Constant(target, None)
    return tree.Convert(target, expr)


def common_of(items: Sequence[tree.Expr], what: str, node: exp.Expression) -> Type:
    """Return the common type of several expressions."""
    target = UNKNOWN
    for item in items:
        merged = common(target, item.type)
        if merged is None:
            message = f"{what} must be the same type or coercible to a common type. "
            raise fail("TYPE_MISMATCH", f"{message}Cannot find common type", node)
        target = merged
    return target


def choose(
    whens: Sequence[tree.Expr], results: Sequence[tree.Expr], node: exp.Expression
) -> tree.Expr:
    """Build a searched CASE; the last result is the ELSE."""
    target = common_of(results, "All CASE results", node)
    parts = [f"WHEN {{{at}}} THEN {{{at + len(whens)}}}" for at in range(len(whens))]
    template = f"CASE {' '.join(parts)} ELSE {{{2 * len(whens)}}} END"
    return tree.Apply(target, template, (*whens, *(coerce(item, target) for item in results)))


def compare(symbol: str, left: tree.Expr, right: tree.Expr, node: exp.Expression) -> tree.Expr:
    """Build a comparison over the common type."""
    target = common(left.type, right.type)
    if target is None or (target.name == "map" and symbol not in ("=", "<>")):
        message = f"Cannot apply operator: {left.type} {symbol} {right.type}"
        raise fail("TYPE_MISMATCH", message, node)
    return tree.Apply(
        BOOLEAN, f"{{0}} {symbol} {{1}}", (coerce(left, target), coerce(right, target))
    )


def make_row(items: Sequence[tree.Expr]) -> tree.Expr:
    """Build a row of the items."""
    members = ", ".join(f'"f{at}" := {{{at}}}' for at in range(len(items)))
    kind = Type("row", (), tuple(item.type for item in items), ("",) * len(items))
    return tree.Apply(kind, f"struct_pack({members})", tuple(items))


def combine(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    """Build `left symbol right`; None where Trino has no such operator."""
    if left.type.name == "unknown" and right.type.name == "unknown":
        return tree.Constant(INTEGER, None)
    left = coerce(left, right.type) if left.type.name == "unknown" else left
    right = coerce(right, left.type) if right.type.name == "unknown" else right
    if is_numeric(left.type) and is_numeric(right.type):
        return _numeric(symbol, left, right)
    return _temporal(symbol, left, right)


def _numeric(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    target = common(left.type, right.type) or DOUBLE
    if target.name in APPROXIMATE:
        args = (coerce(left, target), coerce(right, target))
        return tree.Apply(target, f"{{0}} {symbol} {{1}}", args)
    if target.name in INTEGERS:
        args = (coerce(left, target), coerce(right, target))
        if symbol in "/%":
            template = "{0} // {1}" if symbol == "/" else "{0} % {1}"
            return tree.Apply(target, _guarded(template, right), args)
        return tree.Apply(target, f"{{0}} {symbol} {{1}}", args)
    return _decimal(
        symbol, coerce(left, as_decimal(left.type)), coerce(right, as_decimal(right.type))
    )


def _guarded(template: str, divisor: tree.Expr) -> str:
    if isinstance(divisor, tree.Constant) and divisor.value not in (None, "0"):
        return template
    raised = "lb_raise('DIVISION_BY_ZERO', 'Division by zero')"
    return f"CASE WHEN {{1}} = 0 THEN {raised} ELSE {template} END"


def _decimal(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    (p1, s1), (p2, s2) = left.type.numbers, right.type.numbers
    scale = max(s1, s2)
    if symbol in "+-":
        kind = decimal(min(38, max(p1 - s1, p2 - s2) + scale + 1), scale)
        args = (tree.Convert(kind, left), tree.Convert(kind, right))
        return tree.Apply(kind, f"CAST({{0}} {symbol} {{1}} AS {{type}})", args)
    if symbol == "*":
        if s1 + s2 > 38:
            raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", "DECIMAL scale must be <= 38")
        kind = decimal(min(38, p1 + p2), s1 + s2)
        return tree.Apply(kind, "CAST({0} * {1} AS {type})", (left, right))
    if symbol == "/":
        kind = decimal(min(38, p1 + s2 + max(s2 - s1, 0)), scale)
        return tree.Apply(kind, "@divide_decimal", (left, right))
    kind = decimal(min(p1 - s1, p2 - s2) + scale, scale) if scale else decimal(min(p1, p2), 0)
    wide = decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)
    args = (tree.Convert(wide, left), tree.Convert(wide, right))
    return tree.Apply(kind, _guarded("CAST({0} % {1} AS {type})", NULL), args)


def _temporal(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    one, other = left.type.name, right.type.name
    if symbol == "+" and one.startswith("interval") and other in ("date", "timestamp", INSTANT):
        left, right, one, other = right, left, other, one
    dated = one in ("date", "timestamp", INSTANT) and other.startswith("interval")
    if symbol in "+-" and dated:
        if one == "date":
            if other == DAY_TO_SECOND.name and "86400" not in str(right) and not _days(right):
                return None
            return tree.Apply(DATE, f"CAST({{0}} {symbol} {{1}} AS DATE)", (left, right))
        places = (
            max(3, left.type.numbers[0]) if other == DAY_TO_SECOND.name else left.type.numbers[0]
        )
        return tree.Apply(Type(one, (places,)), f"{{0}} {symbol} {{1}}", (left, right))
    if symbol in "+-" and one == other and one.startswith("interval"):
        return tree.Apply(left.type, f"{{0}} {symbol} {{1}}", (left, right))
    if symbol == "-" and {one, other} <= {"date", "timestamp", INSTANT}:
        target = common(left.type, right.type) or timestamp()
        args = (coerce(left, target), coerce(right, target))
        if target == DATE:
            return tree.Apply(DAY_TO_SECOND, "to_days(CAST({0} - {1} AS INTEGER))", args)
        return tree.Apply(DAY_TO_SECOND, "{0} - {1}", args)
    if symbol == "*" and one.startswith("interval") and other in INTEGERS:
        return tree.Apply(left.type, "{0} * CAST({1} AS INTEGER)", (left, right))
    return None


def _days(expr: tree.Expr) -> bool:
    """Tell whether an interval is of whole days, the only ones Trino adds to a date."""
    if not isinstance(expr, tree.Constant) or not isinstance(expr.value, str):
        return True
    return float(expr.value.split()[0]) % 86400 == 0


def typed_literal(kind: str, text: str, node: exp.Expression) -> tree.Expr:
    """Read `DATE '…'`, `TIMESTAMP '…'`, `DECIMAL '…'` and their like."""
    bad = fail("INVALID_LITERAL", f"'{text}' is not a valid {kind.upper()} literal", node)
    if kind == "decimal":
        found = re.fullmatch(r"\s*([+-]?)(\d*)(?:\.(\d*))?\s*", text)
        if found is None or not (found.group(2) or found.group(3)):
            raise bad
        fraction = found.group(3) or ""
        whole = found.group(2).lstrip("0")
        digits = max(1, len(whole) + len(fraction))
        if digits > 38:
            raise bad
        value = f"{found.group(1)}{whole or '0'}{'.' + fraction if fraction else ''}"
        return tree.Constant(decimal(digits, len(fraction)), value)
    if kind == "date":
        if not re.fullmatch(r"\s*[+-]?\d+-\d{1,2}-\d{1,2}\s*", text):
            raise bad
        return tree.Constant(DATE, text.strip())
    if kind in ("timestamp", "time"):
        return _instant_literal(kind, text, bad, node)
    target = parse_type(kind)
    if target.name in ("varchar", "char"):
        return tree.Constant(Type(target.name, (len(text),)), text)
    return tree.Convert(target, tree.Constant(varchar(len(text)), text))


def _instant_literal(kind: str, text: str, bad: TrinoError, node: exp.Expression) -> tree.Expr:
    day = r"\d{4}-\d{1,2}-\d{1,2}"
    clock = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?"
    if kind == "time":
        found = re.fullmatch(rf"\s*{clock}\s*", text)
        zone = None
    else:
        found = re.fullmatch(rf"\s*{day}(?:[ ]+{clock})?\s*?(?: ?([A-Za-z+-][\w/+:-]*))?\s*", text)
        zone = found.group(2) if found else None
    if found is None:
        if re.search(r"[A-Za-z+]|\d-\d\d:", text):
            raise not_supported("A time with a zone or a large year", *place(node))
        raise bad
    if zone is not None and zone not in ("UTC", "Z"):
        raise not_supported(f"The time zone {zone}", *place(node))
    places = len(found.group(1) or "")
    if places > 6:
        raise not_supported("More than microseconds", *place(node))
    value = text.strip().removesuffix("UTC").removesuffix("Z").strip()
    name = kind if zone is None else INSTANT
    return tree.Constant(Type(name, (places,)), value)


def frame_text(spec: exp.Expression | None) -> str:
    """Write a window frame, whose bounds may only be literals or keywords."""
    if spec is None:
        return ""

    def bound(value: object, side: object) -> str:
        if isinstance(value, str):
            word = value.upper()
            if word not in ("UNBOUNDED", "CURRENT ROW"):
                raise not_supported("This window frame")
            return word + (f" {str(side).upper()}" if word == "UNBOUNDED" else "")
        if isinstance(value, exp.Literal) and str(value.this).isdigit():
            return f"{value.this} {str(side).upper()}"
        raise not_supported("A window frame whose bound is no literal")

    kind = str(spec.args.get("kind") or "RANGE").upper()
    start = bound(spec.args.get("start"), spec.args.get("start_side"))
    end = spec.args.get("end")
    last = bound(end, spec.args.get("end_side")) if end is not None else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {last}"


def contains_aggregate(expr: tree.Expr) -> bool:
    """Tell whether an aggregate is evaluated in this expression."""
    if isinstance(expr, tree.Aggregate):
        return True
    return any(contains_aggregate(inner) for inner in tree.children(expr))


def retyped(query: tree.Query, kinds: tuple[Type, ...]) -> tree.Query:
    """Return the query with its columns converted to `kinds`."""
    if tuple(kind for _, kind in query.columns) == kinds:
        return query
    source = tree.Derived("lbq", query)
    items = tuple(
        coerce(tree.Ref(kind, "lbq", at), target)
        for at, ((_, kind), target) in enumerate(zip(query.columns, kinds, strict=True))
    )
    names = tuple((name, target) for (name, _), target in zip(query.columns, kinds, strict=True))
    return tree.Query(tree.Select(items, source), names)


_E = Expressions
_RULES: tuple[tuple[Any, Callable[..., tree.Expr]], ...] = (
    (exp.Column, _E.column),
    (exp.Literal, _E.literal),
    (tuple(_COMPARISONS), _E.comparison),
    (exp.Connector, _E.logical),
    (exp.Cast, _E.cast),
    (exp.DPipe, _E.concatenation),
    (tuple(_ARITHMETIC), _E.arithmetic),
    (exp.Paren, _E.parenthesis),
    (exp.Anonymous, _E.function),
    (exp.Not, _E.negation),
    (exp.Neg, _E.minus),
    (exp.Between, _E.between),
    (exp.In, _E.membership),
    (exp.Is, _E.null_test),
    ((exp.Like, exp.Escape), _E.like),
    (exp.Case, _E.case),
    (exp.If, _E.condition),
    (exp.Null, _E.null),
    (exp.Boolean, _E.truth),
    (exp.HexString, _E.binary_literal),
    (exp.Interval, _E.interval),
    (exp.Array, _E.array_literal),
    (exp.Bracket, _E.subscript),
    (exp.Tuple, _E.row),
    (exp.Exists, _E.exists),
    (exp.Query, _E.scalar_query),
    (exp.Extract, _E.extract),
    (exp.Trim, _E.trim),
    (
        (exp.StrPosition, exp.Substring, exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp),
        _E.named,
    ),
    (exp.Filter, _E.filtered),
    (exp.Window, _E.window),
    (exp.Dot, _E.dot),
    (exp.Identifier, _E.identifier),
)
