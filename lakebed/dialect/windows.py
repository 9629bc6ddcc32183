"""Windows: aggregates and ranking functions over frames, and FILTER."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import expressions as exp

from lakebed.dialect import comparability, functions, places, tree
from lakebed.dialect.calls import Calls, parts_of_kind
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.operators import coerce
from lakebed.dialect.scopes import Scope, fail, parts_of, place
from lakebed.dialect.types import BIGINT, INTEGERS, VARCHAR, Type, is_numeric, varchar

_BOUNDS = {"UNBOUNDED PRECEDING": 0, "PRECEDING": 1, "CURRENT ROW": 2, "FOLLOWING": 3,
           "UNBOUNDED FOLLOWING": 4}  # fmt: skip
_RANKING = ("rank", "dense_rank", "row_number", "percent_rank", "cume_dist", "ntile", "lag", "lead")
_MAY_IGNORE_NULLS = ("first_value", "last_value", "nth_value", "lag", "lead")
_NEGATIVE = "Window frame offset value must not be negative or null"
_ORDERED = ("timestamp", "date", "time", "interval")


_NOT_FILTERED = "Filter is only valid for aggregation functions"
_NESTED = "Cannot nest window functions or row pattern measures inside"


def _inside(name: str, message: str, node: exp.Expr, *words: str) -> TrinoError:
    """Return an error at what stands in OVER (…), or at the first of the words in it."""
    found = places.window(node, *words)
    return TrinoError(name, message, *found) if found else fail(name, message, node)


def _is_offset(kind: Type, offset: Type) -> bool:
    """Tell whether a sort key and a frame's offset can be added."""
    if is_numeric(kind):
        return is_numeric(offset)
    return offset.name.startswith("interval") and (
        not kind.name.startswith("interval") or kind == offset
    )


def named_windows(node: exp.Expr) -> dict[str, exp.Expr]:
    """Return the windows of a WINDOW clause by name."""
    found: dict[str, exp.Expr] = {}
    for window in parts_of(node, "windows"):
        if window.name.lower() in found:
            message = f"WINDOW name '{window.name}' specified more than once"
            raise fail("DUPLICATE_WINDOW_NAME", message, window)
        found[window.name.lower()] = window
    return found


