"""The order in which AWS answers maps: that of a Java HashMap, which some clients show as text.

Seen in the statements that aws-sdk-pandas' own tests expect of `generate_create_query`, which
follow the order of a table's parameters. Keys of one bucket stay in the order they were given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CAPACITY_MIN = 16


def _bucket_hash(text: str) -> int:
    """Return Java's hash of a text, with its upper half mixed in as HashMap does."""
    value = 0
    encoded = text.encode("utf-16-be", "surrogatepass")
    for position in range(0, len(encoded), 2):
        unit = encoded[position] << 8 | encoded[position + 1]
        value = (31 * value + unit) & 0xFFFFFFFF
    return value ^ (value >> 16)


def in_map_order(values: Mapping[str, str]) -> dict[str, str]:
    """Return a map with its keys in the order AWS would answer them."""
    capacity = _CAPACITY_MIN
    while len(values) > capacity * 3 // 4:
        capacity *= 2
    mask = capacity - 1
    return dict(sorted(values.items(), key=lambda item: _bucket_hash(item[0]) & mask))


def with_ordered_parameters(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table's definition with its parameters, and those of its storage, in map order."""
    ordered = dict(definition)
    for name in ("StorageDescriptor", "SerdeInfo"):
        if ordered.get(name):
            ordered[name] = with_ordered_parameters(ordered[name])
    if ordered.get("Parameters"):
        ordered["Parameters"] = in_map_order(ordered["Parameters"])
    return ordered
