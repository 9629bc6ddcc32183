"""The grammar of table functions: `TABLE(name(argument, …))`, whose arguments may be tables.

https://trino.io/docs/current/functions/table.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import expressions as exp
from sqlglot.tokenizer_core import TokenType

from lakebed.dialect.ends import has_more

if TYPE_CHECKING:
    _Node = exp.Expr
else:
    # Only the class that sqlglot itself derives from takes parts of its own.
    _Node = exp.Expression


class TableCall(_Node):
    """`TABLE(this(expressions))`; `this` is the name, a catalog and schema before it left out."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "expressions": False,
        "alias": False,
        "joins": False,
        "sample": False,
    }


class TableArgument(_Node):
    """An argument: `kind` is expression, table or descriptor; `name` where it is passed by name.

    `expressions` are the names of a descriptor, `options` what follows a table (`PARTITION BY`).
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "this": False,
        "name": False,
        "kind": True,
        "expressions": False,
        "typed": False,
        "options": False,
    }


def starts(self: Any) -> bool:
    """Tell whether a call of a table function is next."""
    return (
        self._curr is not None
        and self._next is not None
        and self._curr.text.upper() == "TABLE"
        and self._next.token_type == TokenType.L_PAREN
    )


def call(self: Any) -> exp.Expr:
    """Read a call and its alias."""
    start = self._curr
    self._advance()
    self._match_l_paren()
    name = self._parse_id_var()
    while self._match(TokenType.DOT):
        name = self._parse_id_var()
    if name is None or not self._match(TokenType.L_PAREN):
        self.raise_error("mismatched input")
    arguments: list[exp.Expr] = []
    if not self._match(TokenType.R_PAREN):
        arguments = self._parse_csv(lambda: _argument(self))
        self._match_r_paren()
    self._match_r_paren()
    found = TableCall(this=name, expressions=arguments)
    found.update_positions(start)
    found.set("alias", self._parse_table_alias())
    found.set("sample", self._parse_table_sample())
    return found


def _argument(self: Any) -> exp.Expr:
    start, name = self._curr, None
    if self._next is not None and self._next.token_type == TokenType.FARROW:
        name = self._parse_id_var()
        self._advance()
    if starts(self):
        found = _table(self)
    elif self._match_text_seq("DESCRIPTOR"):
        self._match_l_paren()
        columns = self._parse_csv(lambda: _described(self))
        self._match_r_paren()
        typed = any(isinstance(column, exp.ColumnDef) for column in columns)
        found = TableArgument(kind="descriptor", expressions=columns, typed=typed)
    else:
        value = self._parse_disjunction()
        if value is None:
            self.raise_error("mismatched input")
        found = TableArgument(kind="expression", this=value)
    if name is not None:
        found.set("name", name)
    if start is not None:
        found.update_positions(start)
    return found


def _described(self: Any) -> exp.Expr:
    """Read a name of a descriptor, which may have a type."""
    name = self._parse_id_var()
    if not has_more(self) or self._curr.token_type in (TokenType.COMMA, TokenType.R_PAREN):
        return name
    return exp.ColumnDef(this=name, kind=self._parse_types())


def _table(self: Any) -> exp.Expr:
    """Read `TABLE(name)` or `TABLE(query)`, its alias and what follows."""
    self._advance()
    self._match_l_paren()
    queries = (TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.L_PAREN)
    if self._curr is not None and self._curr.token_type in queries:
        inner: exp.Expr = exp.Subquery(this=self._parse_select())
    else:
        inner = self._parse_table_parts()
    self._match_r_paren()
    follows = self._curr.text.upper() if self._curr is not None else ""
    alias = self._parse_table_alias() if follows not in ("PARTITION", "ORDER") else None
    if alias is not None:
        inner.set("alias", alias)
    options = [word for word, token in _OPTIONS if self._match(token) and _keys(self)]
    return TableArgument(kind="table", this=inner, options=options)


_OPTIONS = (("partition", TokenType.PARTITION_BY), ("order", TokenType.ORDER_BY))


def _keys(self: Any) -> bool:
    """Read one key, or several in parentheses."""
    if self._match(TokenType.L_PAREN):
        self._parse_csv(self._parse_ordered)
        self._match_r_paren()
    else:
        self._parse_ordered()
    return True
