"""Types that a query names, and values of time: CAST, typed literals, intervals, zones, fields."""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect import conversions, temporal, tree, type_grammar
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.literals import interval_literal, typed_literal
from lakebed.dialect.nested import Nested
from lakebed.dialect.operators import coerce
from lakebed.dialect.scopes import Scope, fail, place
from lakebed.dialect.type_grammar import TypedLiteral
from lakebed.dialect.types import BIGINT, DATE, DAY_TO_SECOND, INSTANT, Type, parse_type

_DATE_FIELDS = ("year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow",
                "day_of_year", "doy", "year_of_week", "yow")  # fmt: skip
_CLOCK_FIELDS = ("hour", "minute", "second")
_ZONE_FIELDS = ("timezone_minute", "timezone_hour")
_FIELDS_OF: dict[str, tuple[str, ...]] = {
    "date": _DATE_FIELDS,
    "timestamp": (*_DATE_FIELDS, *_CLOCK_FIELDS),
    INSTANT: (*_DATE_FIELDS, *_CLOCK_FIELDS, *_ZONE_FIELDS),
    "time": _CLOCK_FIELDS,
    temporal.OFFSET_TIME: (*_CLOCK_FIELDS, *_ZONE_FIELDS),
    "interval day to second": ("day", "day_of_month", *_CLOCK_FIELDS),
    "interval year to month": ("year", "month"),
}
_INTERVALS = ("interval day to second", "interval year to month")
_NOW = {
    "current_timestamp": INSTANT,
    "localtimestamp": "timestamp",
    "current_time": temporal.OFFSET_TIME,
    "localtime": "time",
}


