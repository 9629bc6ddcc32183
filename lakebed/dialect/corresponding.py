"""Set operations with CORRESPONDING: columns meet by their names, the others are left out.

https://trino.io/docs/current/sql/select.html#corresponding
"""

from __future__ import annotations

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.scopes import fail


def by_name(
    left: tree.Query, right: tree.Query, node: exp.SetOperation
) -> tuple[tree.Query, tree.Query]:
    """Return both queries with the columns of names they share, in the order of the first."""
    if str(node.args.get("kind") or "").upper() != "INNER":
        raise fail("SYNTAX_ERROR", "mismatched input 'BY'", node)
    places = [_places(query, node) for query in (left, right)]
    shared = [name for name in places[0] if name in places[1]]
    if not shared:
        raise fail("MISMATCHED_COLUMN_ALIASES", "No corresponding columns", node)
    one, other = ([found[name] for name in shared] for found in places)
    return _chosen(left, one), _chosen(right, other)


def _places(query: tree.Query, node: exp.Expr) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, (name, _) in enumerate(query.columns):
        if name is None:
            what = "Anonymous columns are not allowed in set operations with CORRESPONDING"
            raise fail("MISSING_COLUMN_NAME", what, node)
        if name.lower() in found:
            what = "Duplicate columns found when using CORRESPONDING in set operations: "
            raise fail("AMBIGUOUS_NAME", what + name, node)
        found[name.lower()] = at
    return found


def _chosen(query: tree.Query, places: list[int]) -> tree.Query:
    columns = tuple(query.columns[at] for at in places)
    items = tuple(tree.Ref(query.columns[at][1], "lbq", at) for at in places)
    return tree.Query(tree.Select(items, tree.Derived("lbq", query)), columns)
