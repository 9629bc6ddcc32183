"""Text to statement: queries by sqlglot with Trino's grammar, everything else by `hive`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import ParseError, TokenError

from lakebed.dialect import explain, hive, iceberg, places, statements, strict_grammar
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.grammar import AthenaQueries, plain_numbers

_ROWS = re.compile(r"(?is)\s*(delete\s+from\b|update\b|merge\s+into\b)")
_QUERY = re.compile(r"(?is)\s*(\(|select\b|with\b|values\b|table\b)")


# What the analyser reads of each node that has optional parts. Anything else that the grammar
# accepts (a sample, DISTINCT ON, * EXCEPT, …) would be dropped silently, and is refused here.
_READ: dict[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(parts.split())
    for kind, parts in {
        exp.Select: "expressions from_ joins where group having order limit offset distinct with_ "
        "windows sample",
        exp.Table: "this db catalog alias joins version sample",
        exp.Version: "this expression kind",
        exp.Delete: "this where",
        exp.Update: "this expressions where",
        exp.Merge: "this using on whens",
        exp.When: "matched condition then source",
        exp.Insert: "this expression",
        exp.Subquery: "this alias joins with_ order limit offset sample",
        exp.TableSample: "method size percent",
        exp.Values: "expressions alias joins order limit offset with_ sample",
        exp.Join: "this on using side kind method",
        exp.Unnest: "expressions alias offset",
        exp.Union: "this expression distinct with_ order limit offset by_name kind",
        exp.Except: "this expression distinct with_ order limit offset by_name kind",
        exp.Intersect: "this expression distinct with_ order limit offset by_name kind",
        exp.Group: "expressions rollup cube grouping_sets all",
        exp.Star: "",
        exp.Distinct: "expressions",
        exp.Window: "this partition_by order spec alias over",
        exp.WindowSpec: "kind start start_side end end_side pattern",
        exp.Ordered: "this desc nulls_first",
        exp.Order: "this expressions",
        exp.Limit: "this expression",
        exp.Offset: "this expression",
        exp.In: "this expressions query",
        exp.Between: "this low high",
        exp.CTE: "this alias",
        exp.With: "expressions recursive",
        exp.TableAlias: "this columns",
        exp.Lambda: "this expressions",
        exp.Like: "this expression negate",
        exp.Column: "this table db catalog",
        exp.Extract: "this expression",
        exp.Trim: "this expression position",
        exp.Case: "this ifs default",
        exp.If: "this true false",
        exp.Bracket: "this expressions offset",
        exp.Array: "expressions",
        exp.Substring: "this start length",
        exp.StrPosition: "this substr",
    }.items()
}


_DIALECT = AthenaQueries()


def parse(text: str, parameters: Sequence[str] = ()) -> statements.Statement:
    """Read one statement; raise SYNTAX_ERROR or NOT_SUPPORTED with its place in the text."""
    text = text.rstrip().removesuffix(";").rstrip()
    stripped = _without_comments(text)
    if not stripped.strip():
        raise TrinoError("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: <statement>", 1, 1)
    if _QUERY.match(stripped):
        return statements.Select(parse_query(text, parameters))
    if _ROWS.match(stripped):
        return iceberg.rows_statement(_parsed(text, parameters, exp.Delete, exp.Update, exp.Merge))
    explained = explain.parse(stripped, lambda inner: parse(inner, parameters))
    if explained is not None:
        return explained
    return hive.parse(stripped, lambda query: parse_query(query, parameters))


def _without_comments(text: str) -> str:
    def spaces(match: re.Match[str]) -> str:
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found[:2] in ("--", "/*") else found

    return re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", spaces, text, flags=re.S)


def parse_query(text: str, parameters: Sequence[str] = ()) -> exp.Expr:
    """Parse a query to sqlglot's tree, its `?` replaced by the parameters."""
    return _parsed(text, parameters, exp.Query, exp.Values)


def _parsed(text: str, parameters: Sequence[str], *kinds: type[exp.Expr]) -> exp.Expr:
    try:
        # Comments go first: for sqlglot `ORDER /* */ BY` is not ORDER BY.
        plain = plain_numbers(_without_comments(text))
        found = sqlglot.parse(plain, read=_DIALECT)
    except (ParseError, TokenError) as error:
        raise _syntax_error(error, text) from error
    if len(found) != 1 or found[0] is None:
        raise TrinoError("SYNTAX_ERROR", "Only one sql statement is allowed", 1, 1)
    tree = found[0]
    if not isinstance(tree, kinds):
        raise not_supported(f"The statement {type(tree).__name__.upper()}", 1, 1)
    tree.meta[places.TEXT] = plain
    strict_grammar.check(plain)
    refuse_unread(tree)
    return _with_parameters(tree, parameters)


def refuse_unread(tree: exp.Expr) -> None:
    """Refuse a query with a part the analyser would not look at."""
    for node in tree.walk():
        strict_grammar.check_node(node)
        read = _READ.get(type(node))
        if read is None:
            continue
        for part, value in node.args.items():
            if value and part not in read:
                from lakebed.dialect.scopes import place

                if isinstance(node, exp.Star):
                    raise TrinoError("SYNTAX_ERROR", f"mismatched input '{part}'", *place(node))
                what = f"{part.strip('_').upper()} in {type(node).__name__.upper()}"
                raise not_supported(what, *place(node))


def _with_parameters(tree: exp.Expr, parameters: Sequence[str]) -> exp.Expr:
    """Put the execution parameters in the places of the `?`; a text without any ignores them."""
    holders = [node for node in tree.dfs() if isinstance(node, exp.Placeholder)]
    if not holders and parameters:
        return tree
    if len(holders) != len(parameters):
        raise TrinoError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(holders)} but found {len(parameters)}",
            1,
            1,
        )
    for holder, parameter in zip(holders, parameters, strict=True):
        holder.replace(_constant(parameter))
    return tree


def _constant(parameter: str) -> exp.Expr:
    """Return an execution parameter as Athena takes it.

    What is one expression without names is that expression; anything else (`Rome`, `it's`, `1, 2`,
    an id of digits and dashes) is a string, as was seen on Athena.
    """
    try:
        tree = sqlglot.parse_one(f"SELECT {parameter}", read=_DIALECT)
    except (ParseError, TokenError):
        tree = None
    parts = [name for name, value in tree.args.items() if value] if tree is not None else []
    if tree is None or parts != ["expressions"] or len(tree.expressions) != 1:
        return exp.Literal.string(parameter)
    value: exp.Expr = tree.expressions[0]
    if value.find(exp.Column, exp.Star, exp.Query, exp.Placeholder, exp.Alias) is not None:
        return exp.Literal.string(parameter)
    return value


def _syntax_error(error: Exception, text: str) -> TrinoError:
    details: list[dict[str, Any]] = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line") or 1, details[0].get("col") or 1
    token = details[0].get("highlight") or "<EOF>"
    start = max(1, column - len(token) + 1) if token != "<EOF>" else column
    message = f"mismatched input '{token}'. Expecting: <expression>"
    lines = text.splitlines()
    if line > len(lines):
        line, start = len(lines), len(lines[-1]) + 1
    return TrinoError("SYNTAX_ERROR", message, line, start)
