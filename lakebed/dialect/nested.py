"""Values with members: arrays, maps and rows, made and taken apart."""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.operators import ARRAY_ITEM, MAP_ITEM, coerce, make_row
from lakebed.dialect.scopes import Scope, fail, place
from lakebed.dialect.types import BIGINT, INTEGERS, UNKNOWN, array, common
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
        index = self.analyse(node.expressions[0], scope)
        offset = -(node.args.get("offset") or 0)
        if base.type.name == "map":
            if index.type.name in INTEGERS and isinstance(index, tree.Constant):
                index = tree.Constant(index.type, str(int(str(index.value)) + 1 + offset))
            key = coerce(index, base.type.inner[0])
            return tree.Apply(base.type.inner[1], MAP_ITEM, (base, key))
        if base.type.name == "row":
            return self.row_item(base, node, offset)
        if base.type.name != "array":
            message = f"Cannot use {index.type} for subscript of {base.type}"
            raise fail("TYPE_MISMATCH", message, node)
        if isinstance(index, tree.Constant) and isinstance(index.value, str):
            # sqlglot counts from 0: it took Trino's 1 off the literal already.
            index = tree.Constant(BIGINT, str(int(index.value) + 1 + offset))
        else:
            index = coerce(index, BIGINT)
        return tree.Apply(base.type.inner[0], ARRAY_ITEM, (base, index))

    def row_item(self, base: tree.Expr, node: exp.Bracket, offset: int) -> tree.Expr:
        """Analyse r[i] of a row: the index is a literal."""
        text = node.expressions[0].sql().replace("- ", "-")
        if not text.lstrip("-").isdigit():
            message = "Subscript expression on ROW requires a constant index"
            raise fail("EXPRESSION_NOT_CONSTANT", message, node)
        at = int(text) + offset
        if at < 0:
            message = f"Invalid subscript index: {at + 1}. ROW indices start at 1"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, node)
        if at >= len(base.type.inner):
            message = f"Subscript index out of bounds: {at + 1}, max value is "
            raise fail("INVALID_FUNCTION_ARGUMENT", message + str(len(base.type.inner)), node)
        return tree.Apply(base.type.inner[at], f'({{0}})."f{at}"', (base,))

    def row(self, node: exp.Tuple, scope: Scope) -> tree.Expr:
        """Analyse a row in parentheses."""
        return make_row([self.analyse(item, scope) for item in node.expressions])


def _shown(node: exp.Expr, name: str) -> str:
    """Return a reference as an error shows it."""
    return ".".join(part.name for part in node.parts) if isinstance(node, exp.Column) else name
