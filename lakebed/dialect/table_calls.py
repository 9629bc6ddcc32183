"""Table functions: `sequence` and `exclude_columns`, as queries over what they are given.

https://trino.io/docs/current/functions/table.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.expressions import Expressions
from lakebed.dialect.operators import coerce
from lakebed.dialect.scopes import Field, Scope, fail
from lakebed.dialect.table_grammar import TableArgument, TableCall
from lakebed.dialect.types import BIGINT, Type, coerces

if TYPE_CHECKING:
    from lakebed.dialect.relations import Relations

Found = tuple[tree.Relation, list[Field]]

_ARGUMENTS = {
    "sequence": (("START", "expression"), ("STOP", "expression"), ("STEP", "expression")),
    "exclude_columns": (("INPUT", "table"), ("COLUMNS", "descriptor")),
}
_OPTIONAL = ("START", "STEP")
_SEQUENCE = (
    "CASE WHEN {0} IS NULL THEN lb_raise('INVALID_FUNCTION_ARGUMENT', 'Start is null') "
    "WHEN {1} IS NULL THEN lb_raise('INVALID_FUNCTION_ARGUMENT', 'Stop is null') "
    "WHEN {2} IS NULL THEN lb_raise('INVALID_FUNCTION_ARGUMENT', 'Step is null') "
    "WHEN {0} = {1} THEN [{0}] "
    "WHEN {0} < {1} AND {2} <= 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', "
    "'Step must be positive for sequence [' || {0} || ', ' || {1} || ']') "
    "WHEN {0} > {1} AND {2} >= 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', "
    "'Step must be negative for sequence [' || {0} || ', ' || {1} || ']') "
    "ELSE generate_series({0}, {1}, {2}) END"
)


def table_call(relations: Relations, node: TableCall, name: str) -> Found:
    """Analyse a call of a table function in a FROM; `name` is its relation's."""
    known = node.this.name.lower()
    if known not in _ARGUMENTS:
        message = f"Table function '{known}' not registered"
        raise fail("FUNCTION_NOT_FOUND", message, node.this)
    given = _given(node, _ARGUMENTS[known])
    if known == "sequence":
        relation, columns = _sequence(relations, given, name)
    else:
        relation, columns = _exclude_columns(relations, given, name)
    return relation, _fields(node, columns, name)


def _given(
    node: TableCall, takes: Sequence[tuple[str, str]]
) -> dict[str, TableArgument | TableCall]:
    """Return the arguments by name; the call itself stands for what is left out."""
    arguments: list[TableArgument] = node.expressions
    first = arguments[0] if arguments else node.this
    named = [argument for argument in arguments if argument.args.get("name") is not None]
    if named and len(named) != len(arguments):
        message = "All arguments must be passed by name or all must be passed positionally"
        raise fail("INVALID_ARGUMENTS", message, first)
    if len(arguments) > len(takes):
        message = f"Too many arguments. Expected at most {len(takes)} arguments, "
        raise fail("INVALID_ARGUMENTS", f"{message}got {len(arguments)} arguments", first)
    found: dict[str, TableArgument | TableCall] = {}
    for argument, (position, _) in zip(arguments, takes, strict=False):
        label = argument.args.get("name")
        key = position if label is None else label.name.upper()
        if key in found:
            message = f"Duplicate argument name: {key}"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, label)
        if key not in dict(takes):
            message = f"Unexpected argument name: {key}"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, label)
        found[key] = argument
    for key, kind in takes:
        argument = found.setdefault(key, node)
        if isinstance(argument, TableCall):
            if key not in _OPTIONAL:
                raise fail("MISSING_ARGUMENT", f"Missing argument: {key}", first)
        elif argument.args["kind"] != kind:
            message = f"Invalid argument {key}. Expected {kind}, got {argument.args['kind']}"
            raise fail("INVALID_FUNCTION_ARGUMENT", message, argument)
    return found


def _fields(node: TableCall, columns: Sequence[tuple[str | None, Type]], name: str) -> list[Field]:
    alias = node.args.get("alias")
    names = [column for column, _ in columns]
    if alias is not None and alias.columns:
        if len(alias.columns) != len(names):
            message = f"Column alias list has {len(alias.columns)} entries but table function has "
            raise fail("MISMATCHED_COLUMN_ALIASES", f"{message}{len(names)} proper columns", node)
        names = [column.name for column in alias.columns]
    known = alias.name.lower() if alias is not None and alias.this is not None else None
    return [
        Field(shown, known, tree.Ref(kind, name, at))
        for at, (shown, (_, kind)) in enumerate(zip(names, columns, strict=True))
    ]


def _sequence(
    relations: Relations, given: dict[str, TableArgument | TableCall], name: str
) -> tuple[tree.Relation, list[tuple[str | None, Type]]]:
    """Analyse `sequence(start => 0, stop, step => 1)`, both ends included."""
    rules = Expressions(relations.text, relations.query, {}, relations.database)
    values: list[tree.Expr] = []
    for key, default in (("START", "0"), ("STOP", "0"), ("STEP", "1")):
        argument = given[key]
        if isinstance(argument, TableCall):
            values.append(tree.Constant(BIGINT, default))
            continue
        node: exp.Expr = argument.this
        query = node.find(exp.Query)
        if query is not None:
            message = "Constant expression cannot contain a subquery"
            raise fail("EXPRESSION_NOT_CONSTANT", message, query)
        value = rules.analyse(node, Scope([]))
        if not coerces(value.type, BIGINT):
            message = f"Cannot cast type {value.type} to bigint"
            raise fail("TYPE_MISMATCH", message, node)
        values.append(coerce(value, BIGINT))
    listed = tree.Apply(Type("array", (), (BIGINT,)), _SEQUENCE, tuple(values))
    return tree.Unnest(name, (listed,), False), [("sequential_number", BIGINT)]


def _exclude_columns(
    relations: Relations, given: dict[str, TableArgument | TableCall], name: str
) -> tuple[tree.Relation, list[tuple[str | None, Type]]]:
    """Analyse `exclude_columns(input, columns)`: the table without the columns named."""
    table, columns = given["INPUT"], given["COLUMNS"]
    options: list[str] = table.args.get("options") or []
    if options:
        what = "Partitioning" if "partition" in options else "Ordering"
        message = f"Invalid argument INPUT. {what} specified for table argument with row semantics"
        raise fail("INVALID_FUNCTION_ARGUMENT", message, table)
    if columns.args.get("typed"):
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "COLUMNS descriptor contains types")
    relation, fields = relations.relation(table.this, Scope([]))
    excluded = {column.name.lower() for column in columns.expressions}
    visible = [one for one in fields if not one.hidden]
    missing = sorted(excluded - {(one.name or "").lower() for one in visible})
    if missing:
        message = f"Excluded columns: [{', '.join(missing)}] not present in the table"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    kept = [one for one in visible if (one.name or "").lower() not in excluded]
    if not kept:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "All columns are excluded")
    shown = [(one.name, one.expr.type) for one in kept]
    query = tree.Query(tree.Select(tuple(one.expr for one in kept), relation), tuple(shown))
    return tree.Derived(name, query), shown
