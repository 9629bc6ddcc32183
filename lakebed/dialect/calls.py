"""Calls: functions by the function table, aggregates, lambdas, windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import expressions as exp

from lakebed.dialect import functions, tree
from lakebed.dialect.operators import (
    NULL,
    choose,
    coerce,
    common_of,
    compare,
    contains_aggregate,
    make_row,
)
from lakebed.dialect.scopes import Scope, fail, parameter_name
from lakebed.dialect.types import INTEGER, UNKNOWN, Type, parse_type


@dataclass
class Calls:
    """The part of the expression analyser that knows calls; `queries` analyses a subquery."""

    text: str
    queries: Callable[[exp.Expr, Scope], tree.Query]
    windows: dict[str, exp.Expr]
    schema: str = ""

    def analyse(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Return the typed form of `node`."""
        raise NotImplementedError

    def boolean(self, node: exp.Expr, scope: Scope, clause: str) -> tree.Expr:
        """Analyse a condition."""
        raise NotImplementedError

    def function(self, node: exp.Anonymous, scope: Scope) -> tree.Expr:
        """Analyse a call."""
        return self.call(str(node.this).lower(), list(node.expressions), node, scope)

    def special(
        self, name: str, args: list[exp.Expr], node: exp.Expr, scope: Scope
    ) -> tree.Expr | None:
        """Analyse what looks like a function but is part of the language."""
        if name == "grouping":
            if not all(isinstance(arg, exp.Column) for arg in args):
                raise fail("SYNTAX_ERROR", "mismatched input. Expecting: ')', ',', '.'", node)
            shown = {(one.name or "").lower() for one in scope.fields if scope.is_output}
            if any(not arg.args.get("table") and arg.name.lower() in shown for arg in args):
                message = "Invalid reference to output of SELECT clause from grouping() expression "
                raise fail("INVALID_ARGUMENTS", f"{message}in ORDER BY", node)
            found = tuple(self.analyse(arg, scope) for arg in args)
            return tree.Aggregate(INTEGER, "CAST({call:grouping}({*}) AS INTEGER)", found)
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
        args: list[exp.Expr],
        node: exp.Expr,
        scope: Scope,
        over: bool = False,
    ) -> tree.Expr:
        """Resolve a function by name and argument types; `over` when it has a window."""
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
        if rows[0].kind == "window" and not over:
            raise fail("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
        if not over and any(contains_aggregate(arg) for arg in typed):
            message = f"Cannot nest aggregations inside aggregation '{name}'"
            raise fail("NESTED_AGGREGATION", message, node)
        return tree.Aggregate(returns, template, typed, distinct, None, order)

    def unwrap(
        self, args: list[exp.Expr], scope: Scope
    ) -> tuple[list[exp.Expr], bool, tuple[tree.SortKey, ...]]:
        """Take DISTINCT and ORDER BY out of the arguments of an aggregate."""
        order: tuple[tree.SortKey, ...] = ()
        distinct = False
        if args and isinstance(args[-1], exp.Order):
            order = self.sort_keys(args[-1].expressions, scope)
            args = [*args[:-1], args[-1].this]
        if args and isinstance(args[0], exp.Distinct):
            distinct, args = True, [*args[0].expressions, *args[1:]]
        return args, distinct, order

    def sort_keys(self, nodes: Sequence[exp.Expr], scope: Scope) -> tuple[tree.SortKey, ...]:
        """Analyse the keys of an ORDER BY inside a call or a window."""
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
        args: Sequence[exp.Expr],
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
