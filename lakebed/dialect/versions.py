"""FOR TIMESTAMP AS OF and FOR VERSION AS OF: which version of an Iceberg table a query reads.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlglot import expressions as exp

from lakebed.dialect import tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.scopes import fail, place
from lakebed.dialect.types import INSTANT, INTEGERS, VARCHAR, Type


def version_of(
    node: exp.Expr, value: tree.Expr, evaluate: Callable[[tree.Expr], str | None]
) -> tree.Version:
    """Read a version; `value` is its typed expression, which must hold no column."""
    if str(node.args.get("kind", "")).upper() != "AS OF":
        raise not_supported(f"FOR {node.name} {node.args.get('kind')}", *place(node))
    kind = value.type
    if str(node.this).upper() == "TIMESTAMP":
        if kind.name not in ("date", "timestamp", INSTANT):
            message = "Type %s invalid. Temporal pointers must be of type timestamp or timestamp "
            raise fail("TYPE_MISMATCH", message % kind + "with time zone or date", node)
        moment = tree.Convert(Type(INSTANT, (3,)), value)
        text = _text(tree.Convert(VARCHAR, moment), node, evaluate)
        return tree.Version(text, timestamp_ms=_milliseconds(text))
    text = _text(tree.Convert(VARCHAR, value), node, evaluate)
    if kind.name in INTEGERS:
        return tree.Version(text, snapshot_id=int(text))
    if kind.name in ("varchar", "char"):
        return tree.Version(text)
    message = f"Unsupported type for table version: {kind}"
    raise fail("TYPE_MISMATCH", message, node)


def _text(value: tree.Expr, node: exp.Expr, evaluate: Callable[[tree.Expr], str | None]) -> str:
    found = evaluate(value)
    if found is None:
        message = "Pointer value cannot be NULL"
        raise TrinoError("INVALID_ARGUMENTS", message, *place(node))
    return found


def _milliseconds(text: str) -> int:
    """Read Trino's text of an instant."""
    moment, _, zone = text.rpartition(" ")
    zoned = UTC if zone in ("UTC", "Z") else None
    if zoned is None and zone[:1] in "+-":
        return int(datetime.fromisoformat(moment + zone).timestamp() * 1000)
    found = datetime.fromisoformat(moment).replace(tzinfo=zoned or ZoneInfo(zone))
    return round(found.timestamp() * 1000)