class Windows(Calls):
    """The part of the expression analyser that knows windows."""

    def within_group(self, node: exp.WithinGroup, scope: Scope) -> tree.Expr:
        """Analyse listagg(…) WITHIN GROUP (ORDER BY …)."""
        call = node.this
        if not isinstance(call, exp.Anonymous) or str(call.this).lower() != "listagg":
            raise not_supported("WITHIN GROUP of this function", *place(node))
        if len(call.expressions) > 1 and not call.expressions[1].is_string:
            shown = call.expressions[1].sql("trino")
            message = f"mismatched input '{shown}'. Expecting: <string>"
            raise fail("SYNTAX_ERROR", message, call.expressions[1])
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
        where = self.boolean(node.expression.this, scope, "Filter expression")
        found = self.analyse(node.this, scope)
        if not isinstance(found, tree.Aggregate):
            raise fail("FUNCTION_NOT_AGGREGATE", _NOT_FILTERED, node)
        return replace(found, where=where)

    def window(self, node: exp.Window, scope: Scope) -> tree.Expr:
        """Analyse a window call."""
        found = self.pattern_window(node, scope)
        if found is not None:
            return found
        inner, ignore = node.this, False
        if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
            ignore, inner = isinstance(inner, exp.IgnoreNulls), inner.this
        if isinstance(inner, exp.Filter):
            message = "FILTER is not yet supported for window functions"
            raise TrinoError("NOT_SUPPORTED", message, 1, 1)
        if not isinstance(inner, exp.Anonymous):
            raise not_supported("This window function", *place(node))
        name = str(inner.this).lower()
        rows = functions.table().get(name, ())
        if rows and rows[0].kind == "scalar":
            raise TrinoError("FUNCTION_NOT_WINDOW", f"Not a window function: {name}", 1, 1)
        call = self.call(name, list(inner.expressions), inner, scope, over=True)
        if not isinstance(call, tree.Aggregate) or call.order:
            raise not_supported(f"{name} over a window in this form", *place(node))
        for nested in parts_of_kind(inner, exp.Window):
            raise fail("NESTED_WINDOW", f"{_NESTED} window function arguments", nested)
        groups, keys, spec = self.specification(node, scope)
        frame = self.frame(spec, keys, scope, node)
        if frame is not None and name in _RANKING:
            message = f"Cannot specify window frame for {name} function"
            raise _inside("INVALID_WINDOW_FRAME", message, node, frame.kind.lower())
        _check_null_treatment(ignore, name, node)
        if not keys and name in ("lag", "lead"):
            message = f"{name} function requires an ORDER BY window clause"
            raise _inside("MISSING_ORDER_BY", message, node)
        return tree.Window(call.type, call.template, call.args, groups, keys, frame, None,
                           ignore, call.distinct)  # fmt: skip

    def pattern_window(self, node: exp.Window, scope: Scope) -> tree.Expr | None:
        """Analyse a call or a measure over a window with a row pattern; None if it has none."""
        _, _, spec = self.parts(node)
        if spec is not None and spec.args.get("pattern") is not None:
            if self.patterns is None:
                raise not_supported("A row pattern in a window in this clause", *place(node))
            name = str(node.this.this).lower()
            if name in _RANKING:
                message = f"Cannot specify window frame for {name} function"
                raise _inside("INVALID_WINDOW_FRAME", message, node, "measures", "rows")
            return self.patterns.call(self, node, spec, scope)
        if isinstance(node.this, exp.Column):
            message = f"Measure {node.this.name} is not defined in the corresponding window"
            raise fail("INVALID_WINDOW_MEASURE", message, node.this)
        return None

    def specification(
        self, node: exp.Expr, scope: Scope
    ) -> tuple[tuple[tree.Expr, ...], tuple[tree.SortKey, ...], exp.Expr | None]:
        """Analyse PARTITION BY and ORDER BY of a window; return its frame's node too."""
        partition, order, spec = self.parts(node)
        ordered = parts_of(order, "expressions") if order is not None else []
        keys = self.sort_keys(ordered, scope)
        groups = tuple(self.analyse(part, scope) for part in partition)
        for part in (*partition, *ordered):
            itself = [part] if isinstance(part, exp.Window) else []
            for nested in itself or parts_of_kind(part, exp.Window):
                raise fail("NESTED_WINDOW", f"{_NESTED} window specification", nested)
        comparability.check_window(
            list(zip(groups, partition, strict=True)),
            [(key.expr, part.this) for key, part in zip(keys, ordered, strict=True)],
        )
        return groups, keys, spec

    def defined(self, scope: Scope) -> list[tuple[tree.Expr, exp.Expr]]:
        """Analyse the windows of a WINDOW clause, used or not; return what each is made of."""
        found: list[tuple[tree.Expr, exp.Expr]] = []
        for node in self.windows.values():
            groups, keys, spec = self.specification(node, scope)
            exprs = [*groups, *(key.expr for key in keys)]
            if spec is not None and spec.args.get("pattern") is None:
                frame = self.frame(spec, keys, scope, node)
                bounds = (frame.start, frame.end) if frame is not None else ()
                exprs += [bound.value for bound in bounds if bound.value is not None]
                for nested in parts_of_kind(spec, exp.Window):
                    raise fail("NESTED_WINDOW", f"{_NESTED} window specification", nested)
            found += [(expr, node) for expr in exprs]
        return found

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
            what = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
            raise fail("INVALID_PARTITION_BY", what, partition[0])
        if order is not None and others[1] is not None:
            what = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
            raise _inside("INVALID_ORDER_BY", what, node, "order")
        if others[2] is not None and "spec" in node.args:
            what = "Cannot reference named WINDOW containing frame specification"
            raise fail("INVALID_WINDOW_REFERENCE", what, named)
        return others[0], order or others[1], spec or others[2]

    def frame(
        self,
        spec: exp.Expr | None,
        keys: tuple[tree.SortKey, ...],
        scope: Scope,
        node: exp.Expr,
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
            raise _inside("INVALID_WINDOW_FRAME", message, node, kind.lower())
        if end.kind == "UNBOUNDED PRECEDING":
            message = "Window frame end cannot be UNBOUNDED PRECEDING"
            raise _inside("INVALID_WINDOW_FRAME", message, node, kind.lower())
        if _BOUNDS[start.kind] > _BOUNDS[end.kind]:
            message = f"Window frame starting from {start.kind} cannot end with {end.kind}"
            raise _inside("INVALID_WINDOW_FRAME", message, node, kind.lower())
        for word, bound in (("start", start), ("end", end)):
            if bound.value is not None:
                where = f"{kind} {word}"
                self.check_offset(where, keys, bound.value.type, (node, spec.args.get(word)))
        return tree.Frame(kind, start, end)

    def check_offset(
        self,
        where: str,
        keys: tuple[tree.SortKey, ...],
        offset: Type,
        places: tuple[exp.Expr, exp.Expr | None],
    ) -> None:
        """Refuse an offset that is no number of rows, or nothing to add to the sort key."""
        kind, _, _ = where.partition(" ")
        if kind == "RANGE":
            return self.check_range(keys, offset, places)
        if kind == "GROUPS" and not keys:
            message = "Window frame of type GROUPS PRECEDING or FOLLOWING requires ORDER BY"
            raise _inside("MISSING_ORDER_BY", message, places[0])
        if offset.name not in INTEGERS:
            message = f"Window frame {where} value type must be exact numeric type with scale 0 "
            raise fail("TYPE_MISMATCH", f"{message}(actual {offset})", places[1])
        return None

    def check_range(
        self,
        keys: tuple[tree.SortKey, ...],
        offset: Type,
        places: tuple[exp.Expr, exp.Expr | None],
    ) -> None:
        """Refuse RANGE with an offset where there is nothing to count from."""
        message = "Window frame of type RANGE PRECEDING or FOLLOWING requires "
        if not keys:
            raise _inside("MISSING_ORDER_BY", f"{message}ORDER BY", places[0])
        first, *others = keys
        if others:
            message += f"single sort item in ORDER BY (actual: {len(keys)})"
            raise _inside("INVALID_ORDER_BY", message, places[0])
        kind = first.expr.type
        if not is_numeric(kind) and not kind.name.startswith(_ORDERED):
            message += "that sort item type be numeric, datetime or interval "
            order = places[0].args.get("order") or places[0]
            raise fail("TYPE_MISMATCH", f"{message}(actual: {kind})", order)
        if not _is_offset(kind, offset):
            message = f"Window frame RANGE value type ({offset}) not compatible with sort item "
            raise fail("TYPE_MISMATCH", f"{message}type ({kind})", places[1])

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


def _check_null_treatment(ignore: bool, name: str, node: exp.Expr) -> None:
    """Refuse IGNORE NULLS of what does not read another row's value."""
    if ignore and name not in _MAY_IGNORE_NULLS:
        message = f"Cannot specify null treatment clause for {name} function"
        raise fail("NULL_TREATMENT_NOT_ALLOWED", message, node)
