"""Values with members: arrays, maps and rows, made and taken apart."""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.operators import ARRAY_ITEM, MAP_ITEM, coerce, make_row, strict
from lakebed.dialect.scopes import Scope, fail, place
from lakebed.dialect.types import BIGINT, INTEGERS, UNKNOWN, VARCHAR, Type, array, common
from lakebed.dialect.windows import Windows


class Nested(Windows):
    """The part of the expression analyser that knows arrays, maps and rows."""

    def member(self, base: tree.Expr, name: str, node: exp.Expr) -> tree.Expr:
        """Take a member of a row."""
        if base.type.name != "row":
            shown = node.this.sql("trino")
            raise fail("TYPE_MISMATCH", f"Expression {shown} is not of type ROW", node)
        names = [field.lower() for field in base.type.fields]
        if names.count(name) != 1:
            what = "is ambiguous" if name in names else "is invalid"
            kind = "AMBIGUOUS_NAME" if name in names else "INVALID_COLUMN_REFERENCE"
            raise fail(kind, f"Column reference '{_shown(node, name)}' {what}", node)
        at = names.index(name)
        return tree.Apply(base.type.inner[at], f'({{0}})."f{at}"', (base,))

    def dot(self, node: exp.Dot, scope: Scope) -> tree.Expr:
        """Take a member of a row expression."""
        if isinstance(node.expression, exp.Identifier):
            return self.member(self.analyse(node.this, scope), node.expression.name.lower(), node)
        raise not_supported("A qualified function name", *place(node))

    def array_literal(self, node: exp.Array, scope: Scope) -> tree.Expr:
        """Analyse ARRAY[…]."""
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
        """Analyse a[i] of an array or a map."""
        base = self.analyse(node.this, scope)
        if base.type.name == "row":
            return self.row_item(base, node)
        index = self.analyse(node.expressions[0], scope)
        if base.type.name == "map":
            return self.map_item(base, index, node)
        if base.type.name != "array" or index.type.name not in (*INTEGERS, "unknown"):
            raise _unfit(base, index, node)
        return strict(tree.Apply(base.type.inner[0], ARRAY_ITEM, (base, coerce(index, BIGINT))))

    def map_item(self, base: tree.Expr, index: tree.Expr, node: exp.Expr) -> tree.Expr:
        """Take the value of a key, which may make the map one of a wider type."""
        key = common(base.type.inner[0], index.type)
        if key is None:
            raise _unfit(base, index, node)
        kind = Type("map", (), (key, base.type.inner[1]))
        wanted = coerce(index, key)
        args = (coerce(base, kind), wanted)
        if key.inner or key.name in ("varbinary", "unknown"):
            return strict(tree.Apply(kind.inner[1], MAP_ITEM.format(""), args))
        shown = tree.Convert(VARCHAR, wanted) if wanted.type != VARCHAR else wanted
        return strict(tree.Apply(kind.inner[1], MAP_ITEM.format(" || ': ' || {2}"), (*args, shown)))

    def row_item(self, base: tree.Expr, node: exp.Bracket) -> tree.Expr:
        """Analyse r[i] of a row: the index is a literal."""
        index = node.expressions[0]
        text = index.sql("trino").replace("- ", "-")
        if not text.lstrip("-").isdigit():
            message = "Subscript expression on ROW requires a constant index"
            raise fail("EXPRESSION_NOT_CONSTANT", message, index)
        at = int(text) - 1
        if at < 0:
            message = f"Invalid subscript index: {at + 1}. ROW indices start at 1"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, index)
        if at >= len(base.type.inner):
            message = f"Subscript index out of bounds: {at + 1}, max value is "
            raise fail("INVALID_FUNCTION_ARGUMENT", message + str(len(base.type.inner)), index)
        return tree.Apply(base.type.inner[at], f'({{0}})."f{at}"', (base,))

    def row(self, node: exp.Tuple, scope: Scope) -> tree.Expr:
        """Analyse a row in parentheses."""
        return make_row([self.analyse(item, scope) for item in node.expressions])


def _shown(node: exp.Expr, name: str) -> str:
    """Return a reference as an error shows it."""
    return ".".join(part.name for part in node.parts) if isinstance(node, exp.Column) else name


def _unfit(base: tree.Expr, index: tree.Expr, node: exp.Expr) -> TrinoError:
    message = f"Cannot use {index.type} for subscript of {base.type}"
    return fail("TYPE_MISMATCH", message, node)
