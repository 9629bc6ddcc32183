"""The statements that only Iceberg tables have.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from lakebed.dialect import statements as st
from lakebed.dialect.columns import columns_of
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.reader import Reader
from lakebed.dialect.scopes import fail, parts_of, place


def create_table(reader: Reader, name: st.Name, absent: bool, comment: str | None) -> st.Statement:
    """Take what stands behind the name in CREATE TABLE, from its columns on."""
    columns = columns_of(reader)
    clauses: dict[str, Any] = {}
    rules = {
        ("COMMENT",): lambda: {"comment": reader.string()},
        ("PARTITIONED", "BY"): lambda: {"partitions": _transforms(reader)},
        ("LOCATION",): lambda: {"location": reader.string()},
        ("TBLPROPERTIES",): lambda: {"properties": reader.properties()},
    }
    while reader.peek().kind != "end":
        rule = next((rule for words, rule in rules.items() if reader.accept(*words)), None)
        if rule is None:
            raise reader.error("'LOCATION', 'PARTITIONED', 'TBLPROPERTIES'")
        clauses |= rule()
    properties = {key.lower(): value for key, value in clauses.get("properties", {}).items()}
    if properties.get("table_type", "").upper() != "ICEBERG":
        raise not_supported("CREATE TABLE without EXTERNAL and 'table_type'='ICEBERG'", 1, 1)
    if not clauses.get("location", "").startswith(("s3://", "s3a://", "s3n://")):
        message = "CREATE TABLE of an Iceberg table needs a LOCATION of the form s3://bucket/path/"
        raise TrinoError("INVALID_TABLE_PROPERTY", message)
    return st.CreateIcebergTable(
        name, columns, absent, clauses.get("partitions", ()), clauses.get("comment") or comment,
        clauses["location"], properties,
    )  # fmt: skip


def _transforms(reader: Reader) -> tuple[st.Transform, ...]:
    reader.expect("(")
    found = [_transform(reader)]
    while reader.accept(","):
        found.append(_transform(reader))
    reader.expect(")")
    return tuple(found)


def _transform(reader: Reader) -> st.Transform:
    name = reader.identifier()
    if not reader.accept("("):
        return st.Transform("identity", name)
    number = None
    if reader.peek().text.isdigit():
        number = reader.number()
        reader.expect(",")
    column = reader.identifier()
    if reader.accept(","):
        number = reader.number()
    reader.expect(")")
    name = {"years": "year", "months": "month", "days": "day", "hours": "hour"}.get(name, name)
    return st.Transform(name, column, number)


def optimize(reader: Reader) -> st.Statement:
    """Take what stands behind OPTIMIZE."""
    name = reader.name()
    reader.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    where = None
    if reader.accept("WHERE"):
        # The condition keeps its place in the text, for the errors that point into it.
        query = reader.condition()
        where = query.args["where"].this
    return st.Optimize(name, where)


def vacuum(reader: Reader) -> st.Statement:
    """Take what stands behind VACUUM."""
    return st.Vacuum(reader.name())


def rows_statement(tree: exp.Expr) -> st.Statement:
    """Read a parsed DELETE, UPDATE or MERGE."""
    target = tree.this
    if not isinstance(target, exp.Table) or not isinstance(target.this, exp.Identifier):
        raise fail("SYNTAX_ERROR", "mismatched input. Expecting: <identifier>", tree)
    name = st.Name(target.name.lower(), target.db.lower() or None)
    alias = target.args.get("alias")
    if isinstance(tree, exp.Merge):
        known = alias.name.lower() if alias is not None and alias.this else name.table
        clauses = tuple(map(_clause, parts_of(tree.args["whens"], "expressions")))
        plain = exp.Table(this=target.this, db=target.args.get("db"))
        return st.Merge(name, plain, known, tree.args["using"], tree.args["on"], clauses)
    if alias is not None:
        raise fail("SYNTAX_ERROR", f"mismatched input '{alias.name}'. Expecting: 'WHERE'", target)
    where = tree.args.get("where")
    condition = where.this if where is not None else None
    if isinstance(tree, exp.Update):
        return st.Update(name, target, _assignments(tree), condition)
    return st.Delete(name, target, condition)


def _assignments(node: exp.Expr) -> tuple[tuple[str, exp.Expr], ...]:
    found: list[tuple[str, exp.Expr]] = []
    for one in parts_of(node, "expressions"):
        if not isinstance(one, exp.EQ) or not isinstance(one.this, exp.Column):
            raise fail("SYNTAX_ERROR", "mismatched input. Expecting: <identifier> '='", one)
        found.append((one.this.name.lower(), one.expression))
    names = [name for name, _ in found]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise fail("SYNTAX_ERROR", f"Multiple assignments for '{repeated}'", node)
    return tuple(found)


def _clause(node: exp.Expr) -> st.MergeClause:
    if node.args.get("source"):
        raise not_supported("WHEN NOT MATCHED BY SOURCE", *place(node))
    matched, condition, then = bool(node.args.get("matched")), node.args.get("condition"), None
    then = node.args["then"]
    if isinstance(then, exp.Update) and matched and parts_of(then, "expressions"):
        return st.MergeClause(True, condition, "UPDATE", _assignments(then))
    if isinstance(then, exp.Var) and then.name.upper() == "DELETE" and matched:
        return st.MergeClause(True, condition, "DELETE")
    if isinstance(then, exp.Insert) and not matched and isinstance(then.expression, exp.Tuple):
        values = parts_of(then.expression, "expressions")
        names = (
            [one.name.lower() for one in parts_of(then.this, "expressions")] if then.this else []
        )
        if names and len(names) != len(values):
            message = f"Insert query has {len(values)} expression(s) but expected {len(names)} "
            raise fail("TYPE_MISMATCH", message + "target column(s)", node)
        pairs = zip(names or [""] * len(values), values, strict=True)
        return st.MergeClause(False, condition, "INSERT", tuple(pairs))
    raise fail("SYNTAX_ERROR", "mismatched input in a WHEN of MERGE", node)
