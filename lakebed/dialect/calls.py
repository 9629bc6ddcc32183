"""Calls: functions by the function table, aggregates, lambdas, windows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from lakebed.dialect import comparability, functions, shown, tree
from lakebed.dialect.conversions import is_same_value
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.operators import (
    NULL,
    choose,
    coerce,
    common_of,
    compare,
    contains_aggregate,
    make_row,
    strict,
)
from lakebed.dialect.patterns import Binding, Pattern
from lakebed.dialect.scopes import Scope, fail, parameter_name, place
from lakebed.dialect.types import BOOLEAN, INTEGER, VARCHAR, Type, varchar

if TYPE_CHECKING:
    from lakebed.dialect.match_windows import PatternWindows

_TAKE_NULL = ("concat", "concat_ws", "greatest", "least", "reduce", "repeat", "typeof")
"""Functions for which NULL is an argument like another, or that look at all of them first."""
_AT_LEAST_TWO = {
    "concat": "There must be two or more concatenation arguments",
    "concat_ws": "There must be two or more arguments",
    "map_concat": "There must be two or more concatenation arguments to map_concat",
}
_COUNTS = {
    "nullif": (range(2, 3), "Invalid number of arguments for 'nullif' function"),
    "if": (range(2, 4), "Invalid number of arguments for 'if' function"),
    "coalesce": (range(2, 1 << 16), "The 'coalesce' function must have at least two arguments"),
    "try": (range(1, 2), "The 'try' function must have exactly one argument"),
}
_NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


@dataclass
class Calls:
    """The part of the expression analyser that knows calls; `queries` analyses a subquery."""

    text: str
    queries: Callable[[exp.Expr, Scope], tree.Query]
    windows: dict[str, exp.Expr]
    schema: str = ""
    patterns: PatternWindows | None = None
    """What takes the windows that have row patterns."""

    def analyse(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Return the typed form of `node`."""
        raise NotImplementedError

    def boolean(self, node: exp.Expr, scope: Scope, clause: str) -> tree.Expr:
        """Analyse a condition."""
        raise NotImplementedError

    def function(self, node: exp.Anonymous, scope: Scope) -> tree.Expr:
        """Analyse a call."""
        name = str(node.this).lower()
        if name == "listagg":
            raise fail("SYNTAX_ERROR", "mismatched input. Expecting: 'WITHIN'", node)
        if name == "exists":
            if len(node.expressions) != 1 or not isinstance(node.expressions[0], exp.Values):
                raise fail("SYNTAX_ERROR", "mismatched input. Expecting: <query>", node)
            query = self.queries(node.expressions[0], scope)
            return tree.Subquery(BOOLEAN, "exists", query)
        return self.call(name, list(node.expressions), node, scope)

    def special(
        self, name: str, args: list[exp.Expr], node: exp.Expr, scope: Scope
    ) -> tree.Expr | None:
        """Analyse what looks like a function but is part of the language."""
        if name == "grouping":
            if not all(isinstance(arg, exp.Column) for arg in args):
                raise fail("SYNTAX_ERROR", "mismatched input. Expecting: ')', ',', '.'", node)
            output = {(one.name or "").lower() for one in scope.fields if scope.is_output}
            if any(not arg.args.get("table") and arg.name.lower() in output for arg in args):
                message = "Invalid reference to output of SELECT clause from grouping() expression "
                raise fail("INVALID_ARGUMENTS", f"{message}in ORDER BY", node)
            found = tuple(self.analyse(arg, scope) for arg in args)
            return tree.Aggregate(INTEGER, "CAST({call:grouping}({*}) AS INTEGER)", found)
        if name == "row":
            return make_row([self.analyse(arg, scope) for arg in args])
        if name == "try" and len(args) == 1:
            inner = self.analyse(args[0], scope)
            return inner if isinstance(inner, tree.Constant) else tree.Try(inner.type, inner)
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
        counts, message = _COUNTS.get(name, (range(len(args), len(args) + 1), ""))
        if len(args) not in counts:
            raise fail("SYNTAX_ERROR", message, node)
        return None

    def normalize(self, args: list[exp.Expr], node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse normalize(text, FORM), whose form is a word of the language."""
        form = "NFC"
        if len(args) == 2:
            form = args[1].name.upper() if isinstance(args[1], exp.Column) else ""
            if form not in _NORMAL_FORMS:
                listed = ", ".join(f"'{one}'" for one in _NORMAL_FORMS)
                text = args[1].sql("trino")
                message = f"mismatched input '{text}'. Expecting: {listed}"
                raise fail("SYNTAX_ERROR", message, args[1])
        text = self.analyse(args[0], scope)
        constant = tree.Constant(varchar(len(form)), form)
        bound = self.resolve("normalize", [text, constant], node)
        pairs = zip((text, constant), bound.arguments, strict=True)
        typed = tuple(coerce(arg, target) for arg, target in pairs)
        return tree.Apply(bound.returns, bound.signature.template, typed)

    def format(self, args: list[exp.Expr], node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse format(pattern, values…), which takes values of any types."""
        if len(args) < 2:
            message = "The 'format' function must have at least two arguments"
            raise fail("SYNTAX_ERROR", message, node)
        typed = tuple(self.analyse(arg, scope) for arg in args)
        if typed[0].type.name not in ("varchar", "char"):
            message = (
                f"Type of first argument to format() must be VARCHAR (actual: {typed[0].type})"
            )
            raise fail("TYPE_MISMATCH", message, args[0])
        return tree.Apply(VARCHAR, "@format", (coerce(typed[0], VARCHAR), *typed[1:]))

    def call(
        self,
        name: str,
        args: list[exp.Expr],
        node: exp.Expr,
        scope: Scope,
        over: bool = False,
    ) -> tree.Expr:
        """Resolve a function by name and argument types; `over` when it has a window."""
        if name in ("format", "normalize"):
            own = self.format if name == "format" else self.normalize
            return own(args, node, scope)
        found = self.special(name, args, node, scope)
        if found is not None:
            return found
        rows = functions.table().get(name)
        if rows is None:
            raise self.unregistered(name, args, node, scope)
        args, distinct, order = self.unwrap(args, scope)
        if rows[0].kind == "scalar" and (distinct or order):
            message = f"DISTINCT is not supported for non-aggregation functions: {name}"
            message = message if distinct else "ORDER BY is only valid for aggregation functions"
            raise fail("FUNCTION_NOT_AGGREGATE", message, node)
        if args and isinstance(args[0], exp.Star):
            if distinct:
                message = "mismatched input '*'. Expecting: <expression>"
                raise fail("SYNTAX_ERROR", message, node)
            args = args[1:]
        given = [None if isinstance(arg, exp.Lambda) else self.analyse(arg, scope) for arg in args]
        bound = self.resolve(name, given, node)
        typed, returns = self.bind(bound, args, given, scope, node)
        template = bound.signature.template
        if bound.signature.kind == "scalar":
            if len(args) == 1 and name in _AT_LEAST_TWO:
                # As on Trino, an error of the call, not of the statement's meaning.
                raised = f"lb_raise('INVALID_FUNCTION_ARGUMENT', '{_AT_LEAST_TWO[name]}')"
                template = f"CASE WHEN true THEN {raised} ELSE CAST(NULL AS {{type}}) END"
                typed = ()
            call = tree.Apply(returns, template, typed)
            return call if name in _TAKE_NULL else strict(call)
        found = tree.Aggregate(returns, template, typed, distinct, None, order)
        check_aggregate(rows[0], found, node, over)
        return found

    def unregistered(
        self, name: str, args: Sequence[exp.Expr], node: exp.Expr, scope: Scope
    ) -> TrinoError:
        """Return the error of a function there is not; what is wrong in its arguments is first."""
        for arg in args:
            if not isinstance(arg, exp.Lambda | exp.Star | exp.Order | exp.Distinct):
                self.analyse(arg, scope)
        return fail("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", node)

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
            if not args[0].expressions:
                raise fail("SYNTAX_ERROR", "mismatched input ')'. Expecting: <expression>", args[0])
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

    def resolve(
        self, name: str, given: Sequence[tree.Expr | None], node: exp.Expr
    ) -> functions.Resolved:
        """Find the signature for the arguments; FUNCTION_NOT_FOUND with all there are."""
        kinds = tuple(arg.type if arg is not None else None for arg in given)
        try:
            bound = functions.resolve(name, kinds)
        except TrinoError as error:
            raise fail(error.name, error.message, node) from error
        if bound is None:
            raise unfit(name, kinds, node)
        if bound.signature.template == functions.NOT_BUILT:
            raise not_supported(f"The function {bound.signature}", *place(node))
        return bound

    def bind(
        self,
        bound: functions.Resolved,
        args: Sequence[exp.Expr],
        given: Sequence[tree.Expr | None],
        scope: Scope,
        node: exp.Expr,
    ) -> tuple[tuple[tree.Expr, ...], Type]:
        """Coerce the arguments and analyse the lambdas, whose types follow from the others."""
        if None not in given:
            pairs = zip(given, bound.arguments, strict=True)
            typed = tuple(coerce(arg, target) for arg, target in pairs if arg is not None)
            return typed, bound.returns
        row, binding = bound.signature, bound.binding.copy()
        kinds = tuple(arg.type if arg is not None else None for arg in given)
        for _ in range(4):
            before = dict(binding.types)
            found = [
                self.lambda_(row.parameter(at), arg, binding, scope)
                if isinstance(arg, exp.Lambda)
                else None
                for at, arg in enumerate(args)
            ]
            for at, one in enumerate(found):
                gives = row.parameter(at).inner[-1] if one is not None else None
                if one is not None and gives and not binding.gives(gives, one.type):
                    raise unfit(row.name, kinds, node)
            if binding.types == before:
                if not _all_return(row, found, binding):
                    raise unfit(row.name, kinds, node)
                break
        else:
            message = "SignatureBinder.iterativeSolve does not converge after 4 iterations."
            raise fail("GENERIC_INTERNAL_ERROR", message, node)
        typed_args: list[tree.Expr] = []
        targets: list[Type] = []
        for at, arg in enumerate(given):
            one = found[at]
            if one is not None:
                target = binding.instantiate(row.parameter(at).inner[-1])
                one = tree.Lambda(target, one.names, coerce(one.body, target))
                typed_args.append(one)
                targets.append(target)
            elif arg is not None:
                target = binding.argument(row.parameter(at), arg.type) or arg.type
                typed_args.append(coerce(arg, target))
                targets.append(target)
        return tuple(typed_args), functions.returned(row, targets, binding)

    def lambda_(
        self, parameter: Pattern, node: exp.Lambda, binding: Binding, scope: Scope
    ) -> tree.Lambda:
        """Analyse a lambda whose parameters have the types known so far."""
        takes = [binding.instantiate(part) for part in parameter.inner[:-1]]
        names = [part.name.lower() for part in node.expressions]
        if len(names) != len(takes):
            message = f"Expected a lambda that takes {len(takes)} argument(s) but got {len(names)}"
            raise fail("INVALID_PARAMETER_USAGE", message, node)
        if node.this.find(exp.Query, exp.Values) is not None:
            message = "Lambda expression cannot contain subqueries"
            raise fail("NOT_SUPPORTED", message, node.this)
        inner = Scope([], scope, dict(zip(names, takes, strict=True)))
        body = self.analyse(node.this, inner)
        if contains_aggregate(body):
            what = "aggregations, window functions or grouping operations"
            message = f"Lambda expression cannot contain {what}: [{node.this.sql('trino')}]"
            raise fail("EXPRESSION_NOT_SCALAR", message, node.this)
        return tree.Lambda(body.type, tuple(map(parameter_name, names)), body)


def check_aggregate(
    row: functions.Signature, call: tree.Aggregate, node: exp.Expr, over: bool
) -> None:
    """Refuse an aggregate of an aggregate, a window function without one, an order of nothing."""
    comparability.check_aggregate(call, node)
    if not over:
        _check_nesting(row, call, node)
    order = node.find(exp.Order)
    for key, part in zip(call.order, order.expressions if order else (), strict=False):
        if call.distinct and key.expr not in call.args:
            what = "For aggregate function with DISTINCT, ORDER BY expressions must appear in "
            raise fail("EXPRESSION_NOT_IN_DISTINCT", f"{what}arguments", part.this)


def _check_nesting(row: functions.Signature, call: tree.Aggregate, node: exp.Expr) -> None:
    if row.kind == "window":
        name = f"system.builtin.{row.name}"
        raise fail("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
    if any(contains_aggregate(arg) for arg in call.args):
        inside = ", ".join(map(shown.expression, aggregates(node)))
        message = f"Cannot nest aggregations inside aggregation '{row.name}': [{inside}]"
        raise fail("NESTED_AGGREGATION", message, node)
    windows = parts_of_kind(node, exp.Window)
    if windows:
        inside = ", ".join(map(shown.expression, windows))
        what = "Cannot nest window functions or row pattern measures inside aggregation "
        raise fail("NESTED_WINDOW", f"{what}'{row.name}': [{inside}]", node)


def parts_of_kind(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """Return the nodes of a kind below a node, not in its subqueries, nor in each other."""
    found: list[exp.Expr] = []
    for inner in node.iter_expressions():
        if isinstance(inner, kind):
            found.append(inner)
        elif not isinstance(inner, exp.Query):
            found += parts_of_kind(inner, kind)
    return found


def aggregates(node: exp.Expr) -> list[exp.Expr]:
    """Return the calls of aggregates below a call."""
    return list(filter(_is_aggregate, parts_of_kind(node, exp.Anonymous)))


def _is_aggregate(node: exp.Expr) -> bool:
    rows = functions.table().get(node.name.lower(), ()) if isinstance(node, exp.Anonymous) else ()
    return any(row.kind == "aggregate" for row in rows)


def check_inputs(key: exp.Expr, names: Collection[str]) -> None:
    """Refuse an aggregate of an ORDER BY that reads what only the SELECT calls so."""
    for call in [key] if _is_aggregate(key) else aggregates(key):
        around = call.parent if isinstance(call.parent, exp.Filter) else call
        if isinstance(around.parent, exp.Window):
            continue
        for column in parts_of_kind(around, exp.Column):
            if not column.args.get("table") and column.name.lower() in names:
                message = "Invalid reference to output projection attribute from ORDER BY "
                raise fail("COLUMN_NOT_FOUND", f"{message}aggregation", column)


def not_scalar(clause: str, node: exp.Expr) -> TrinoError:
    """Return the error of an aggregate or a window where each row has to decide."""
    inside = [*aggregates(exp.Paren(this=node.copy())), *parts_of_kind(node, exp.Window)]
    if isinstance(node, exp.Window):
        inside.append(node)
    what = f"{clause} clause cannot contain aggregations, window functions or grouping operations"
    listed = ", ".join(map(shown.expression, inside))
    return fail("EXPRESSION_NOT_SCALAR", f"{what}: [{listed}]", node)


def _all_return(
    row: functions.Signature, found: Sequence[tree.Lambda | None], binding: Binding
) -> bool:
    """Tell whether every lambda returns what it should."""
    return all(
        one is None or _returns(one.type, row.parameter(at).inner[-1], binding)
        for at, one in enumerate(found)
    )


def _returns(kind: Type, gives: Pattern, binding: Binding) -> bool:
    """Tell whether a lambda returns what its function asks for: Trino converts only NULL."""
    target = binding.instantiate(gives)
    if kind.name == "unknown" and not gives.is_variable:
        return True
    return kind == target or is_same_value(kind, target)


def unfit(name: str, kinds: Sequence[Type | None], node: exp.Expr) -> TrinoError:
    """Return the error for arguments that no signature of a function takes."""
    given = ", ".join("<function>" if kind is None else _spelled(kind) for kind in kinds)
    expected = ", ".join(sorted(map(str, functions.table()[name])))
    message = f"Unexpected parameters ({given}) for function {name}. Expected: {expected}"
    return fail("FUNCTION_NOT_FOUND", message, node)


def _spelled(kind: Type) -> str:
    """Spell a type as the lists of parameters in errors do, without blanks after commas."""
    return str(kind).replace(", ", ",")
