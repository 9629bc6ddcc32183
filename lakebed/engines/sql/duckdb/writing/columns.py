"""A query's columns made those of the table it is written into."""

from __future__ import annotations

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import INSTANT, Type, coerces, is_numeric


def into_columns(
    query: tree.Query, columns: list[tuple[str, Type]], given: tuple[str, ...], table: str
) -> tree.Query:
    """Give a query the columns of the table it is inserted into, those not named NULL."""
    kinds = dict(columns)
    for at, name in enumerate(given):
        if name not in kinds:
            message = f"Insert column name does not exist in target table: {name}"
            raise TrinoError("COLUMN_NOT_FOUND", message, 1, 1)
        if name in given[:at]:
            message = f"Insert column name is specified more than once: {name}"
            raise TrinoError("DUPLICATE_COLUMN_NAME", message, 1, 1)
    names = given or tuple(kinds)
    wanted = [kinds[name] for name in names]
    have = [kind for _, kind in query.columns]
    if len(have) != len(wanted) or not all(map(fits, have, wanted)):
        shown = f"Table: [{', '.join(map(str, wanted))}], Query: [{', '.join(map(str, have))}]"
        message = f"Insert query has mismatched column types: {shown}"
        raise TrinoError("TYPE_MISMATCH", message, 1, 1)
    items: list[tree.Expr] = []
    for name, kind in columns:
        if name not in names:
            items.append(tree.Constant(kind, None))
            continue
        at = names.index(name)
        ref = tree.Ref(have[at], "i", at)
        items.append(ref if have[at] == kind else tree.Convert(kind, ref))
    body = tree.Select(tuple(items), tree.Derived("i", query))
    return tree.Query(body, tuple(columns))


_DAYS = ("date", "timestamp", INSTANT)


def fits(have: Type, wanted: Type) -> bool:
    """Tell whether values may be inserted: as Trino assigns them.

    What coerces, and within numbers, texts, dates and timestamps everything; arrays, maps and rows
    by their members.
    """
    if have.name == wanted.name and have.inner:
        same = len(have.inner) == len(wanted.inner)
        return same and all(map(fits, have.inner, wanted.inner))
    for kinds in (("varchar", "char"), _DAYS):
        if have.name in kinds and wanted.name in kinds:
            return True
    return (is_numeric(have) and is_numeric(wanted)) or coerces(have, wanted)
