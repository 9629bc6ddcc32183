"""The analyser of expressions: names, types and coercions by Trino's rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import correlation, failing, tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.json_forms import JsonForms
from lakebed.dialect.json_grammar import JsonCall
from lakebed.dialect.operators import (
    NULL,
    as_row,
    choose,
    coerce,
    combine,
    compare,
    keyed,
    make_row,
    retyped,
)
from lakebed.dialect.scopes import Scope, fail, place
from lakebed.dialect.type_grammar import TypedLiteral
from lakebed.dialect.types import (
    BIGINT,
    BOOLEAN,
    DECIMAL_DIGITS_MAX,
    DOUBLE,
    INTEGER,
    INTEGERS,
    VARBINARY,
    VARCHAR,
    common,
    decimal,
    is_numeric,
    varchar,
)

_LEAST = {str(1 << 63): BIGINT, str(1 << 31): INTEGER}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}


@dataclass
class Expressions(JsonForms):
    """Analyses the expressions of one query."""

    def analyse(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Return the typed form of `node`."""
        for kinds, rule in _RULES:
            if isinstance(node, kinds):
                return rule(self, node, scope)
        raise not_supported(f"The expression {type(node).__name__}", *place(node))

    def boolean(self, node: exp.Expr, scope: Scope, clause: str) -> tree.Expr:
        """Analyse a condition."""
        found = self.analyse(node, scope)
        if found.type.name not in ("boolean", "unknown"):
            message = f"{clause} must evaluate to a boolean (actual: {found.type})"
            raise fail("TYPE_MISMATCH", message, node)
        return coerce(found, BOOLEAN)

    def filtering(self, node: exp.Expr, scope: Scope, clause: str) -> tree.Expr:
        """Analyse the condition of a WHERE or ON."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.And):
            return self.boolean(node, scope, clause)
        term = "Logical expression term"
        return failing.filtered([self.boolean(part, scope, term) for part in node.flatten()])

    def literal(self, node: exp.Literal, scope: Scope) -> tree.Expr:
        """Analyse a number or a text."""
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
            if digits > DECIMAL_DIGITS_MAX:
                message = f"'{text}' is not a valid DECIMAL literal"
                raise fail("INVALID_LITERAL", message, node)
            value = f"{whole or '0'}.{fraction}" if fraction else whole or "0"
            return tree.Constant(decimal(digits, len(fraction)), value)
        value = int(text)
        if value >= 1 << 63:
            raise fail("SYNTAX_ERROR", f"Invalid numeric literal: {text}", node)
        return tree.Constant(INTEGER if value < 1 << 31 else BIGINT, str(value))

    def column(self, node: exp.Column, scope: Scope) -> tree.Expr:
        """Resolve a column, or a member of a row column."""
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
            if base is not None:
                shown = ".".join(parts[:used])
                raise fail("TYPE_MISMATCH", f"Expression {shown} is not of type ROW", node)
        if parts == ["current_schema"]:
            return tree.Constant(VARCHAR, self.schema)
        name = ".".join(parts)
        raise fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node)

    def identifier(self, node: exp.Identifier, scope: Scope) -> tree.Expr:
        """Resolve a bare name, as in the body of a lambda."""
        return self.column(exp.Column(this=node), scope)

    def arithmetic(self, node: exp.Binary, scope: Scope) -> tree.Expr:
        """Analyse + - * / %."""
        symbol = _ARITHMETIC[type(node)]
        left, right = self.analyse(node.this, scope), self.analyse(node.expression, scope)
        found = combine(symbol, left, right)
        if found is None:
            message = f"Cannot apply operator: {left.type} {symbol} {right.type}"
            raise fail("TYPE_MISMATCH", message, node)
        return found

    def comparison(self, node: exp.Binary, scope: Scope) -> tree.Expr:
        """Analyse a comparison, also with ALL or ANY of a query."""
        symbol = _COMPARISONS[type(node)]
        left = self.analyse(node.this, scope)
        other = node.expression
        if isinstance(other, exp.All | exp.Any):
            word = "all" if isinstance(other, exp.All) else "any"
            return self.quantified(node, left, f"{symbol} {word}", scope)
        if isinstance(other, exp.Anonymous) and isinstance(other.this, str):
            word = {"all": "all", "any": "any", "some": "any"}.get(other.this.lower())
            if word is not None and isinstance(inner := other.expressions[0], exp.Values):
                query = self.queries(inner, scope)
                return self.with_query(left, query, f"{symbol} {word}", node)
        return compare(symbol, left, self.analyse(node.expression, scope), node)

    def quantified(self, node: exp.Expr, left: tree.Expr, kind: str, scope: Scope) -> tree.Expr:
        """Analyse a comparison with ALL or ANY of a query."""
        inner = node.expression.this
        query = self.queries(inner.this if isinstance(inner, exp.Subquery) else inner, scope)
        return self.with_query(left, query, kind, node)

    def with_query(
        self, left: tree.Expr, query: tree.Query, kind: str, node: exp.Expr
    ) -> tree.Expr:
        """Relate a value to the single column of a query."""
        several = len(query.columns) != 1
        whole = as_row(query)
        target = common(left.type, whole.columns[0][1])
        if target is None or (several and left.type.name != "row"):
            kinds = ", ".join(str(kind) for _, kind in query.columns)
            value = left.type if left.type.name == "row" else f"row({left.type})"
            message = "Value expression and result of subquery must be of the same type: "
            raise fail("TYPE_MISMATCH", f"{message}{value} vs row({kinds})", node)
        correlation.check(query, kind if kind == "in" else "quantified", node)
        typed = retyped(whole, (target,))
        return tree.Subquery(BOOLEAN, kind, typed, coerce(left, target))

    def logical(self, node: exp.Connector, scope: Scope) -> tree.Expr:
        """Analyse a chain of AND or OR."""
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.boolean(part, scope, "Logical expression term") for part in node.flatten()]
        return failing.connected(word, parts)

    def negation(self, node: exp.Not, scope: Scope) -> tree.Expr:
        """Analyse NOT."""
        inner = self.boolean(node.this, scope, "Value of logical NOT expression")
        return tree.Apply(BOOLEAN, "NOT {0}", (inner,))

    def minus(self, node: exp.Neg, scope: Scope) -> tree.Expr:
        """Analyse a unary minus."""
        if isinstance(node.this, exp.Literal) and str(node.this.this) in _LEAST:
            return tree.Constant(_LEAST[str(node.this.this)], f"-{node.this.this}")
        inner = self.analyse(node.this, scope)
        if not is_numeric(inner.type) and not inner.type.name.startswith("interval"):
            raise fail("TYPE_MISMATCH", f"Cannot negate {inner.type}", node)
        exact = inner.type.name in INTEGERS
        # DuckDB negates the least of an integer type to a larger type.
        template = "CAST(0 AS {type}) - {0}" if exact else "-{0}"
        literal = inner.value if isinstance(inner, tree.Constant) else None
        if exact and isinstance(literal, str) and not literal.startswith("-"):
            template = "-{0}"
        return tree.Apply(inner.type, template, (inner,))

    def parenthesis(self, node: exp.Paren, scope: Scope) -> tree.Expr:
        """Analyse what is in parentheses."""
        return self.analyse(node.this, scope)

    def concatenation(self, node: exp.DPipe, scope: Scope) -> tree.Expr:
        """Analyse ||."""
        return self.call("concat", [node.this, node.expression], node, scope)

    def between(self, node: exp.Between, scope: Scope) -> tree.Expr:
        """Analyse BETWEEN."""
        value, low, high = (
            self.analyse(part, scope) for part in (node.this, node.args["low"], node.args["high"])
        )
        above, below = compare(">=", value, low, node), compare("<=", value, high, node)
        return failing.connected("AND", (above, below))

    def membership(self, node: exp.In, scope: Scope) -> tree.Expr:
        """Analyse IN."""
        value = self.analyse(node.this, scope)
        query = node.args.get("query")
        if query is None and isinstance(node.expressions[0], exp.Values):
            query = node.expressions[0]
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
        if target.inner:
            # A nested equality may be NULL where DuckDB's IN says false.
            tests = [compare("=", args[0], item, node) for item in args[1:]]
            either = " OR ".join(f"{{{at}}}" for at in range(len(tests)))
            return tree.Apply(BOOLEAN, either, tuple(tests))
        listed = ", ".join(f"{{{at}}}" for at in range(1, len(args)))
        template = f"{{0}} IN ({listed})"
        if any(map(failing.can_fail, args)):
            # Trino evaluates every item; DuckDB stops at the one that is found.
            template = f"lb_contains([{listed}], {{0}})"
        return tree.Apply(BOOLEAN, template, tuple(map(keyed, args)))

    def null_test(self, node: exp.Is, scope: Scope) -> tree.Expr:
        """Analyse IS NULL."""
        if not isinstance(node.expression, exp.Null):
            raise not_supported("IS with anything but NULL", *place(node))
        return tree.Apply(BOOLEAN, "{0} IS NULL", (self.analyse(node.this, scope),))

    def like(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse LIKE."""
        escape = None
        if isinstance(node, exp.Escape):
            escape, node = self.analyse(node.expression, scope), node.this
        if not isinstance(node, exp.Like):
            raise not_supported("This form of LIKE", *place(node))
        args = [self.analyse(part, scope) for part in (node.this, node.expression)]
        sides = zip(
            ("Left side of", "Pattern for"), args, (node.this, node.expression), strict=True
        )
        for what, arg, part in sides:
            if arg.type.name not in ("varchar", "char", "unknown"):
                message = f"{what} LIKE expression must evaluate to a varchar (actual: {arg.type})"
                raise fail("TYPE_MISMATCH", message, part)
        typed = tuple(coerce(arg, VARCHAR) for arg in args)
        template = "{0} LIKE {1}"
        if escape is not None:
            if escape.type.name not in ("varchar", "unknown"):
                message = f"Escape for LIKE expression must evaluate to a varchar: {escape.type}"
                raise fail("TYPE_MISMATCH", message, node)
            sure = _is_sure_pattern(args[1], escape)
            template = "{0} LIKE {1} ESCAPE {2}" if sure else "lb_like({0}, {1}, {2})"
            typed = (*typed, coerce(escape, VARCHAR))
        like = tree.Apply(BOOLEAN, template, typed)
        return tree.Apply(BOOLEAN, "NOT {0}", (like,)) if node.args.get("negate") else like

    def case(self, node: exp.Case, scope: Scope) -> tree.Expr:
        """Analyse CASE in both its forms."""
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
        """Analyse IF."""
        when = self.boolean(node.this, scope, "IF condition")
        then = self.analyse(node.args["true"], scope)
        other = node.args.get("false")
        last = self.analyse(other, scope) if other is not None else NULL
        return choose([when], [then, last], node)

    def lone_lambda(self, node: exp.Lambda, scope: Scope) -> tree.Expr:
        """Refuse a lambda that is no argument."""
        del scope
        message = "Lambda expression should always be used inside a function"
        raise fail("TYPE_MISMATCH", message, node)

    def null(self, node: exp.Null, scope: Scope) -> tree.Expr:
        """Analyse NULL."""
        del node, scope
        return NULL

    def truth(self, node: exp.Boolean, scope: Scope) -> tree.Expr:
        """Analyse TRUE and FALSE."""
        del scope
        return tree.Constant(BOOLEAN, bool(node.this))

    def binary_literal(self, node: exp.HexString, scope: Scope) -> tree.Expr:
        """Analyse X'…'."""
        del scope
        digits = re.sub(r"\s", "", str(node.this))
        if len(digits) % 2:
            message = "Binary literal must contain an even number of digits"
            raise fail("SYNTAX_ERROR", message, node)
        return tree.Constant(VARBINARY, digits)

    def current_catalog(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse CURRENT_CATALOG."""
        del node, scope
        return tree.Constant(VARCHAR, "awsdatacatalog")

    def unicode_literal(self, node: exp.UnicodeString, scope: Scope) -> tree.Expr:
        """Analyse U&'…'."""
        del scope
        given = node.args.get("escape")
        mark = re.escape(str(given.this) if isinstance(given, exp.Literal) else "\\")

        def character(match: re.Match[str]) -> str:
            digits = match.group(1) or match.group(2)
            if digits is None and match.group(0) == str(given.this if given else "\\") * 2:
                return match.group(0)[0]
            code = int(digits or "110000", 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                message = f"Invalid escaped character: {match.group(0)}"
                raise fail("SYNTAX_ERROR", message, node)
            return chr(code)

        text = re.sub(rf"{mark}(?:([0-9A-Fa-f]{{4}})|[+]([0-9A-Fa-f]{{6}})|.?)", character,
                      str(node.this))  # fmt: skip
        return tree.Constant(varchar(len(text)), text)

    def scalar_query(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse a query used as a value."""
        inner = node.this if isinstance(node, exp.Subquery) else node
        query = self.queries(inner, scope)
        correlation.check(query, "scalar", inner)
        several, query = len(query.columns) > 1, as_row(query)
        if several:
            # As seen on Trino: of no row it is a row of NULLs.
            kind = query.columns[0][1]
            nothing = make_row([tree.Constant(one, None) for one in kind.inner])
            found = tree.Subquery(kind, "scalar", query)
            return tree.Apply(kind, "coalesce({0}, {1})", (found, tree.Convert(kind, nothing)))
        return tree.Subquery(query.columns[0][1], "scalar", query)

    def exists(self, node: exp.Exists, scope: Scope) -> tree.Expr:
        """Analyse EXISTS."""
        query = self.queries(node.this, scope)
        correlation.check(query, "exists", node)
        return tree.Subquery(BOOLEAN, "exists", query)

    def trim(self, node: exp.Trim, scope: Scope) -> tree.Expr:
        """Analyse TRIM."""
        side = str(node.args.get("position") or "BOTH").upper()
        name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
        args = [node.this] + ([node.expression] if node.expression is not None else [])
        return self.call(name, args, node, scope)

    def named(self, node: exp.Expr, scope: Scope) -> tree.Expr:
        """Analyse the functions for which sqlglot has nodes of its own."""
        if isinstance(node, exp.StrPosition):
            return self.call("strpos", [node.this, node.args["substr"]], node, scope)
        if isinstance(node, exp.Substring):
            args = [node.this, node.args.get("start"), node.args.get("length")]
            return self.call("substr", [arg for arg in args if arg is not None], node, scope)
        names: dict[type[exp.Expr], str] = {
            exp.CurrentDate: "current_date",
            exp.CurrentTimestamp: "current_timestamp",
            exp.Localtimestamp: "localtimestamp",
            exp.CurrentTime: "current_time",
            exp.Localtime: "localtime",
        }
        return self.call(names[type(node)], [], node, scope)


def _is_sure_pattern(pattern: tree.Expr, escape: tree.Expr) -> bool:
    """Tell whether a pattern is a literal in which the escape stands before what it may."""
    if not isinstance(pattern, tree.Constant) or not isinstance(escape, tree.Constant):
        return False
    text, mark = str(pattern.value), re.escape(str(escape.value))
    if pattern.value is None or len(str(escape.value)) != 1 or escape.value is None:
        return False
    return re.fullmatch(rf"(?s)(?:{mark}[%_{mark}]|(?!{mark}).)*", text) is not None


_E = Expressions
_RULES: tuple[tuple[Any, Callable[..., tree.Expr]], ...] = (
    (exp.Column, _E.column),
    (exp.Literal, _E.literal),
    (tuple(_COMPARISONS), _E.comparison),
    (exp.Connector, _E.logical),
    (exp.Cast, _E.cast),
    (TypedLiteral, _E.typed),
    (JsonCall, _E.json_call),
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
    (exp.Lambda, _E.lone_lambda),
    (exp.Boolean, _E.truth),
    (exp.HexString, _E.binary_literal),
    (exp.Interval, _E.interval),
    (exp.AtTimeZone, _E.at_time_zone),
    (exp.Array, _E.array_literal),
    (exp.Bracket, _E.subscript),
    (exp.Tuple, _E.row),
    (exp.Exists, _E.exists),
    (exp.Query, _E.scalar_query),
    (exp.Extract, _E.extract),
    (exp.Trim, _E.trim),
    (
        (
            exp.StrPosition,
            exp.Substring,
            exp.CurrentDate,
            exp.CurrentTimestamp,
            exp.Localtimestamp,
            exp.CurrentTime,
            exp.Localtime,
        ),
        _E.named,
    ),
    (exp.UnicodeString, _E.unicode_literal),
    (exp.CurrentCatalog, _E.current_catalog),
    (exp.Filter, _E.filtered),
    (exp.WithinGroup, _E.within_group),
    (exp.Window, _E.window),
    (exp.Dot, _E.dot),
    (exp.Identifier, _E.identifier),
)
