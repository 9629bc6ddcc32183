"""Windows: aggregates and ranking functions over frames, and FILTER."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.calls import Calls
from lakebed.dialect.errors import not_supported
from lakebed.dialect.operators import coerce, contains_window
from lakebed.dialect.scopes import Scope, fail, parts_of, place
from lakebed.dialect.types import BIGINT, INTEGERS, VARCHAR, is_numeric, varchar

_BOUNDS = {"UNBOUNDED PRECEDING": 0, "PRECEDING": 1, "CURRENT ROW": 2, "FOLLOWING": 3,
           "UNBOUNDED FOLLOWING": 4}  # fmt: skip
_RANKING = ("rank", "dense_rank", "row_number", "percent_rank", "cume_dist", "ntile", "lag", "lead")
_MAY_IGNORE_NULLS = ("first_value", "last_value", "nth_value", "lag", "lead")
_NEGATIVE = "Window frame offset value must not be negative or null"
_ORDERED = ("timestamp", "date", "time", "interval")


class Windows(Calls):
    """The part of the expression analyser that knows windows."""

    def within_group(self, node: exp.WithinGroup, scope: Scope) -> tree.Expr:
        """Analyse listagg(…) WITHIN GROUP (ORDER BY …)."""
        call = node.this
        if not isinstance(call, exp.Anonymous) or str(call.this).lower() != "listagg":
            raise not_supported("WITHIN GROUP of this function", *place(node))
        args, distinct, _ = self.unwrap(list(call.expressions), scope)
        text = self.analyse(args[0], scope)
        if text.type.name not in ("varchar", "unknown"):
            shown = args[0].sql("trino")
            message = f"Expected expression of varchar, but '{shown}' has {text.type} type"
            raise fail("TYPE_MISMATCH", message, node)
        between = self.analyse(args[1], scope) if len(args) > 1 else tree.Constant(varchar(0), "")
        order = self.sort_keys(node.expression.expressions, scope)
        typed = (coerce(text, VARCHAR), coerce(between, VARCHAR))
        template = "{call:string_agg}({0}, {1})"
        return tree.Aggregate(VARCHAR, template, typed, distinct, None, order)

    def filtered(self, node: exp.Filter, scope: Scope) -> tree.Expr:
        """Analyse FILTER (WHERE …) of an aggregate."""
        where = self.boolean(node.expression.this, scope, "FILTER")
        found = self.analyse(node.this, scope)
        if not isinstance(found, tree.Aggregate):
            raise fail("FUNCTION_NOT_AGGREGATE", "Filter is only valid for aggregations", node)
        return replace(found, where=where)

    def window(self, node: exp.Window, scope: Scope) -> tree.Expr:
        """Analyse a window call."""
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
        if ignore and name not in _MAY_IGNORE_NULLS:
            message = f"Cannot specify null treatment clause for {name} function"
            raise fail("NULL_TREATMENT_NOT_ALLOWED", message, node)
        if not isinstance(call, tree.Aggregate) or call.order:
            raise not_supported(f"{name} over a window in this form", *place(node))
        if any(map(contains_window, call.args)):
            raise fail("NESTED_WINDOW", "Cannot nest window functions or row pattern measures "
                       f"inside window function arguments: [{name}]", node)  # fmt: skip
        partition, order, spec = self.parts(node)
        keys = self.sort_keys(order.expressions, scope) if order is not None else ()
        groups = tuple(self.analyse(part, scope) for part in partition)
        frame = self.frame(spec, keys, scope, order)
        if frame is not None and name in _RANKING:
            message = f"Cannot specify window frame for {name} function"
            raise fail("INVALID_WINDOW_FRAME", message, spec)
        if not keys and name in ("lag", "lead"):
            raise fail("MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause",
                       node)  # fmt: skip
        return tree.Window(call.type, call.template, call.args, groups, keys, frame, where,
                           ignore, call.distinct)  # fmt: skip

    def parts(
        self, node: exp.Expr, seen: tuple[str, ...] = ()
    ) -> tuple[list[exp.Expr], exp.Expr | None, exp.Expr | None]:
        """Return PARTITION BY, ORDER BY and frame of a window, those of the one it names too."""
        partition = parts_of(node, "partition_by")
        order, spec = node.args.get("order"), node.args.get("spec")
        named = node.args.get("alias")
        if named is None:
            return partition, order, spec
        base = self.windows.get(named.name.lower())
        if base is None or named.name.lower() in seen:
            message = f"Cannot resolve WINDOW name {named.name}"
            raise fail("INVALID_WINDOW_REFERENCE", message, named)
        others = self.parts(base, (*seen, named.name.lower()))
        if partition:
            message = "WINDOW specification with a name cannot contain PARTITION BY clause"
            raise fail("INVALID_PARTITION_BY", message, node)
        if order is not None and others[1] is not None:
            message = "WINDOW specification cannot have ORDER BY: the named window has one"
            raise fail("INVALID_ORDER_BY", message, node)
        return others[0], order or others[1], spec or others[2]

    def frame(
        self,
        spec: exp.Expr | None,
        keys: tuple[tree.SortKey, ...],
        scope: Scope,
        order: exp.Expr | None,
    ) -> tree.Frame | None:
        """Analyse a window frame; refuse one that can hold no row."""
        if spec is None:
            return None
        kind = str(spec.args.get("kind") or "RANGE").upper()
        start = self.bound(spec.args.get("start"), spec.args.get("start_side"), scope)
        end = tree.Bound("CURRENT ROW")
        if spec.args.get("end") is not None:
            end = self.bound(spec.args.get("end"), spec.args.get("end_side"), scope)
        if start.kind == "UNBOUNDED FOLLOWING":
            message = "Window frame start cannot be UNBOUNDED FOLLOWING"
            raise fail("INVALID_WINDOW_FRAME", message, spec)
        if end.kind == "UNBOUNDED PRECEDING":
            message = "Window frame end cannot be UNBOUNDED PRECEDING"
            raise fail("INVALID_WINDOW_FRAME", message, spec)
        if _BOUNDS[start.kind] > _BOUNDS[end.kind]:
            message = f"Window frame starting from {start.kind} cannot end with {end.kind}"
            raise fail("INVALID_WINDOW_FRAME", message, spec)
        for bound in (start, end):
            if bound.value is None:
                continue
            if kind == "RANGE":
                self.check_range(keys, order or spec)
            elif bound.value.type.name not in INTEGERS:
                message = f"Window frame {kind} value type must be exact numeric type with scale 0 "
                raise fail("TYPE_MISMATCH", f"{message}(actual {bound.value.type})", spec)
        return tree.Frame(kind, start, end)

    def check_range(self, keys: tuple[tree.SortKey, ...], node: exp.Expr) -> None:
        """Refuse RANGE with an offset where there is nothing to count from."""
        message = "Window frame of type RANGE PRECEDING or FOLLOWING requires "
        if not keys:
            raise fail("MISSING_ORDER_BY", f"{message}ORDER BY", node)
        first, *others = keys
        if others:
            raise fail("INVALID_ORDER_BY", f"{message}single sort item in ORDER BY (actual: "
                       f"{len(keys)})", node)  # fmt: skip
        kind = first.expr.type
        if not is_numeric(kind) and not kind.name.startswith(_ORDERED):
            message += "that sort item type be numeric, datetime or interval "
            raise fail("TYPE_MISMATCH", f"{message}(actual: {kind})", node)

    def bound(self, value: object, side: object, scope: Scope) -> tree.Bound:
        """Analyse an end of a window frame."""
        if isinstance(value, str):
            word = value.upper()
            return tree.Bound(word if word == "CURRENT ROW" else f"{word} {str(side).upper()}")
        if not isinstance(value, exp.Expr):
            raise not_supported("This window frame")
        found = self.analyse(value, scope)
        if found.type.name in INTEGERS:
            found = coerce(found, BIGINT)
        if not isinstance(value, exp.Literal) and is_numeric(found.type):
            raised = f"lb_raise('INVALID_WINDOW_FRAME', '{_NEGATIVE}')"
            template = f"CASE WHEN {{0}} >= 0 THEN {{0}} ELSE {raised} END"
            found = tree.Apply(found.type, template, (found,))
        return tree.Bound(str(side).upper(), found)
