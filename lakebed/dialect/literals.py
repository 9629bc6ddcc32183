"""Typed literals: `DATE '…'`, `TIMESTAMP '…'`, `DECIMAL '…'` and plain numbers."""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.scopes import fail, place
from lakebed.dialect.types import DATE, INSTANT, Type, decimal, parse_type, varchar


def typed_literal(kind: str, text: str, node: exp.Expr) -> tree.Expr:
    """Read `DATE '…'`, `TIMESTAMP '…'`, `DECIMAL '…'` and their like."""
    bad = fail("INVALID_LITERAL", f"'{text}' is not a valid {kind.upper()} literal", node)
    if kind == "decimal":
        found = re.fullmatch(r"\s*([+-]?)(\d*)(?:\.(\d*))?\s*", text)
        if found is None or not (found.group(2) or found.group(3)):
            raise bad
        fraction = found.group(3) or ""
        whole = found.group(2).lstrip("0")
        digits = max(1, len(whole) + len(fraction))
        if digits > 38:
            raise bad
        value = f"{found.group(1)}{whole or '0'}{'.' + fraction if fraction else ''}"
        return tree.Constant(decimal(digits, len(fraction)), value)
    if kind == "date":
        if not re.fullmatch(r"\s*[+-]?\d+-\d{1,2}-\d{1,2}\s*", text):
            raise bad
        return tree.Constant(DATE, text.strip())
    if kind in ("timestamp", "time"):
        return _instant_literal(kind, text, bad, node)
    target = parse_type(kind)
    if target.name in ("varchar", "char"):
        return tree.Constant(Type(target.name, (len(text),)), text)
    return tree.Convert(target, tree.Constant(varchar(len(text)), text))


def _instant_literal(kind: str, text: str, bad: TrinoError, node: exp.Expr) -> tree.Expr:
    day = r"\d{4}-\d{1,2}-\d{1,2}"
    clock = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?"
    if kind == "time":
        found = re.fullmatch(rf"\s*{clock}\s*", text)
        zone = None
    else:
        found = re.fullmatch(rf"\s*{day}(?:[ ]+{clock})?\s*?(?: ?([A-Za-z+-][\w/+:-]*))?\s*", text)
        zone = found.group(2) if found else None
    if found is None:
        if re.search(r"[A-Za-z+]|\d-\d\d:", text):
            raise not_supported("A time with a zone or a large year", *place(node))
        raise bad
    if zone is not None and zone not in ("UTC", "Z"):
        raise not_supported(f"The time zone {zone}", *place(node))
    places = len(found.group(1) or "")
    if places > 6:
        raise not_supported("More than microseconds", *place(node))
    value = text.strip().removesuffix("UTC").removesuffix("Z").strip()
    name = kind if zone is None else INSTANT
    return tree.Constant(Type(name, (places,)), value)