class Times(Nested):
    """The part of the expression analyser that knows conversions and values of time."""

    def cast(self, node: exp.Cast, scope: Scope) -> tree.Expr:
        """Analyse CAST and TRY_CAST."""
        target = self.type_of(node.to, node)
        found = self.analyse(node.this, scope)
        safe = isinstance(node, exp.TryCast)
        converted = tree.Convert(target, found, safe)
        try:
            conversions.convert("x", found.type, target)
        except TrinoError as error:
            raise fail(error.name, error.message, node) from error
        if isinstance(found, tree.Constant) and found.value is None:
            return tree.Constant(target, None)
        return converted if found.type != target else found

    def typed(self, node: TypedLiteral, scope: Scope) -> tree.Expr:
        """Analyse a literal with its type before it."""
        del scope
        kind, value = node.name.lower(), node.expression
        if kind == "json":
            return self.json_literal(node)
        known = type_grammar.is_known(kind, 0) or kind in ("timestamp", "time")
        if not known or kind in ("unknown", "varbinary"):
            found = "UNKNOWN is not a valid type" if kind == "unknown" else ""
            message = found or f"Unknown resolvedType: {node.name}"
            if kind == "varbinary":
                return typed_literal(kind, str(value.this), node)
            raise fail("TYPE_NOT_FOUND", message, node)
        return typed_literal("integer" if kind == "int" else kind, str(value.this), node)

    def json_literal(self, node: TypedLiteral) -> tree.Expr:
        """Analyse JSON '…'."""
        raise NotImplementedError

    def type_of(self, node: exp.Expr, where: exp.Expr | None = None) -> Type:
        """Return the type a CAST names."""
        text = node.name
        if node.args.get("unknown"):
            raise fail("TYPE_MISMATCH", f"Unknown type: {text}", where or node)
        if text == "unknown":
            raise fail("TYPE_MISMATCH", "UNKNOWN is not a valid type", where or node)
        if text.startswith("interval ") and text not in _INTERVALS:
            first, _, last = text.removeprefix("interval ").upper().partition(" TO ")
            message = f"INTERVAL {first} TO {last or first} type not supported"
            raise TrinoError("NOT_SUPPORTED", message)
        try:
            return parse_type(text)
        except TrinoError as error:
            if error.name == "TYPE_NOT_FOUND":
                raise not_supported(f"The type {text}", *place(where or node)) from error
            raise fail(error.name, error.message, where or node) from error

    def interval(self, node: exp.Interval, scope: Scope) -> tree.Expr:
        """Analyse an INTERVAL literal."""
        del scope
        value, unit = node.this, node.args.get("unit")
        sign = 1
        if isinstance(value, exp.Neg):
            sign, value = -1, value.this
        if not isinstance(value, exp.Literal):
            raise not_supported("This form of INTERVAL", *place(node))
        start, end = unit, unit
        if isinstance(unit, exp.IntervalSpan):
            start, end = unit.this, unit.expression
        if not isinstance(start, exp.Var) or not isinstance(end, exp.Var):
            raise not_supported("This form of INTERVAL", *place(node))
        names = (start.name.lower(), end.name.lower())
        for name in names:
            if name not in ("year", "month", "day", "hour", "minute", "second"):
                raise fail("TYPE_NOT_FOUND", "Unknown resolvedType: INTERVAL", node)
        return interval_literal(sign, str(value.this), names[0], names[1], node)

    def extract(self, node: exp.Extract, scope: Scope) -> tree.Expr:
        """Analyse EXTRACT."""
        unit = node.name.lower()
        fields = (*_DATE_FIELDS, *_CLOCK_FIELDS, *_ZONE_FIELDS)
        if unit not in fields:
            listed = ", ".join(fields).upper()
            message = f"Invalid EXTRACT field {node.name}, valid fields are: {listed}"
            raise fail("SYNTAX_ERROR", message, node)
        value = self.analyse(node.expression, scope)
        if value.type.name == "unknown":
            return tree.Constant(BIGINT, None)
        if unit not in _FIELDS_OF.get(value.type.name, ()):
            message = f"Cannot extract {unit.upper()} from {value.type}"
            raise fail("TYPE_MISMATCH", message, node.expression)
        return self.call(unit, [node.expression], node, scope)

    def at_time_zone(self, node: exp.AtTimeZone, scope: Scope) -> tree.Expr:
        """Analyse AT TIME ZONE."""
        named = node.args["zone"]
        if isinstance(named, exp.Literal) and not named.is_string:
            message = f"mismatched input '{named.this}'. Expecting: 'INTERVAL', <string>"
            raise fail("SYNTAX_ERROR", message, named)
        value, zone = self.analyse(node.this, scope), self.analyse(named, scope)
        if value.type.name == "unknown":
            value = coerce(value, Type(INSTANT, (3,)))
        if value.type == DATE or value.type.name not in temporal.KINDS:
            what = "a time or timestamp with or without time zone"
            message = f"Type of value must be {what} (actual {value.type})"
            raise fail("TYPE_MISMATCH", message, node.this)
        if zone.type.name != "varchar" and zone.type != DAY_TO_SECOND:
            message = f"Type of time zone must be varchar or interval: {zone.type}"
            raise fail("TYPE_MISMATCH", message, named)
        clock = value.type.name in ("time", temporal.OFFSET_TIME)
        target = Type(temporal.OFFSET_TIME if clock else INSTANT, value.type.numbers)
        return tree.Apply(target, "@at_timezone", (coerce(value, target), zone))

    def special(
        self, name: str, args: list[exp.Expr], node: exp.Expr, scope: Scope
    ) -> tree.Expr | None:
        """Analyse the functions of the current time, whose type depends on a literal."""
        kind = _NOW.get(name)
        if kind is None or len(args) > 1:
            return super().special(name, args, node, scope)
        places = 3
        if args:
            if not isinstance(args[0], exp.Literal) or not str(args[0].this).isdigit():
                raise fail("SYNTAX_ERROR", f"mismatched input '{args[0].sql()}'", node)
            places = int(str(args[0].this))
        if places > 12:
            message = f"{kind.upper()} precision must be in range [0, 12]: {places}"
            raise fail("NUMERIC_VALUE_OUT_OF_RANGE", message, node)
        return tree.Apply(Type(kind, (places,)), "@now", ())
