"""checksum(x): what Trino's hash reads of a value of each type, seen on Trino's answers.

https://trino.io/docs/current/functions/aggregate.html#checksum
A leaf is the longs of a value (BIGINT[]: their hashes are XORed) or its bytes (BLOB); its shape, a
text that goes with the list, says how the leaves lie: `l`, `b`, `a(…)`, `m(…,…)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import conversions, temporal, tree
from lakebed.dialect.errors import not_supported
from lakebed.dialect.types import INSTANT, INTEGERS, Type

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

_LONG_DIGITS = 18
_BYTES = {"varchar": "encode({})", "json": "encode({})", "char": "encode(rtrim({}, ' '))",
          "varbinary": "{}", "real": "encode(CAST({} AS VARCHAR))", "ipaddress": "{}",
          "double": "encode(CAST({} AS VARCHAR))", "uuid": "unhex(replace(CAST({} AS VARCHAR), "
          "'-', ''))"}  # fmt: skip
_MARKS = {"real": "f", "double": "d", "ipaddress": "i", "uuid": "i"}


def checksum(
    lowering: Lowering, call: tree.Apply | tree.Aggregate | tree.Window, args: Sequence[str]
) -> str:
    """Write the call of the function that hashes the list of a group's values."""
    text, duck, shape = _leaf(args[0], call.args[0].type)
    signature = f"py groups.checksum({duck}[], VARCHAR) BLOB"
    return f"\"{signature}\"({lowering.modified('list', text)}, '{shape}')"


def _leaf(text: str, kind: Type) -> tuple[str, str, str]:
    """Return what is hashed of a value, its DuckDB type and its shape."""
    if kind.name in ("array", "map"):
        return _nested(text, kind)
    if kind.name in _BYTES:
        return _BYTES[kind.name].format(text), "BLOB", _MARKS.get(kind.name, "b")
    if kind.name == "decimal" and kind.numbers[0] > _LONG_DIGITS:
        digits = f"CAST({conversions.unscaled(text, kind.numbers[1])} AS VARCHAR)"
        return f"encode({digits})", "BLOB", "w"
    longs = ", ".join(f"CAST({one} AS BIGINT)" for one in _longs(text, kind))
    return f"CASE WHEN {text} IS NOT NULL THEN [{longs}] END", "BIGINT[]", "l"


def _nested(text: str, kind: Type) -> tuple[str, str, str]:
    name = f"lb{len(text)}"
    if kind.name == "array":
        inner, duck, shape = _leaf(name, kind.inner[0])
        return f"list_transform({text}, lambda {name}: {inner})", f"{duck}[]", f"a({shape})"
    (key, one, shape), (value, other, shape_of_value) = (
        _leaf(f"{name}.{part}", inner)
        for part, inner in zip(("key", "value"), kind.inner, strict=True)
    )
    pairs = f"list_transform(map_entries({text}), lambda {name}: struct_pack(k := {key}, v := "
    duck = f"STRUCT(k {one}, v {other})[]"
    return f"{pairs}{value}))", duck, f"m({shape},{shape_of_value})"


def _longs(text: str, kind: Type) -> list[str]:
    if kind.name in (*INTEGERS, "boolean", "time") or kind.name.startswith("interval"):
        return [text]
    if kind.name == "decimal":
        return [conversions.unscaled(text, kind.numbers[1])]
    if kind.name == "date":
        return [f"datediff('day', DATE '1970-01-01', {text})"]
    if kind.name == temporal.OFFSET_TIME:
        picos = f"lb_offset_time_key({text})"
        return [picos if kind.numbers[0] > 9 else f"({picos} // 1000)"]
    if kind.name not in ("timestamp", INSTANT):
        raise not_supported(f"checksum({kind})")
    micros = f"epoch_us({temporal.moment(text, kind)})"
    below = temporal.picos(text, kind) or "0"
    if kind.name == "timestamp":
        return [micros, below] if kind.numbers[0] > 6 else [micros]
    millis = f"(lb_floor({micros}, 1000) // 1000)"
    rest = f"(({micros} - lb_floor({micros}, 1000)) * 1000000 + {below})"
    return [millis, rest] if kind.numbers[0] > 3 else [millis]
