"""Queries as text that is taken apart and put together again: whose tables, and others in place."""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect.parse import parse_query

_TESTS = (exp.EQ, exp.In, exp.Between, exp.GT, exp.GTE, exp.LT, exp.LTE)


def tables_of(text: str, database: str) -> list[tuple[str, str]]:
    """Return database and name of each table a query names, without its WITH queries."""
    return named_tables(parse_query(text), database)


def named_tables(tree: exp.Expr, database: str) -> list[tuple[str, str]]:
    """Return database and name of each table a parsed query names, without its WITH queries."""
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[tuple[str, str], None] = {}
    for node in tree.find_all(exp.Table):
        if node.name and (node.db or node.name.lower() not in named):
            found[node.db.lower() or database, node.name.lower()] = None
    return list(found)


def compared_columns(text: str) -> list[str]:
    """Return the names of the columns that WHERE clauses compare with what is no query."""
    found: dict[str, None] = {}
    for where in parse_query(text).find_all(exp.Where):
        for test in where.find_all(*_TESTS):
            if isinstance(test.this, exp.Column) and not test.find(exp.Query):
                found[test.this.name.lower()] = None
    return list(found)


def with_table(text: str, database: str, old: tuple[str, str], new: str) -> str:
    """Return a query over the table `new` of the same database wherever it named `old`."""
    tree = parse_query(text)
    for node in tree.find_all(exp.Table):
        if (node.db.lower() or database, node.name.lower()) == old:
            if not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))
            node.set("db", exp.to_identifier(old[0], quoted=True))
            node.set("this", exp.to_identifier(new, quoted=True))
    return tree.sql(dialect="trino")
